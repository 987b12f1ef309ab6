//! The engine of millrace: queues, waiting, time and decisions, with no knowledge of JavaScript.
#![forbid(unsafe_code)]

pub mod clock;
pub mod sync;
pub mod timer;

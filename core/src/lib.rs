//! The engine of millrace: queues, waiting, time and decisions, with no knowledge of JavaScript.
//!
//! Plumbing: [`clock`] is time as a parameter, [`timer`] deadlines, [`wait`] parked waiters, [`registry`] names and handles, [`metrics`] what is
//! counted, [`sync`] the one file that names the platform's locks. Concepts: [`pool`], worker pools;
//! [`lock`], locks and meeting points; [`memory`], what atomics wait by.
#![forbid(unsafe_code)]

pub mod channel;
pub mod clock;
pub mod lock;
pub mod map;
pub mod memory;
pub mod metrics;
pub mod pool;
pub mod registry;
pub mod sync;
pub mod timer;
pub mod wait;

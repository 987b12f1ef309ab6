//! The engine of millrace: queues, waiting, time and decisions, with no knowledge of JavaScript.
//!
//! Concepts:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`pool`] | worker pools: which task runs next, on which worker, and when workers come and go |
//! | [`channel`] | channels with Go's semantics, select, broadcasts, tickers |
//! | [`limiter`] | rate limiters: who may pass now, and when the others may |
//! | [`adaptive`] | concurrency limits that find themselves from latency |
//! | [`bulkhead`] | so many calls at once and no more, and a line by priority before them |
//! | [`shedding`] | which calls to refuse while an event loop is late |
//! | [`lock`] | locks and meeting points: mutex, semaphore, wait group, barrier, singleflight and the like |
//! | [`breaker`] | circuit breakers: who may call what fails, and when it is tried again |
//! | [`map`] | a map that all threads share, and a cache if it is given limits |
//! | [`memory`] | what atomics wait by, and values that are replaced as a whole |
//! | [`retry`] | trying again: back-off, budgets, what came of it |
//!
//! What they are made of:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`wait`] | who waits for something, in which order, and how each wait ends |
//! | [`spin`] | waiting for some microseconds without giving up the processor |
//! | [`words`] | words that the host's threads see too |
//! | [`registry`] | how objects are found: by handle, by number, by name |
//! | [`clock`] | time as a parameter, which a test can move |
//! | [`timer`] | deadlines, asked for through a trait |
//! | [`metrics`] | what is counted and measured: histograms and moving means |
//! | [`sync`] | the one file that chooses between the platform's locks and atomics and loom's |
#![forbid(unsafe_code)]

pub mod adaptive;
pub mod breaker;
pub mod bulkhead;
pub mod channel;
pub mod clock;
pub mod limiter;
pub mod lock;
pub mod map;
pub mod memory;
pub mod metrics;
pub mod pool;
pub mod registry;
pub mod retry;
pub mod shedding;
pub mod spin;
pub mod sync;
pub mod timer;
pub mod wait;
pub mod words;

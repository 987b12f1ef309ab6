//! Every order of events that loom finds, for what several threads do at once to a pool or to a list of waiters. Run by `.ci/loom`.
#![cfg(loom)]

mod breaker;
mod bulkhead;
mod channel;
mod keyed;
mod limiter;
mod lock;
mod map;
mod memory;
mod pool;
mod retry;
mod ring;
mod singleflight;
mod wait;
mod words;

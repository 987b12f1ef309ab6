//! Every order of events that loom finds, for what several threads do at once to a pool or to a list of waiters. Run by `.ci/loom`.
#![cfg(loom)]

mod bulkhead;
mod channel;
mod lock;
mod map;
mod memory;
mod pool;
mod ring;
mod singleflight;
mod wait;
mod words;

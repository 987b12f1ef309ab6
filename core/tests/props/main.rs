//! Laws that hold for every sequence of events.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should fail"
)]

mod breaker;
mod adaptive;
mod bulkhead;
mod barging;
mod channel;
mod handles;
mod histogram;
mod limiter;
mod keyed;
mod lock;
mod map;
mod memory;
mod pool;
mod queue;
mod retry;
mod wait;

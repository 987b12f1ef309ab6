//! Laws that hold for every sequence of events.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should fail"
)]

mod adaptive;
mod barging;
mod breaker;
mod bulkhead;
mod channel;
mod composite;
mod handles;
mod histogram;
mod keyed;
mod limiter;
mod lock;
mod map;
mod memory;
mod pool;
mod queue;
mod retry;
mod wait;

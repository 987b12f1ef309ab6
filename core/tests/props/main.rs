//! Laws that hold for every sequence of events.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on should fail")]

mod handles;
mod histogram;
mod pool;
mod wait;

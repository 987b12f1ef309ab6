//! Trying again: how long to wait before it, how much of it all callers together may do, and what came of it.
//!
//! [`Backoff`] is a pure function from the number of failed attempts, chance and the last wait to the next. [`Budget`] bounds the extra
//! load of all who try again, [`Counters`] what they have done. [`Hedging`] sends a second request beside a
//! late one; [`Latencies`] knows when it is late.

mod backoff;
mod budget;
mod counters;
mod hedging;
mod latencies;

pub use backoff::{Backoff, Jitter, Strategy};
pub use budget::{Budget, BudgetCounts, BudgetQuota, BudgetStanding};
pub use counters::{Counters, GaveUp, STEPS};
pub use hedging::{Begun, HedgeCounts, Hedging, Late};
pub use latencies::Latencies;

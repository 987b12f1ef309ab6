//! When a second request is sent beside one that is late, and what came of it.

use crossbeam_utils::CachePadded;

use super::latencies::Latencies;
use crate::clock::Nanos;
use crate::sync::{AtomicU64, Ordering};

/// When a request is late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Late {
    /// After so long.
    After(Nanos),
    /// When this share of the calls of late was quicker; never while too few are known.
    Quantile(f64),
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HedgeCounts {
    /// Calls.
    pub calls: u64,
    /// Requests beside a late one.
    pub extra: u64,
    /// Calls that such a request answered.
    pub won: u64,
    /// Requests that the budget refused.
    pub refused: u64,
}

/// Calls of one kind, over all threads.
#[derive(Debug)]
pub struct Hedging {
    after: Nanos,
    latencies: Option<Latencies>,
    calls: CachePadded<AtomicU64>,
    extra: AtomicU64,
    won: AtomicU64,
    refused: AtomicU64,
}

impl Hedging {
    /// Nothing was counted yet.
    #[must_use]
    pub fn new(late: Late) -> Self {
        let (after, latencies) = match late {
            Late::After(after) => (after, None),
            Late::Quantile(quantile) => (0, Some(Latencies::new(quantile))),
        };
        Self {
            after,
            latencies,
            calls: CachePadded::default(),
            extra: AtomicU64::default(),
            won: AtomicU64::default(),
            refused: AtomicU64::default(),
        }
    }

    /// A call begins. Says after which time its request is late, if it can be.
    pub fn begin(&self) -> Option<Nanos> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.late()
    }

    /// After which time a request is late, if it can be.
    #[must_use]
    pub fn late(&self) -> Option<Nanos> {
        self.latencies.as_ref().map_or(Some(self.after), Latencies::told)
    }

    /// Whether it wants to know how long calls take.
    #[must_use]
    pub const fn measures(&self) -> bool {
        self.latencies.is_some()
    }

    /// A call was answered after so long, by its first request or by one beside it.
    pub fn answered(&self, span: Nanos, by_extra: bool) {
        if let Some(latencies) = &self.latencies {
            latencies.record(span);
        }
        if by_extra {
            self.won.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request was late: another is sent, or the budget has refused it.
    pub fn late_request(&self, sent: bool) {
        let count = if sent { &self.extra } else { &self.refused };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> HedgeCounts {
        HedgeCounts {
            calls: self.calls.load(Ordering::Relaxed),
            extra: self.extra.load(Ordering::Relaxed),
            won: self.won.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_time_and_a_quantile_is_told_once_enough_is_known() {
        assert_eq!(Hedging::new(Late::After(7)).begin(), Some(7));
        let hedging = Hedging::new(Late::Quantile(0.5));
        assert_eq!(hedging.begin(), None);
        (0..100).for_each(|_| hedging.answered(1000, false));
        assert!(hedging.begin().is_some_and(|late| late.abs_diff(1000) < 40));
    }

    #[test]
    fn what_comes_of_late_requests_is_counted() {
        let hedging = Hedging::new(Late::After(7));
        let _late = hedging.begin();
        hedging.late_request(true);
        hedging.late_request(false);
        hedging.answered(1, true);
        hedging.answered(1, false);
        let counts = HedgeCounts { calls: 1, extra: 1, won: 1, refused: 1 };
        assert_eq!(hedging.counts(), counts);
    }
}

//! When a second request is sent beside one that is late, and what came of it.

use crossbeam_utils::CachePadded;

use super::latencies::Latencies;
use crate::clock::Nanos;
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// When a request is late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Late {
    /// After so long.
    After(Nanos),
    /// When this share of the calls of late was quicker; never while too few are known.
    Quantile(f64),
}

/// How a call begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// Its request is late after so long.
    LateAfter(Nanos),
    /// Its request cannot be late, as too little is known.
    NeverLate,
    /// It does not: no calls are made any more.
    Closed,
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
    closed: AtomicBool,
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
            closed: AtomicBool::default(),
            calls: CachePadded::default(),
            extra: AtomicU64::default(),
            won: AtomicU64::default(),
            refused: AtomicU64::default(),
        }
    }

    /// A call begins, unless it is closed.
    pub fn begin(&self) -> Begun {
        if self.is_closed() {
            return Begun::Closed;
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.late().map_or(Begun::NeverLate, Begun::LateAfter)
    }

    /// No calls are made any more.
    pub fn close(&self) {
        // Nothing else is published by it.
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
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
        assert_eq!(Hedging::new(Late::After(7)).begin(), Begun::LateAfter(7));
        let hedging = Hedging::new(Late::Quantile(0.5));
        assert_eq!(hedging.begin(), Begun::NeverLate);
        (0..100).for_each(|_| hedging.answered(1000, false));
        assert!(matches!(hedging.begin(), Begun::LateAfter(late) if late.abs_diff(1000) < 40));
    }

    #[test]
    fn closed_it_begins_no_calls() {
        let hedging = Hedging::new(Late::After(7));
        hedging.close();
        hedging.close();
        assert_eq!((hedging.begin(), hedging.is_closed(), hedging.counts().calls), (Begun::Closed, true, 0));
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

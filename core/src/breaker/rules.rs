//! What a breaker is told to do.

use super::state::LONGEST;
use super::window::{Sum, WindowKind};
use crate::clock::Nanos;

/// When a window's calls open the breaker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// What is looked back on.
    pub window: WindowKind,
    /// Fewer calls than these open nothing.
    pub minimum_calls: u32,
    /// The share of failures that opens it, or any larger one.
    pub failure: Option<f64>,
    /// The share of slow calls that opens it, or any larger one.
    pub slow: Option<f64>,
}

impl Rates {
    /// Whether these calls open it. Compared as a quotient, so that 7 of 100 are 0.07.
    #[must_use]
    pub fn reached(&self, sum: Sum) -> bool {
        let share = |part: u64| part as f64 / sum.calls as f64;
        sum.calls >= u64::from(self.minimum_calls.max(1))
            && (self.failure.is_some_and(|rate| share(sum.failures) >= rate)
                || self.slow.is_some_and(|rate| share(sum.slow) >= rate))
    }
}

/// How the recovery time grows with each probe that fails in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// So many times as long; at least 1.
    pub factor: f64,
    /// And no longer than this.
    pub max: Nanos,
}

/// A breaker's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// So many failures in a row open it.
    pub failures: Option<u32>,
    /// As do these shares.
    pub rates: Option<Rates>,
    /// A call that takes longer is slow.
    pub slow_after: Option<Nanos>,
    /// How long it is open before it is tried again.
    pub recovery: Nanos,
    /// How that grows.
    pub backoff: Option<Backoff>,
    /// Probes in flight at most.
    pub probes: u32,
    /// So many successes of probes close it.
    pub successes: u32,
    /// A probe that has not come back after so long loses its place to the next who asks.
    pub lease: Nanos,
    /// Whether calls are counted and timed.
    pub metrics: bool,
}

impl Default for Rules {
    fn default() -> Self {
        let recovery = 30 * crate::clock::MILLI * 1000;
        Self {
            failures: Some(5),
            rates: None,
            slow_after: None,
            recovery,
            backoff: None,
            probes: 1,
            successes: 1,
            lease: recovery,
            metrics: false,
        }
    }
}

impl Rules {
    /// How long it is open after so many probes failed in a row.
    #[must_use]
    pub fn recovery_after(&self, failed: u32) -> Nanos {
        let recovery = self.recovery.min(LONGEST);
        let Some(Backoff { factor, max }) = self.backoff.filter(|_| failed > 0) else { return recovery };
        // A power that is too large is infinite, and the largest of what fits.
        let grown = recovery as f64 * factor.max(1.0).powi(failed.min(i32::MAX as u32) as i32);
        (grown as Nanos).min(max.min(LONGEST)).max(recovery)
    }

    /// Whether a call's length matters.
    #[must_use]
    pub const fn times_calls(&self) -> bool {
        self.metrics || self.slow_after.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(calls: u64, failures: u64, slow: u64) -> Sum {
        Sum { calls, failures, slow }
    }

    #[test]
    fn a_share_that_is_just_the_rate_opens_and_one_below_does_not() {
        let rates =
            |failure, slow| Rates { window: WindowKind::Count(1000), minimum_calls: 1, failure, slow };
        for calls in [10, 100, 1000] {
            for part in 1..=calls {
                let rate = part as f64 / calls as f64;
                assert!(rates(Some(rate), None).reached(sum(calls, part, 0)));
                assert!(rates(None, Some(rate)).reached(sum(calls, 0, part)));
                assert!(!rates(Some(rate), Some(rate)).reached(sum(calls, part - 1, part - 1)));
            }
        }
        assert!(rates(Some(0.07), None).reached(sum(100, 7, 0)));
    }

    #[test]
    fn too_few_calls_open_nothing() {
        let rates =
            Rates { window: WindowKind::Count(100), minimum_calls: 10, failure: Some(0.5), slow: None };
        assert!(!rates.reached(sum(9, 9, 9)));
        assert!(rates.reached(sum(10, 5, 0)));
    }

    #[test]
    fn the_recovery_time_grows_to_its_maximum_and_never_overflows() {
        let mut rules =
            Rules { recovery: 100, backoff: Some(Backoff { factor: 2.0, max: 1000 }), ..Rules::default() };
        let times: Vec<_> = [0, 1, 2, 3, 4, 5000, u32::MAX].map(|failed| rules.recovery_after(failed)).into();
        assert_eq!(times, [100, 200, 400, 800, 1000, 1000, 1000]);
        rules.backoff = Some(Backoff { factor: f64::MAX, max: u64::MAX });
        assert_eq!(rules.recovery_after(9), LONGEST);
    }
}

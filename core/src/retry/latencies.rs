//! How long calls take of late: two histograms, the one that fills and the one before it, so that what is told is of the last 1,000 to
//! 2,000 calls.

use crate::clock::Nanos;
use crate::metrics::Histogram;
use crate::sync::Mutex;

/// Calls of which one histogram tells.
const SPAN: u64 = 1000;
/// Fewer calls tell nothing.
const LEAST: u64 = 20;
/// What was told is told again for so many calls: looking through a histogram takes a microsecond.
const FRESH: u64 = 32;

/// Times of calls, over all threads.
#[derive(Debug)]
pub struct Latencies {
    quantile: f64,
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    filling: Histogram,
    before: Histogram,
    told: Option<Nanos>,
    since_told: u64,
}

impl Latencies {
    /// Tells the time that a share `quantile` of calls does not exceed.
    #[must_use]
    pub fn new(quantile: f64) -> Self {
        Self { quantile, recent: Mutex::new(Recent::default()) }
    }

    /// A call took so long.
    pub fn record(&self, span: Nanos) {
        let mut recent = self.recent.lock();
        if recent.filling.count() == SPAN {
            let Recent { filling, before, .. } = &mut *recent;
            std::mem::swap(filling, before);
            filling.clear();
        }
        recent.filling.record(span);
        recent.since_told += 1;
    }

    /// The quantile; nothing while too few calls are known.
    #[must_use]
    pub fn told(&self) -> Option<Nanos> {
        let mut recent = self.recent.lock();
        if recent.told.is_none() || recent.since_told >= FRESH {
            if recent.filling.count() + recent.before.count() < LEAST {
                return None;
            }
            let mut all = recent.before.clone();
            all.merge(&recent.filling);
            recent.told = Some(all.quantile(self.quantile));
            recent.since_told = 0;
        }
        recent.told
    }

    /// How many calls it tells of.
    #[must_use]
    pub fn count(&self) -> u64 {
        let recent = self.recent.lock();
        recent.filling.count() + recent.before.count()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn tells(latencies: &Latencies, span: Nanos, about: Nanos) -> bool {
        latencies.told().is_some_and(|told| told.abs_diff(span) < about)
    }

    #[test]
    fn too_few_calls_tell_nothing() {
        let latencies = Latencies::new(0.95);
        (1..LEAST).for_each(|_| latencies.record(5));
        assert_eq!(latencies.told(), None);
        latencies.record(5);
        assert_eq!(latencies.told(), Some(5));
    }

    #[test]
    fn it_follows_when_calls_become_slower_and_forgets_what_was() {
        let latencies = Latencies::new(0.95);
        (0..5000).for_each(|_| latencies.record(1000));
        assert!(tells(&latencies, 1000, 40));
        (0..2001).for_each(|_| latencies.record(9000));
        assert!(tells(&latencies, 9000, 300));
        assert!(latencies.count() <= 2 * SPAN);
    }

    #[test]
    fn the_share_of_calls_that_it_names_is_not_slower() {
        let latencies = Latencies::new(0.9);
        (1..=100).for_each(|n| latencies.record(n * 1000));
        assert!(tells(&latencies, 90_000, 3000));
    }
}

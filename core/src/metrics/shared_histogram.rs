//! A histogram that several threads record into at once, without a lock.

use super::histogram::{BUCKETS, Histogram, bucket};
use crate::clock::Nanos;
use crate::sync::{AtomicU64, Ordering};

/// Counts of times by size, as [`Histogram`] has them; recording is two relaxed additions. What is read while others record may lack
/// the last of them.
///
/// ```
/// use millrace_core::metrics::SharedHistogram;
///
/// let shared = SharedHistogram::default();
/// shared.record(700);
/// assert_eq!((shared.read().count(), shared.read().max()), (1, 700));
/// ```
#[derive(Debug)]
pub struct SharedHistogram {
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Default for SharedHistogram {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
            min: AtomicU64::new(Nanos::MAX),
            max: AtomicU64::new(0),
        }
    }
}

impl SharedHistogram {
    /// Counts one time.
    pub fn record(&self, value: Nanos) {
        if let Some(count) = self.buckets.get(bucket(value)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
        // Extremes are rarely new: a look is cheaper than to write.
        if value < self.min.load(Ordering::Relaxed) {
            self.min.fetch_min(value, Ordering::Relaxed);
        }
        if value > self.max.load(Ordering::Relaxed) {
            self.max.fetch_max(value, Ordering::Relaxed);
        }
    }

    /// What was counted.
    #[must_use]
    pub fn read(&self) -> Histogram {
        Histogram::of(
            self.buckets.iter().map(|count| count.load(Ordering::Relaxed)),
            u128::from(self.sum.load(Ordering::Relaxed)),
            self.min.load(Ordering::Relaxed),
            self.max.load(Ordering::Relaxed),
        )
    }

    /// Forgets everything, but for what is recorded meanwhile.
    pub fn clear(&self) {
        self.buckets.iter().for_each(|count| count.store(0, Ordering::Relaxed));
        self.sum.store(0, Ordering::Relaxed);
        self.min.store(Nanos::MAX, Ordering::Relaxed);
        self.max.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_what_a_histogram_of_one_thread_tells() {
        let (shared, mut own) = (SharedHistogram::default(), Histogram::new());
        for value in (0..5000).map(|n| n * n * 37) {
            shared.record(value);
            own.record(value);
        }
        let read = shared.read();
        let all = |histogram: &Histogram| {
            let quantiles = [0.5, 0.9, 0.99].map(|q| histogram.quantile(q));
            (quantiles, histogram.count(), histogram.min(), histogram.max(), histogram.mean().to_bits())
        };
        assert_eq!(all(&read), all(&own));
        shared.clear();
        assert_eq!(all(&shared.read()), all(&Histogram::new()));
    }
}

//! A histogram of times in fixed memory.
//!
//! Log-linear buckets, as in HdrHistogram: each power of two is cut into 32 equal parts, so a value is known to about
//! 3 % from one nanosecond to beyond an hour. Recording is a few shifts and an add. Counts have 64 bits: 32 are full after an
//! hour of a million a second. It has no lock of its own.

use crate::clock::Nanos;

/// Each power of two has 2^5 buckets.
const PRECISION: u32 = 5;
const PER_POWER: usize = 1 << PRECISION;
/// Values at or above 2^42 ns (73 minutes) share the last bucket.
const TOP_BIT: u32 = 42;
pub(super) const BUCKETS: usize = (TOP_BIT as usize - PRECISION as usize + 1) * PER_POWER;

/// Counts of times by size.
///
/// ```
/// use millrace_core::metrics::Histogram;
///
/// let mut histogram = Histogram::new();
/// for micros in 1..=100 {
///     histogram.record(micros * 1000);
/// }
/// assert!((histogram.quantile(0.5) as f64 / 50_000.0 - 1.0).abs() < 0.04);
/// assert_eq!(histogram.max(), 100_000);
/// ```
#[derive(Debug, Clone)]
pub struct Histogram {
    buckets: Box<[u64; BUCKETS]>,
    count: u64,
    sum: u128,
    min: Nanos,
    max: Nanos,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a value is counted.
pub(super) fn bucket(value: Nanos) -> usize {
    if value < PER_POWER as u64 {
        return value as usize;
    }
    let top = value.ilog2().min(TOP_BIT - 1);
    let shift = top - PRECISION;
    let within = if value >> TOP_BIT == 0 { (value >> shift) as usize - PER_POWER } else { PER_POWER - 1 };
    ((shift as usize + 1) << PRECISION) + within
}

/// The largest value that is counted there.
fn upper(index: usize) -> Nanos {
    if index < PER_POWER {
        return index as u64;
    }
    let shift = (index >> PRECISION) - 1;
    let within = (index & (PER_POWER - 1)) + PER_POWER;
    ((within as u64 + 1) << shift) - 1
}

impl Histogram {
    /// An empty histogram; its memory, about 10 KB, is taken here and never grows.
    #[must_use]
    pub fn new() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), count: 0, sum: 0, min: Nanos::MAX, max: 0 }
    }

    /// One that has counted so many in each bucket.
    pub(super) fn of(counts: impl Iterator<Item = u64>, sum: u128, min: Nanos, max: Nanos) -> Self {
        let mut histogram = Self { sum, min, max, ..Self::new() };
        for (mine, theirs) in histogram.buckets.iter_mut().zip(counts) {
            *mine = theirs;
            histogram.count += theirs;
        }
        histogram
    }

    /// Counts one time.
    pub fn record(&mut self, value: Nanos) {
        if let Some(count) = self.buckets.get_mut(bucket(value)) {
            *count += 1;
        }
        self.count += 1;
        self.sum += u128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds what another histogram has counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets.iter()) {
            *mine += *theirs;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The value that a share `q` (0 to 1) of all values does not exceed, to about 3 %; 0 when nothing was counted.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Nanos {
        let rank = ((self.count as f64 * q.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += *count;
            if seen >= rank {
                return upper(index).clamp(self.min(), self.max);
            }
        }
        self.max
    }

    /// The smallest value, exactly; 0 when nothing was counted.
    #[must_use]
    pub fn min(&self) -> Nanos {
        if self.count == 0 { 0 } else { self.min }
    }

    /// The largest value, exactly.
    #[must_use]
    pub fn max(&self) -> Nanos {
        self.max
    }

    /// The mean, exactly; 0 when nothing was counted.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
        self.sum = 0;
        self.min = Nanos::MAX;
        self.max = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_ends_where_the_next_begins() {
        for index in 0..BUCKETS - 1 {
            assert_eq!(bucket(upper(index)), index);
            assert_eq!(bucket(upper(index) + 1), index + 1);
        }
    }

    #[test]
    fn values_beyond_the_top_are_counted_and_their_maximum_is_exact() {
        let mut histogram = Histogram::new();
        histogram.record(u64::MAX);
        assert_eq!(histogram.count(), 1);
        assert_eq!(histogram.quantile(0.5), u64::MAX);
    }

    #[test]
    fn quantiles_hold_after_more_values_of_one_size_than_32_bits_count() {
        let mut busy = Histogram::new();
        busy.record(1000);
        for _ in 0..34 {
            let same = busy.clone();
            busy.merge(&same);
        }
        busy.record(1_000_000);
        assert!(busy.quantile(0.5) < 1040);
    }
}

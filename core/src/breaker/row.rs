//! Failures in a row, in one word with the generation that they belong to.

use super::state::later;
use crate::sync::{AtomicU64, Ordering};

/// The word: generation, then count.
#[derive(Debug)]
pub(super) struct Row(AtomicU64);

const fn split(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

const fn join(generation: u32, count: u32) -> u64 {
    (generation as u64) << 32 | count as u64
}

impl Row {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// How many there are in that generation.
    pub(super) fn count(&self, generation: u32) -> u32 {
        let (of, count) = split(self.0.load(Ordering::Relaxed));
        if of == generation { count } else { 0 }
    }

    /// One more; how many that makes. A row of a later generation is left alone.
    pub(super) fn failure(&self, generation: u32) -> u32 {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (of, count) = split(word);
            if later(of, generation) {
                return 0;
            }
            let count = if of == generation { count.saturating_add(1) } else { 1 };
            match self.swap(word, join(generation, count)) {
                Ok(()) => return count,
                Err(now) => word = now,
            }
        }
    }

    /// The row ends. Writes only if there is one.
    pub(super) fn success(&self, generation: u32) {
        let mut word = self.0.load(Ordering::SeqCst);
        while split(word).0 == generation && split(word).1 > 0 {
            match self.swap(word, join(generation, 0)) {
                Ok(()) => return,
                Err(now) => word = now,
            }
        }
    }

    fn swap(&self, from: u64, to: u64) -> Result<(), u64> {
        // In one order with the mirror's mark; see there.
        self.0.compare_exchange_weak(from, to, Ordering::SeqCst, Ordering::SeqCst).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_in_its_generation_and_ends_with_a_success() {
        let row = Row::new();
        assert_eq!((row.failure(1), row.failure(1)), (1, 2));
        row.success(1);
        assert_eq!((row.count(1), row.failure(1)), (0, 1));
        assert_eq!(row.failure(2), 1);
    }

    #[test]
    fn what_comes_late_leaves_a_later_row_alone() {
        let row = Row::new();
        assert_eq!(row.failure(5), 1);
        assert_eq!(row.failure(3), 0);
        row.success(3);
        assert_eq!((row.count(5), row.count(3)), (1, 0));
    }
}

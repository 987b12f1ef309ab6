//! What the last calls came to: the last so many, or those of the last so long.

use crate::clock::Nanos;

/// What a window looks back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKind {
    /// The last so many calls.
    Count(u32),
    /// The calls of so long, in so many parts. What is older than the whole is never counted, what is younger than the whole less one part
    /// always.
    Time {
        /// The whole.
        size: Nanos,
        /// How many parts.
        buckets: u32,
    },
}

/// How many calls, and how many of them were bad.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Calls that ended. Those that were rejected or ignored are none.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that were slow, failed or not.
    pub slow: u64,
}

impl Sum {
    const fn one(failed: bool, slow: bool) -> Self {
        Self { calls: 1, failures: failed as u64, slow: slow as u64 }
    }

    const fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }

    const fn take(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
    }
}

/// A window. Recording takes constant time on average; its memory is taken as it fills.
#[derive(Debug, Clone)]
pub struct Window {
    kind: WindowKind,
    /// A call each, or a part of the time each.
    parts: Vec<Sum>,
    /// Where the next call goes; or the number of the part at hand since the clock's origin.
    at: u64,
    total: Sum,
}

impl Window {
    /// An empty one.
    #[must_use]
    pub fn new(kind: WindowKind) -> Self {
        let parts = match kind {
            WindowKind::Count(_) => Vec::new(),
            WindowKind::Time { buckets, .. } => vec![Sum::default(); buckets.max(1) as usize],
        };
        Self { kind, parts, at: 0, total: Sum::default() }
    }

    /// Counts a call that has just ended. A time earlier than one it has seen is taken for that one.
    pub fn record(&mut self, now: Nanos, failed: bool, slow: bool) -> Sum {
        let one = Sum::one(failed, slow);
        match self.kind {
            WindowKind::Count(size) => {
                let size = u64::from(size.max(1));
                if (self.parts.len() as u64) < size {
                    self.parts.push(one);
                } else if let Some(oldest) = self.parts.get_mut((self.at % size) as usize) {
                    self.total.take(std::mem::replace(oldest, one));
                }
                self.at += 1;
            }
            WindowKind::Time { .. } => {
                self.pass(now);
                let count = self.parts.len() as u64;
                if let Some(part) = self.parts.get_mut((self.at % count.max(1)) as usize) {
                    part.add(one);
                }
            }
        }
        self.total.add(one);
        self.total
    }

    /// What is counted at that time.
    pub fn sum(&mut self, now: Nanos) -> Sum {
        self.pass(now);
        self.total
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.kind);
    }

    /// Takes out what is too old, however long nobody has called.
    fn pass(&mut self, now: Nanos) {
        let WindowKind::Time { size, .. } = self.kind else { return };
        let count = self.parts.len() as u64;
        let epoch = now / (size / count.max(1)).max(1);
        for past in 0..epoch.saturating_sub(self.at).min(count) {
            if let Some(part) = self.parts.get_mut(((self.at + 1 + past) % count) as usize) {
                self.total.take(std::mem::take(part));
            }
        }
        self.at = self.at.max(epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(sum: Sum) -> (u64, u64, u64) {
        (sum.calls, sum.failures, sum.slow)
    }

    #[test]
    fn the_last_so_many_calls_are_counted() {
        let mut window = Window::new(WindowKind::Count(3));
        for (failed, slow) in [(true, true), (true, false), (false, true)] {
            window.record(0, failed, slow);
        }
        assert_eq!(counts(window.sum(0)), (3, 2, 2));
        assert_eq!(counts(window.record(0, false, false)), (3, 1, 1));
        assert_eq!(counts(window.record(0, false, false)), (3, 0, 1));
    }

    #[test]
    fn a_time_window_lets_its_parts_go_one_by_one() {
        let mut window = Window::new(WindowKind::Time { size: 100, buckets: 10 });
        for now in (0..100).step_by(10) {
            window.record(now, true, false);
        }
        assert_eq!(counts(window.sum(99)), (10, 10, 0));
        assert_eq!(counts(window.sum(100)), (9, 9, 0));
        assert_eq!(counts(window.sum(185)), (1, 1, 0));
        assert_eq!(counts(window.sum(190)), (0, 0, 0));
    }

    #[test]
    fn nothing_stale_is_counted_after_an_idle_hour() {
        let mut window = Window::new(WindowKind::Time { size: 100, buckets: 10 });
        (0..40).for_each(|_| _ = window.record(55, true, true));
        // The same parts of the ring, many rounds later.
        assert_eq!(counts(window.record(100_055, false, false)), (1, 0, 0));
    }

    #[test]
    fn a_clock_read_before_another_thread_s_takes_nothing_away() {
        let mut window = Window::new(WindowKind::Time { size: 100, buckets: 10 });
        window.record(500, true, false);
        assert_eq!(counts(window.record(389, true, false)), (2, 2, 0));
        assert_eq!(counts(window.sum(599)), (2, 2, 0));
    }
}

//! What those who try again have done. Each count by itself is exact; two that are read together may be a call apart.

use crossbeam_utils::CachePadded;

use crate::clock::Nanos;
use crate::sync::{AtomicU64, Ordering};

/// Successes are counted by the attempt that succeeded; this many and more share the last place.
pub const STEPS: usize = 16;

/// Why somebody gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaveUp {
    /// It was the last attempt.
    Attempts,
    /// What failed was not to be tried again.
    Refused,
    /// There was no time left.
    Elapsed,
    /// There was no token left in the budget.
    Budget,
    /// The caller gave up.
    Aborted,
    /// Whoever tries again was closed.
    Closed,
}

impl GaveUp {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Attempts, Self::Refused, Self::Elapsed, Self::Budget, Self::Aborted, Self::Closed];
}

/// The counts of one kind of calls, over all threads.
#[derive(Debug, Default)]
pub struct Counters {
    /// Most calls change this one alone.
    first: CachePadded<AtomicU64>,
    later: [AtomicU64; STEPS],
    given_up: [AtomicU64; GaveUp::ALL.len()],
    /// Attempts of calls that did not succeed at once.
    attempts: AtomicU64,
    waits: AtomicU64,
    waited: AtomicU64,
}

fn add(count: &AtomicU64, amount: u64) {
    count.fetch_add(amount, Ordering::Relaxed);
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

impl Counters {
    /// A call has succeeded at this attempt, the first of which is 1.
    pub fn succeeded(&self, attempt: u32) {
        if attempt <= 1 {
            return add(&self.first, 1);
        }
        add(&self.attempts, u64::from(attempt));
        if let Some(count) = self.later.get((attempt as usize - 1).min(STEPS - 1)) {
            add(count, 1);
        }
    }

    /// A call has given up after so many attempts.
    pub fn gave_up(&self, why: GaveUp, attempts: u32) {
        add(&self.attempts, u64::from(attempts));
        if let Some(count) = self.given_up.get(why as usize) {
            add(count, 1);
        }
    }

    /// A call has waited for its next attempt.
    pub fn waited(&self, span: Nanos) {
        add(&self.waits, 1);
        add(&self.waited, span);
    }

    /// Successes by attempt.
    #[must_use]
    pub fn successes(&self) -> [u64; STEPS] {
        let mut successes = self.later.each_ref().map(read);
        if let Some(first) = successes.first_mut() {
            *first = read(&self.first);
        }
        successes
    }

    /// Those who gave up, by why.
    #[must_use]
    pub fn given_up(&self) -> [u64; GaveUp::ALL.len()] {
        self.given_up.each_ref().map(read)
    }

    /// How often the function was called, as far as its calls have ended.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        read(&self.first) + read(&self.attempts)
    }

    /// How many waits there were, and how long they were together.
    #[must_use]
    pub fn waits(&self) -> (u64, Nanos) {
        (read(&self.waits), read(&self.waited))
    }

    /// Begins anew.
    pub fn reset(&self) {
        let some = [&*self.first, &self.attempts, &self.waits, &self.waited];
        for count in some.into_iter().chain(&self.later).chain(&self.given_up) {
            count.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn successes_are_counted_by_attempt_and_give_ups_by_reason() {
        let counters = Counters::default();
        counters.succeeded(1);
        counters.succeeded(1);
        counters.succeeded(3);
        counters.succeeded(1_000);
        counters.gave_up(GaveUp::Budget, 2);
        counters.waited(5);
        counters.waited(7);
        let successes = counters.successes();
        assert_eq!([successes[0], successes[1], successes[2], successes[15]], [2, 0, 1, 1]);
        assert_eq!(counters.given_up(), [0, 0, 0, 1, 0, 0]);
        assert_eq!((counters.attempts(), counters.waits()), (2 + 3 + 1000 + 2, (2, 12)));
        counters.reset();
        assert_eq!((counters.attempts(), counters.waits(), counters.given_up()), (0, (0, 0), [0; 6]));
    }

    #[test]
    fn every_reason_has_the_place_of_its_number() {
        for (at, why) in GaveUp::ALL.into_iter().enumerate() {
            assert_eq!(why as usize, at);
        }
    }
}

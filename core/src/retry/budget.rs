//! A retry budget: how much extra load all who try again may make together. After Finagle's `RetryBudget`.
//!
//! Each first call earns a share of a token; each retry costs one, from when it begins to wait. Beside what was earned, some retries a
//! second are free, so that a service with few calls can retry at all: never more than one second's at once. What was earned fades: of
//! a token a third is left after the budget's `ttl`, so a storm cannot spend what calm hours have saved.
//!
//! Over any span the retries are at most what was there at its beginning, the share of its calls and the free ones of its seconds. Both halves
//! are one word each, changed by compare-and-set; none is read with the other.

use std::num::NonZeroU64;

use crossbeam_utils::CachePadded;

use crate::clock::{MILLI, Nanos};
use crate::limiter::{Quota, Rule, TokenBucket};
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// One token, as it is counted.
const TOKEN: u64 = 1 << 12;
/// The bits of a count of tokens: 16 million.
const EARNED_BITS: u32 = 36;
const EARNED_MASK: u64 = (1 << EARNED_BITS) - 1;
/// The bits of a step's number, which begins again at 0 after 100 days of the shortest `ttl`: what then has not faded was not touched for so long.
const STEP_MASK: u64 = u64::MAX >> EARNED_BITS;
/// What was earned fades in so many steps within `ttl`.
const STEPS: u64 = 16;
/// What each step leaves of it.
const LEFT: f64 = 1.0 - 1.0 / STEPS as f64;
const SECOND: Nanos = 1000 * MILLI;

/// What a budget allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetQuota {
    /// Retries that each first call earns, at most 1,000.
    pub ratio: f64,
    /// Retries a second that are free, at most a million.
    pub per_second: f64,
    /// How long a call counts.
    pub ttl: Nanos,
}

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetStanding {
    /// Retries that first calls have earned.
    pub earned: f64,
    /// Retries that are free now.
    pub free: f64,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetCounts {
    /// Retries that had a token.
    pub retries: u64,
    /// Retries that had none.
    pub refused: u64,
    /// Tokens given back.
    pub given_back: u64,
}

/// A budget.
#[derive(Debug)]
pub struct Budget {
    ratio: u64,
    step: Nanos,
    free_rule: Option<TokenBucket>,
    closed: AtomicBool,
    /// The step it was brought up to, and the tokens in 4096ths.
    earned: CachePadded<AtomicU64>,
    /// The state of `free_rule`.
    free: CachePadded<AtomicU64>,
    retries: CachePadded<AtomicU64>,
    refused: AtomicU64,
    given_back: AtomicU64,
}

/// Changes a word until nobody else has changed it meanwhile; `None` leaves it and ends.
fn change(word: &AtomicU64, mut next: impl FnMut(u64) -> Option<u64>) -> bool {
    let mut seen = word.load(Ordering::Relaxed);
    while let Some(new) = next(seen) {
        // Nothing else is published by a word: it is its own whole story.
        match word.compare_exchange_weak(seen, new, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(other) => seen = other,
        }
    }
    false
}

impl Budget {
    /// A budget in which nothing was earned.
    #[must_use]
    pub fn new(quota: BudgetQuota) -> Self {
        // Of a rate in thousandths, so that fractions count.
        let milli = NonZeroU64::new((quota.per_second * 1000.0) as u64);
        let capacity = NonZeroU64::new(quota.per_second as u64).unwrap_or(NonZeroU64::MIN);
        let free_rule = milli
            .zip(NonZeroU64::new(SECOND * 1000))
            .map(|(tokens, interval)| TokenBucket::new(Quota { capacity, tokens, interval, burst: true }));
        Self {
            ratio: (quota.ratio * TOKEN as f64) as u64,
            step: (quota.ttl / STEPS).max(1),
            free_rule,
            closed: AtomicBool::default(),
            earned: CachePadded::default(),
            free: CachePadded::default(),
            retries: CachePadded::default(),
            refused: AtomicU64::default(),
            given_back: AtomicU64::default(),
        }
    }

    /// The word of what was earned, brought up to `now`: its step, and what is left.
    fn faded(&self, word: u64, now: Nanos) -> (u64, u64) {
        let (seen, earned) = (word >> EARNED_BITS, word & EARNED_MASK);
        let step = (now / self.step) & STEP_MASK;
        let passed = step.wrapping_sub(seen) & STEP_MASK;
        // A thread whose clock was read before another's write is no reason to go back.
        if passed == 0 || passed > STEP_MASK / 2 {
            return (seen, earned);
        }
        (step, (earned as f64 * LEFT.powi(passed.min(1 << 20) as i32)) as u64)
    }

    fn add(&self, now: Nanos, amount: u64) {
        change(&self.earned, |word| {
            let (step, earned) = self.faded(word, now);
            Some(step << EARNED_BITS | (earned + amount).min(EARNED_MASK))
        });
    }

    /// A first call, that is: none that is tried again.
    pub fn deposit(&self, now: Nanos) {
        self.add(now, self.ratio);
    }

    /// Takes the token of a retry, which may then begin to wait; false if there is none, or it is closed.
    pub fn withdraw(&self, now: Nanos) -> bool {
        let taken = !self.is_closed() && self.take(now);
        let count = if taken { &*self.retries } else { &self.refused };
        count.fetch_add(1, Ordering::Relaxed);
        taken
    }

    fn take(&self, now: Nanos) -> bool {
        let free = self.free_rule.is_some_and(|rule| {
            change(&self.free, |state| {
                let mut state = state;
                (rule.earliest(&state, now, 1) == Some(now)).then(|| {
                    rule.take(&mut state, now, 1);
                    state
                })
            })
        });
        free || change(&self.earned, |word| {
            let (step, earned) = self.faded(word, now);
            Some(step << EARNED_BITS | earned.checked_sub(TOKEN)?)
        })
    }

    /// Gives back the token of a retry that was cancelled while it waited.
    pub fn give_back(&self, now: Nanos) {
        self.given_back.fetch_add(1, Ordering::Relaxed);
        self.add(now, TOKEN);
    }

    /// Nobody has a token any more.
    pub fn close(&self) {
        // Nothing else is published by it.
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> BudgetCounts {
        BudgetCounts {
            retries: self.retries.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            given_back: self.given_back.load(Ordering::Relaxed),
        }
    }

    /// How it stands; with nothing, if it is closed.
    #[must_use]
    pub fn standing(&self, now: Nanos) -> BudgetStanding {
        if self.is_closed() {
            return BudgetStanding { earned: 0.0, free: 0.0 };
        }
        let (_, earned) = self.faded(self.earned.load(Ordering::Relaxed), now);
        let free = self.free.load(Ordering::Relaxed);
        let free = self.free_rule.map_or(0, |rule| rule.standing(&free, now).remaining);
        BudgetStanding { earned: earned as f64 / TOKEN as f64, free: free as f64 }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn budget(ratio: f64, per_second: f64) -> Budget {
        Budget::new(BudgetQuota { ratio, per_second, ttl: 10 * SECOND })
    }

    fn withdrawn(budget: &Budget, now: Nanos, tries: usize) -> usize {
        (0..tries).filter(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn a_fifth_of_extra_load_is_one_retry_for_five_calls() {
        let budget = budget(0.2, 0.0);
        (0..1000).for_each(|_| budget.deposit(0));
        // A fifth is rounded down to 4096ths.
        assert_eq!(withdrawn(&budget, 0, 1000), 199);
    }

    #[test]
    fn an_idle_service_can_retry_a_few_times_a_second() {
        let budget = budget(0.0, 10.0);
        assert_eq!(withdrawn(&budget, 0, 100), 10);
        assert_eq!(withdrawn(&budget, SECOND / 2, 100), 5);
        assert_eq!(withdrawn(&budget, 1000 * SECOND, 100), 10);
    }

    #[test]
    fn less_than_one_retry_a_second_is_one_in_several() {
        let budget = budget(0.0, 0.5);
        assert_eq!([withdrawn(&budget, 0, 9), withdrawn(&budget, SECOND, 9)], [1, 0]);
        assert_eq!(withdrawn(&budget, 2 * SECOND, 9), 1);
    }

    #[test]
    fn a_budget_of_nothing_allows_nothing() {
        let budget = budget(0.0, 0.0);
        (0..1000).for_each(|_| budget.deposit(0));
        assert_eq!(withdrawn(&budget, 1000 * SECOND, 10), 0);
    }

    #[test]
    fn what_was_earned_fades() {
        let budget = budget(1.0, 0.0);
        (0..1000).for_each(|_| budget.deposit(0));
        assert_eq!(budget.standing(0).earned, 1000.0);
        let third = budget.standing(10 * SECOND).earned;
        assert!((third - 356.0).abs() < 1.0, "{third}");
        assert_eq!(withdrawn(&budget, 10 * SECOND, 1000), 356);
        assert_eq!(budget.standing(1000 * SECOND).earned, 0.0);
    }

    #[test]
    fn a_retry_that_is_cancelled_while_it_waits_gives_its_token_back() {
        let budget = budget(0.0, 1.0);
        assert!(budget.withdraw(0) && !budget.withdraw(0));
        budget.give_back(0);
        assert!(budget.withdraw(0) && !budget.withdraw(0));
    }

    #[test]
    fn what_comes_of_retries_is_counted() {
        let budget = budget(0.0, 1.0);
        assert!(budget.withdraw(0) && !budget.withdraw(0));
        budget.give_back(0);
        assert_eq!(budget.counts(), BudgetCounts { retries: 1, refused: 1, given_back: 1 });
    }

    #[test]
    fn closed_it_has_nothing() {
        let budget = budget(1.0, 10.0);
        budget.deposit(0);
        budget.close();
        budget.close();
        budget.deposit(0);
        budget.give_back(0);
        assert!(budget.is_closed() && !budget.withdraw(0));
        assert_eq!(budget.standing(0), BudgetStanding { earned: 0.0, free: 0.0 });
    }

    #[test]
    fn it_never_overflows_and_a_clock_read_late_changes_nothing() {
        let budget = budget(1000.0, 0.0);
        (0..100_000).for_each(|_| budget.deposit(50 * SECOND));
        let most = budget.standing(50 * SECOND).earned;
        assert!((most - (EARNED_MASK as f64 / TOKEN as f64)).abs() < 1.0);
        budget.deposit(49 * SECOND);
        assert_eq!(budget.standing(49 * SECOND).earned, most);
        assert!(budget.withdraw(49 * SECOND));
    }
}

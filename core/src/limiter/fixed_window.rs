//! A counter that begins anew with each window. The state is one word: 36 bits for the number of the window, 28 for the count.
//!
//! Windows follow each other without gaps from the clock's origin on. Around an edge up to twice the limit may pass within one window's length. What is
//! taken beyond the limit, as a penalty, counts against the windows that follow. Numbers of windows that lie 2^35 apart can't be
//! told from each other: with windows of one millisecond a limiter that was last used more than a year ago may refuse once too often.

use std::num::NonZeroU64;

use super::adapt::Adapt;
use super::rule::{Rule, Standing};
use crate::clock::Nanos;

const COUNT_BITS: u32 = 28;
const COUNT: u64 = (1 << COUNT_BITS) - 1;
const WINDOW: u64 = u64::MAX >> COUNT_BITS;

/// At most `limit` in each window of `size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedWindow {
    limit: NonZeroU64,
    size: NonZeroU64,
    /// How often `size` goes into 2⁶⁴ - 1: multiplying is a third of dividing.
    reciprocal: u64,
}

impl FixedWindow {
    /// The largest limit: as much again can be taken as a penalty.
    pub const MOST: u64 = COUNT / 2;

    /// The rule. A limit above [`MOST`](Self::MOST) is that.
    #[must_use]
    pub fn new(limit: NonZeroU64, size: NonZeroU64) -> Self {
        let limit = limit.min(NonZeroU64::MIN.saturating_add(Self::MOST - 1));
        Self { limit, size, reciprocal: u64::MAX / size.get() }
    }

    /// The limit, and the window's size.
    #[must_use]
    pub const fn numbers(&self) -> (NonZeroU64, NonZeroU64) {
        (self.limit, self.size)
    }

    /// The number of the window of a time: each is one more than the one before it.
    #[must_use]
    pub const fn window(&self, at: Nanos) -> u64 {
        // As the reciprocal is less than 1 too small, this is at most 1 too small.
        let window = ((at as u128 * self.reciprocal as u128) >> 64) as u64;
        window + (at - window * self.size.get() >= self.size.get()) as u64
    }

    const fn pack(window: u64, count: u64) -> u64 {
        // One below all ones, so that no state is.
        let count = if count < COUNT { count } else { COUNT - 1 };
        ((window & WINDOW) << COUNT_BITS) | count
    }

    /// The window that counts, and what was taken in it.
    const fn live(&self, state: u64, now: Nanos) -> (u64, u64) {
        let (stored, count, current) = (state >> COUNT_BITS, state & COUNT, self.window(now));
        let behind = current.wrapping_sub(stored) & WINDOW;
        if count == 0 || behind == 0 {
            (current, count)
        } else if behind > WINDOW / 2 {
            // Another thread has read the clock later.
            (current + (WINDOW + 1 - behind), count)
        } else {
            (current, count.saturating_sub(self.limit.get().saturating_mul(behind)))
        }
    }

    const fn start(&self, window: u64) -> Nanos {
        window.saturating_mul(self.size.get())
    }
}

impl Rule for FixedWindow {
    type State = u64;

    fn earliest(&self, state: &u64, now: Nanos, cost: u64) -> Option<Nanos> {
        let limit = self.limit.get();
        if cost == 0 {
            return Some(now);
        }
        if cost > limit {
            return None;
        }
        let (window, count) = self.live(*state, now);
        if count + cost <= limit {
            return Some(now);
        }
        let windows = (count + cost - limit).div_ceil(limit);
        Some(self.start(window + windows))
    }

    fn take(&self, state: &mut u64, now: Nanos, cost: u64) {
        let (window, count) = self.live(*state, now);
        *state = Self::pack(window, count.saturating_add(cost));
    }

    fn try_take(&self, state: &mut u64, now: Nanos, cost: u64) -> bool {
        let (window, count) = self.live(*state, now);
        let may = count + cost <= self.limit.get() || cost == 0;
        if may {
            *state = Self::pack(window, count.saturating_add(cost));
        }
        may
    }

    fn give_back(&self, state: &mut u64, now: Nanos, taken: Nanos, cost: u64) {
        let (window, count) = self.live(*state, now);
        if self.window(taken) == window {
            *state = Self::pack(window, count.saturating_sub(cost));
        }
    }

    fn standing(&self, state: &u64, now: Nanos) -> Standing {
        let limit = self.limit.get();
        let (window, count) = self.live(*state, now);
        let reset_at = if count == 0 { now } else { self.start(window + count.div_ceil(limit)).max(now) };
        Standing { limit, remaining: limit.saturating_sub(count), reset_at }
    }
}

/// What was taken in the window stays taken.
impl Adapt for FixedWindow {
    fn adapt(&self, old: &Self, state: &u64, now: Nanos) -> u64 {
        let (_, count) = old.live(*state, now);
        Self::pack(self.window(now), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: u64, size: u64) -> FixedWindow {
        FixedWindow::new(NonZeroU64::new(limit).unwrap(), NonZeroU64::new(size).unwrap())
    }

    #[test]
    fn a_window_allows_its_limit_and_the_next_begins_anew() {
        let (rule, mut state) = (window(3, 100), 0);
        for _ in 0..3 {
            assert_eq!(rule.earliest(&state, 150, 1), Some(150));
            rule.take(&mut state, 150, 1);
        }
        assert_eq!(rule.earliest(&state, 199, 1), Some(200));
        assert_eq!(rule.standing(&state, 199), Standing { limit: 3, remaining: 0, reset_at: 200 });
        assert_eq!(rule.earliest(&state, 200, 3), Some(200));
        assert_eq!(rule.earliest(&state, 200, 4), None);
    }

    #[test]
    fn twice_the_limit_passes_around_an_edge() {
        let (rule, mut state) = (window(5, 100), 0);
        rule.take(&mut state, 199, 5);
        assert_eq!(rule.earliest(&state, 200, 5), Some(200));
    }

    #[test]
    fn a_penalty_counts_against_the_windows_that_follow() {
        let (rule, mut state) = (window(2, 100), 0);
        rule.take(&mut state, 50, 7);
        assert_eq!(rule.earliest(&state, 50, 1), Some(300));
        assert_eq!(rule.earliest(&state, 50, 2), Some(400));
        assert_eq!(rule.earliest(&state, 310, 1), Some(310));
        assert_eq!(rule.earliest(&state, 310, 2), Some(400));
    }

    #[test]
    fn what_is_given_back_after_its_window_makes_nothing_negative() {
        let (rule, mut state) = (window(2, 100), 0);
        rule.take(&mut state, 50, 2);
        rule.take(&mut state, 150, 1);
        rule.give_back(&mut state, 150, 50, 2);
        assert_eq!(rule.standing(&state, 150).remaining, 1);
        rule.give_back(&mut state, 150, 150, 9);
        assert_eq!(rule.standing(&state, 150).remaining, 2);
    }

    #[test]
    fn one_whose_clock_was_read_before_the_window_began_is_of_that_window() {
        let (rule, mut state) = (window(2, 100), 0);
        rule.take(&mut state, 200, 1);
        assert_eq!(rule.earliest(&state, 199, 1), Some(199));
        rule.take(&mut state, 199, 1);
        assert_eq!(rule.earliest(&state, 200, 1), Some(300));
    }

    #[test]
    fn the_count_never_runs_into_the_number_of_the_window() {
        let (rule, mut state) = (window(FixedWindow::MOST, 1), 0);
        rule.take(&mut state, 7, u64::MAX);
        assert_ne!(state, u64::MAX);
        assert_eq!(rule.live(state, 7), (7, COUNT - 1));
    }
}

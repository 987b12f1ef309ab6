//! The fixed window: so many within a window, which begins with the first of them.
//!
//! Within any span as long as the window it allows at most twice the limit: all at the end of one window and all at the beginning of the
//! next.

use std::num::{NonZeroU32, NonZeroU64};

use super::limit::Packed;
use crate::clock::Nanos;
use crate::limiter::{Rule, Standing};

/// So many per window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedWindow {
    /// How many.
    pub limit: NonZeroU32,
    /// How long the window is, in nanoseconds.
    pub window: NonZeroU64,
}

/// The window that is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Open {
    ends: Nanos,
    taken: u64,
}

impl FixedWindow {
    const fn taken(state: &Open, now: Nanos) -> u64 {
        if now < state.ends { state.taken } else { 0 }
    }
}

impl Rule for FixedWindow {
    type State = Open;

    fn earliest(&self, state: &Open, now: Nanos, cost: u64) -> Option<Nanos> {
        let limit = u64::from(self.limit.get());
        if cost == 0 {
            return Some(now);
        }
        if cost > limit {
            return None;
        }
        Some(if Self::taken(state, now) <= limit - cost { now } else { state.ends })
    }

    fn take(&self, state: &mut Open, now: Nanos, cost: u64) {
        if cost == 0 {
            return;
        }
        // A window in which nothing is left begins anew: so it makes no difference whether it was forgotten.
        if Self::taken(state, now) == 0 {
            *state = Open { ends: now.saturating_add(self.window.get()), taken: 0 };
        }
        state.taken = state.taken.saturating_add(cost);
    }

    fn give_back(&self, state: &mut Open, now: Nanos, taken: Nanos, cost: u64) {
        // What was taken in a window that is over has come back with its end.
        if now < state.ends && taken >= state.ends.saturating_sub(self.window.get()) {
            state.taken = state.taken.saturating_sub(cost);
        }
    }

    fn standing(&self, state: &Open, now: Nanos) -> Standing {
        let limit = u64::from(self.limit.get());
        let taken = Self::taken(state, now);
        let reset_at = if taken == 0 { now } else { state.ends };
        Standing { limit, remaining: limit.saturating_sub(taken), reset_at }
    }
}

impl Packed for FixedWindow {
    const WORDS: usize = 2;

    fn unpack(words: &[u64]) -> Open {
        match words {
            &[ends, taken, ..] => Open { ends, taken },
            _ => Open::default(),
        }
    }

    fn pack(state: &Open, words: &mut [u64]) {
        if let [ends, taken, ..] = words {
            (*ends, *taken) = (state.ends, state.taken);
        }
    }

    fn is_fresh(&self, state: &Open, now: Nanos) -> bool {
        Self::taken(state, now) == 0
    }

    fn adapt(&self, old: &Self, state: &Open, now: Nanos) -> Open {
        if old.is_fresh(state, now) {
            return Open::default();
        }
        let began = state.ends.saturating_sub(old.window.get());
        let ends = began.saturating_add(self.window.get());
        // Of a window that would be over by now it is not known when in it they came: they may have come just now.
        let ends = if ends > now { ends } else { now.saturating_add(self.window.get()) };
        Open { ends, taken: state.taken }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: FixedWindow =
        FixedWindow { limit: NonZeroU32::new(3).unwrap(), window: NonZeroU64::new(10).unwrap() };

    #[test]
    fn a_window_begins_with_its_first_and_ends_for_all_at_once() {
        let mut state = Open::default();
        assert_eq!(RULE.earliest(&state, 7, 3), Some(7));
        RULE.take(&mut state, 7, 2);
        assert_eq!(RULE.earliest(&state, 16, 1), Some(16));
        assert_eq!(RULE.earliest(&state, 16, 2), Some(17));
        assert_eq!(RULE.earliest(&state, 17, 3), Some(17));
        assert_eq!(RULE.earliest(&state, 16, 4), None);
        assert_eq!(RULE.standing(&state, 16), Standing { limit: 3, remaining: 1, reset_at: 17 });
        assert_eq!(RULE.standing(&state, 17), Standing { limit: 3, remaining: 3, reset_at: 17 });
    }

    #[test]
    fn under_other_numbers_the_window_keeps_its_beginning_if_it_still_is_one_and_always_its_count() {
        let mut state = Open::default();
        RULE.take(&mut state, 0, 3);
        let rule = |limit, window| FixedWindow {
            limit: NonZeroU32::new(limit).unwrap(),
            window: NonZeroU64::new(window).unwrap(),
        };
        assert_eq!(rule(5, 20).adapt(&RULE, &state, 8), Open { ends: 20, taken: 3 });
        assert_eq!(rule(5, 9).adapt(&RULE, &state, 8), Open { ends: 9, taken: 3 });
        assert_eq!(rule(5, 8).adapt(&RULE, &state, 8), Open { ends: 16, taken: 3 });
        assert_eq!(rule(5, 20).adapt(&RULE, &state, 10), Open::default());
    }

    #[test]
    fn a_refund_after_the_window_rolled_over_takes_nothing_from_the_next() {
        let mut state = Open::default();
        RULE.take(&mut state, 0, 3);
        RULE.take(&mut state, 10, 1);
        RULE.give_back(&mut state, 11, 9, 3);
        assert_eq!(RULE.standing(&state, 11).remaining, 2);
        RULE.give_back(&mut state, 12, 10, 9);
        assert_eq!(RULE.standing(&state, 12).remaining, 3);
        RULE.give_back(&mut state, 30, 10, 9);
        assert_eq!(RULE.earliest(&state, 30, 3), Some(30));
    }
}

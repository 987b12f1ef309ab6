//! The sliding window, approximated by two: what was taken in the window before counts by the part of it that the sliding window still
//! covers.
//!
//! The approximation takes what was taken before as spread evenly. Within any span as long as the window it therefore allows nearly twice
//! the limit at worst: all at the end of one window, and the rest as the first ones lose their weight.

use std::num::{NonZeroU32, NonZeroU64};

use super::limit::Packed;
use crate::clock::Nanos;
use crate::limiter::{Rule, Standing};

/// So many per window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlidingWindow {
    /// How many.
    pub limit: NonZeroU32,
    /// How long the window is, in nanoseconds.
    pub window: NonZeroU64,
}

/// What was taken in the window at hand, and in the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Two {
    /// When the window at hand began.
    began: Nanos,
    taken: u32,
    before: u32,
}

impl SlidingWindow {
    /// The state as of `now`: its window is the one that `now` is in.
    fn at(&self, state: &Two, now: Nanos) -> Two {
        let window = self.window.get();
        let passed = now.saturating_sub(state.began) / window;
        match passed {
            0 if state.taken > 0 || state.before > 0 => *state,
            1 if state.taken > 0 => {
                Two { began: state.began.saturating_add(window), taken: 0, before: state.taken }
            }
            // Nothing counts any more, forgotten or not: the next one begins with what is taken next.
            _ => Two { began: now, taken: 0, before: 0 },
        }
    }

    /// What the window before still weighs, rounded up.
    fn weight(&self, state: &Two, now: Nanos) -> u64 {
        let window = self.window.get();
        let left = window.saturating_sub(now.saturating_sub(state.began));
        let weight = (u128::from(state.before) * u128::from(left)).div_ceil(u128::from(window));
        weight as u64
    }

    /// How long after a window's beginning the one before, with so many taken, weighs no more than `room`.
    fn until(&self, before: u32, room: u64) -> Nanos {
        let window = self.window.get();
        if u64::from(before) <= room {
            return 0;
        }
        let covered = u128::from(room) * u128::from(window) / u128::from(before);
        window.saturating_sub(covered as u64)
    }
}

impl Rule for SlidingWindow {
    type State = Two;

    fn earliest(&self, state: &Two, now: Nanos, cost: u64) -> Option<Nanos> {
        let limit = u64::from(self.limit.get());
        if cost == 0 {
            return Some(now);
        }
        let room = limit.checked_sub(cost)?;
        let state = self.at(state, now);
        if let Some(room) = room.checked_sub(u64::from(state.taken)) {
            return Some(state.began.saturating_add(self.until(state.before, room)).max(now));
        }
        let next = state.began.saturating_add(self.window.get());
        Some(next.saturating_add(self.until(state.taken, room)))
    }

    fn take(&self, state: &mut Two, now: Nanos, cost: u64) {
        if cost > 0 {
            *state = self.at(state, now);
            state.taken = state.taken.saturating_add(u32::try_from(cost).unwrap_or(u32::MAX));
        }
    }

    fn give_back(&self, state: &mut Two, now: Nanos, taken: Nanos, cost: u64) {
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        *state = self.at(state, now);
        if taken >= state.began {
            state.taken = state.taken.saturating_sub(cost);
        } else if taken >= state.began.saturating_sub(self.window.get()) {
            state.before = state.before.saturating_sub(cost);
        }
    }

    fn standing(&self, state: &Two, now: Nanos) -> Standing {
        let limit = u64::from(self.limit.get());
        let state = self.at(state, now);
        let used = u64::from(state.taken) + self.weight(&state, now);
        let windows = if state.taken > 0 { 2 } else { u64::from(state.before > 0) };
        let reset_at =
            if windows == 0 { now } else { state.began.saturating_add(windows * self.window.get()) };
        Standing { limit, remaining: limit.saturating_sub(used), reset_at }
    }
}

impl Packed for SlidingWindow {
    const WORDS: usize = 2;

    fn unpack(words: &[u64]) -> Two {
        match words {
            &[began, both, ..] => Two { began, taken: (both >> 32) as u32, before: both as u32 },
            _ => Two::default(),
        }
    }

    fn pack(state: &Two, words: &mut [u64]) {
        if let [began, both, ..] = words {
            (*began, *both) = (state.began, u64::from(state.taken) << 32 | u64::from(state.before));
        }
    }

    fn is_fresh(&self, state: &Two, now: Nanos) -> bool {
        let state = self.at(state, now);
        state.taken == 0 && state.before == 0
    }

    fn adapt(&self, old: &Self, state: &Two, now: Nanos) -> Two {
        if old.is_fresh(state, now) {
            return Two::default();
        }
        if self.window == old.window {
            return *state;
        }
        // In a window of another length it is not known when they came: they may have come just now.
        let state = old.at(state, now);
        let weight = u32::try_from(old.weight(&state, now)).unwrap_or(u32::MAX);
        Two { began: now, taken: state.taken.saturating_add(weight), before: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: SlidingWindow =
        SlidingWindow { limit: NonZeroU32::new(10).unwrap(), window: NonZeroU64::new(100).unwrap() };

    fn all(state: &mut Two, now: Nanos) -> u32 {
        let mut count = 0;
        while RULE.earliest(state, now, 1) == Some(now) {
            RULE.take(state, now, 1);
            count += 1;
        }
        count
    }

    #[test]
    fn what_was_taken_before_counts_by_the_part_of_it_that_is_covered() {
        let mut state = Two::default();
        assert_eq!(all(&mut state, 1000), 10);
        assert_eq!(RULE.earliest(&state, 1000, 1), Some(1110));
        assert_eq!(RULE.earliest(&state, 1000, 10), Some(1200));
        assert_eq!((all(&mut state, 1109), all(&mut state, 1110), all(&mut state, 1150)), (0, 1, 4));
        assert_eq!(RULE.standing(&state, 1150), Standing { limit: 10, remaining: 0, reset_at: 1300 });
        assert_eq!(RULE.earliest(&state, 1150, 11), None);
        assert!(!RULE.is_fresh(&state, 1299) && RULE.is_fresh(&state, 1300));
    }

    #[test]
    fn the_time_that_it_tells_is_the_first_at_which_it_allows_it() {
        for (first, second, cost) in [(10, 0, 1), (7, 3, 4), (3, 7, 9), (10, 0, 10), (1, 1, 10)] {
            let mut state = Two::default();
            RULE.take(&mut state, 500, first);
            if second > 0 {
                RULE.take(&mut state, 603, second);
            }
            let at = RULE.earliest(&state, 640, cost).unwrap();
            assert_eq!(RULE.earliest(&state, at, cost), Some(at));
            assert!(at == 640 || RULE.earliest(&state, at - 1, cost) == Some(at), "{first} {second} {cost}");
        }
    }

    #[test]
    fn under_another_limit_both_windows_count_on_and_under_another_length_what_they_weigh() {
        let mut state = Two::default();
        RULE.take(&mut state, 0, 8);
        RULE.take(&mut state, 150, 1);
        let rule = |limit, window| SlidingWindow {
            limit: NonZeroU32::new(limit).unwrap(),
            window: NonZeroU64::new(window).unwrap(),
        };
        assert_eq!(rule(99, 100).adapt(&RULE, &state, 150), state);
        assert_eq!(rule(99, 30).adapt(&RULE, &state, 150), Two { began: 150, taken: 5, before: 0 });
        assert!(rule(99, 1000).is_fresh(&rule(99, 1000).adapt(&RULE, &state, 300), 300));
    }

    #[test]
    fn a_refund_goes_to_the_window_it_was_taken_in_and_to_no_other() {
        let mut state = Two::default();
        RULE.take(&mut state, 0, 10);
        RULE.take(&mut state, 190, 1);
        RULE.give_back(&mut state, 190, 50, 4);
        assert_eq!((state.before, state.taken), (6, 1));
        RULE.give_back(&mut state, 250, 50, 4);
        assert_eq!((state.before, state.taken), (1, 0));
        RULE.give_back(&mut state, 250, 190, 9);
        assert!(RULE.is_fresh(&state, 250));
    }
}

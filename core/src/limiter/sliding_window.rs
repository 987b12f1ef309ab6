//! A window that slides in steps: it is divided into sub-windows, and what was taken in one counts until that one, as a whole, has left the window.
//!
//! So within no span of the window's length more than the limit passes, and it refuses at most as if the window were one sub-window longer. Each sub-window
//! carries its number: one that is long gone doesn't count, however long nobody came.
//!
//! Until a sub-window ends none leaves the window, and what may still be taken only gets less: that is the word by which threads decide meanwhile.
//! Whoever comes first after the end enters what was taken from the word into that sub-window, under the lock, and finds the word of the next.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use super::adapt::{Adapt, Packed};
use super::rule::{Rule, Standing};
use crate::clock::Nanos;

/// At most `limit` in any span of `size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlidingWindow {
    limit: NonZeroU64,
    size: NonZeroU64,
    /// Of a sub-window.
    length: NonZeroU64,
    /// Sub-windows to a window.
    precision: NonZeroU64,
}

/// What was taken in each sub-window that may count, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct SubWindows {
    counts: VecDeque<SubWindow>,
    total: u64,
    /// When the sub-window of the last word ends. What had left the window as it began is not among the counts.
    until: Nanos,
}

#[derive(Debug, Clone, Copy)]
struct SubWindow {
    number: u64,
    count: u64,
}

impl SlidingWindow {
    /// The rule. Each sub-window is as long as the next whole nanosecond.
    #[must_use]
    pub fn new(limit: NonZeroU64, size: NonZeroU64, precision: NonZeroU64) -> Self {
        let length = size.get().div_ceil(precision.get());
        Self { limit, size, length: NonZeroU64::new(length).unwrap_or(NonZeroU64::MIN), precision }
    }

    /// The limit, the window's size, and how many sub-windows it has.
    #[must_use]
    pub const fn numbers(&self) -> (NonZeroU64, NonZeroU64, NonZeroU64) {
        (self.limit, self.size, self.precision)
    }

    /// The number of the sub-window of a time: each is one more than the one before it.
    #[must_use]
    pub const fn number(&self, at: Nanos) -> u64 {
        at / self.length.get()
    }

    /// When a sub-window has left the window.
    const fn gone(&self, number: u64) -> Nanos {
        number.saturating_add(self.precision.get()).saturating_add(1).saturating_mul(self.length.get())
    }

    /// The sub-windows that count, the oldest first.
    fn live<'a>(
        &self,
        state: &'a SubWindows,
        now: Nanos,
    ) -> impl DoubleEndedIterator<Item = SubWindow> + use<'a> {
        let first = self.number(now).saturating_sub(self.precision.get());
        state.counts.iter().copied().filter(move |sub| sub.number >= first)
    }

    /// What may be taken while all that is counted counts.
    const fn room(&self, state: &SubWindows) -> u64 {
        self.limit.get().saturating_sub(state.total)
    }

    fn count(&self, state: &SubWindows, now: Nanos) -> u64 {
        let first = self.number(now).saturating_sub(self.precision.get());
        let dead = state.counts.iter().take_while(|sub| sub.number < first);
        state.total.saturating_sub(dead.map(|sub| sub.count).sum())
    }

    fn prune(&self, state: &mut SubWindows, now: Nanos) {
        let first = self.number(now).saturating_sub(self.precision.get());
        while let Some(sub) = state.counts.front().filter(|sub| sub.number < first) {
            state.total = state.total.saturating_sub(sub.count);
            state.counts.pop_front();
        }
    }
}

impl Rule for SlidingWindow {
    type State = SubWindows;

    fn earliest(&self, state: &SubWindows, now: Nanos, cost: u64) -> Option<Nanos> {
        if cost == 0 {
            return Some(now);
        }
        let room = self.limit.get().checked_sub(cost)?;
        let mut count = self.count(state, now);
        let mut at = now;
        for sub in self.live(state, now) {
            if count <= room {
                break;
            }
            count = count.saturating_sub(sub.count);
            at = self.gone(sub.number);
        }
        Some(at)
    }

    fn take(&self, state: &mut SubWindows, now: Nanos, cost: u64) {
        self.prune(state, now);
        let number = self.number(now);
        state.total = state.total.saturating_add(cost);
        match state.counts.back_mut() {
            Some(last) if last.number >= number => last.count = last.count.saturating_add(cost),
            _ => state.counts.push_back(SubWindow { number, count: cost }),
        }
    }

    fn try_take(&self, state: &mut SubWindows, now: Nanos, cost: u64) -> bool {
        // Whoever began the last sub-window has left none that is gone.
        let within = |sub: &SubWindow| now.wrapping_sub(sub.number * self.length.get()) < self.length.get();
        if !state.counts.back().is_some_and(within) {
            self.prune(state, now);
        }
        let may = cost <= self.room(state);
        if may {
            match state.counts.back_mut().filter(|sub| within(sub)) {
                Some(last) => {
                    last.count += cost;
                    state.total += cost;
                }
                None => self.take(state, now, cost),
            }
        }
        may
    }

    fn give_back(&self, state: &mut SubWindows, now: Nanos, taken: Nanos, cost: u64) {
        self.prune(state, now);
        let (number, mut left) = (self.number(taken), cost);
        for sub in state.counts.iter_mut().rev().filter(|sub| sub.number <= number) {
            let part = left.min(sub.count);
            sub.count -= part;
            state.total -= part;
            left -= part;
        }
    }

    fn standing(&self, state: &SubWindows, now: Nanos) -> Standing {
        let remaining = self.limit.get().saturating_sub(self.count(state, now));
        let last = self.live(state, now).rfind(|sub| sub.count > 0);
        let reset_at = last.map_or(now, |sub| self.gone(sub.number));
        Standing { limit: self.limit.get(), remaining, reset_at }
    }
}

/// What was taken stays taken, as late as it may have been.
impl Adapt for SlidingWindow {
    const BY_WORD: bool = true;

    fn adapt(&self, old: &Self, state: &SubWindows, now: Nanos) -> SubWindows {
        let mut adapted = SubWindows::default();
        for sub in old.live(state, now) {
            let end = sub.number.saturating_add(1).saturating_mul(old.length.get()) - 1;
            self.take(&mut adapted, end.min(now), sub.count);
        }
        self.prune(&mut adapted, now);
        adapted
    }

    fn word(&self, state: &mut SubWindows, now: Nanos) -> Option<(u64, Nanos)> {
        if now >= state.until {
            self.prune(state, now);
            state.until = self.number(now).saturating_add(1).saturating_mul(self.length.get());
        }
        let room = self.room(state);
        (room < u64::MAX).then_some((room, state.until))
    }

    fn try_word(&self, word: &mut u64, _now: Nanos, cost: u64) -> Option<bool> {
        let left = word.checked_sub(cost);
        *word = left.unwrap_or(*word);
        Some(left.is_some())
    }

    fn fold(&self, state: &mut SubWindows, word: u64) {
        let taken = self.room(state).saturating_sub(word);
        if taken > 0 {
            let last = state.until.saturating_sub(1);
            self.take(state, last, taken);
        }
    }
}

impl Packed for SubWindows {
    const WORD: bool = false;

    fn pack(&self) -> Option<u64> {
        None
    }

    fn unpack(_word: u64) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: u64, size: u64, precision: u64) -> SlidingWindow {
        let some = |n| NonZeroU64::new(n).unwrap();
        SlidingWindow::new(some(limit), some(size), some(precision))
    }

    #[test]
    fn what_was_taken_counts_until_its_sub_window_has_left() {
        let (rule, mut state) = (window(3, 100, 10), SubWindows::default());
        rule.take(&mut state, 5, 2);
        rule.take(&mut state, 95, 1);
        assert_eq!(rule.earliest(&state, 99, 1), Some(110));
        assert_eq!(rule.earliest(&state, 99, 3), Some(200));
        assert_eq!(rule.earliest(&state, 110, 2), Some(110));
        assert_eq!(rule.earliest(&state, 110, 4), None);
    }

    #[test]
    fn an_idle_hour_leaves_nothing_behind() {
        let (rule, mut state) = (window(40, 100, 4), SubWindows::default());
        rule.take(&mut state, 50, 40);
        assert_eq!(rule.standing(&state, 1_000_000).remaining, 40);
        assert_eq!(rule.earliest(&state, 1_000_000, 40), Some(1_000_000));
        rule.take(&mut state, 1_000_000, 1);
        assert_eq!((state.counts.len(), state.total), (1, 1));
    }

    #[test]
    fn it_allows_no_more_around_an_edge() {
        let (rule, mut state) = (window(5, 100, 10), SubWindows::default());
        rule.take(&mut state, 99, 5);
        assert_eq!(rule.earliest(&state, 100, 1), Some(200));
    }

    #[test]
    fn what_is_given_back_makes_nothing_negative() {
        let (rule, mut state) = (window(5, 100, 10), SubWindows::default());
        rule.take(&mut state, 10, 2);
        rule.take(&mut state, 50, 2);
        rule.give_back(&mut state, 50, 50, 3);
        assert_eq!(rule.standing(&state, 50).remaining, 4);
        rule.give_back(&mut state, 400, 50, 9);
        assert_eq!(rule.standing(&state, 400).remaining, 5);
    }
}

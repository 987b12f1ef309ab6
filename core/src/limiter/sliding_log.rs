//! A log of what was taken when: exact. Within no span of the window's length more than the limit passes, and nothing is refused that would keep to that.
//!
//! It remembers each request for as long as the window lasts: 16 bytes for each, at most as many as the limit allows.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use super::adapt::{Adapt, Packed};
use super::rule::{Rule, Standing};
use crate::clock::Nanos;

/// At most `limit` in any span of `size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlidingLog {
    limit: NonZeroU64,
    size: NonZeroU64,
}

/// What was taken when, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: VecDeque<(Nanos, u64)>,
    total: u64,
}

impl SlidingLog {
    /// The rule.
    #[must_use]
    pub const fn new(limit: NonZeroU64, size: NonZeroU64) -> Self {
        Self { limit, size }
    }

    /// The limit, and the window's size.
    #[must_use]
    pub const fn numbers(&self) -> (NonZeroU64, NonZeroU64) {
        (self.limit, self.size)
    }

    const fn gone(&self, at: Nanos) -> Nanos {
        at.saturating_add(self.size.get())
    }

    fn prune(&self, log: &mut Log, now: Nanos) {
        while let Some((_, cost)) = log.entries.front().filter(|(at, _)| self.gone(*at) <= now) {
            log.total = log.total.saturating_sub(*cost);
            log.entries.pop_front();
        }
    }

    fn dead(&self, log: &Log, now: Nanos) -> (usize, u64) {
        let dead = log.entries.iter().take_while(|(at, _)| self.gone(*at) <= now);
        dead.fold((0, 0), |(number, sum), (_, cost)| (number + 1, sum + cost))
    }
}

impl Rule for SlidingLog {
    type State = Log;

    fn earliest(&self, log: &Log, now: Nanos, cost: u64) -> Option<Nanos> {
        if cost == 0 {
            return Some(now);
        }
        let room = self.limit.get().checked_sub(cost)?;
        let (skip, dead) = self.dead(log, now);
        let mut count = log.total.saturating_sub(dead);
        let mut at = now;
        for &(then, taken) in log.entries.iter().skip(skip) {
            if count <= room {
                break;
            }
            count = count.saturating_sub(taken);
            at = self.gone(then);
        }
        Some(at)
    }

    fn take(&self, log: &mut Log, now: Nanos, cost: u64) {
        if cost == 0 {
            return;
        }
        self.prune(log, now);
        log.total = log.total.saturating_add(cost);
        match log.entries.back_mut() {
            Some((at, taken)) if *at >= now => *taken = taken.saturating_add(cost),
            _ => log.entries.push_back((now, cost)),
        }
    }

    fn try_take(&self, log: &mut Log, now: Nanos, cost: u64) -> bool {
        self.prune(log, now);
        let may = cost <= self.limit.get().saturating_sub(log.total) || cost == 0;
        if may {
            self.take(log, now, cost);
        }
        may
    }

    fn give_back(&self, log: &mut Log, now: Nanos, taken: Nanos, cost: u64) {
        self.prune(log, now);
        let mut left = cost;
        for (_, taken) in log.entries.iter_mut().rev().filter(|(at, _)| *at <= taken) {
            let part = left.min(*taken);
            *taken -= part;
            log.total -= part;
            left -= part;
            if left == 0 {
                break;
            }
        }
        log.entries.retain(|(_, taken)| *taken > 0);
    }

    fn standing(&self, log: &Log, now: Nanos) -> Standing {
        let (_, dead) = self.dead(log, now);
        let remaining = self.limit.get().saturating_sub(log.total.saturating_sub(dead));
        let reset_at = log.entries.back().map_or(now, |(at, _)| self.gone(*at).max(now));
        Standing { limit: self.limit.get(), remaining, reset_at }
    }
}

/// The log goes on.
impl Adapt for SlidingLog {
    fn adapt(&self, old: &Self, log: &Log, now: Nanos) -> Log {
        let mut log = log.clone();
        old.prune(&mut log, now);
        self.prune(&mut log, now);
        log
    }
}

impl Packed for Log {
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

    fn rule(limit: u64, size: u64) -> SlidingLog {
        SlidingLog::new(NonZeroU64::new(limit).unwrap(), NonZeroU64::new(size).unwrap())
    }

    #[test]
    fn each_request_counts_for_exactly_a_window() {
        let (rule, mut log) = (rule(3, 100), Log::default());
        rule.take(&mut log, 10, 2);
        rule.take(&mut log, 60, 1);
        assert_eq!(rule.earliest(&log, 60, 1), Some(110));
        assert_eq!(rule.earliest(&log, 60, 3), Some(160));
        assert_eq!(rule.earliest(&log, 110, 2), Some(110));
        assert_eq!(rule.earliest(&log, 110, 4), None);
        assert_eq!(rule.standing(&log, 110), Standing { limit: 3, remaining: 2, reset_at: 160 });
    }

    #[test]
    fn it_remembers_no_more_than_the_window() {
        let (rule, mut log) = (rule(10, 100), Log::default());
        for at in (0..10_000).step_by(10) {
            assert_eq!(rule.earliest(&log, at, 1), Some(at));
            rule.take(&mut log, at, 1);
        }
        assert_eq!((log.entries.len(), log.total), (10, 10));
    }

    #[test]
    fn what_is_given_back_is_given_back_once() {
        let (rule, mut log) = (rule(5, 100), Log::default());
        rule.take(&mut log, 10, 2);
        rule.give_back(&mut log, 20, 10, 1);
        assert_eq!(rule.standing(&log, 20).remaining, 4);
        rule.give_back(&mut log, 200, 10, 1);
        assert_eq!(rule.standing(&log, 200).remaining, 5);
    }
}

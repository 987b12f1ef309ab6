//! What a key is limited by: one rule or several, their states side by side in a few words.

use std::num::{NonZeroU32, NonZeroU64};

use super::{FixedWindow, SlidingWindow};
use crate::clock::Nanos;
use crate::limiter::{Adapt, Rule, Standing, TokenBucket};

/// A rule whose state is words; zeros are a fresh one.
pub(super) trait Packed: Rule {
    /// How many words.
    const WORDS: usize;
    fn unpack(words: &[u64]) -> Self::State;
    fn pack(state: &Self::State, words: &mut [u64]);
    /// Whether the state is as good as a fresh one.
    fn is_fresh(&self, state: &Self::State, now: Nanos) -> bool;
    /// The state under this rule that is at `now` what `state` was under `old`.
    fn adapt(&self, old: &Self, state: &Self::State, now: Nanos) -> Self::State;
}

impl Packed for TokenBucket {
    const WORDS: usize = 1;

    fn unpack(words: &[u64]) -> u64 {
        words.first().copied().unwrap_or_default()
    }

    fn pack(state: &u64, words: &mut [u64]) {
        if let Some(word) = words.first_mut() {
            *word = *state;
        }
    }

    fn is_fresh(&self, state: &u64, now: Nanos) -> bool {
        self.earliest(state, now, self.quota().capacity.get()) == Some(now)
    }

    fn adapt(&self, old: &Self, state: &u64, now: Nanos) -> u64 {
        Adapt::adapt(self, old, state, now)
    }
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So many saved up, and so many that come back in a time.
    Bucket(TokenBucket),
    /// So many in a window that begins with the first.
    Fixed(FixedWindow),
    /// So many in a window that slides, approximately.
    Sliding(SlidingWindow),
}

macro_rules! rule {
    ($limit:expr, $rule:ident => $what:expr) => {
        match $limit {
            Limit::Bucket($rule) => $what,
            Limit::Fixed($rule) => $what,
            Limit::Sliding($rule) => $what,
        }
    };
}

fn unpacked<R: Packed>(_rule: &R, words: &[u64]) -> R::State {
    R::unpack(words)
}

fn change<R: Packed>(rule: &R, words: &mut [u64], change: impl FnOnce(&R, &mut R::State)) {
    let mut state = R::unpack(words);
    change(rule, &mut state);
    R::pack(&state, words);
}

fn carry<R: Packed>(rule: &R, old: &R, was: &[u64], words: &mut [u64], now: Nanos) {
    R::pack(&rule.adapt(old, &R::unpack(was), now), words);
}

const fn words_of<R: Packed>(_rule: &R) -> usize {
    R::WORDS
}

impl Limit {
    /// A fixed window.
    #[must_use]
    pub const fn fixed(limit: NonZeroU32, window: NonZeroU64) -> Self {
        Self::Fixed(FixedWindow { limit, window })
    }

    /// A sliding window.
    #[must_use]
    pub const fn sliding(limit: NonZeroU32, window: NonZeroU64) -> Self {
        Self::Sliding(SlidingWindow { limit, window })
    }

    const fn words(&self) -> usize {
        rule!(self, rule => words_of(rule))
    }

    fn standing(&self, words: &[u64], now: Nanos) -> Standing {
        rule!(self, rule => rule.standing(&unpacked(rule, words), now))
    }

    /// Takes, from words that are 0, as much as was taken under another limit.
    fn take_over(&self, old: &Self, was: &[u64], words: &mut [u64], now: Nanos) {
        let Standing { limit, remaining, .. } = old.standing(was, now);
        rule!(self, rule => change(rule, words, |rule, state| {
            let most = rule.standing(state, now).limit;
            rule.take(state, now, (limit - remaining).min(most));
        }));
    }

    /// Goes on, in words that are 0, where another limit has stopped, if that is of the same kind; of one of another kind the number counts.
    fn adapt(&self, old: &Self, was: &[u64], words: &mut [u64], now: Nanos) {
        match (self, old) {
            (Self::Bucket(rule), Self::Bucket(old)) => carry(rule, old, was, words, now),
            (Self::Fixed(rule), Self::Fixed(old)) => carry(rule, old, was, words, now),
            (Self::Sliding(rule), Self::Sliding(old)) => carry(rule, old, was, words, now),
            _ => self.take_over(old, was, words, now),
        }
    }
}

/// Limits that hold all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    each: Box<[Limit]>,
    words: usize,
}

impl Limits {
    /// How many limits can hold at once.
    pub const MOST: usize = 4;

    /// From one limit to [`MOST`](Self::MOST); `None` for another number of them.
    #[must_use]
    pub fn new(each: Vec<Limit>) -> Option<Self> {
        if each.is_empty() || each.len() > Self::MOST {
            return None;
        }
        let words = each.iter().map(Limit::words).sum();
        Some(Self { each: each.into(), words })
    }

    /// Each of them.
    #[must_use]
    pub fn each(&self) -> &[Limit] {
        &self.each
    }

    /// How many words their states take.
    pub(super) const fn words(&self) -> usize {
        self.words
    }

    /// When all of them allow it.
    pub(super) fn earliest(&self, mut words: &[u64], now: Nanos, cost: u64) -> Option<Nanos> {
        let mut at = now;
        for limit in &self.each {
            let (own, rest) = words.split_at_checked(limit.words())?;
            at = at.max(rule!(limit, rule => rule.earliest(&unpacked(rule, own), now, cost))?);
            words = rest;
        }
        Some(at)
    }

    fn with_each(&self, mut words: &mut [u64], mut work: impl FnMut(&Limit, &mut [u64])) {
        for limit in &self.each {
            let Some((own, rest)) = words.split_at_mut_checked(limit.words()) else { return };
            work(limit, own);
            words = rest;
        }
    }

    /// Takes it from each of them, allowed or not.
    pub(super) fn take(&self, words: &mut [u64], now: Nanos, cost: u64) {
        self.with_each(words, |limit, own| {
            rule!(limit, rule => change(rule, own, |rule, state| rule.take(state, now, cost)));
        });
    }

    /// Gives back to each of them.
    pub(super) fn give_back(&self, words: &mut [u64], now: Nanos, taken: Nanos, cost: u64) {
        self.with_each(words, |limit, own| {
            rule!(limit, rule => change(rule, own, |rule, state| rule.give_back(state, now, taken, cost)));
        });
    }

    /// Each of them with its words.
    fn parts<'a>(&'a self, mut words: &'a [u64]) -> impl Iterator<Item = (&'a Limit, &'a [u64])> {
        self.each.iter().map_while(move |limit| {
            let (own, rest) = words.split_at_checked(limit.words())?;
            words = rest;
            Some((limit, own))
        })
    }

    /// How the one stands of which the least remains; it is as if nobody had taken anything when that is so of all.
    pub(super) fn standing(&self, words: &[u64], now: Nanos) -> Standing {
        let least = |one: Standing, other: Standing| Standing {
            reset_at: one.reset_at.max(other.reset_at),
            ..if other.remaining < one.remaining { other } else { one }
        };
        let none = Standing { limit: 0, remaining: 0, reset_at: now };
        self.parts(words).map(|(limit, own)| limit.standing(own, now)).reduce(least).unwrap_or(none)
    }

    /// Whether all has come back.
    pub(super) fn is_fresh(&self, mut words: &[u64], now: Nanos) -> bool {
        self.each.iter().all(|limit| {
            let Some((own, rest)) = words.split_at_checked(limit.words()) else { return true };
            words = rest;
            rule!(limit, rule => rule.is_fresh(&unpacked(rule, own), now))
        })
    }

    fn with_pairs(
        &self,
        from: &Self,
        was: &[u64],
        words: &mut [u64],
        work: impl Fn(&Limit, &Limit, &[u64], &mut [u64]),
    ) {
        let mut before = from.parts(was);
        self.with_each(words, |limit, own| {
            if let Some((old, was)) = before.next() {
                work(limit, old, was, own);
            }
        });
    }

    /// Words in which as much is taken of each limit as was taken under other limits, where there is one in the same place.
    pub(super) fn take_over(&self, from: &Self, was: &[u64], now: Nanos) -> Box<[u64]> {
        let mut words = vec![0; self.words].into_boxed_slice();
        self.with_pairs(from, was, &mut words, |limit, old, was, own| limit.take_over(old, was, own, now));
        words
    }

    /// Goes on, in words that are 0, where other limits have stopped, each where there is one in the same place.
    pub(super) fn adapt(&self, from: &Self, was: &[u64], now: Nanos, words: &mut [u64]) {
        self.with_pairs(from, was, words, |limit, old, was, own| limit.adapt(old, was, own, now));
    }
}

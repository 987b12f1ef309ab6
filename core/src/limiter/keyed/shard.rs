//! One shard: its keys, those that are special, and who waits for one of them; and the decision about each request.

use super::limit::Limits;
use super::line::Lines;
use super::room::{Room, Seats};
use super::slots::{Hasher, Idle, Slots, slots};
use super::special::{List, Special, Specials};
use super::{KeyedStats, OnFull};
use crate::clock::Nanos;
use crate::limiter::Standing;
use crate::sync::Arc;
use crate::wait::WakeTarget;

/// Places that the hand moves on by at each insertion …
const STEP: usize = 4;
/// … and when there is no room.
const STRIDE: usize = 256;

/// What is to be done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Takes it, if that is allowed.
    Take,
    /// Takes nothing.
    Look,
    /// Takes it, allowed or not.
    Force,
}

/// What is decided about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may pass.
    Allowed,
    /// A limit refuses it until then; `None`: it always will.
    Limited(Option<Nanos>),
    /// Others wait for the key.
    Behind,
    /// The key is blocked until then.
    Blocked(Nanos),
    /// The key stands on the list of those that may never pass.
    Denied,
    /// The key is new, and there is no room for it.
    Full,
    /// The limiter is closed.
    Closed,
}

/// What all shards have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) room: Option<Room>,
    pub(super) seats: Seats,
}

impl Common {
    fn leave(&self, keys: usize) {
        if let Some(room) = &self.room {
            room.leave(keys);
        }
    }
}

/// A key, with its hash and the way to hash others.
#[derive(Clone, Copy)]
pub(super) struct Hashed<'a> {
    pub(super) key: &'a [u8],
    pub(super) hash: u64,
    pub(super) hasher: Hasher<'a>,
}

#[derive(Debug)]
pub(super) struct Shard<W: WakeTarget> {
    /// Of the keys that have none of their own; the same in all shards, save while they are configured.
    limits: Limits,
    slots: Box<dyn Slots>,
    specials: Specials,
    pub(super) lines: Lines<W>,
    pub(super) stats: KeyedStats,
}

impl<W: WakeTarget> Shard<W> {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            slots: slots(limits.words()),
            specials: Specials::default(),
            lines: Lines::default(),
            stats: KeyedStats::default(),
        }
    }

    /// Decides about a request; those who wait for the key are `ahead` of it, unless it is the first of them that asks.
    pub(super) fn ask(
        &mut self,
        common: &Common,
        at: Hashed<'_>,
        now: Nanos,
        cost: u64,
        ask: Ask,
        ahead: bool,
    ) -> Verdict {
        let verdict = self.decide(common, at, now, cost, ask, ahead);
        if ask == Ask::Take {
            if verdict == Verdict::Allowed {
                self.stats.allowed += 1;
            } else {
                self.stats.refused += 1;
            }
        }
        verdict
    }

    /// As [`ask`](Self::ask), and counts nothing.
    pub(super) fn decide(
        &mut self,
        common: &Common,
        at: Hashed<'_>,
        now: Nanos,
        cost: u64,
        ask: Ask,
        ahead: bool,
    ) -> Verdict {
        if let Some(special) = self.specials.find(at.hash, at.key) {
            match special.list {
                Some(List::Allow) => return Verdict::Allowed,
                Some(List::Deny) => return Verdict::Denied,
                None => {}
            }
            if special.blocked > now && ask != Ask::Force {
                return Verdict::Blocked(special.blocked);
            }
            if ahead && ask != Ask::Force {
                return Verdict::Behind;
            }
            let limits = special.limits.as_deref().unwrap_or(&self.limits);
            return through(limits, &mut special.words, now, cost, ask);
        }
        if ahead && ask != Ask::Force {
            return Verdict::Behind;
        }
        if let Some(words) = self.slots.find(at.hash, at.key) {
            return through(&self.limits, words, now, cost, ask);
        }
        let mut fresh = [0; 2 * Limits::MOST];
        let verdict = through(&self.limits, &mut fresh, now, cost, ask);
        if verdict != Verdict::Allowed || ask == Ask::Look || cost == 0 {
            return verdict;
        }
        let Some(words) = self.enter(common, at, now) else {
            self.stats.turned_away += 1;
            let allow = common.room.as_ref().is_some_and(|room| room.on_full == OnFull::Allow);
            return if allow { Verdict::Allowed } else { Verdict::Full };
        };
        for (word, fresh) in words.iter_mut().zip(fresh) {
            *word = fresh;
        }
        Verdict::Allowed
    }

    /// The words of a key that is new, if there is room for it.
    fn enter(&mut self, common: &Common, at: Hashed<'_>, now: Nanos) -> Option<&mut [u64]> {
        self.tidy(common, now, |slots, idle| slots.turn(STEP, idle));
        if let Some(room) = &common.room
            && !room.enter()
        {
            self.tidy(common, now, |slots, idle| slots.turn(STRIDE, idle));
            if !room.enter() {
                return None;
            }
        }
        if self.slots.is_full() {
            self.tidy(common, now, |slots, idle| slots.sweep(at.hasher, idle));
        }
        Some(self.slots.insert(at.hash, at.key, at.hasher))
    }

    fn tidy(&mut self, common: &Common, now: Nanos, work: impl FnOnce(&mut dyn Slots, Idle<'_>)) {
        let before = self.slots.len();
        let limits = &self.limits;
        work(&mut *self.slots, &mut |words| limits.is_fresh(words, now));
        let dropped = before - self.slots.len();
        self.stats.dropped += dropped as u64;
        common.leave(dropped);
    }

    /// Drops all that is idle. How many keys that were.
    pub(super) fn sweep(&mut self, common: &Common, hasher: Hasher<'_>, now: Nanos) -> usize {
        let before = self.len();
        self.tidy(common, now, |slots, idle| slots.sweep(hasher, idle));
        self.specials.sweep(&self.limits, now);
        before - self.len()
    }

    /// How many keys it knows.
    pub(super) fn len(&self) -> usize {
        self.slots.len() + self.specials.len()
    }

    /// The memory that its keys take.
    pub(super) fn bytes(&self) -> usize {
        self.slots.bytes()
    }

    /// The limits of a key and what has been taken of them, if it is known.
    fn known(&mut self, at: Hashed<'_>) -> Option<(&Limits, &mut [u64])> {
        if let Some(special) = self.specials.find(at.hash, at.key) {
            return Some((special.limits.as_deref().unwrap_or(&self.limits), &mut special.words));
        }
        Some((&self.limits, self.slots.find(at.hash, at.key)?))
    }

    /// How a key stands; an unknown one stands as if it had taken nothing.
    pub(super) fn standing(&mut self, at: Hashed<'_>, now: Nanos) -> Standing {
        match self.known(at) {
            Some((limits, words)) => limits.standing(words, now),
            None => self.limits.standing(&[0; 2 * Limits::MOST], now),
        }
    }

    /// Whether it knows anything of a key: not one whose limits have all come back, unless it is special.
    pub(super) fn knows(&mut self, at: Hashed<'_>, now: Nanos) -> bool {
        if let Some(special) = self.specials.find(at.hash, at.key) {
            return !special.is_idle(&self.limits, now);
        }
        self.slots.find(at.hash, at.key).is_some_and(|words| !self.limits.is_fresh(words, now))
    }

    /// Gives back what was taken at `taken`.
    pub(super) fn give_back(&mut self, at: Hashed<'_>, now: Nanos, taken: Nanos, cost: u64) {
        if let Some((limits, words)) = self.known(at) {
            limits.give_back(words, now, taken, cost);
        }
    }

    /// Whether the limits of a key ever allow so much.
    pub(super) fn is_possible(&mut self, at: Hashed<'_>, cost: u64) -> bool {
        self.limits_of(at).earliest(&[0; 2 * Limits::MOST], Nanos::MAX / 4, cost).is_some()
    }

    /// When the limits of a key would allow a request behind all who wait for it; `None`: never.
    pub(super) fn behind_all(&mut self, at: Hashed<'_>, now: Nanos, cost: u64) -> Option<Nanos> {
        let blocked = self.specials.find(at.hash, at.key).map_or(0, |special| special.blocked);
        let line = self.lines.find(at).map(|line| line.requests.iter().map(|request| request.cost));
        let costs: Vec<u64> = line.into_iter().flatten().chain([cost]).collect();
        let mut words = [0; 2 * Limits::MOST];
        if let Some((_, known)) = self.known(at) {
            words.iter_mut().zip(known).for_each(|(word, known)| *word = *known);
        }
        let limits = self.limits_of(at);
        costs.into_iter().try_fold(now.max(blocked), |last, cost| {
            let next = limits.earliest(&words, last, cost)?;
            limits.take(&mut words, next, cost);
            Some(next)
        })
    }

    /// The limits of a key: its own, or those of all.
    pub(super) fn limits_of(&mut self, at: Hashed<'_>) -> &Limits {
        let special = self.specials.find(at.hash, at.key);
        special.and_then(|special| special.limits.as_deref()).unwrap_or(&self.limits)
    }

    /// Gives a key limits of its own, or takes them from it.
    pub(super) fn set_limits(&mut self, common: &Common, at: Hashed<'_>, now: Nanos, limits: Option<Limits>) {
        if limits.is_none() && self.look_special(at).is_none() {
            return;
        }
        self.special(common, at, now);
        let Some(special) = self.specials.find(at.hash, at.key) else { return };
        let before = special.limits.take();
        let from = before.as_deref().unwrap_or(&self.limits);
        let to = limits.as_ref().unwrap_or(&self.limits);
        special.words = to.take_over(from, &special.words, now);
        special.limits = limits.map(Arc::new);
    }

    /// Other limits for all keys that have none of their own. What there was is to be dropped after the lock.
    pub(super) fn configure(
        &mut self,
        common: &Common,
        limits: &Limits,
        hasher: Hasher<'_>,
        now: Nanos,
    ) -> impl Sized + use<W> {
        self.tidy(common, now, |slots, idle| slots.sweep(hasher, idle));
        let mut slots = slots(limits.words());
        self.slots.each(&mut |key, words| {
            limits.adapt(&self.limits, words, now, slots.insert(hasher(key), key, hasher));
        });
        self.specials.adapt(limits, &self.limits, now);
        self.limits = limits.clone();
        std::mem::replace(&mut self.slots, slots)
    }

    /// Makes a key special, with what it has taken.
    pub(super) fn special(&mut self, common: &Common, at: Hashed<'_>, now: Nanos) -> &mut Special {
        let (slots, limits) = (&mut self.slots, &self.limits);
        let words = || {
            let taken: Option<Box<[u64]>> = slots.find(at.hash, at.key).map(|words| (&*words).into());
            common.leave(usize::from(slots.remove(at.hash, at.key)));
            taken.unwrap_or_else(|| vec![0; limits.words()].into())
        };
        self.specials.meet(at.hash, at.key, words, limits, now)
    }

    /// What makes a key special, if anything does.
    pub(super) fn look_special(&mut self, at: Hashed<'_>) -> Option<&mut Special> {
        self.specials.find(at.hash, at.key)
    }

    /// Forgets what a key has taken, and how long it is blocked. Whether there was anything of that.
    pub(super) fn reset(&mut self, common: &Common, at: Hashed<'_>, now: Nanos) -> bool {
        let plain = self.slots.remove(at.hash, at.key);
        common.leave(usize::from(plain));
        plain || self.specials.reset(at.hash, at.key, now)
    }

    /// As [`reset`](Self::reset) for all. What was there is to be dropped after the lock.
    pub(super) fn reset_all(&mut self, common: &Common) -> impl Sized + use<W> {
        common.leave(self.slots.len());
        self.specials.reset_all();
        std::mem::replace(&mut self.slots, slots(self.limits.words()))
    }
}

/// What limits say to a request.
fn through(limits: &Limits, words: &mut [u64], now: Nanos, cost: u64, ask: Ask) -> Verdict {
    let earliest = if ask == Ask::Force { Some(now) } else { limits.earliest(words, now, cost) };
    if earliest != Some(now) {
        return Verdict::Limited(earliest);
    }
    if ask != Ask::Look {
        limits.take(words, now, cost);
    }
    Verdict::Allowed
}

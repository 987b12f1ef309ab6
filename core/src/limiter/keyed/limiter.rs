//! The limiter: its shards, and what can be done with a key.

use std::hash::{BuildHasher, RandomState};

use crossbeam_utils::CachePadded;

use super::limit::Limits;
use super::room::{Room, Seats};
use super::shard::{Ask, Common, Hashed, Shard, Verdict};
use super::special::List;
use super::{Decision, KeyedStats, OnFull};
use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, AtomicBool, Mutex, Weak};
use crate::timer::Timers;
use crate::wait::WakeTarget;

/// Shards of a limiter. One whose keys are few has a single one, so that it sees all of them when it looks for room.
const SHARDS: u64 = 64;
/// From so many keys on they are cut into shards.
const LARGE: u64 = 4096;

/// A limiter of many keys.
#[derive(Debug)]
pub struct KeyedLimiter<W: WakeTarget> {
    pub(super) shards: Box<[CachePadded<Mutex<Shard<W>>>]>,
    pub(super) common: Common,
    /// Held while all shards are given other limits, so that all have the same in the end.
    configuring: Mutex<()>,
    /// Keyed at random: nobody outside can choose keys that collide.
    hasher: RandomState,
    clock: Arc<dyn Clock>,
    pub(super) timers: Arc<dyn Timers>,
    pub(super) closed: AtomicBool,
    pub(super) own: Weak<Self>,
}

impl<W: WakeTarget> KeyedLimiter<W> {
    /// A limiter of at most `max_keys` keys, if that is given, for which at most `max_waiting` wait together.
    pub fn new(
        limits: Limits,
        max_keys: Option<u64>,
        on_full: OnFull,
        max_waiting: usize,
        clock: Arc<dyn Clock>,
        timers: Arc<dyn Timers>,
    ) -> Arc<Self> {
        let count = if max_keys.is_some_and(|most| most < LARGE) { 1 } else { SHARDS };
        let room = max_keys.map(|most| Room::new(most, on_full));
        Arc::new_cyclic(|own| Self {
            shards: (0..count).map(|_| CachePadded::new(Mutex::new(Shard::new(&limits)))).collect(),
            common: Common { room, seats: Seats::new(max_waiting) },
            configuring: Mutex::default(),
            hasher: RandomState::new(),
            clock,
            timers,
            closed: AtomicBool::new(false),
            own: Weak::clone(own),
        })
    }

    /// Does something with the shard of a key, at the time that it is then: under the lock, so that times of a key never run backwards.
    pub(super) fn with<T>(
        &self,
        key: &[u8],
        work: impl FnOnce(&mut Shard<W>, Hashed<'_>, Nanos) -> T,
    ) -> Option<T> {
        let hasher = |key: &[u8]| self.hasher.hash_one(key);
        let hash = hasher(key);
        // The bits that choose the shard are not those that choose the place in its table.
        let shard = self.shards.get((hash >> 32) as usize % self.shards.len().max(1))?;
        let mut shard = shard.lock();
        let now = self.clock.now();
        Some(work(&mut shard, Hashed { key, hash, hasher: &hasher }, now))
    }

    /// Does something that may let those pass who wait for the key.
    pub(super) fn change<T>(
        &self,
        key: &[u8],
        work: impl FnOnce(&mut Shard<W>, Hashed<'_>, Nanos) -> T,
    ) -> Option<T> {
        let (answer, served) = self.with(key, |shard, at, now| {
            let answer = work(shard, at, now);
            (answer, self.serve(shard, at, now))
        })?;
        drop(served);
        Some(answer)
    }

    /// Decides about a request.
    pub fn ask(&self, key: &[u8], cost: u64, ask: Ask) -> Verdict {
        if self.is_closed() {
            return Verdict::Closed;
        }
        let decide = |shard: &mut Shard<W>, at: Hashed<'_>, now| {
            let ahead = shard.lines.has(at);
            shard.ask(&self.common, at, now, cost, ask, ahead)
        };
        self.with(key, decide).unwrap_or(Verdict::Closed)
    }

    /// Decides about a request, and says how the key stands then.
    pub fn ask_all(&self, key: &[u8], cost: u64, ask: Ask) -> Decision {
        let decide = |shard: &mut Shard<W>, at: Hashed<'_>, now| {
            let ahead = shard.lines.has(at);
            let mut verdict = shard.ask(&self.common, at, now, cost, ask, ahead);
            if verdict == Verdict::Behind {
                verdict = Verdict::Limited(shard.behind_all(at, now, cost));
            }
            Decision { verdict, standing: shard.standing(at, now), now }
        };
        let decision = if self.is_closed() { None } else { self.with(key, decide) };
        decision.unwrap_or_default()
    }

    /// Whether it knows anything of a key.
    pub fn knows(&self, key: &[u8]) -> bool {
        self.with(key, |shard, at, now| shard.knows(at, now)).unwrap_or(false)
    }

    /// Gives back what was taken at `taken`; `None`: just now.
    pub fn give_back(&self, key: &[u8], taken: Option<Nanos>, cost: u64) {
        self.change(key, |shard, at, now| {
            shard.give_back(at, now, taken.unwrap_or(now), cost);
        });
    }

    /// Blocks a key for a time; 0: not any more.
    pub fn block(&self, key: &[u8], span: Nanos) {
        self.change(key, |shard, at, now| {
            if span > 0 {
                shard.special(&self.common, at, now).blocked = now.saturating_add(span);
            } else if let Some(special) = shard.look_special(at) {
                special.blocked = 0;
            }
        });
    }

    /// Puts a key on a list, and takes it from the other, or from both. The one it stood on.
    pub fn set_list(&self, key: &[u8], list: Option<List>) -> Option<List> {
        let set = |shard: &mut Shard<W>, at: Hashed<'_>, now| match list {
            Some(_) => std::mem::replace(&mut shard.special(&self.common, at, now).list, list),
            None => shard.look_special(at)?.list.take(),
        };
        self.change(key, set).flatten()
    }

    /// The list that a key stands on.
    pub fn list(&self, key: &[u8]) -> Option<List> {
        self.with(key, |shard, at, _| shard.look_special(at)?.list).flatten()
    }

    /// Gives a key limits of its own, or takes them from it. What it has taken counts on.
    pub fn set_limits(&self, key: &[u8], limits: Option<Limits>) {
        self.change(key, |shard, at, now| shard.set_limits(&self.common, at, now, limits));
    }

    /// The limits of a key: its own, or those of all. Nothing of one that cannot be looked for.
    pub fn limits_of(&self, key: &[u8]) -> Option<Limits> {
        self.with(key, |shard, at, _| shard.limits_of(at).clone())
    }

    /// Decides by other limits from here on, save for keys that have their own. A limit goes on where the one in its place has stopped, as
    /// [`Adapt`](crate::limiter::Adapt) says; of another kind than that one it takes over how much was taken. Those who wait keep their
    /// order; one who waits for more than is ever allowed now is told `Closed`.
    pub fn configure(&self, limits: &Limits) {
        let hasher = |key: &[u8]| self.hasher.hash_one(key);
        let one = self.configuring.lock();
        let mut waited: Vec<Box<[u8]>> = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            let gone = shard.configure(&self.common, limits, &hasher, self.clock.now());
            waited.extend(shard.lines.keys().map(Box::from));
            drop(shard);
            drop(gone);
        }
        drop(one);
        waited.iter().for_each(|key| self.serve_key(key));
    }

    /// Forgets what a key has taken, and how long it is blocked. Whether there was anything of that.
    pub fn reset(&self, key: &[u8]) -> bool {
        self.change(key, |shard, at, now| shard.reset(&self.common, at, now)).unwrap_or(false)
    }

    /// As [`reset`](Self::reset) for all keys.
    pub fn reset_all(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let gone = shard.reset_all(&self.common);
            let waited: Vec<Box<[u8]>> = shard.lines.keys().map(Box::from).collect();
            drop(shard);
            drop(gone);
            waited.iter().for_each(|key| self.serve_key(key));
        }
    }

    /// Drops all keys whose limits have come back. How many that were.
    pub fn sweep(&self) -> usize {
        let hasher = |key: &[u8]| self.hasher.hash_one(key);
        let sweep = |shard: &CachePadded<Mutex<Shard<W>>>| {
            let mut shard = shard.lock();
            shard.sweep(&self.common, &hasher, self.clock.now())
        };
        self.shards.iter().map(sweep).sum()
    }

    /// How many keys it knows, those included whose limits have come back and that nobody has met since.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it has counted.
    pub fn stats(&self) -> KeyedStats {
        let mut all = KeyedStats::default();
        for shard in &self.shards {
            let shard = shard.lock();
            let KeyedStats { allowed, refused, turned_away, dropped, .. } = shard.stats;
            all.allowed += allowed;
            all.refused += refused;
            all.turned_away += turned_away;
            all.dropped += dropped;
            all.keys += shard.len() as u64;
            all.bytes += shard.bytes() as u64;
            all.waiting += shard.lines.requests().count() as u64;
        }
        all
    }
}

#[cfg(test)]
mod tests;

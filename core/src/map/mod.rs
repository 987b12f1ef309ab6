//! A map that all threads share, and a cache if it is given limits.
//!
//! The map is cut into shards with a lock each, chosen by the key's hash; the same hash finds the entry in the shard's table. Each shard
//! keeps its entries in a list: with a limit in the order of their last use, and the one unused for longest makes room; without one in
//! the order in which they were set. Entries with a time to live are dropped when they are next met, and a few at each insertion. Each
//! entry has a version, so that a value can be replaced if nobody else has done so meanwhile.

mod shard;

use std::hash::{BuildHasher, RandomState};

use crossbeam_utils::CachePadded;

use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, Mutex};
use shard::{Coming, Room, Shard};

/// Shards of a map that is large, or has no limit. A small one has a single shard, so that its limit is exact.
const SHARDS: usize = 16;
/// From so many entries on a limit is cut into shards.
const LARGE: u64 = 4096;

/// A map's limits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Entries at most.
    pub entries: Option<u64>,
    /// The sum of the entries' weights at most. An entry that is heavier alone is not kept.
    pub weight: Option<u64>,
    /// How long an entry lives that is not given a time of its own.
    pub ttl: Option<Nanos>,
}

/// What a map has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MapStats {
    /// Entries that are there, those included whose time is up and that nobody has met since.
    pub entries: u64,
    /// The sum of their weights.
    pub weight: u64,
    /// Reads that found something.
    pub hits: u64,
    /// Reads that found nothing.
    pub misses: u64,
    /// Entries that made room for others, or found none.
    pub evicted: u64,
    /// Entries whose time was up.
    pub expired: u64,
}

/// The map. Keys are bytes.
#[derive(Debug)]
pub struct SharedMap<V> {
    shards: Box<[CachePadded<Mutex<Shard<V>>>]>,
    limits: Limits,
    /// Keyed at random: nobody outside can choose keys that collide.
    hasher: RandomState,
    clock: Arc<dyn Clock>,
}

impl<V> SharedMap<V> {
    /// An empty map.
    #[must_use]
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let small = limits.entries.is_some_and(|most| most < LARGE) || limits.weight.is_some();
        let count = if small { 1 } else { SHARDS as u64 };
        // The first ones take what is left over: all together are exactly the limit.
        let part = |at: u64| limits.entries.map(|most| most / count + u64::from(at < most % count));
        let shard = |at| Shard::new(Room::new(part(at), limits.weight));
        let shards = (0..count).map(|at| CachePadded::new(Mutex::new(shard(at)))).collect();
        Self { shards, limits, hasher: RandomState::new(), clock }
    }

    /// Does something with the shard of a key. `timed`: it needs to know the time; otherwise it is told only if an entry's life may end.
    fn with<T>(
        &self,
        key: &[u8],
        timed: bool,
        work: impl FnOnce(&mut Shard<V>, u64, Nanos) -> T,
    ) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        let mut shard = self.shards.get(hash as usize % self.shards.len().max(1))?.lock();
        let now = if timed || shard.is_mortal() { self.clock.now() } else { 0 };
        Some(work(&mut shard, hash, now))
    }

    /// Reads the value of a key and its version, under the lock of its shard: `work` must not come back here.
    pub fn read<T>(&self, key: &[u8], work: impl FnOnce(&V, u64) -> T) -> Option<T> {
        let read = |shard: &mut Shard<V>, hash, now| {
            let entry = shard.use_entry(hash, key, now)?;
            Some(work(&entry.value, entry.version))
        };
        self.with(key, false, read)?
    }

    /// Whether a key has a value. Counts as no use.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.with(key, false, |shard, hash, now| shard.meet(hash, key, now).is_some()).unwrap_or(false)
    }

    /// Sets the value of a key. Says whether it is new.
    pub fn set(&self, key: &[u8], value: V, weight: u64, ttl: Option<Nanos>) -> bool {
        let ttl = ttl.or(self.limits.ttl);
        let before = self.with(key, ttl.is_some(), |shard, hash, now| {
            let place = shard.meet(hash, key, now);
            shard.put(place, key, Coming::new(hash, value, weight, ends(now, ttl)), now)
        });
        // What was there is dropped here, after the lock.
        before.flatten().is_none()
    }

    /// Sets the value of a key if its version is still `version`; 0 stands for no value. Says whether it did.
    pub fn set_if(&self, key: &[u8], version: u64, value: V, weight: u64, ttl: Option<Nanos>) -> bool {
        let ttl = ttl.or(self.limits.ttl);
        let set = self.with(key, ttl.is_some(), |shard, hash, now| {
            let place = shard.meet(hash, key, now);
            let same = shard.version(place) == version;
            same.then(|| shard.put(place, key, Coming::new(hash, value, weight, ends(now, ttl)), now))
        });
        set.flatten().is_some()
    }

    /// Removes a key. Says whether it had a value.
    pub fn remove(&self, key: &[u8]) -> bool {
        let taken = self.with(key, false, |shard, hash, now| {
            let place = shard.meet(hash, key, now)?;
            shard.take(place)
        });
        taken.flatten().is_some()
    }

    /// Removes everything.
    pub fn clear(&self) {
        for shard in &self.shards {
            let entries = shard.lock().clear();
            drop(entries);
        }
    }

    /// How many keys have a value. Without times to live it counts shards, otherwise entries.
    #[must_use]
    pub fn len(&self) -> usize {
        let now = self.clock.now();
        self.shards.iter().map(|shard| shard.lock().living(now)).sum()
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it has counted.
    #[must_use]
    pub fn stats(&self) -> MapStats {
        let mut all = MapStats::default();
        for shard in &self.shards {
            let MapStats { entries, weight, hits, misses, evicted, expired } = shard.lock().stats;
            all.entries += entries;
            all.weight += weight;
            all.hits += hits;
            all.misses += misses;
            all.evicted += evicted;
            all.expired += expired;
        }
        all
    }
}

impl<V: Clone> SharedMap<V> {
    /// The value of a key, and its version.
    pub fn get(&self, key: &[u8]) -> Option<(V, u64)> {
        self.read(key, |value, version| (value.clone(), version))
    }

    /// Everything that is there now: what changes later does not change this.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(Arc<[u8]>, V)> {
        let now = self.clock.now();
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            all.extend(shard.iter(now).map(|entry| (Arc::clone(&entry.key), entry.value.clone())));
        }
        all
    }
}

fn ends(now: Nanos, ttl: Option<Nanos>) -> Nanos {
    ttl.map_or(Nanos::MAX, |ttl| now.saturating_add(ttl))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{AtomicU64, Ordering};
    use crate::timer::ManualTimers;

    fn map(limits: Limits) -> (SharedMap<u32>, Arc<ManualTimers>) {
        let timers = Arc::new(ManualTimers::default());
        (SharedMap::new(limits, timers.clock.clone()), timers)
    }

    fn value(map: &SharedMap<u32>, key: &str) -> Option<u32> {
        map.get(key.as_bytes()).map(|(value, _)| value)
    }

    #[test]
    fn it_is_a_map() {
        let (map, _) = map(Limits::default());
        assert!(map.set(b"a", 1, 1, None) && map.set(b"b", 2, 1, None) && !map.set(b"a", 3, 1, None));
        assert_eq!((value(&map, "a"), value(&map, "b"), value(&map, "c")), (Some(3), Some(2), None));
        assert!(map.remove(b"a") && !map.remove(b"a") && !map.contains(b"a") && map.contains(b"b"));
        assert_eq!((map.len(), map.snapshot().len()), (1, 1));
        map.clear();
        assert!(map.is_empty());
        let MapStats { hits, misses, .. } = map.stats();
        assert_eq!((hits, misses), (2, 1));
    }

    #[test]
    fn the_entry_unused_for_longest_makes_room() {
        let (map, _) = map(Limits { entries: Some(2), ..Limits::default() });
        map.set(b"a", 1, 1, None);
        map.set(b"b", 2, 1, None);
        assert_eq!(value(&map, "a"), Some(1));
        map.set(b"c", 3, 1, None);
        assert_eq!((value(&map, "a"), value(&map, "b"), value(&map, "c")), (Some(1), None, Some(3)));
        assert_eq!(map.stats().evicted, 1);
    }

    #[test]
    fn the_weight_has_a_limit() {
        let (map, _) = map(Limits { weight: Some(10), ..Limits::default() });
        map.set(b"a", 1, 6, None);
        map.set(b"b", 2, 4, None);
        map.set(b"c", 3, 3, None);
        assert_eq!((value(&map, "a"), map.stats().weight), (None, 7));
        map.set(b"b", 4, 11, None);
        assert_eq!((value(&map, "b"), value(&map, "c"), map.stats().weight), (None, Some(3), 3));
        assert_eq!(map.stats().evicted, 2);
    }

    #[test]
    fn a_large_limit_is_cut_into_shards_that_together_are_the_limit() {
        let (map, _) = map(Limits { entries: Some(LARGE + 1), ..Limits::default() });
        for n in 0..100_000u32 {
            map.set(&n.to_le_bytes(), n, 1, None);
        }
        assert_eq!((map.len() as u64, map.stats().entries), (LARGE + 1, LARGE + 1));
    }

    /// A clock that counts how often it is asked.
    #[derive(Debug, Default)]
    struct Asked(AtomicU64);

    impl Clock for Asked {
        fn now(&self) -> Nanos {
            self.0.fetch_add(1, Ordering::Relaxed)
        }
    }

    #[test]
    fn a_map_of_entries_that_live_for_ever_asks_for_no_time() {
        let clock = Arc::new(Asked::default());
        let map = SharedMap::new(Limits::default(), clock.clone());
        let pass = || {
            map.set(b"a", 1, 1, None);
            map.get(b"a");
            map.remove(b"a");
            clock.0.swap(0, Ordering::Relaxed)
        };
        assert_eq!(pass(), 0);
        map.set(b"a", 1, 1, Some(1000));
        assert!(pass() > 0);
        assert_eq!(pass(), 0);
    }

    #[test]
    fn entries_live_as_long_as_they_may() {
        let (map, timers) = map(Limits { ttl: Some(10), ..Limits::default() });
        map.set(b"a", 1, 1, None);
        map.set(b"b", 2, 1, Some(30));
        timers.advance(10);
        assert_eq!((value(&map, "a"), value(&map, "b"), map.len()), (None, Some(2), 1));
        timers.advance(20);
        assert_eq!((map.len(), map.contains(b"b"), map.stats().expired), (0, false, 2));
    }

    #[test]
    fn a_value_is_replaced_only_if_nobody_else_has_done_so() {
        let (map, _) = map(Limits::default());
        assert!(map.set_if(b"n", 0, 1, 1, None) && !map.set_if(b"n", 0, 9, 1, None));
        let (_, version) = map.get(b"n").unwrap();
        assert!(map.set_if(b"n", version, 2, 1, None) && !map.set_if(b"n", version, 9, 1, None));
        assert_eq!(value(&map, "n"), Some(2));
    }
}

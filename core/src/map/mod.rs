//! A map that all threads share, and a cache if it is given limits.
//!
//! The map is cut into shards with a lock each, chosen by the key's hash. With a limit each shard keeps its entries in the order of
//! their last use, and the one unused for longest makes room. Entries with a time to live are dropped when they are next met,
//! and a few at each insertion. Each entry has a version, so that a value can be replaced if nobody else has done so meanwhile.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crossbeam_utils::CachePadded;

use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, Mutex};
use crate::wait::WaitList;

/// Shards of a map that is large, or has no limit. A small one has a single shard, so that its limit is exact.
const SHARDS: usize = 16;
/// From so many entries on a limit is cut into shards.
const LARGE: u64 = 4096;
/// Old entries that an insertion looks at, whether their time is up.
const SWEPT: usize = 2;

/// A map's limits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Entries at most.
    pub entries: Option<u64>,
    /// The sum of the entries' weights at most.
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
    /// Entries that made room for others.
    pub evicted: u64,
    /// Entries whose time was up.
    pub expired: u64,
}

#[derive(Debug)]
struct Entry<V> {
    key: Arc<[u8]>,
    value: V,
    weight: u64,
    expires: Nanos,
    version: u64,
}

#[derive(Debug)]
struct Shard<V> {
    places: HashMap<Arc<[u8]>, u64>,
    /// The one unused for longest first, if there is a limit.
    entries: WaitList<Entry<V>>,
    next_version: u64,
    stats: MapStats,
}

/// The map. Keys are bytes.
#[derive(Debug)]
pub struct SharedMap<V> {
    shards: Box<[CachePadded<Mutex<Shard<V>>>]>,
    limits: Limits,
    /// Each shard's part of the limits.
    share: Limits,
    hasher: RandomState,
    clock: Arc<dyn Clock>,
}

impl<V> Shard<V> {
    fn take(&mut self, key: &[u8]) -> Option<Entry<V>> {
        let place = self.places.remove(key)?;
        let entry = self.entries.remove(place)?;
        self.stats.weight -= entry.weight;
        self.stats.entries -= 1;
        Some(entry)
    }

    fn expire(&mut self, now: Nanos, key: &[u8]) {
        let place = self.places.get(key).copied();
        let over = place.and_then(|place| self.entries.get(place)).is_some_and(|entry| entry.expires <= now);
        if over {
            self.take(key);
            self.stats.expired += 1;
        }
    }

    /// Drops old entries whose time is up, a few at a time.
    fn sweep(&mut self, now: Nanos) {
        for _ in 0..SWEPT {
            let Some(first) = self.entries.first().filter(|first| first.expires <= now) else { return };
            let key = Arc::clone(&first.key);
            self.take(&key);
            self.stats.expired += 1;
        }
    }

    fn insert(&mut self, entry: Entry<V>, share: &Limits) {
        let key = Arc::clone(&entry.key);
        self.stats.weight += entry.weight;
        self.stats.entries += 1;
        let place = self.entries.push(entry);
        self.places.insert(key, place);
        let over = |stats: &MapStats| {
            share.entries.is_some_and(|most| stats.entries > most)
                || share.weight.is_some_and(|most| stats.weight > most)
        };
        while over(&self.stats) {
            let Some(key) = self.entries.first().map(|first| Arc::clone(&first.key)) else { break };
            self.take(&key);
            self.stats.evicted += 1;
        }
    }
}

impl<V: Clone> SharedMap<V> {
    /// An empty map.
    #[must_use]
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let small = limits.entries.is_some_and(|most| most < LARGE) || limits.weight.is_some();
        let count = if small { 1 } else { SHARDS };
        let part = |most: u64| most.div_ceil(count as u64);
        let share = Limits { entries: limits.entries.map(part), ..limits };
        let shard = || Shard {
            places: HashMap::new(),
            entries: WaitList::default(),
            next_version: 1,
            stats: MapStats::default(),
        };
        let shards = (0..count).map(|_| CachePadded::new(Mutex::new(shard()))).collect();
        Self { shards, limits, share, hasher: RandomState::new(), clock }
    }

    fn with<T>(&self, key: &[u8], work: impl FnOnce(&mut Shard<V>, Nanos) -> T) -> Option<T> {
        let at = self.hasher.hash_one(key) as usize % self.shards.len().max(1);
        // A map of entries that live for ever need not know the time.
        let now = self.clock.now();
        self.shards.get(at).map(|shard| work(&mut shard.lock(), now))
    }

    /// The value of a key, and its version.
    pub fn get(&self, key: &[u8]) -> Option<(V, u64)> {
        let bounded = self.limits.entries.is_some() || self.limits.weight.is_some();
        self.with(key, |shard, now| {
            shard.expire(now, key);
            let found = shard.places.get(key).copied();
            let Some(place) = found else {
                shard.stats.misses += 1;
                return None;
            };
            shard.stats.hits += 1;
            let entry = shard.entries.get(place)?;
            let answer = (entry.value.clone(), entry.version);
            if bounded && let Some(entry) = shard.entries.remove(place) {
                let key = Arc::clone(&entry.key);
                let place = shard.entries.push(entry);
                shard.places.insert(key, place);
            }
            Some(answer)
        })?
    }

    /// Whether a key has a value. Counts as no use.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.with(key, |shard, now| {
            shard.expire(now, key);
            shard.places.contains_key(key)
        })
        .unwrap_or(false)
    }

    /// Sets the value of a key. Says whether it is new.
    pub fn set(&self, key: &[u8], value: V, weight: u64, ttl: Option<Nanos>) -> bool {
        self.with(key, |shard, now| {
            let new = !self.replace(shard, now, key, value, weight, ttl);
            shard.sweep(now);
            new
        })
        .unwrap_or(false)
    }

    /// Sets the value of a key if its version is still `version`; 0 stands for no value. Says whether it did.
    pub fn set_if(&self, key: &[u8], version: u64, value: V, weight: u64, ttl: Option<Nanos>) -> bool {
        self.with(key, |shard, now| {
            shard.expire(now, key);
            let place = shard.places.get(key).copied();
            let current = place.and_then(|place| shard.entries.get(place)).map_or(0, |entry| entry.version);
            let same = current == version;
            if same {
                self.replace(shard, now, key, value, weight, ttl);
            }
            same
        })
        .unwrap_or(false)
    }

    /// Says whether there was a value before.
    fn replace(
        &self,
        shard: &mut Shard<V>,
        now: Nanos,
        key: &[u8],
        value: V,
        weight: u64,
        ttl: Option<Nanos>,
    ) -> bool {
        shard.expire(now, key);
        let before = shard.take(key);
        let version = shard.next_version;
        shard.next_version += 1;
        let expires = ttl.or(self.limits.ttl).map_or(Nanos::MAX, |ttl| now.saturating_add(ttl));
        let existed = before.is_some();
        let key = before.map_or_else(|| Arc::from(key), |entry| entry.key);
        shard.insert(Entry { key, value, weight, expires, version }, &self.share);
        existed
    }

    /// Removes a key. Says whether it had a value.
    pub fn remove(&self, key: &[u8]) -> bool {
        self.with(key, |shard, now| {
            shard.expire(now, key);
            shard.take(key).is_some()
        })
        .unwrap_or(false)
    }

    /// Removes everything.
    pub fn clear(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.places.clear();
            let entries = std::mem::take(&mut shard.entries);
            shard.stats.entries = 0;
            shard.stats.weight = 0;
            drop(shard);
            drop(entries);
        }
    }

    /// How many keys have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        let now = self.clock.now();
        let living = |shard: &Shard<V>| shard.entries.iter().filter(|entry| entry.expires > now).count();
        self.shards.iter().map(|shard| living(&shard.lock())).sum()
    }

    /// Whether no key has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that is there now: what changes later does not change this.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(Arc<[u8]>, V)> {
        let now = self.clock.now();
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let living = shard.entries.iter().filter(|entry| entry.expires > now);
            all.extend(living.map(|entry| (Arc::clone(&entry.key), entry.value.clone())));
        }
        all
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

#[cfg(test)]
mod tests {
    use super::*;
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
        map.set(b"huge", 4, 11, None);
        assert_eq!((map.len(), map.stats().weight), (0, 0));
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

//! One shard of a map: a table of places and the list that the places are in.

use hashbrown::HashTable;

use super::MapStats;
use crate::clock::Nanos;
use crate::sync::Arc;
use crate::wait::WaitList;

/// Old entries that an insertion looks at, whether their time is up.
const SWEPT: usize = 2;
/// More than a list has places for.
const MOST: u64 = (1 << 24) - 1;

/// How much a shard has room for.
#[derive(Debug)]
pub(super) struct Room {
    entries: u64,
    weight: u64,
    /// There is a limit, so that it matters what was used last.
    bounded: bool,
}

impl Room {
    pub(super) fn new(entries: Option<u64>, weight: Option<u64>) -> Self {
        let bounded = entries.is_some() || weight.is_some();
        Self { entries: entries.unwrap_or(MOST).min(MOST), weight: weight.unwrap_or(u64::MAX), bounded }
    }
}

#[derive(Debug)]
pub(super) struct Entry<V> {
    pub(super) key: Arc<[u8]>,
    hash: u64,
    pub(super) value: V,
    weight: u64,
    /// [`Nanos::MAX`]: it lives for ever.
    expires: Nanos,
    pub(super) version: u64,
}

/// What is to be put under a key.
#[derive(Debug)]
pub(super) struct Coming<V> {
    hash: u64,
    value: V,
    weight: u64,
    expires: Nanos,
}

impl<V> Coming<V> {
    pub(super) const fn new(hash: u64, value: V, weight: u64, expires: Nanos) -> Self {
        Self { hash, value, weight, expires }
    }
}

#[derive(Debug)]
pub(super) struct Shard<V> {
    /// Each entry's hash and its place in the list.
    table: HashTable<(u64, u64)>,
    /// With a limit the one unused for longest first, else the one set first.
    entries: WaitList<Entry<V>>,
    room: Room,
    /// How many entries do not live for ever.
    mortal: usize,
    next_version: u64,
    pub(super) stats: MapStats,
}

impl<V> Shard<V> {
    pub(super) fn new(room: Room) -> Self {
        Self {
            table: HashTable::new(),
            entries: WaitList::default(),
            room,
            mortal: 0,
            next_version: 1,
            stats: MapStats::default(),
        }
    }

    /// Whether the time matters to what is in it.
    pub(super) const fn is_mortal(&self) -> bool {
        self.mortal > 0
    }

    /// The place of a key's entry. One whose time is up is dropped instead.
    pub(super) fn meet(&mut self, hash: u64, key: &[u8], now: Nanos) -> Option<u64> {
        let entries = &self.entries;
        let same =
            |at: &(u64, u64)| at.0 == hash && entries.get(at.1).is_some_and(|entry| *entry.key == *key);
        let place = self.table.find(hash, same)?.1;
        if self.entries.get(place)?.expires > now {
            return Some(place);
        }
        self.expire(place);
        None
    }

    /// The entry of a key, which is used with that.
    pub(super) fn use_entry(&mut self, hash: u64, key: &[u8], now: Nanos) -> Option<&Entry<V>> {
        let Some(place) = self.meet(hash, key, now) else {
            self.stats.misses += 1;
            return None;
        };
        self.stats.hits += 1;
        if self.room.bounded {
            self.entries.move_last(place);
        }
        self.entries.get(place)
    }

    /// The version of the entry at a place; 0 if there is none.
    pub(super) fn version(&self, place: Option<u64>) -> u64 {
        place.and_then(|place| self.entries.get(place)).map_or(0, |entry| entry.version)
    }

    /// Puts a value in the place of an entry, or into a new one. Gives what was there.
    pub(super) fn put(&mut self, place: Option<u64>, key: &[u8], coming: Coming<V>, now: Nanos) -> Option<V> {
        let version = self.next_version;
        self.next_version += 1;
        if coming.weight > self.room.weight {
            let before = place.and_then(|place| self.take(place));
            self.sweep(now);
            self.stats.evicted += 1;
            return before;
        }
        let before = match place {
            Some(place) => self.replace(place, coming, version),
            None => {
                self.sweep(now);
                self.insert(key, coming, version);
                None
            }
        };
        if place.is_some() {
            self.sweep(now);
        }
        self.make_room();
        before
    }

    fn replace(&mut self, place: u64, coming: Coming<V>, version: u64) -> Option<V> {
        self.entries.move_last(place);
        let entry = self.entries.get_mut(place)?;
        self.mortal -= usize::from(entry.expires != Nanos::MAX);
        self.mortal += usize::from(coming.expires != Nanos::MAX);
        self.stats.weight = self.stats.weight - entry.weight + coming.weight;
        entry.weight = coming.weight;
        entry.expires = coming.expires;
        entry.version = version;
        Some(std::mem::replace(&mut entry.value, coming.value))
    }

    fn insert(&mut self, key: &[u8], coming: Coming<V>, version: u64) {
        let Coming { hash, value, weight, expires } = coming;
        let place = self.entries.push(Entry { key: Arc::from(key), hash, value, weight, expires, version });
        self.table.insert_unique(hash, (hash, place), |at| at.0);
        self.mortal += usize::from(expires != Nanos::MAX);
        self.stats.weight += weight;
        self.stats.entries += 1;
    }

    /// Takes an entry out, and gives its value.
    pub(super) fn take(&mut self, place: u64) -> Option<V> {
        let entry = self.entries.remove(place)?;
        if let Ok(found) = self.table.find_entry(entry.hash, |at| at.1 == place) {
            found.remove();
        }
        self.mortal -= usize::from(entry.expires != Nanos::MAX);
        self.stats.weight -= entry.weight;
        self.stats.entries -= 1;
        Some(entry.value)
    }

    fn expire(&mut self, place: u64) {
        self.take(place);
        self.stats.expired += 1;
    }

    /// Drops old entries whose time is up, a few at a time.
    fn sweep(&mut self, now: Nanos) {
        for _ in 0..SWEPT {
            let first = self.entries.first().filter(|first| self.mortal > 0 && first.expires <= now);
            if first.is_none() {
                return;
            }
            self.expire(self.entries.first_place());
        }
    }

    fn make_room(&mut self) {
        while self.stats.entries > self.room.entries || self.stats.weight > self.room.weight {
            if self.take(self.entries.first_place()).is_none() {
                return;
            }
            self.stats.evicted += 1;
        }
    }

    /// Takes everything out, to be dropped outside the lock.
    pub(super) fn clear(&mut self) -> impl Sized + use<V> {
        self.table.clear();
        self.mortal = 0;
        self.stats.entries = 0;
        self.stats.weight = 0;
        std::mem::take(&mut self.entries)
    }

    /// The entries whose time is not up.
    pub(super) fn iter(&self, now: Nanos) -> impl Iterator<Item = &Entry<V>> {
        self.entries.iter().filter(move |entry| entry.expires > now)
    }

    /// How many there are.
    pub(super) fn living(&self, now: Nanos) -> usize {
        if self.mortal > 0 { self.iter(now).count() } else { self.entries.len() }
    }
}

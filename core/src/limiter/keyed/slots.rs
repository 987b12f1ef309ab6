//! The keys that have taken something, each with its limits' words beside it in one table.
//!
//! A key up to [`SHORT`] bytes long stands in the table itself, so that a key with one limit takes 32 to 40 bytes there. Keys whose limits
//! have all come back are as good as unknown: a hand that goes round the table drops them, a few places at a time.

use std::fmt::Debug;

use hashbrown::HashTable;

/// What fits into three words beside its length and what tells the two kinds of keys apart.
const SHORT: usize = 22;
/// A table this small is not made smaller.
const SMALL: usize = 1024;

/// A key: [`SHORT`] bytes, or more of them apart.
#[derive(Debug)]
enum Key {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Key {
    fn new(bytes: &[u8]) -> Self {
        let mut short = [0; SHORT];
        match short.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Self::Short(bytes.len() as u8, short)
            }
            None => Self::Long(bytes.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

/// The hash of a key.
pub(super) type Hasher<'a> = &'a dyn Fn(&[u8]) -> u64;
/// Whether the words of a key are as good as those of an unknown one.
pub(super) type Idle<'a> = &'a mut dyn FnMut(&[u64]) -> bool;

/// A table of keys, whatever the number of its words.
pub(super) trait Slots: Debug + Send {
    /// The words of a key.
    fn find(&mut self, hash: u64, key: &[u8]) -> Option<&mut [u64]>;
    /// Whether the table may grow with the next key.
    fn is_full(&self) -> bool;
    /// The words of a key that is new, all 0.
    fn insert(&mut self, hash: u64, key: &[u8], hasher: Hasher<'_>) -> &mut [u64];
    /// Removes a key. Whether it was there.
    fn remove(&mut self, hash: u64, key: &[u8]) -> bool;
    /// Moves the hand on by so many places, and drops what is idle there.
    fn turn(&mut self, places: usize, idle: Idle<'_>);
    /// Drops all that is idle, and memory that is not needed any more.
    fn sweep(&mut self, hasher: Hasher<'_>, idle: Idle<'_>);
    /// Shows each key with its words.
    fn each(&self, see: &mut dyn FnMut(&[u8], &[u64]));
    /// How many keys there are.
    fn len(&self) -> usize;
    /// The memory they take.
    fn bytes(&self) -> usize;
}

/// An empty table.
pub(super) fn slots(words: usize) -> Box<dyn Slots> {
    match words {
        0 | 1 => Box::new(Table::<1>::default()),
        2 => Box::new(Table::<2>::default()),
        3 => Box::new(Table::<3>::default()),
        4 => Box::new(Table::<4>::default()),
        5 | 6 => Box::new(Table::<6>::default()),
        _ => Box::new(Table::<8>::default()),
    }
}

#[derive(Debug)]
struct Entry<const WORDS: usize> {
    key: Key,
    words: [u64; WORDS],
}

#[derive(Debug, Default)]
struct Table<const WORDS: usize> {
    entries: HashTable<Entry<WORDS>>,
    hand: usize,
}

impl<const WORDS: usize> Slots for Table<WORDS> {
    fn find(&mut self, hash: u64, key: &[u8]) -> Option<&mut [u64]> {
        let found = self.entries.find_mut(hash, |entry| entry.key.bytes() == key)?;
        Some(&mut found.words)
    }

    fn is_full(&self) -> bool {
        self.entries.len() == self.entries.capacity()
    }

    fn insert(&mut self, hash: u64, key: &[u8], hasher: Hasher<'_>) -> &mut [u64] {
        let entry = Entry { key: Key::new(key), words: [0; WORDS] };
        let own = |entry: &Entry<WORDS>| hasher(entry.key.bytes());
        &mut self.entries.insert_unique(hash, entry, own).into_mut().words
    }

    fn remove(&mut self, hash: u64, key: &[u8]) -> bool {
        let found = self.entries.find_entry(hash, |entry| entry.key.bytes() == key);
        found.map(hashbrown::hash_table::OccupiedEntry::remove).is_ok()
    }

    fn turn(&mut self, places: usize, idle: Idle<'_>) {
        let all = self.entries.num_buckets();
        for _ in 0..places.min(all) {
            self.hand = if self.hand + 1 < all { self.hand + 1 } else { 0 };
            if let Ok(entry) = self.entries.get_bucket_entry(self.hand)
                && idle(&entry.get().words)
            {
                entry.remove();
            }
        }
    }

    fn sweep(&mut self, hasher: Hasher<'_>, idle: Idle<'_>) {
        self.entries.retain(|entry| !idle(&entry.words));
        if self.entries.capacity() > SMALL && self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.len() * 2, |entry| hasher(entry.key.bytes()));
        }
    }

    fn each(&self, see: &mut dyn FnMut(&[u8], &[u64])) {
        self.entries.iter().for_each(|entry| see(entry.key.bytes(), &entry.words));
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn bytes(&self) -> usize {
        let apart = |entry: &Entry<WORDS>| match &entry.key {
            Key::Short(..) => 0,
            Key::Long(bytes) => bytes.len(),
        };
        self.entries.allocation_size() + self.entries.iter().map(apart).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All keys have one hash.
    fn same(_: &[u8]) -> u64 {
        7
    }

    #[test]
    fn two_keys_with_one_hash_are_two() {
        let mut table = slots(1);
        let long = [b'x'; 40];
        let mut longer = long.to_vec();
        longer.push(b'y');
        let keys: [&[u8]; 5] = [b"a", b"b", b"", &long, &longer];
        for (at, key) in keys.iter().enumerate() {
            table.insert(7, key, &same)[0] = at as u64;
        }
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(table.find(7, key).map(|words| words[0]), Some(at as u64));
        }
        assert!(table.remove(7, &long) && !table.remove(7, &long) && table.find(7, &longer).is_some());
        assert_eq!(table.len(), 4);
    }

    #[test]
    fn the_hand_finds_every_idle_key_in_one_round_and_keeps_the_others() {
        let mut table = slots(2);
        for key in 0..1000_u64 {
            let bytes = key.to_le_bytes();
            table.insert(key << 20 | key, &bytes, &|_| 0).copy_from_slice(&[key, 0]);
        }
        let mut odd = |words: &[u64]| words[0] % 2 == 1;
        for _ in 0..2048 / 4 {
            table.turn(4, &mut odd);
        }
        assert_eq!(table.len(), 500);
        assert!(table.find(4 << 20 | 4, &4_u64.to_le_bytes()).is_some());
    }

    #[test]
    fn a_table_that_is_swept_gives_its_memory_back() {
        let mut table = slots(1);
        let hasher =
            |key: &[u8]| u64::from_le_bytes(key.try_into().unwrap()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for key in 0..100_000_u64 {
            let bytes = key.to_le_bytes();
            table.insert(hasher(&bytes), &bytes, &hasher)[0] = key;
        }
        let full = table.bytes();
        table.sweep(&hasher, &mut |words| words[0] % 100 > 0);
        assert!(table.len() == 1000 && table.bytes() < full / 20);
        let key = 500_u64.to_le_bytes();
        assert_eq!(table.find(hasher(&key), &key).map(|words| words[0]), Some(500));
    }
}

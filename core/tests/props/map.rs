//! Any sequence of calls gives what the obvious map gives: a list in the order of last use, looked through from end to end.

use std::sync::Arc;

use millrace_core::clock::Nanos;
use millrace_core::map::{Limits, MapStats, SharedMap};
use millrace_core::timer::ManualTimers;
use proptest::prelude::*;

const KEYS: u8 = 6;

#[derive(Debug, Clone)]
enum Step {
    Get(u8),
    Contains(u8),
    Set {
        key: u8,
        weight: u64,
        ttl: Option<Nanos>,
    },
    /// Looks, does something else, and sets if nobody else has set or removed it since.
    Update {
        key: u8,
        between: Vec<Between>,
        weight: u64,
    },
    Delete(u8),
    Clear,
    Advance(Nanos),
}

#[derive(Debug, Clone)]
enum Between {
    Set(u8),
    Delete(u8),
    Advance(Nanos),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS;
    let ttl = prop::option::of(1u64..8);
    let between = prop_oneof![
        key.clone().prop_map(Between::Set),
        key.clone().prop_map(Between::Delete),
        (1u64..4).prop_map(Between::Advance)
    ];
    prop_oneof![
        6 => key.clone().prop_map(Step::Get),
        2 => key.clone().prop_map(Step::Contains),
        8 => (key.clone(), 1u64..6, ttl).prop_map(|(key, weight, ttl)| Step::Set { key, weight, ttl }),
        4 => (key.clone(), prop::collection::vec(between, 0..3), 1u64..6)
            .prop_map(|(key, between, weight)| Step::Update { key, between, weight }),
        3 => key.prop_map(Step::Delete),
        1 => Just(Step::Clear),
        3 => (1u64..6).prop_map(Step::Advance),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let some = prop::option::of::<std::ops::Range<u64>>;
    (some(1..5), some(1..12), some(1..10)).prop_map(|(entries, weight, ttl)| Limits { entries, weight, ttl })
}

#[derive(Debug, Clone)]
struct Entry {
    key: u8,
    value: u32,
    weight: u64,
    expires: Nanos,
}

/// The obvious map: the entry unused for longest comes first. One whose time is up stays until it is met.
#[derive(Default)]
struct Naive {
    limits: Limits,
    entries: Vec<Entry>,
    stats: MapStats,
    now: Nanos,
}

impl Naive {
    fn take(&mut self, key: u8) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }

    /// The living entry of a key, taken out.
    fn meet(&mut self, key: u8) -> Option<Entry> {
        let entry = self.take(key)?;
        let living = entry.expires > self.now;
        self.stats.expired += u64::from(!living);
        living.then_some(entry)
    }

    fn get(&mut self, key: u8) -> Option<u32> {
        let at = self.entries.iter().position(|entry| entry.key == key);
        let Some(entry) = self.meet(key) else {
            self.stats.misses += 1;
            return None;
        };
        self.stats.hits += 1;
        let value = entry.value;
        // Only a limit makes it matter what was used last.
        let bounded = self.limits.entries.is_some() || self.limits.weight.is_some();
        self.entries.insert(if bounded { self.entries.len() } else { at.unwrap() }, entry);
        Some(value)
    }

    fn contains(&mut self, key: u8) -> bool {
        let at = self.entries.iter().position(|entry| entry.key == key);
        let Some(entry) = self.meet(key) else { return false };
        self.entries.insert(at.unwrap(), entry);
        true
    }

    fn remove(&mut self, key: u8) -> bool {
        self.meet(key).is_some()
    }

    fn set(&mut self, key: u8, value: u32, weight: u64, ttl: Option<Nanos>) -> bool {
        let new = self.meet(key).is_none();
        let swept = self.entries.iter().take(2).take_while(|entry| entry.expires <= self.now).count();
        self.entries.drain(..swept);
        self.stats.expired += swept as u64;
        let expires = ttl.or(self.limits.ttl).map_or(Nanos::MAX, |ttl| self.now + ttl);
        if self.limits.weight.is_some_and(|most| weight > most) {
            self.stats.evicted += 1;
            return new;
        }
        self.entries.push(Entry { key, value, weight, expires });
        while self.limits.entries.is_some_and(|most| self.entries.len() as u64 > most)
            || self.limits.weight.is_some_and(|most| self.weight() > most)
        {
            self.entries.remove(0);
            self.stats.evicted += 1;
        }
        new
    }

    fn weight(&self) -> u64 {
        self.entries.iter().map(|entry| entry.weight).sum()
    }

    fn living(&self) -> Vec<(u8, u32)> {
        let living = self.entries.iter().filter(|entry| entry.expires > self.now);
        let mut all: Vec<_> = living.map(|entry| (entry.key, entry.value)).collect();
        all.sort_unstable();
        all
    }
}

/// Both maps, which are to agree on every answer.
struct Pair {
    map: SharedMap<u32>,
    naive: Naive,
    timers: Arc<ManualTimers>,
    /// Each value is another.
    last: u32,
}

impl Pair {
    fn new(limits: Limits) -> Self {
        let timers = Arc::new(ManualTimers::default());
        let map = SharedMap::new(limits, timers.clock.clone());
        Self { map, naive: Naive { limits, ..Naive::default() }, timers, last: 0 }
    }

    fn get(&mut self, key: u8) -> u64 {
        let got = self.map.get(&[key]);
        assert_eq!(got.map(|(value, _)| value), self.naive.get(key));
        got.map_or(0, |(_, version)| version)
    }

    fn set(&mut self, key: u8, weight: u64, ttl: Option<Nanos>) {
        self.last += 1;
        let new = self.naive.set(key, self.last, weight, ttl);
        assert_eq!(self.map.set(&[key], self.last, weight, ttl), new);
    }

    fn delete(&mut self, key: u8) {
        assert_eq!(self.map.remove(&[key]), self.naive.remove(key));
    }

    fn advance(&mut self, span: Nanos) {
        self.timers.advance(span);
        self.naive.now += span;
    }

    fn update(&mut self, key: u8, between: Vec<Between>, weight: u64) {
        let version = self.get(key);
        let looked = self.naive.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value);
        for step in between {
            match step {
                Between::Set(key) => self.set(key, 1, None),
                Between::Delete(key) => self.delete(key),
                Between::Advance(span) => self.advance(span),
            }
        }
        // Each value is another, so that the naive map needs no versions.
        let at = self.naive.entries.iter().position(|entry| entry.key == key);
        let before = self.naive.meet(key);
        let same = before.as_ref().map(|entry| entry.value) == looked;
        self.last += 1;
        assert_eq!(self.map.set_if(&[key], version, self.last, weight, None), same);
        if same {
            self.naive.set(key, self.last, weight, None);
        } else if let Some(before) = before {
            // To be refused is no use.
            self.naive.entries.insert(at.unwrap(), before);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Get(key) => {
                self.get(key);
            }
            Step::Contains(key) => assert_eq!(self.map.contains(&[key]), self.naive.contains(key)),
            Step::Set { key, weight, ttl } => self.set(key, weight, ttl),
            Step::Update { key, between, weight } => self.update(key, between, weight),
            Step::Delete(key) => self.delete(key),
            Step::Clear => {
                self.map.clear();
                self.naive.entries.clear();
            }
            Step::Advance(span) => self.advance(span),
        }
    }

    /// Looks at everything, which counts as no use.
    fn compare(&self, one_shard: bool) {
        let mut all: Vec<_> = self.map.snapshot().into_iter().map(|(key, value)| (key[0], value)).collect();
        all.sort_unstable();
        assert_eq!(all, self.naive.living());
        assert_eq!((self.map.len(), self.map.is_empty()), (all.len(), all.is_empty()));
        let wants = MapStats {
            entries: self.naive.entries.len() as u64,
            weight: self.naive.weight(),
            ..self.naive.stats
        };
        let is = self.map.stats();
        assert_eq!((is.hits, is.misses, is.evicted), (wants.hits, wants.misses, wants.evicted));
        // How soon those whose time is up are met hangs on which shard they are in.
        if one_shard {
            assert_eq!(is, wants);
        }
    }
}

proptest! {
    #[test]
    fn it_is_the_obvious_map(limits in limits(), steps in prop::collection::vec(step(), 1..80)) {
        let mut pair = Pair::new(limits);
        for step in steps {
            pair.step(step);
            pair.compare(limits.entries.is_some() || limits.weight.is_some());
        }
    }
}

//! The shared map: what is read and replaced by its version against what others set, remove and make room for, and what is computed
//! once. Two threads and two keys at most; at most three preemptions. All together take less than a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use loom::thread;
use millrace_core::clock::ManualClock;
use millrace_core::lock::{Boarding, Owner};
use millrace_core::map::{Limits, SharedMap};

use crate::singleflight::{Ears, Flown, board};

type Map = SharedMap<u32>;

/// Of one shard, as of so few entries: which of several a key falls into is chance.
fn map(entries: u64) -> Arc<Map> {
    let limits = Limits { entries: Some(entries), ..Limits::default() };
    Arc::new(SharedMap::new(limits, Arc::new(ManualClock::default())))
}

fn set(map: &Map, key: &[u8], value: u32) {
    map.set(key, value, 1, None);
}

fn value(map: &Map, key: &[u8]) -> Option<u32> {
    map.get(key).map(|(value, _)| value)
}

/// Adds one as `SharedMap.update` does. Says how often it had to look.
fn add_one(map: &Map) -> u32 {
    for looks in 1.. {
        let (value, version) = map.get(b"n").unwrap_or((0, 0));
        if map.set_if(b"n", version, value + 1, 1, None) {
            return looks;
        }
    }
    unreachable!()
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

/// Does something in another thread while this one adds one, and gives what is there then.
fn beside_add_one(first: Option<u32>, work: impl FnOnce(&Map) + 'static) -> Option<u32> {
    let map = map(8);
    if let Some(first) = first {
        set(&map, b"n", first);
    }
    let other = {
        let map = Arc::clone(&map);
        thread::spawn(move || work(&map))
    };
    // Whoever has to look again does so because the other has changed it: at most twice here.
    assert!(add_one(&map) <= 3);
    other.join().unwrap();
    assert_eq!(map.stats().entries, map.len() as u64);
    value(&map, b"n")
}

#[test]
fn of_two_updates_none_is_lost() {
    for first in [None, Some(10)] {
        model(move || {
            let is = beside_add_one(first, |map| {
                add_one(map);
            });
            assert_eq!(is, Some(first.unwrap_or(0) + 2));
        });
    }
}

#[test]
fn an_update_beside_a_set_comes_before_or_after_it() {
    model(|| {
        let is = beside_add_one(Some(1), |map| set(map, b"n", 10));
        assert!(matches!(is, Some(10 | 11)), "{is:?}");
    });
}

#[test]
fn an_update_beside_a_delete_comes_before_or_after_it() {
    model(|| {
        let is = beside_add_one(Some(5), |map| assert!(map.remove(b"n")));
        assert!(matches!(is, None | Some(1)), "{is:?}");
    });
}

#[test]
fn what_is_removed_and_set_again_to_the_same_has_another_version() {
    model(|| {
        let map = map(8);
        set(&map, b"n", 5);
        let (_, version) = map.get(b"n").unwrap();
        let other = {
            let map = Arc::clone(&map);
            thread::spawn(move || {
                map.remove(b"n");
                set(&map, b"n", 5);
            })
        };
        let replaced = map.set_if(b"n", version, 6, 1, None);
        other.join().unwrap();
        // One that came first was removed after.
        assert_eq!(value(&map, b"n"), Some(5));
        let (_, now) = map.get(b"n").unwrap();
        assert!(now > version);
        assert!(!map.set_if(b"n", version, 7, 1, None), "replaced at first: {replaced}");
    });
}

#[test]
fn what_makes_room_as_it_is_read_is_there_or_is_not() {
    model(|| {
        let map = map(1);
        set(&map, b"a", 1);
        let reading = {
            let map = Arc::clone(&map);
            thread::spawn(move || value(&map, b"a"))
        };
        set(&map, b"b", 2);
        let got = reading.join().unwrap();
        assert!(matches!(got, None | Some(1)), "{got:?}");
        assert_eq!((value(&map, b"a"), value(&map, b"b")), (None, Some(2)));
        let stats = map.stats();
        assert_eq!((stats.entries, stats.weight, stats.evicted), (1, 1, 1));
        assert_eq!((stats.hits, stats.misses), if got.is_some() { (2, 1) } else { (1, 2) });
    });
}

#[test]
fn what_is_read_as_another_makes_room_is_the_last_to_go_or_gone() {
    model(|| {
        let map = map(2);
        set(&map, b"a", 1);
        set(&map, b"b", 2);
        let reading = {
            let map = Arc::clone(&map);
            thread::spawn(move || value(&map, b"a"))
        };
        set(&map, b"c", 3);
        let kept = reading.join().unwrap().is_some();
        // Read before there had to be room, it was used later than the other.
        assert_eq!((map.contains(b"a"), map.contains(b"b"), map.contains(b"c")), (kept, !kept, true));
        assert_eq!((map.len(), map.stats().evicted), (2, 1));
    });
}

#[test]
fn a_snapshot_and_a_clear_see_each_entry_once_or_not_at_all() {
    model(|| {
        let map = map(8);
        set(&map, b"a", 1);
        let clearing = {
            let map = Arc::clone(&map);
            thread::spawn(move || map.clear())
        };
        set(&map, b"b", 2);
        let seen: Vec<u32> = map.snapshot().into_iter().map(|(_, value)| value).collect();
        clearing.join().unwrap();
        assert!(matches!(*seen, [] | [1, 2] | [2]), "{seen:?}");
        assert_eq!((map.stats().entries, map.contains(b"a")), (map.len() as u64, false));
    });
}

/// As `SharedMap.getOrCompute`: the value, or nothing if somebody else computes it.
fn get_or_compute(
    map: &Map,
    flights: &Flown,
    owner: Owner,
    ears: &Ears,
    computed: &AtomicU32,
) -> Option<u32> {
    if let Some(known) = value(map, b"k") {
        return Some(known);
    }
    let Boarding::Lead = board(flights, owner, ears) else { return None };
    let value = value(map, b"k").unwrap_or_else(|| {
        let value = 40 + computed.fetch_add(1, Ordering::SeqCst);
        set(map, b"k", value);
        value
    });
    flights.land("k", owner, &value).unwrap();
    Some(value)
}

#[test]
fn what_two_ask_for_at_once_is_computed_once() {
    model(|| {
        let (map, flights, ears) = (map(8), Flown::new(), Ears::default());
        let computed = Arc::new(AtomicU32::new(0));
        let asking = {
            let (map, flights, ears) = (Arc::clone(&map), Arc::clone(&flights), ears.clone());
            let computed = Arc::clone(&computed);
            thread::spawn(move || get_or_compute(&map, &flights, Owner(2), &ears, &computed))
        };
        let here = get_or_compute(&map, &flights, Owner(1), &ears, &computed);
        let there = asking.join().unwrap();
        assert_eq!(here.or_else(|| ears.result(Owner(1))), Some(40));
        assert_eq!(there.or_else(|| ears.result(Owner(2))), Some(40));
        assert_eq!((computed.load(Ordering::SeqCst), flights.flights().len()), (1, 0));
    });
}

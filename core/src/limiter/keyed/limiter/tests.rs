//! Keys, their limits and their lists over a clock that stands still.

use std::num::{NonZeroU32, NonZeroU64};

use super::super::Limit;
use super::*;
use crate::limiter::{Quota, TokenBucket};
use crate::lock::told::Told;
use crate::timer::ManualTimers;

type Limiter = Arc<KeyedLimiter<Arc<Told>>>;

fn bucket(tokens: u64, interval: Nanos) -> Limit {
    let some = |n| NonZeroU64::new(n).unwrap();
    let quota = Quota { capacity: some(tokens), tokens: some(tokens), interval: some(interval), burst: true };
    Limit::Bucket(TokenBucket::new(quota))
}

fn fixed(limit: u32, window: Nanos) -> Limit {
    Limit::fixed(NonZeroU32::new(limit).unwrap(), NonZeroU64::new(window).unwrap())
}

fn limiter(limits: &[Limit], max_keys: Option<u64>, on_full: OnFull) -> (Limiter, Arc<ManualTimers>) {
    let timers = Arc::new(ManualTimers::default());
    timers.advance(1_000_000);
    let limits = Limits::new(limits.to_vec()).unwrap();
    let own: Arc<dyn Timers> = timers.clone();
    (KeyedLimiter::new(limits, max_keys, on_full, 99, timers.clock.clone(), own), timers)
}

fn take(limiter: &Limiter, key: &str, cost: u64) -> bool {
    limiter.ask(key.as_bytes(), cost, Ask::Take) == Verdict::Allowed
}

fn remaining(limiter: &Limiter, key: &str) -> u64 {
    limiter.ask_all(key.as_bytes(), 0, Ask::Look).standing.remaining
}

#[test]
fn each_key_has_its_own() {
    let (limiter, timers) = limiter(&[bucket(2, 1000)], None, OnFull::Refuse);
    assert!(take(&limiter, "a", 1) && take(&limiter, "a", 1) && !take(&limiter, "a", 1));
    assert!(take(&limiter, "b", 2));
    timers.advance(500);
    assert!(take(&limiter, "a", 1) && !take(&limiter, "a", 1));
}

#[test]
fn several_limits_hold_all_at_once_and_nothing_is_taken_when_one_refuses() {
    let (limiter, timers) = limiter(&[bucket(10, 1000), fixed(15, 100_000)], None, OnFull::Refuse);
    assert!(take(&limiter, "a", 10) && !take(&limiter, "a", 1));
    timers.advance(1000);
    assert!(!take(&limiter, "a", 6));
    // The first had ten again, and the six that were refused took none of them.
    assert_eq!(remaining(&limiter, "a"), 5);
    assert!(take(&limiter, "a", 5));
    let refused = limiter.ask_all(b"a", 1, Ask::Take);
    assert_eq!(refused.verdict, Verdict::Limited(Some(1_100_000)));
    assert_eq!((refused.standing.limit, refused.standing.reset_at), (15, 1_100_000));
    assert_eq!(limiter.ask(b"b", 11, Ask::Take), Verdict::Limited(None));
    assert_eq!(limiter.len(), 1);
}

#[test]
fn a_key_whose_limits_have_come_back_is_forgotten_and_no_other() {
    let (limiter, timers) = limiter(&[fixed(3, 1000)], None, OnFull::Refuse);
    for key in 0..10_000 {
        assert!(take(&limiter, &format!("key {key}"), 1));
        timers.advance(1);
    }
    // A thousand of them still owe something.
    assert!((999..6000).contains(&limiter.len()), "{}", limiter.len());
    limiter.sweep();
    assert_eq!(limiter.len(), 999);
    assert_eq!(remaining(&limiter, "key 9500"), 2);
    assert!(limiter.knows(b"key 9500") && !limiter.knows(b"key 50"));
    timers.advance(1000);
    assert_eq!((limiter.sweep(), limiter.len()), (999, 0));
    assert_eq!(limiter.stats().dropped, 10_000);
}

#[test]
fn flooding_keys_resets_nobodys_limit() {
    let (limiter, timers) = limiter(&[fixed(1, 1000)], Some(50), OnFull::Refuse);
    assert!(take(&limiter, "attacker", 1));
    for key in 0..10_000 {
        let _flood = take(&limiter, &key.to_string(), 1);
    }
    assert!(!take(&limiter, "attacker", 1));
    assert_eq!(limiter.len(), 50);
    assert_eq!(limiter.ask(b"new", 1, Ask::Take), Verdict::Full);
    assert_eq!(limiter.ask(b"new", 1, Ask::Look), Verdict::Allowed);
    assert_eq!(limiter.stats().turned_away, 9952);
    timers.advance(1000);
    assert!(take(&limiter, "new", 1) && take(&limiter, "attacker", 1));
}

#[test]
fn when_full_new_keys_may_pass_uncounted() {
    let (limiter, _) = limiter(&[fixed(1, 1000)], Some(2), OnFull::Allow);
    assert!(take(&limiter, "a", 1) && take(&limiter, "b", 1));
    assert!(take(&limiter, "c", 1) && take(&limiter, "c", 1) && !take(&limiter, "a", 1));
    assert_eq!(limiter.len(), 2);
    assert!(limiter.reset(b"a") && take(&limiter, "c", 1) && !take(&limiter, "c", 1));
}

#[test]
fn lists_let_through_and_shut_out_and_can_be_changed_meanwhile() {
    let (limiter, _) = limiter(&[fixed(1, 1000)], None, OnFull::Refuse);
    assert!(take(&limiter, "a", 1));
    assert_eq!(limiter.set_list(b"a", Some(List::Allow)), None);
    assert!((0..9).all(|_| take(&limiter, "a", 1)));
    assert_eq!(limiter.set_list(b"a", Some(List::Deny)), Some(List::Allow));
    assert_eq!(limiter.ask(b"a", 1, Ask::Take), Verdict::Denied);
    assert_eq!((limiter.list(b"a"), limiter.list(b"b")), (Some(List::Deny), None));
    assert_eq!(limiter.set_list(b"a", None), Some(List::Deny));
    // What it had taken before still counts.
    assert!(!take(&limiter, "a", 1));
}

#[test]
fn a_block_ends_by_itself_or_when_it_is_taken_back() {
    let (limiter, timers) = limiter(&[fixed(3, 100)], None, OnFull::Refuse);
    assert!(take(&limiter, "a", 1));
    limiter.block(b"a", 500);
    assert_eq!(limiter.ask(b"a", 1, Ask::Take), Verdict::Blocked(1_000_500));
    assert!(limiter.knows(b"a"));
    timers.advance(500);
    assert!(take(&limiter, "a", 3));
    limiter.block(b"b", 500);
    limiter.block(b"b", 0);
    assert!(take(&limiter, "b", 1));
    timers.advance(100);
    assert_eq!((limiter.sweep(), limiter.len()), (2, 0));
}

#[test]
fn a_key_has_limits_of_its_own_under_which_what_it_has_taken_counts_on() {
    let (limiter, timers) = limiter(&[fixed(10, 1000)], None, OnFull::Refuse);
    assert!(take(&limiter, "a", 4));
    let own = Limits::new(vec![bucket(20, 1000), fixed(30, 5000)]).unwrap();
    limiter.set_limits(b"a", Some(own.clone()));
    assert_eq!((limiter.limits_of(b"a"), remaining(&limiter, "a")), (Some(own), 16));
    assert!(take(&limiter, "a", 16) && !take(&limiter, "a", 1));
    timers.advance(1000);
    assert_eq!(remaining(&limiter, "a"), 14);
    limiter.set_limits(b"a", None);
    assert_eq!((remaining(&limiter, "a"), limiter.limits_of(b"a").unwrap().each().len()), (10, 1));
    limiter.set_limits(b"b", None);
    assert!(!limiter.knows(b"b"));
}

#[test]
fn configured_anew_each_key_counts_on_and_those_with_limits_of_their_own_keep_them() {
    for max_keys in [Some(100), None] {
        let (limiter, timers) = limiter(&[bucket(10, 1000), fixed(8, 5000)], max_keys, OnFull::Refuse);
        let own = Limits::new(vec![fixed(3, 1000)]).unwrap();
        limiter.set_limits(b"own", Some(own.clone()));
        limiter.block(b"blocked", 50);
        assert!(take(&limiter, "own", 1) && take(&limiter, "a", 4) && take(&limiter, "b", 8));
        timers.advance(100);
        assert_eq!(limiter.ask(b"a", 2, Ask::Force), Verdict::Allowed);
        // Of the bucket half is left, as it is of a larger one; the window has its six.
        let more = Limits::new(vec![bucket(100, 1000), fixed(20, 6000)]).unwrap();
        limiter.configure(&more);
        assert_eq!(limiter.limits_of(b"a"), Some(more));
        assert_eq!((remaining(&limiter, "a"), remaining(&limiter, "b")), (14, 12));
        assert_eq!((remaining(&limiter, "new"), remaining(&limiter, "blocked")), (20, 20));
        assert_eq!(limiter.limits_of(b"own"), Some(own));
        assert!(take(&limiter, "own", 2) && !take(&limiter, "own", 1));
        // Another number of limits, of another kind: how many were taken counts.
        limiter.configure(&Limits::new(vec![fixed(60, 1000)]).unwrap());
        assert_eq!((remaining(&limiter, "a"), remaining(&limiter, "new")), (10, 60));
        timers.advance(1000);
        assert_eq!((remaining(&limiter, "a"), limiter.sweep() > 0), (60, true));
        assert!(take(&limiter, "blocked", 60) && !take(&limiter, "blocked", 1));
    }
}

#[test]
fn configured_anew_what_a_key_owes_beyond_its_limit_is_not_forgotten() {
    let (limiter, timers) = limiter(&[fixed(3, 1000)], None, OnFull::Refuse);
    assert_eq!(limiter.ask(b"a", 9, Ask::Force), Verdict::Allowed);
    limiter.configure(&Limits::new(vec![fixed(8, 1000)]).unwrap());
    assert!(!take(&limiter, "a", 1));
    timers.advance(1000);
    assert!(take(&limiter, "a", 8));
}

#[test]
fn configuring_drops_what_has_come_back_and_makes_room() {
    let (limiter, timers) = limiter(&[fixed(3, 1000)], Some(2), OnFull::Refuse);
    assert!(take(&limiter, "a", 1) && take(&limiter, "b", 1) && !take(&limiter, "c", 1));
    timers.advance(1000);
    limiter.configure(&Limits::new(vec![fixed(8, 1000)]).unwrap());
    assert_eq!((limiter.len(), limiter.stats().dropped), (0, 2));
    assert!(take(&limiter, "c", 1) && take(&limiter, "d", 1) && !take(&limiter, "e", 1));
}

#[test]
fn a_penalty_takes_what_is_not_there_and_a_reward_gives_no_more_than_was_taken() {
    let (limiter, timers) = limiter(&[fixed(3, 100)], None, OnFull::Refuse);
    assert_eq!(limiter.ask(b"a", 5, Ask::Force), Verdict::Allowed);
    limiter.give_back(b"a", None, 1);
    assert_eq!(remaining(&limiter, "a"), 0);
    limiter.give_back(b"a", None, 100);
    assert_eq!(remaining(&limiter, "a"), 3);
    limiter.give_back(b"unknown", None, 1);
    assert!(!limiter.knows(b"unknown"));
    let taken = limiter.ask_all(b"a", 2, Ask::Take).now;
    timers.advance(100);
    assert!(take(&limiter, "a", 1));
    limiter.give_back(b"a", Some(taken), 2);
    assert_eq!(remaining(&limiter, "a"), 2);
}

#[test]
fn clearing_forgets_what_was_taken_and_keeps_what_was_set() {
    let (limiter, _) = limiter(&[fixed(1, 100)], Some(10), OnFull::Refuse);
    assert!(take(&limiter, "a", 1) && take(&limiter, "b", 1));
    limiter.set_list(b"c", Some(List::Deny));
    limiter.block(b"d", 100);
    limiter.reset_all();
    assert!(take(&limiter, "a", 1) && take(&limiter, "b", 1) && take(&limiter, "d", 1));
    assert!(!take(&limiter, "c", 1));
    assert!((0..8).all(|key| take(&limiter, &key.to_string(), 1)));
    assert!(!take(&limiter, "last", 1), "there is room for ten, those that are special not counted");
}

#[test]
fn a_closed_one_decides_nothing() {
    let (limiter, _) = limiter(&[fixed(1, 100)], None, OnFull::Refuse);
    assert!(limiter.close() && !limiter.close());
    assert_eq!(limiter.ask(b"a", 1, Ask::Take), Verdict::Closed);
    assert_eq!(limiter.ask_all(b"a", 1, Ask::Take).verdict, Verdict::Closed);
}

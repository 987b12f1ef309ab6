//! A gate and the line before it, with the simplest of rules.

use super::super::mutex::Lock;
use super::super::told::Told;
use super::*;
use crate::clock::{Clock, ManualClock, Nanos};
use crate::wait::WaitOutcome;

const A: Owner = Owner(1);
const B: Owner = Owner(2);

#[test]
fn what_changes_while_the_waiter_is_made_is_seen() {
    let (lock, told) = (Lock::new(true), Arc::<Told>::default());
    lock.try_lock(A).unwrap();
    let make = told.make(0);
    let quick = lock.lock(B, || {
        lock.unlock(A).unwrap();
        make()
    });
    assert_eq!((told.won(), quick.waiter().outcome()), (vec![0], Some(WaitOutcome::Won)));
    let make = told.make(1);
    let _late = lock.lock(A, || {
        lock.close();
        make()
    });
    assert_eq!(told.news(), [(1, WaitOutcome::Closed)]);
}

#[test]
fn who_looks_sees_each_wait_and_since_when_until_it_ends() {
    let clock = ManualClock::default();
    let (lock, told) = (Lock::new(true), Arc::<Told>::default());
    lock.try_lock(A).unwrap();
    let look = || {
        let mut seen = Vec::new();
        lock.each_waiter(&mut |waiter| seen.push((waiter.token(), waiter.since())));
        seen
    };
    let begins = |token| {
        clock.advance(5);
        let waiter = told.make(token)();
        waiter.begin(clock.now());
        waiter
    };
    let first = lock.lock(B, || begins(0)).waiter();
    let _second = lock.lock(B, || begins(1));
    let late = lock.lock(B, told.make(2)).waiter();
    assert_eq!(look(), [(0, 5), (1, 10), (2, Nanos::MAX)]);
    clock.advance(5);
    late.begin(clock.now());
    assert!(first.cancel());
    assert_eq!(look(), [(1, 10), (2, 15)]);
    lock.unlock(A).unwrap();
    assert_eq!(look(), [(2, 15)]);
}

#[test]
fn nobody_waits_for_what_is_gone() {
    let (lock, told) = (Lock::new(true), Arc::<Told>::default());
    lock.try_lock(A).unwrap();
    let _waiter = lock.lock(B, told.make(0)).waiter();
    drop(lock);
    assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
}

//! Composites over a clock that stands still: all or nothing, the line, what is reserved.

use std::num::NonZeroU64;

use super::super::{Limiter, Quota, SlidingLog, TokenBucket};
use super::*;
use crate::lock::told::Told as Heard;
use crate::timer::ManualTimers;

type Target = Arc<Heard>;

struct World {
    timers: Arc<ManualTimers>,
    bucket: Arc<Limiter<TokenBucket, Target>>,
    log: Arc<Limiter<SlidingLog, Target>>,
    both: Arc<Composite<Target>>,
    told: Target,
}

fn some(n: u64) -> NonZeroU64 {
    NonZeroU64::new(n).unwrap()
}

/// 10 and then 1 each 10, and 4 in each 1000; one costs two of the bucket.
fn world() -> World {
    let timers = Arc::new(ManualTimers::default());
    let quota = Quota { capacity: some(10), tokens: some(1), interval: some(10), burst: true };
    let bucket = Limiter::new(TokenBucket::new(quota), 100, timers.clock.clone(), timers.clone());
    let log = SlidingLog::new(some(4), some(1000));
    let log = Limiter::new(log, 100, timers.clock.clone(), timers.clone());
    let parts = vec![
        Part { limiter: bucket.clone(), weight: 1 },
        Part { limiter: log.clone(), weight: 1 },
        Part { limiter: bucket.clone(), weight: 1 },
    ];
    let both = Composite::new(parts, 2, timers.clock.clone(), timers.clone());
    World { timers, bucket, log, both, told: Arc::default() }
}

#[test]
fn when_one_refuses_the_others_have_lost_nothing() {
    let World { bucket, log, both, .. } = world();
    assert!(log.try_acquire(4));
    assert!(!both.try_acquire(1));
    assert_eq!(bucket.check().remaining, 10);
    log.reset();
    assert!(both.try_acquire(3));
    assert_eq!((bucket.check().remaining, log.check().remaining), (4, 1));
    assert!(!both.try_acquire(2));
    assert_eq!((bucket.check().remaining, log.check().remaining), (4, 1));
}

#[test]
fn who_waits_passes_in_order_once_all_allow_it() {
    let World { timers, bucket, both, told, .. } = world();
    assert!(bucket.try_acquire(10));
    for token in 0..2 {
        let mut make = Some(told.make(token));
        let acquire = both.acquire(1, None, &mut || make.take().unwrap()());
        assert!(matches!(acquire, Acquire::Waiting(_)));
    }
    assert_eq!((both.until(1), both.check().retry_after), (Some(60), 60));
    let late = both.acquire(1, Some(59), &mut || unreachable!());
    assert!(matches!(late, Acquire::Refused(Refused::Full(60))));
    let third = both.acquire(1, None, &mut || unreachable!());
    assert!(matches!(third, Acquire::Refused(Refused::Full(60))));
    assert!(!both.try_acquire(1));
    timers.advance(19);
    assert_eq!(told.won(), []);
    timers.advance(1);
    assert_eq!(told.won(), [0]);
    timers.advance(20);
    assert_eq!(told.won(), [1]);
    assert_eq!((timers.armed(), both.figures().waited), (0, 2));
}

#[test]
fn one_that_cannot_be_in_time_or_ever_is_refused_at_once() {
    let World { log, both, .. } = world();
    let never = both.acquire(5, None, &mut || unreachable!());
    assert!(matches!(never, Acquire::Refused(Refused::TooMuch)));
    assert!(log.try_acquire(4));
    let late = both.acquire(1, Some(999), &mut || unreachable!());
    assert!(matches!(late, Acquire::Refused(Refused::Late(1000))));
}

#[test]
fn when_one_of_them_is_closed_those_who_wait_are_told() {
    let World { timers, bucket, both, told, .. } = world();
    assert!(bucket.try_acquire(10));
    let mut make = Some(told.make(0));
    let waits = both.acquire(1, None, &mut || make.take().unwrap()());
    assert!(matches!(waits, Acquire::Waiting(_)) && !both.is_closed());
    bucket.close();
    timers.advance(20);
    assert_eq!(told.news(), [(0, crate::wait::WaitOutcome::Closed)]);
    assert!(both.is_closed() && !both.try_acquire(1));
}

#[test]
fn what_is_reserved_is_taken_of_all_when_its_time_comes_unless_it_is_given_up() {
    let World { timers, bucket, log, both, told } = world();
    assert_eq!(both.reserve(2), Reserve::Now);
    assert!(bucket.try_acquire(6));
    let Reserve::Later { after: 20, place: first } = both.reserve(1) else { panic!() };
    let Reserve::Later { after: 40, place: second } = both.reserve(1) else { panic!() };
    assert_eq!(both.reserve(1), Reserve::Refused(Refused::Full(1000)));
    assert!(both.is_reserved(first) && both.is_reserved(second));
    assert!(both.give_up(first) && !both.give_up(first) && !both.is_reserved(first));
    // Nothing was taken of any, and the one behind it moves up.
    assert_eq!((log.check().remaining, both.figures().cancelled), (2, 1));
    timers.advance(20);
    assert!(!both.is_reserved(second) && !both.give_up(second));
    assert_eq!((bucket.check().remaining, log.check().remaining), (0, 1));
    let mut make = Some(told.make(0));
    let waits = both.acquire(1, None, &mut || make.take().unwrap()());
    let Acquire::Waiting(waiter) = waits else { panic!() };
    assert!(!both.give_up(0) && !both.give_up(3), "only what is reserved is given up");
    assert!(waiter.cancel());
    assert_eq!(both.reserve(5), Reserve::Refused(Refused::TooMuch));
    let Reserve::Later { place, .. } = both.reserve(1) else { panic!() };
    both.close();
    assert!(!both.is_reserved(place) && !both.give_up(place));
    assert_eq!(both.reserve(1), Reserve::Refused(Refused::Closed));
    assert_eq!(timers.armed(), 0);
}

#[test]
fn one_that_cannot_be_in_time_behind_those_who_wait_here_is_refused_with_the_time_it_would_take() {
    let World { bucket, both, .. } = world();
    assert!(bucket.try_acquire(10));
    assert!(matches!(both.reserve(1), Reserve::Later { after: 20, .. }));
    let late = both.acquire(1, Some(39), &mut || unreachable!());
    assert!(matches!(late, Acquire::Refused(Refused::Late(40))));
}

#[test]
fn one_who_gives_up_has_taken_nothing() {
    let World { timers, bucket, log, both, told } = world();
    assert!(bucket.try_acquire(10));
    let mut make = Some(told.make(0));
    let Acquire::Waiting(waiter) = both.acquire(1, None, &mut || make.take().unwrap()()) else {
        panic!("it does not wait")
    };
    assert!(waiter.cancel());
    timers.advance(1000);
    assert_eq!((bucket.check().remaining, log.check().remaining), (10, 4));
}

//! Who waits for a key, and who is served when.

use std::num::{NonZeroU32, NonZeroU64};

use super::super::{Limit, Limits, List, OnFull};
use super::*;
use crate::lock::told::Told;
use crate::timer::{ManualTimers, Timers};
use crate::wait::WaitOutcome::{Cancelled, Closed, TimedOut};

struct Test {
    limiter: Arc<KeyedLimiter<Arc<Told>>>,
    timers: Arc<ManualTimers>,
    told: Arc<Told>,
}

/// Ten per hundred nanoseconds and key.
fn test() -> Test {
    test_with(10_000)
}

fn test_with(max_waiting: usize) -> Test {
    let timers = Arc::new(ManualTimers::default());
    timers.advance(1000);
    let limit = Limit::sliding(NonZeroU32::new(10).unwrap(), NonZeroU64::new(100).unwrap());
    let limits = Limits::new(vec![limit]).unwrap();
    let own: Arc<dyn Timers> = timers.clone();
    let limiter = KeyedLimiter::new(limits, None, OnFull::Refuse, max_waiting, timers.clock.clone(), own);
    Test { limiter, timers, told: Arc::default() }
}

impl Test {
    fn acquire(&self, token: u64, key: &str, cost: u64) -> Acquire<Arc<Told>> {
        self.limiter.acquire(key.as_bytes(), cost, None, self.told.make(token))
    }

    fn waits(&self, token: u64, key: &str, cost: u64) -> Arc<Waiter<Arc<Told>>> {
        let Acquire::Waiting(waiter) = self.acquire(token, key, cost) else { panic!("it does not wait") };
        waiter
    }

    fn drain(&self, key: &str) {
        assert!(matches!(self.acquire(0, key, 10), Acquire::Now));
    }

    fn advance(&self, span: Nanos) -> Vec<u64> {
        self.timers.advance(span);
        self.told.won()
    }
}

#[test]
fn each_is_served_in_its_time_and_a_large_one_is_not_overtaken() {
    let test = test();
    test.drain("a");
    let _first = test.waits(1, "a", 5);
    let _second = test.waits(2, "a", 1);
    assert_eq!(test.limiter.ask(b"a", 1, Ask::Take), Verdict::Behind);
    assert!(matches!(test.acquire(3, "b", 1), Acquire::Now));
    assert_eq!((test.timers.armed(), test.advance(149)), (1, vec![]));
    assert_eq!((test.advance(1), test.timers.armed()), (vec![1], 1));
    assert_eq!((test.advance(9), test.advance(1)), (vec![], vec![2]));
    assert_eq!((test.timers.armed(), test.limiter.stats().waiting), (0, 0));
    assert_eq!(test.limiter.ask_all(b"a", 1, Ask::Look).verdict, Verdict::Limited(Some(1170)));
}

#[test]
fn one_who_gives_up_takes_nothing_and_those_behind_it_come_sooner() {
    let test = test();
    test.drain("a");
    let large = test.waits(1, "a", 10);
    let _small = test.waits(2, "a", 1);
    let late = test.waits(3, "a", 1);
    let timers: Arc<dyn Timers> = test.timers.clone();
    late.arm(&timers, 1050);
    test.timers.advance(100);
    assert_eq!(test.told.news(), [(3, TimedOut)]);
    assert!(large.cancel() && !large.cancel());
    assert_eq!(test.told.news(), [(1, Cancelled)]);
    assert_eq!(test.advance(10), [2]);
    assert_eq!(test.limiter.ask_all(b"a", 0, Ask::Look).standing.remaining, 0);
}

#[test]
fn a_wait_that_cannot_end_in_time_is_not_begun() {
    let test = test();
    test.drain("a");
    let _first = test.waits(1, "a", 5);
    let ask = |limit| test.limiter.acquire(b"a", 1, Some(limit), test.told.make(2));
    assert!(matches!(ask(159), Acquire::Late(160)));
    assert!(matches!(ask(160), Acquire::Waiting(_)));
    let never = Acquire::<Arc<Told>>::Refused(Verdict::Limited(None));
    for key in ["a", "new"] {
        assert_eq!(format!("{:?}", test.acquire(3, key, 11)), format!("{never:?}"));
    }
}

#[test]
fn so_many_wait_over_all_keys_and_each_that_leaves_makes_room_for_another() {
    let test = test_with(2);
    for key in ["a", "b", "c"] {
        test.drain(key);
    }
    let first = test.waits(1, "a", 5);
    let _second = test.waits(2, "b", 1);
    assert!(matches!(test.acquire(3, "c", 1), Acquire::Queue(110)));
    assert!(matches!(test.acquire(3, "a", 1), Acquire::Queue(160)));
    // What is never allowed is no matter of room, and what passes needs none.
    assert!(matches!(test.acquire(3, "a", 11), Acquire::Refused(Verdict::Limited(None))));
    assert!(matches!(test.acquire(3, "d", 1), Acquire::Now));
    assert_eq!((test.limiter.stats().waiting, test.limiter.stats().refused), (2, 3));
    assert!(first.cancel());
    assert_eq!(test.told.news(), [(1, Cancelled)]);
    let _third = test.waits(4, "c", 1);
    assert!(matches!(test.acquire(5, "a", 1), Acquire::Queue(110)));
    assert_eq!(test.advance(110), [2, 4]);
    test.drain("d2");
    let _fourth = test.waits(6, "d2", 1);
    let _fifth = test.waits(7, "d2", 1);
    assert!(matches!(test.acquire(8, "d2", 1), Acquire::Queue(_)));
    test.limiter.close();
    assert!(test.limiter.common.seats.take().is_some());
    let none = test_with(0);
    none.drain("a");
    assert!(matches!(none.acquire(1, "a", 1), Acquire::Queue(110)));
}

#[test]
fn configured_anew_those_who_wait_keep_their_order_and_one_who_asks_for_too_much_is_told() {
    let test = test();
    test.drain("a");
    let _waits = [test.waits(1, "a", 1), test.waits(2, "a", 8), test.waits(3, "a", 1)];
    let limits = |limit| {
        let limit = Limit::sliding(NonZeroU32::new(limit).unwrap(), NonZeroU64::new(100).unwrap());
        Limits::new(vec![limit]).unwrap()
    };
    test.limiter.configure(&limits(11));
    assert_eq!((test.told.won(), test.timers.armed()), (vec![1], 1));
    test.limiter.configure(&limits(5));
    assert_eq!((test.told.news(), test.timers.armed()), (vec![(2, Closed)], 1));
    assert_eq!(test.advance(200), [3]);
    assert_eq!((test.timers.armed(), test.limiter.stats().waiting), (0, 0));
}

#[test]
fn a_reward_a_reset_or_other_limits_let_those_pass_who_wait() {
    let test = test();
    test.drain("a");
    let _one = test.waits(1, "a", 2);
    test.limiter.give_back(b"a", None, 2);
    assert_eq!(test.told.won(), [1]);
    let _two = test.waits(2, "a", 2);
    assert!(test.limiter.reset(b"a"));
    assert_eq!(test.told.won(), [2]);
    let _three = test.waits(3, "a", 10);
    test.limiter.set_list(b"a", Some(List::Allow));
    assert_eq!(test.told.won(), [3]);
    test.limiter.set_list(b"a", None);
    test.limiter.block(b"a", 500);
    let _four = test.waits(4, "a", 1);
    test.limiter.reset_all();
    assert_eq!((test.told.won(), test.timers.armed()), (vec![4], 0));
    test.limiter.block(b"a", 500);
    let _five = test.waits(5, "a", 1);
    test.limiter.set_list(b"a", Some(List::Deny));
    assert_eq!(test.told.news(), [(5, Closed)]);
}

#[test]
fn a_block_is_waited_for() {
    let test = test();
    test.limiter.block(b"a", 500);
    let _one = test.waits(1, "a", 1);
    assert_eq!((test.advance(499), test.advance(1)), (vec![], vec![1]));
}

#[test]
fn closing_ends_all_waits_and_the_dead_wait_no_more() {
    let test = test();
    test.drain("a");
    test.drain("b");
    let _waits = [test.waits(1, "a", 1), test.waits(2, "b", 1), test.waits(3, "a", 1)];
    let other = Arc::<Told>::default();
    let Acquire::Waiting(_theirs) = test.limiter.acquire(b"a", 1, None, other.make(4)) else { panic!() };
    test.limiter.forget(|target| Arc::ptr_eq(target, &other));
    assert_eq!((other.news(), test.told.news()), (vec![(4, Cancelled)], vec![]));
    test.limiter.close();
    let mut news = test.told.news();
    news.sort_unstable_by_key(|(token, _)| *token);
    assert_eq!(news, [(1, Closed), (2, Closed), (3, Closed)]);
    assert!(matches!(test.acquire(5, "a", 1), Acquire::Refused(Verdict::Closed)));
    assert_eq!(test.timers.armed(), 0);
}

#[test]
fn ten_thousand_in_one_line_are_served_by_one_alarm_at_a_time_in_order() {
    let test = test();
    test.drain("a");
    let waits: Vec<_> = (0..10_000).map(|token| test.waits(token, "a", 1)).collect();
    assert_eq!(test.timers.armed(), 1);
    assert_eq!(test.advance(200_000), (0..10_000).collect::<Vec<_>>());
    drop(waits);
}

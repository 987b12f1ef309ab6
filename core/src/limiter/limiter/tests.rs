use std::num::NonZeroU64;

use super::super::{FixedWindow, Quota, SlidingLog, SlidingWindow, TokenBucket};
use super::*;
use crate::clock::MILLI;
use crate::lock::told::Told as Heard;
use crate::timer::{ManualTimers, TimerKey};
use crate::wait::WaitOutcome;

type Target = Arc<Heard>;

fn some(n: u64) -> NonZeroU64 {
    NonZeroU64::new(n).unwrap()
}

fn bucket(capacity: u64, tokens: u64, interval: Nanos, burst: bool) -> TokenBucket {
    TokenBucket::new(Quota {
        capacity: some(capacity),
        tokens: some(tokens),
        interval: some(interval),
        burst,
    })
}

struct World<R: Adapt> {
    timers: Arc<ManualTimers>,
    limiter: Arc<Limiter<R, Target>>,
    told: Target,
}

fn world<R: Adapt>(rule: R) -> World<R> {
    let timers = Arc::new(ManualTimers::default());
    // Not at the clock's origin, where all windows begin.
    timers.advance(1_000_000 * MILLI);
    let limiter = Limiter::new(rule, 1 << 20, timers.clock.clone(), timers.clone());
    World { timers, limiter, told: Arc::default() }
}

impl<R: Adapt> World<R> {
    fn acquire(&self, token: u64, cost: u64, within: Option<Nanos>) -> Acquire<Target> {
        let mut make = Some(self.told.make(token));
        self.limiter.acquire(cost, within, &mut || make.take().unwrap()())
    }

    fn wait(&self, token: u64, cost: u64) -> Arc<Waiter<Target>> {
        let Acquire::Waiting(waiter) = self.acquire(token, cost, None) else { panic!("it does not wait") };
        waiter
    }
}

// What x/time/rate's documentation says.

#[test]
fn allow_n_takes_all_or_nothing_and_never_more_than_the_burst() {
    let World { limiter, timers, .. } = world(bucket(10, 10, 100, true));
    assert!(!limiter.try_acquire(11) && limiter.try_acquire(7) && !limiter.try_acquire(4));
    assert!(limiter.try_acquire(3) && !limiter.try_acquire(1));
    timers.advance(40);
    assert!(!limiter.try_acquire(5) && limiter.try_acquire(4));
}

#[test]
fn wait_fails_at_once_when_the_burst_is_exceeded_or_the_deadline_cannot_be_met() {
    let world = world(bucket(10, 10, 100, true));
    assert!(world.limiter.try_acquire(10));
    assert!(matches!(world.acquire(0, 11, None), Acquire::Refused(Refused::TooMuch)));
    assert!(matches!(world.acquire(0, 5, Some(49)), Acquire::Refused(Refused::Late(50))));
    assert!(matches!(world.acquire(0, 5, Some(50)), Acquire::Waiting(_)));
    // Behind the one that waits.
    assert!(matches!(world.acquire(1, 1, Some(59)), Acquire::Refused(Refused::Late(60))));
    assert_eq!(world.limiter.figures().refused, 3);
    world.timers.advance(50);
    assert_eq!(world.told.won(), [0]);
}

#[test]
fn a_reservation_says_when_and_cancelling_it_restores_what_it_would_have_taken() {
    let World { limiter, timers, .. } = world(bucket(10, 10, 100, true));
    assert_eq!(limiter.reserve(10), Reserve::Now);
    let Reserve::Later { after: 50, place } = limiter.reserve(5) else { panic!("not as expected") };
    let Reserve::Later { after: 80, place: behind } = limiter.reserve(3) else { panic!("not as expected") };
    assert_eq!(limiter.until(1), Some(90));
    assert!(limiter.give_up(place) && !limiter.give_up(place));
    // Those behind it move up.
    assert_eq!(limiter.until(1), Some(40));
    timers.advance(30);
    assert!(!limiter.give_up(behind));
    assert_eq!((limiter.waiting(), limiter.check().remaining, timers.armed()), (0, 0, 0));
    assert_eq!(limiter.reserve(11), Reserve::Refused(Refused::TooMuch));
}

#[test]
fn setting_limit_and_burst_while_it_runs_keeps_the_share_of_tokens() {
    let World { limiter, timers, .. } = world(bucket(10, 10, 100, true));
    assert!(limiter.try_acquire(5));
    limiter.configure(bucket(100, 1, 1, true));
    assert_eq!(limiter.check().remaining, 50);
    limiter.configure(bucket(2, 1, 1000, true));
    assert_eq!(limiter.check().remaining, 1);
    assert!(limiter.try_acquire(1) && !limiter.try_acquire(1));
    timers.advance(1000);
    assert!(limiter.try_acquire(1));
}

// Lines of TRAPS "Limiters".

#[test]
fn a_bucket_allows_its_burst_and_its_rate_in_a_window_and_no_more() {
    let World { limiter, timers, .. } = world(bucket(5, 1, 10, true));
    timers.advance(100_000);
    let mut passed = 0;
    for _ in 0..=100 {
        passed += (0..9).filter(|_| limiter.try_acquire(1)).count();
        timers.advance(1);
    }
    assert_eq!(passed, 5 + 10);
}

#[test]
fn a_fixed_window_passes_twice_its_limit_at_an_edge_and_a_log_does_not() {
    fn around_an_edge<R: Adapt>(rule: R) -> u64 {
        let World { limiter, timers, .. } = world(rule);
        timers.advance(99);
        let before = (0..20).filter(|_| limiter.try_acquire(1)).count();
        timers.advance(1);
        (before + (0..20).filter(|_| limiter.try_acquire(1)).count()) as u64
    }
    assert_eq!(around_an_edge(FixedWindow::new(some(10), some(100))), 20);
    assert_eq!(around_an_edge(SlidingWindow::new(some(10), some(100), some(10))), 10);
    assert_eq!(around_an_edge(SlidingLog::new(some(10), some(100))), 10);
}

#[test]
fn credit_saved_up_while_idle_ends_at_the_capacity() {
    let World { limiter, timers, .. } = world(bucket(3, 1, 10, true));
    timers.advance(1_000_000 * MILLI);
    assert_eq!((0..9).filter(|_| limiter.try_acquire(1)).count(), 3);
}

#[test]
fn a_large_request_takes_no_overdraft_and_is_not_overtaken_for_ever() {
    let world = world(bucket(10, 1, 10, true));
    assert!(world.limiter.try_acquire(10));
    world.wait(0, 10);
    world.wait(1, 1);
    for _ in 0..9 {
        world.timers.advance(10);
        assert!(!world.limiter.try_acquire(1));
    }
    assert_eq!(world.told.won(), []);
    world.timers.advance(10);
    assert_eq!(world.told.won(), [0]);
    world.timers.advance(10);
    assert_eq!(world.told.won(), [1]);
}

#[test]
fn a_refund_after_the_window_rolled_over_makes_nothing_negative() {
    let World { limiter, timers, .. } = world(FixedWindow::new(some(5), some(100)));
    assert!(limiter.try_acquire(5));
    timers.advance(100);
    limiter.reward(5);
    assert_eq!(limiter.check().remaining, 5);
    assert!(!limiter.try_acquire(6));
}

#[test]
fn a_window_of_more_than_2_to_the_31_milliseconds_ends_when_it_does() {
    let span = 3_000_000_000 * MILLI;
    let world = world(SlidingLog::new(some(1), some(span)));
    assert!(world.limiter.try_acquire(1));
    world.wait(0, 1);
    world.timers.advance(span - 1);
    assert_eq!(world.told.won(), []);
    world.timers.advance(1);
    assert_eq!(world.told.won(), [0]);
}

#[test]
fn a_window_below_a_millisecond_ends_when_it_does() {
    let World { limiter, timers, .. } = world(FixedWindow::new(some(1), some(100)));
    assert!(limiter.try_acquire(1) && !limiter.try_acquire(1));
    timers.advance(100);
    assert!(limiter.try_acquire(1));
}

#[test]
fn waiters_that_gave_up_have_eaten_no_tokens_and_stay_nowhere() {
    let world = world(bucket(10, 1, 10, true));
    assert!(world.limiter.try_acquire(10));
    let waiters: Vec<_> = (0..1000).map(|token| world.wait(token, 1)).collect();
    waiters.iter().for_each(|waiter| assert!(waiter.cancel()));
    assert_eq!((world.limiter.waiting(), world.timers.armed()), (0, 0));
    world.timers.advance(100);
    assert_eq!(world.limiter.check().remaining, 10);
    assert_eq!(world.limiter.figures().cancelled, 1000);
}

/// Counts how often an alarm is set.
#[derive(Debug, Default)]
struct Counting(ManualTimers, AtomicU64);

impl Timers for Counting {
    fn arm(&self, at: Nanos, alarm: Weak<dyn Alarm>) -> TimerKey {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.arm(at, alarm)
    }

    fn disarm(&self, key: TimerKey) {
        self.0.disarm(key);
    }
}

#[test]
fn ten_thousand_waiters_are_woken_once_each_in_order_by_one_alarm_at_a_time() {
    const COUNT: u64 = 10_000;
    let timers = Arc::new(Counting::default());
    let (rule, told) = (bucket(10, 1, 10, true), Target::default());
    let limiter = Limiter::<_, Target>::new(rule, 1 << 20, timers.0.clock.clone(), timers.clone());
    assert!(limiter.try_acquire(10));
    for token in 0..COUNT {
        let mut make = Some(told.make(token));
        let acquire = limiter.acquire(1, None, &mut || make.take().unwrap()());
        assert!(matches!(acquire, Acquire::Waiting(_)));
    }
    assert_eq!((timers.0.armed(), timers.1.load(Ordering::Relaxed)), (1, 1));
    timers.0.advance(10 * COUNT);
    assert_eq!(told.won(), (0..COUNT).collect::<Vec<_>>());
    assert_eq!((timers.0.armed(), timers.1.load(Ordering::Relaxed)), (0, COUNT));
    let figures = limiter.figures();
    assert_eq!((figures.waited, figures.waited_max), (COUNT, 10 * COUNT));
    assert_eq!(figures.waited_sum, 10 * COUNT * (COUNT + 1) / 2);
}

// The line.

#[test]
fn when_the_first_gives_up_those_behind_it_move_up() {
    let world = world(bucket(10, 1, 10, true));
    assert!(world.limiter.try_acquire(9));
    let large = world.wait(0, 10);
    world.wait(1, 1);
    world.wait(2, 1);
    assert!(large.cancel());
    assert_eq!(world.told.news(), [(1, WaitOutcome::Won), (0, WaitOutcome::Cancelled)]);
    world.timers.advance(10);
    assert_eq!(world.told.won(), [2]);
}

#[test]
fn an_alarm_that_rings_late_lets_all_pass_whose_time_has_come() {
    let world = world(bucket(10, 1, 10, true));
    assert!(world.limiter.try_acquire(10));
    (0..5).for_each(|token| drop(world.wait(token, 1)));
    world.timers.clock.advance(35);
    world.timers.advance(0);
    assert_eq!(world.told.won(), [0, 1, 2]);
    assert_eq!(world.limiter.until(1), Some(25));
    world.timers.advance(5);
    assert_eq!(world.told.won(), [3]);
}

#[test]
fn no_more_wait_than_may() {
    let timers = Arc::new(ManualTimers::default());
    let limiter = Limiter::<_, Target>::new(bucket(1, 1, 10, true), 1, timers.clock.clone(), timers.clone());
    let told = Target::default();
    let world = World { timers, limiter, told };
    assert!(world.limiter.try_acquire(1));
    world.wait(0, 1);
    assert!(matches!(world.acquire(1, 1, None), Acquire::Refused(Refused::Full(20))));
    assert_eq!(world.limiter.reserve(1), Reserve::Refused(Refused::Full(20)));
}

#[test]
fn a_penalty_delays_all_and_a_reward_and_a_reset_let_them_in() {
    let world = world(bucket(10, 1, 10, true));
    world.limiter.penalty(12);
    world.wait(0, 1);
    assert_eq!(world.limiter.check().retry_after, 40);
    world.timers.advance(20);
    assert_eq!(world.told.won(), []);
    world.limiter.reward(1);
    assert_eq!(world.told.won(), [0]);
    world.wait(1, 10);
    world.limiter.reset();
    assert_eq!((world.told.won(), world.limiter.check().remaining), (vec![1], 0));
}

#[test]
fn a_block_lets_nobody_pass_until_it_ends_and_nobody_loses_the_place() {
    let world = world(bucket(10, 1, 10, true));
    world.limiter.block(500);
    assert!(!world.limiter.try_acquire(1));
    let check = world.limiter.check();
    assert_eq!((check.allowed, check.remaining, check.retry_after, check.reset_after), (false, 0, 500, 500));
    world.wait(0, 1);
    world.wait(1, 1);
    assert!(matches!(world.acquire(2, 1, Some(499)), Acquire::Refused(Refused::Late(500))));
    world.timers.advance(499);
    assert_eq!(world.told.won(), []);
    world.timers.advance(1);
    assert_eq!((world.told.won(), world.limiter.check().remaining), (vec![0, 1], 8));
    world.limiter.block(500);
    world.limiter.block(0);
    assert!(world.limiter.try_acquire(8));
}

#[test]
fn configured_anew_those_who_wait_keep_their_order_and_one_who_asks_for_too_much_is_told() {
    let world = world(bucket(10, 1, 1000, true));
    assert!(world.limiter.try_acquire(10));
    world.wait(0, 1);
    world.wait(1, 8);
    world.wait(2, 1);
    world.limiter.configure(bucket(5, 1, 10, true));
    world.timers.advance(10);
    assert_eq!(world.told.news(), [(0, WaitOutcome::Won), (1, WaitOutcome::Closed)]);
    world.timers.advance(10);
    assert_eq!(world.told.won(), [2]);
}

#[test]
fn after_many_configurations_it_still_decides() {
    let World { limiter, .. } = world(bucket(100, 1, 1000, true));
    for _ in 0..100 {
        limiter.configure(bucket(100, 1, 1000, true));
        assert!(limiter.try_acquire(1));
    }
    assert!(!limiter.try_acquire(1));
}

#[test]
fn closing_tells_all_who_wait_and_all_who_come() {
    let world = world(bucket(1, 1, 10, true));
    assert!(world.limiter.try_acquire(1));
    world.wait(0, 1);
    world.limiter.close();
    world.limiter.close();
    assert_eq!(world.told.news(), [(0, WaitOutcome::Closed)]);
    world.timers.advance(1000);
    assert!(!world.limiter.try_acquire(1));
    assert!(matches!(world.acquire(1, 1, None), Acquire::Refused(Refused::Closed)));
    assert_eq!(world.limiter.reserve(1), Reserve::Refused(Refused::Closed));
    assert_eq!(world.timers.armed(), 0);
}

#[test]
fn spaced_evenly_those_who_wait_pass_one_by_one() {
    let world = world(bucket(5, 1, 10, false));
    assert!(world.limiter.try_acquire(1));
    (0..3).for_each(|token| drop(world.wait(token, 1)));
    for token in 0..3 {
        world.timers.advance(9);
        assert_eq!(world.told.won(), []);
        world.timers.advance(1);
        assert_eq!(world.told.won(), [token]);
    }
}

// The word of a sliding window.

#[test]
fn a_sliding_window_is_locked_by_the_first_of_each_sub_window_only() {
    let World { limiter, timers, .. } = world(SlidingWindow::new(some(5), some(100), some(10)));
    let by_word = |cost| limiter.try_word(timers.clock.now(), cost);
    assert_eq!(by_word(1), None);
    assert!(limiter.try_acquire(1));
    assert_eq!(
        (by_word(2), by_word(2), by_word(3), by_word(0)),
        (Some(true), Some(true), Some(false), Some(true))
    );
    timers.advance(9);
    assert_eq!(by_word(1), Some(false));
    timers.advance(1);
    assert_eq!(by_word(1), None);
    assert!(!limiter.try_acquire(1));
    assert_eq!(by_word(1), Some(false));
    timers.advance(99);
    assert!(!limiter.try_acquire(1));
    timers.advance(1);
    assert!(limiter.try_acquire(1));
    assert_eq!((by_word(5), by_word(4), limiter.check().remaining), (Some(false), Some(true), 0));
}

#[test]
fn a_sliding_window_with_room_for_more_than_a_word_holds_decides_under_the_lock() {
    let World { limiter, timers, .. } = world(SlidingWindow::new(some(u64::MAX), some(100), some(10)));
    assert_eq!(limiter.check().remaining, u64::MAX);
    assert_eq!(limiter.try_word(timers.clock.now(), 1), None);
    assert!(limiter.try_acquire(1));
    assert_eq!(limiter.try_word(timers.clock.now(), 7), Some(true));
    assert_eq!(limiter.check().remaining, u64::MAX - 8);
}

#[test]
fn one_whose_clock_was_read_before_the_sub_window_began_is_of_that_sub_window() {
    let World { limiter, timers, .. } = world(SlidingWindow::new(some(2), some(100), some(10)));
    let before = timers.clock.now();
    timers.advance(10);
    assert!(limiter.try_acquire(1));
    assert_eq!((limiter.try_word(before, 1), limiter.try_word(before, 1)), (Some(true), Some(false)));
    timers.advance(109);
    assert_eq!(limiter.check().remaining, 0);
    timers.advance(1);
    assert_eq!(limiter.check().remaining, 2);
}

#[test]
fn while_somebody_waits_or_nobody_may_a_sliding_window_has_no_word() {
    let world = world(SlidingWindow::new(some(2), some(100), some(10)));
    let by_word = || world.limiter.try_word(world.timers.clock.now(), 1);
    assert!(world.limiter.try_acquire(1));
    let waiter = world.wait(0, 2);
    assert_eq!(by_word(), None);
    assert!(waiter.cancel());
    assert_eq!(by_word(), Some(true));
    world.limiter.block(5);
    world.limiter.reward(1);
    assert_eq!(by_word(), None);
    world.limiter.block(0);
    assert_eq!(by_word(), Some(true));
    world.limiter.reset();
    assert_eq!((by_word(), by_word(), by_word()), (Some(true), Some(true), Some(false)));
    world.limiter.close();
    assert_eq!((by_word(), world.limiter.try_acquire(1)), (None, false));
}

//! Limiters: passing by the word against the line, against one who gives up, against another configuration, against the alarm, against the word of the
//! next sub-window. Two threads and two waiters at most; at most three preemptions, as for locks.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use millrace_core::clock::Clock;
use millrace_core::limiter::{Acquire, Limiter, Limits, Quota, SlidingWindow, TokenBucket};
use millrace_core::timer::ManualTimers;
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};

/// Counts, outside the model, how often each of two waiters was told each outcome.
#[derive(Default)]
struct Told([[AtomicUsize; 5]; 2]);

type Target = Arc<Told>;

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0[token as usize][outcome as usize].fetch_add(1, Ordering::SeqCst);
    }
}

impl Told {
    fn won(&self, token: usize) -> usize {
        self.0[token][WaitOutcome::Won as usize].load(Ordering::SeqCst)
    }

    fn ever(&self, token: usize) -> usize {
        self.0[token].iter().map(|count| count.load(Ordering::SeqCst)).sum()
    }
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

fn bucket(capacity: u64) -> TokenBucket {
    let some = |n| NonZeroU64::new(n).unwrap();
    TokenBucket::new(Quota { capacity: some(capacity), tokens: some(1), interval: some(10), burst: true })
}

type Bucket = Arc<Limiter<TokenBucket, Target>>;

fn world(capacity: u64) -> (Bucket, Arc<ManualTimers>, Target) {
    let timers = Arc::new(ManualTimers::default());
    (Limiter::new(bucket(capacity), 9, timers.clock.clone(), timers.clone()), timers, Arc::default())
}

fn acquire(limiter: &Bucket, told: &Target, token: u64, cost: u64) -> Option<Arc<Waiter<Target>>> {
    match limiter.acquire(cost, None, &mut || Waiter::new(told.clone(), token)) {
        Acquire::Now => None,
        Acquire::Waiting(waiter) => Some(waiter),
        Acquire::Refused(why) => panic!("refused: {why:?}"),
    }
}

#[test]
fn two_who_try_for_the_last_token_get_it_once() {
    model(|| {
        let (limiter, ..) = world(1);
        let other = Arc::clone(&limiter);
        let trying = thread::spawn(move || other.try_acquire(1));
        let passed = usize::from(limiter.try_acquire(1)) + usize::from(trying.join().unwrap());
        assert_eq!((passed, limiter.check().remaining, limiter.figures().allowed), (1, 0, 1));
    });
}

#[test]
fn one_who_tries_and_one_who_waits_and_gives_up_leave_what_they_have_not_taken() {
    model(|| {
        let (limiter, _timers, told) = world(2);
        let other = Arc::clone(&limiter);
        let trying = thread::spawn(move || other.try_acquire(1));
        let waiter = acquire(&limiter, &told, 0, 2);
        let cancelled = waiter.as_ref().is_some_and(|waiter| waiter.cancel());
        let tried = trying.join().unwrap();
        let acquired = waiter.is_none() || told.won(0) == 1;
        assert_eq!(acquired, !cancelled);
        assert_eq!(limiter.check().remaining, 2 - 2 * u64::from(acquired) - u64::from(tried));
        // The word is back.
        assert_eq!((limiter.waiting(), limiter.try_acquire(1)), (0, !acquired));
    });
}

#[test]
fn no_decision_mixes_two_configurations() {
    model(|| {
        let (limiter, ..) = world(2);
        let other = Arc::clone(&limiter);
        let configuring = thread::spawn(move || other.configure(bucket(1)));
        // Only the old one allows it, and then the bucket is empty under the new one, no emptier.
        let passed = limiter.try_acquire(2);
        configuring.join().unwrap();
        assert_eq!(limiter.until(1), Some(if passed { 10 } else { 0 }));
        assert_eq!(limiter.try_acquire(1), !passed);
    });
}

fn sliding(limit: u64, size: u64) -> SlidingWindow {
    let some = |n| NonZeroU64::new(n).unwrap();
    // Sub-windows of one nanosecond.
    SlidingWindow::new(some(limit), some(size), some(size))
}

type Sliding = Arc<Limiter<SlidingWindow, Target>>;

fn sliding_world(limit: u64, size: u64) -> (Sliding, Arc<ManualTimers>) {
    let timers = Arc::new(ManualTimers::default());
    (Limiter::new(sliding(limit, size), 9, timers.clock.clone(), timers.clone()), timers)
}

#[test]
fn what_two_take_around_the_end_of_a_sub_window_is_each_counted_once_in_its_own() {
    model(|| {
        let (limiter, timers) = sliding_world(2, 2);
        assert!(limiter.try_acquire(1));
        let (other, clock) = (Arc::clone(&limiter), timers.clock.clone());
        let trying = thread::spawn(move || {
            let before = clock.now();
            (before, other.try_acquire(1), clock.now())
        });
        timers.clock.advance(1);
        let passed = limiter.try_acquire(1);
        let (before, tried, after) = trying.join().unwrap();
        // The first has not left yet.
        assert_eq!((passed != tried, limiter.check().remaining, limiter.figures().allowed), (true, 0, 2));
        timers.clock.advance(2);
        // The first has, and so has the other one's if it came before the end.
        let left = limiter.check().remaining;
        assert!(if passed || before == 1 { left == 1 } else { left == 2 || after == 1 && left == 1 });
        timers.clock.advance(1);
        assert_eq!(limiter.check().remaining, 2);
    });
}

#[test]
fn nobody_is_refused_by_the_word_of_a_sub_window_that_has_ended() {
    model(|| {
        let (limiter, timers) = sliding_world(1, 1);
        assert!(limiter.try_acquire(1) && !limiter.try_acquire(1));
        timers.clock.advance(2);
        let other = Arc::clone(&limiter);
        let looking = thread::spawn(move || other.check().remaining);
        assert!(limiter.try_acquire(1));
        assert!(looking.join().unwrap() <= 1);
        assert!(!limiter.try_acquire(1));
    });
}

#[test]
fn what_is_taken_from_a_sub_window_goes_on_under_another_configuration() {
    model(|| {
        let (limiter, timers) = sliding_world(2, 2);
        let other = Arc::clone(&limiter);
        let configuring = thread::spawn(move || other.configure(sliding(1, 3)));
        let passed = limiter.try_acquire(2);
        configuring.join().unwrap();
        assert_eq!(limiter.try_acquire(1), !passed);
        timers.clock.advance(3);
        assert!(!limiter.try_acquire(1));
        timers.clock.advance(1);
        assert!(limiter.try_acquire(1));
    });
}

#[test]
fn the_alarm_and_one_who_gives_up_leave_the_token_to_one_of_the_two() {
    model(|| {
        let (limiter, timers, told) = world(1);
        assert!(limiter.try_acquire(1));
        let first = acquire(&limiter, &told, 0, 1).unwrap();
        let _second = acquire(&limiter, &told, 1, 1).unwrap();
        let cancelling = thread::spawn(move || first.cancel());
        timers.advance(10);
        let cancelled = cancelling.join().unwrap();
        assert_eq!((told.won(0), told.won(1)), (usize::from(!cancelled), usize::from(cancelled)));
        timers.advance(10);
        assert_eq!(
            (told.won(0) + told.won(1), told.ever(0), told.ever(1)),
            (2 - usize::from(cancelled), 1, 1)
        );
        assert_eq!((limiter.waiting(), timers.armed()), (0, 0));
    });
}

#[test]
fn closing_as_one_comes_leaves_nobody_waiting() {
    model(|| {
        let (limiter, _timers, told) = world(1);
        assert!(limiter.try_acquire(1));
        let other = Arc::clone(&limiter);
        let closing = thread::spawn(move || other.close());
        let acquire = limiter.acquire(1, None, &mut || Waiter::new(told.clone(), 0));
        closing.join().unwrap();
        let waited = matches!(acquire, Acquire::Waiting(_));
        assert_eq!((told.ever(0), told.won(0), limiter.waiting()), (usize::from(waited), 0, 0));
    });
}

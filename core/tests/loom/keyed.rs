//! The line of a key: giving up against the alarm, coming against giving back, against closing, against other limits, and the last place among
//! those who wait. Two threads and two waiters at most; at most three preemptions, as for limiters.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use millrace_core::limiter::keyed::{Acquire, Ask, KeyedLimiter, Limit, Limits, OnFull, Verdict};
use millrace_core::timer::ManualTimers;
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};

/// Counts, outside the model, how often each of two waiters was told each outcome.
#[derive(Default)]
struct Told([[AtomicUsize; 5]; 2]);

type Target = Arc<Told>;
type Keyed = Arc<KeyedLimiter<Target>>;

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0[token as usize][outcome as usize].fetch_add(1, Ordering::SeqCst);
    }
}

impl Told {
    fn count(&self, token: usize, outcome: WaitOutcome) -> usize {
        self.0[token][outcome as usize].load(Ordering::SeqCst)
    }

    fn won(&self, token: usize) -> usize {
        self.count(token, WaitOutcome::Won)
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

fn limits(limit: u32) -> Limits {
    let limit = Limit::fixed(NonZeroU32::new(limit).unwrap(), NonZeroU64::new(10).unwrap());
    Limits::new(vec![limit]).unwrap()
}

/// So many in ten nanoseconds, and one shard, in which all keys meet.
fn world(limit: u32, max_waiting: usize) -> (Keyed, Arc<ManualTimers>, Target) {
    let timers = Arc::new(ManualTimers::default());
    let (clock, own) = (timers.clock.clone(), timers.clone());
    let limiter = KeyedLimiter::new(limits(limit), Some(8), OnFull::Refuse, max_waiting, clock, own);
    (limiter, timers, Arc::default())
}

fn acquire(limiter: &Keyed, told: &Target, key: &[u8], token: u64) -> Acquire<Target> {
    limiter.acquire(key, 1, None, || Waiter::new(told.clone(), token))
}

fn waits(limiter: &Keyed, told: &Target, token: u64) -> Arc<Waiter<Target>> {
    let Acquire::Waiting(waiter) = acquire(limiter, told, b"a", token) else { panic!("it does not wait") };
    waiter
}

fn take(limiter: &Keyed, key: &[u8]) -> bool {
    limiter.ask(key, 1, Ask::Take) == Verdict::Allowed
}

#[test]
fn the_alarm_and_one_who_gives_up_leave_the_place_to_one_of_the_two_in_order() {
    model(|| {
        let (limiter, timers, told) = world(1, 9);
        assert!(take(&limiter, b"a"));
        let (first, _second) = (waits(&limiter, &told, 0), waits(&limiter, &told, 1));
        let cancelling = thread::spawn(move || first.cancel());
        timers.advance(10);
        let cancelled = cancelling.join().unwrap();
        assert_eq!((told.won(0), told.won(1)), (usize::from(!cancelled), usize::from(cancelled)));
        timers.advance(10);
        assert_eq!((told.won(1), told.ever(0), told.ever(1)), (1, 1, 1));
        assert_eq!((limiter.stats().waiting, timers.armed()), (0, 0));
    });
}

#[test]
fn what_is_given_back_as_two_come_goes_to_one_of_them_and_the_other_waits() {
    model(|| {
        let (limiter, timers, told) = world(1, 9);
        assert!(take(&limiter, b"a"));
        let (other, hers) = (Arc::clone(&limiter), Arc::clone(&told));
        let coming = thread::spawn(move || matches!(acquire(&other, &hers, b"a", 1), Acquire::Now));
        let giving = Arc::clone(&limiter);
        let giving = thread::spawn(move || giving.give_back(b"a", None, 1));
        let first = matches!(acquire(&limiter, &told, b"a", 0), Acquire::Now);
        let second = coming.join().unwrap();
        giving.join().unwrap();
        let passed = usize::from(first) + usize::from(second) + told.won(0) + told.won(1);
        assert_eq!((passed, limiter.stats().waiting), (1, 1));
        timers.advance(10);
        let passed = usize::from(first) + usize::from(second) + told.won(0) + told.won(1);
        assert_eq!((passed, limiter.stats().waiting, timers.armed()), (2, 0, 0));
    });
}

#[test]
fn closing_as_one_comes_leaves_nobody_waiting() {
    model(|| {
        let (limiter, timers, told) = world(1, 9);
        assert!(take(&limiter, b"a"));
        let _there = waits(&limiter, &told, 1);
        let other = Arc::clone(&limiter);
        let closing = thread::spawn(move || other.close());
        let waited = matches!(acquire(&limiter, &told, b"a", 0), Acquire::Waiting(_));
        assert!(closing.join().unwrap() && !limiter.close());
        assert_eq!((told.ever(0), told.count(0, WaitOutcome::Closed)), (usize::from(waited), told.ever(0)));
        assert_eq!((told.ever(1), told.count(1, WaitOutcome::Closed)), (1, 1));
        assert_eq!((limiter.stats().waiting, timers.armed()), (0, 0));
    });
}

#[test]
fn the_last_place_among_those_who_wait_is_free_again_when_its_holder_has_gone() {
    model(|| {
        let (limiter, _timers, told) = world(1, 1);
        assert!(take(&limiter, b"a") && take(&limiter, b"b"));
        let (other, hers) = (Arc::clone(&limiter), Arc::clone(&told));
        // One who finds the other there for a moment may be refused although that one gives up: both are then.
        let coming = thread::spawn(move || match acquire(&other, &hers, b"b", 1) {
            Acquire::Waiting(waiter) => waiter.cancel(),
            _ => false,
        });
        let waiting = match acquire(&limiter, &told, b"a", 0) {
            Acquire::Waiting(waiter) => Some(waiter),
            _ => None,
        };
        let cancelled = coming.join().unwrap();
        assert!(cancelled || waiting.is_some());
        assert_eq!((told.ever(0), told.ever(1)), (0, usize::from(cancelled)));
        assert_eq!(limiter.stats().waiting, u64::from(waiting.is_some()));
        let again = acquire(&limiter, &told, b"b", 1);
        assert_eq!(matches!(again, Acquire::Waiting(_)), waiting.is_none());
        assert!(waiting.is_none_or(|waiter| waiter.cancel()));
    });
}

#[test]
fn no_decision_mixes_two_configurations_and_nobody_who_may_pass_waits() {
    model(|| {
        let (limiter, timers, told) = world(1, 9);
        assert!(take(&limiter, b"a"));
        let other = Arc::clone(&limiter);
        let configuring = thread::spawn(move || other.configure(&limits(2)));
        let now = matches!(acquire(&limiter, &told, b"a", 0), Acquire::Now);
        configuring.join().unwrap();
        assert_eq!(usize::from(now) + told.won(0), 1);
        assert!(!take(&limiter, b"a"));
        assert_eq!((limiter.stats().waiting, timers.armed()), (0, 0));
    });
}

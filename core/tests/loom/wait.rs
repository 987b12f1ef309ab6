//! Handing over, cancelling and time-outs at once, on the smallest object that can be waited for: one permit. Two waiters
//! and three threads at most; at most three preemptions, as for the pool: together under a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use millrace_core::sync::Mutex;
use millrace_core::timer::{Alarm, ManualTimers, Timers};
use millrace_core::wait::{Awaited, ThreadParker, WaitList, WaitOutcome, Waiter, WakeTarget};

/// One permit and those who wait for it.
struct Permit<W: WakeTarget> {
    inner: Mutex<(usize, Line<W>)>,
}

type Line<W> = WaitList<Arc<Waiter<W>>>;

impl<W: WakeTarget> Default for Permit<W> {
    fn default() -> Self {
        Self { inner: Mutex::new((0, WaitList::default())) }
    }
}

impl<W: WakeTarget> Permit<W> {
    fn release(&self) {
        let mut inner = self.inner.lock();
        let woken = inner.1.wake_one();
        if woken.is_none() {
            inner.0 += 1;
        }
        drop(inner);
        drop(woken);
    }

    fn acquire(self: &Arc<Self>, waiter: &Arc<Waiter<W>>) -> bool {
        waiter.enlist(|places| {
            let mut inner = self.inner.lock();
            if inner.0 > 0 {
                inner.0 -= 1;
                return true;
            }
            let me: Arc<dyn Awaited> = Arc::clone(self) as Arc<dyn Awaited>;
            places.push((Arc::downgrade(&me), inner.1.push(Arc::clone(waiter))));
            false
        })
    }

    fn free(&self) -> usize {
        self.inner.lock().0
    }

    fn waiting(&self) -> usize {
        self.inner.lock().1.len()
    }
}

impl<W: WakeTarget> Awaited for Permit<W> {
    fn leave(&self, place: u64) {
        self.inner.lock().1.remove(place);
    }
}

/// Counts, outside the model, how often each waiter was told each outcome.
#[derive(Default)]
struct Told([[AtomicUsize; 4]; 2]);

impl Told {
    fn times(&self, token: usize, outcome: WaitOutcome) -> usize {
        self.0[token][outcome as usize].load(Ordering::SeqCst)
    }

    fn ever(&self, token: usize) -> usize {
        self.0[token].iter().map(|count| count.load(Ordering::SeqCst)).sum()
    }
}

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0[token as usize][outcome as usize].fetch_add(1, Ordering::SeqCst);
    }
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

#[test]
fn a_permit_handed_to_one_who_is_being_cancelled_goes_to_him_or_to_the_next() {
    model(|| {
        let (permit, told) = (Arc::new(Permit::default()), Arc::new(Told::default()));
        let waiters = [0, 1].map(|token| Waiter::new(told.clone(), token));
        for waiter in &waiters {
            assert!(!permit.acquire(waiter));
        }
        let first = Arc::clone(&waiters[0]);
        let cancelling = thread::spawn(move || first.cancel());
        permit.release();
        let cancelled = cancelling.join().unwrap();
        assert_eq!(told.times(0, WaitOutcome::Cancelled), usize::from(cancelled));
        assert_eq!(told.times(0, WaitOutcome::Won), usize::from(!cancelled));
        assert_eq!(told.times(1, WaitOutcome::Won), usize::from(cancelled));
        assert_eq!((permit.free(), permit.waiting()), (0, usize::from(!cancelled)));
    });
}

#[test]
fn of_a_permit_a_cancellation_and_a_time_out_one_wins_and_the_permit_is_kept() {
    model(|| {
        let (permit, told) = (Arc::new(Permit::default()), Arc::new(Told::default()));
        let waiter = Waiter::new(told.clone(), 0);
        assert!(!permit.acquire(&waiter));
        let late = Arc::clone(&waiter);
        let timing = thread::spawn(move || late.ring(1));
        let early = Arc::clone(&waiter);
        let cancelling = thread::spawn(move || early.cancel());
        permit.release();
        timing.join().unwrap();
        cancelling.join().unwrap();
        assert_eq!(told.ever(0), 1);
        assert_eq!(told.times(0, WaitOutcome::Won) + permit.free(), 1);
        assert_eq!(permit.waiting(), 0);
    });
}

#[test]
fn one_who_gives_up_as_he_queues_stands_nowhere() {
    model(|| {
        let (permit, told) = (Arc::new(Permit::default()), Arc::new(Told::default()));
        let waiter = Waiter::new(told.clone(), 0);
        let early = Arc::clone(&waiter);
        let cancelling = thread::spawn(move || assert!(early.cancel()));
        assert!(!permit.acquire(&waiter));
        cancelling.join().unwrap();
        assert_eq!((told.ever(0), permit.waiting()), (1, 0));
    });
}

#[test]
fn a_deadline_set_as_the_wait_ends_is_not_left_armed() {
    model(|| {
        let (permit, told) = (Arc::new(Permit::default()), Arc::new(Told::default()));
        let timers = Arc::new(ManualTimers::default());
        let waiter = Waiter::new(told.clone(), 0);
        assert!(!permit.acquire(&waiter));
        let releasing = {
            let permit = Arc::clone(&permit);
            thread::spawn(move || permit.release())
        };
        waiter.arm(&(Arc::clone(&timers) as Arc<dyn Timers>), 1);
        releasing.join().unwrap();
        assert_eq!((timers.armed(), told.times(0, WaitOutcome::Won)), (0, 1));
    });
}

#[test]
fn a_parked_thread_is_told() {
    model(|| {
        let permit = Arc::new(Permit::default());
        let releasing = {
            let permit = Arc::clone(&permit);
            thread::spawn(move || permit.release())
        };
        let parker = Arc::new(ThreadParker::default());
        let waiter = Waiter::new(parker.clone(), 0);
        // A lost wake-up would be a deadlock, which loom reports.
        assert!(permit.acquire(&waiter) || parker.park() == WaitOutcome::Won);
        releasing.join().unwrap();
    });
}

//! Waiting for a value to change: the change and its notification against one who comes to wait. Two threads and two waiters at
//! most; at most three preemptions, as for locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Outside};

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use millrace_core::memory::{Futex, Watch};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};

/// Counts, outside the model, how often each of two waiters was told each outcome.
#[derive(Default)]
struct Told([[AtomicUsize; 5]; 2]);

type Target = Arc<Told>;

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0[token as usize][outcome as usize].fetch_add(1, Outside::SeqCst);
    }
}

impl Told {
    fn make(self: &Arc<Self>, token: u64) -> impl FnOnce() -> Arc<Waiter<Target>> + use<> {
        let target = Arc::clone(self);
        move || Waiter::new(target, token)
    }

    fn won(&self, token: usize) -> bool {
        self.0[token][WaitOutcome::Won as usize].load(Outside::SeqCst) == 1
    }

    fn ever(&self, token: usize) -> usize {
        self.0[token].iter().map(|count| count.load(Outside::SeqCst)).sum()
    }
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

fn waits(watch: Watch<Target>) -> Arc<Waiter<Target>> {
    let Watch::Waiting(waiter) = watch else { panic!("it does not wait") };
    waiter
}

#[test]
fn a_change_that_is_notified_is_never_missed() {
    model(|| {
        let (futex, told, value) = (Futex::new(), Target::default(), Arc::new(AtomicU32::new(0)));
        let waiting = {
            let (futex, make, value) = (Arc::clone(&futex), told.make(0), Arc::clone(&value));
            thread::spawn(move || {
                let still = || value.load(Ordering::SeqCst) == 0;
                matches!(futex.wait(still, make), Watch::Waiting(_))
            })
        };
        value.store(1, Ordering::SeqCst);
        let woken = futex.notify(usize::MAX);
        let waited = waiting.join().unwrap();
        assert_eq!((told.won(0), woken), (waited, usize::from(waited)));
        assert_eq!((told.ever(0), futex.waiting()), (usize::from(waited), 0));
    });
}

#[test]
fn a_notification_of_one_who_gives_up_in_the_same_instant_is_passed_on() {
    model(|| {
        let (futex, told) = (Futex::new(), Target::default());
        let first = waits(futex.wait(|| true, told.make(0)));
        let _second = waits(futex.wait(|| true, told.make(1)));
        let cancelling = thread::spawn(move || first.cancel());
        assert_eq!(futex.notify(1), 1);
        let cancelled = cancelling.join().unwrap();
        assert_eq!((told.won(0), told.won(1)), (!cancelled, cancelled));
        assert_eq!((told.ever(0), futex.waiting()), (1, usize::from(!cancelled)));
    });
}

#[test]
fn one_who_comes_as_it_closes_is_told() {
    model(|| {
        let (futex, told) = (Futex::new(), Target::default());
        let waiting = {
            let (futex, make) = (Arc::clone(&futex), told.make(0));
            thread::spawn(move || matches!(futex.wait(|| true, make), Watch::Closed))
        };
        futex.close();
        let refused = waiting.join().unwrap();
        assert_eq!((told.won(0), told.ever(0), futex.waiting()), (false, usize::from(!refused), 0));
    });
}

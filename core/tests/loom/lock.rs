//! Locks and meeting points: giving up against handing over, an owner's death against those who come, the last arrival
//! against one who leaves. Two or three threads and two waiters at most; at most three preemptions, as for the pool.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use millrace_core::lock::{
    Acquire, Arrival, Barrier, Begin, Cond, Lock, Once, Owner, Poisoned, RwLock, Semaphore, Wait,
};
use millrace_core::wait::{Call, WaitOutcome, Waiter, WakeTarget};

const A: Owner = Owner(1);
const B: Owner = Owner(2);

/// Counts, outside the model, how often each of three waiters was told each outcome.
#[derive(Default)]
struct Told([[AtomicUsize; 5]; 3]);

type Target = Arc<Told>;

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0[token as usize][outcome as usize].fetch_add(1, Ordering::SeqCst);
    }
}

impl Told {
    fn make(self: &Arc<Self>, token: u64) -> impl FnOnce() -> Arc<Waiter<Target>> + use<> {
        let target = Arc::clone(self);
        move || Waiter::new(target, token)
    }

    fn times(&self, token: usize, outcome: WaitOutcome) -> usize {
        self.0[token][outcome as usize].load(Ordering::SeqCst)
    }

    fn won(&self, token: usize) -> bool {
        self.times(token, WaitOutcome::Won) == 1
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

fn waits<T>(wait: Wait<Target, T>) -> Arc<Waiter<Target>> {
    let Wait::Waiting(waiter) = wait else { panic!("it does not wait") };
    waiter
}

fn acquires(acquire: Acquire<Target>) -> Arc<Waiter<Target>> {
    let Acquire::Waiting(waiter) = acquire else { panic!("it does not wait") };
    waiter
}

fn arrives(arrival: Arrival<Target>) -> Arc<Waiter<Target>> {
    let Arrival::Waiting(waiter) = arrival else { panic!("it does not wait") };
    waiter
}

/// What is free and what is held is always the total.
fn is_whole(semaphore: &Semaphore<Target>) -> bool {
    let held: u32 = semaphore.holders().iter().map(|holder| holder.1).sum();
    semaphore.available() + held == semaphore.permits()
}

#[test]
fn permits_handed_to_one_who_gives_up_in_the_same_instant_go_to_the_next() {
    model(|| {
        let (semaphore, told) = (Semaphore::new(2, true), Target::default());
        assert!(semaphore.try_acquire(A, 2));
        let large = acquires(semaphore.acquire(B, 2, told.make(0)));
        let _small = acquires(semaphore.acquire(B, 1, told.make(1)));
        let cancelling = thread::spawn(move || large.cancel());
        semaphore.release(A, 2).unwrap();
        let cancelled = cancelling.join().unwrap();
        assert_eq!((told.won(0), told.won(1)), (!cancelled, cancelled));
        assert_eq!((told.ever(0), told.ever(1)), (1, usize::from(cancelled)));
        assert_eq!((semaphore.available(), semaphore.waiting()), if cancelled { (1, 0) } else { (0, 1) });
        assert!(is_whole(&semaphore));
    });
}

#[test]
fn a_permit_too_few_for_one_who_gives_up_in_the_same_instant_goes_to_those_behind() {
    model(|| {
        let (semaphore, told) = (Semaphore::new(2, true), Target::default());
        assert!(semaphore.try_acquire(A, 2));
        let large = acquires(semaphore.acquire(B, 2, told.make(0)));
        let _small = acquires(semaphore.acquire(B, 1, told.make(1)));
        let cancelling = thread::spawn(move || assert!(large.cancel()));
        semaphore.release(A, 1).unwrap();
        cancelling.join().unwrap();
        assert_eq!((told.ever(0), told.won(1), told.ever(1)), (1, true, 1));
        assert_eq!((semaphore.available(), semaphore.waiting()), (0, 0));
        assert!(is_whole(&semaphore));
    });
}

#[test]
fn a_permit_given_back_as_one_queues_is_seen() {
    model(|| {
        let (semaphore, told) = (Semaphore::new(1, true), Target::default());
        assert!(semaphore.try_acquire(A, 1));
        let acquiring = {
            let (semaphore, make) = (Arc::clone(&semaphore), told.make(0));
            thread::spawn(move || matches!(semaphore.acquire(B, 1, make), Acquire::Now))
        };
        semaphore.release(A, 1).unwrap();
        let now = acquiring.join().unwrap();
        assert_eq!((told.won(0), told.ever(0)), (!now, usize::from(!now)));
        assert_eq!((semaphore.holders(), semaphore.waiting()), (vec![(B, 1)], 0));
    });
}

#[test]
fn one_who_comes_as_a_semaphore_closes_is_told() {
    model(|| {
        let (semaphore, told) = (Semaphore::new(1, true), Target::default());
        assert!(semaphore.try_acquire(A, 1));
        let acquiring = {
            let (semaphore, make) = (Arc::clone(&semaphore), told.make(0));
            thread::spawn(move || matches!(semaphore.acquire(B, 1, make), Acquire::Closed))
        };
        semaphore.close();
        let refused = acquiring.join().unwrap();
        assert_eq!(told.times(0, WaitOutcome::Closed), usize::from(!refused));
        assert_eq!((told.ever(0), semaphore.waiting()), (usize::from(!refused), 0));
    });
}

#[test]
fn a_closing_and_a_cancellation_tell_a_waiter_once() {
    model(|| {
        let (semaphore, told) = (Semaphore::new(1, true), Target::default());
        assert!(semaphore.try_acquire(A, 1));
        let waiter = acquires(semaphore.acquire(B, 1, told.make(0)));
        let cancelling = thread::spawn(move || waiter.cancel());
        semaphore.close();
        let cancelled = cancelling.join().unwrap();
        assert_eq!(told.times(0, WaitOutcome::Cancelled), usize::from(cancelled));
        assert_eq!((told.ever(0), semaphore.waiting()), (1, 0));
    });
}

#[test]
fn a_lock_handed_to_one_who_gives_up_in_the_same_instant_goes_to_the_next() {
    model(|| {
        let (lock, told) = (Lock::new(true), Target::default());
        lock.try_lock(A).unwrap();
        let first = waits(lock.lock(B, told.make(0)));
        let _second = waits(lock.lock(A, told.make(1)));
        let cancelling = thread::spawn(move || first.cancel());
        lock.unlock(A).unwrap();
        let cancelled = cancelling.join().unwrap();
        assert_eq!((told.won(0), told.won(1)), (!cancelled, cancelled));
        assert_eq!(lock.holder(), Some(if cancelled { A } else { B }));
        assert_eq!((told.ever(0), lock.waiting()), (1, usize::from(!cancelled)));
    });
}

#[test]
fn one_who_locks_as_the_holder_dies_gets_it_poisoned() {
    model(|| {
        let (lock, told) = (Lock::new(true), Target::default());
        lock.try_lock(A).unwrap();
        let dying = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || assert!(lock.release_owner(A)))
        };
        let answer = lock.lock(B, told.make(0));
        dying.join().unwrap();
        match answer {
            Wait::Now(poisoned) => assert_eq!((poisoned, told.ever(0)), (Poisoned(true), 0)),
            Wait::Waiting(_) => assert!(told.won(0)),
            Wait::Closed => unreachable!(),
        }
        assert_eq!((lock.holder(), lock.is_poisoned(), lock.waiting()), (Some(B), true, 0));
    });
}

#[test]
fn a_lock_handed_to_one_who_dies_in_the_same_instant_is_not_kept_from_others() {
    model(|| {
        let (lock, told) = (Lock::new(true), Target::default());
        lock.try_lock(B).unwrap();
        let _dying = waits(lock.lock(A, told.make(0)));
        let dying = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || lock.release_owner(A))
        };
        lock.unlock(B).unwrap();
        let held = dying.join().unwrap();
        assert_eq!((told.won(0), told.ever(0), lock.is_poisoned()), (held, 1, held));
        assert_eq!((lock.holder(), lock.waiting()), (None, 0));
    });
}

#[test]
fn when_a_waiting_writer_gives_up_as_the_reader_leaves_the_next_reader_is_not_forgotten() {
    model(|| {
        let (lock, told) = (RwLock::new(true), Target::default());
        lock.try_read(A).unwrap();
        let writer = waits(lock.write(B, told.make(0)));
        let _reader = waits(lock.read(A, told.make(1)));
        let cancelling = thread::spawn(move || writer.cancel());
        lock.unlock_read(A).unwrap();
        let cancelled = cancelling.join().unwrap();
        assert_eq!((told.won(0), told.won(1)), (!cancelled, cancelled));
        assert_eq!(lock.writer().is_none(), cancelled);
        assert_eq!(lock.readers().is_empty(), !cancelled);
        assert_eq!(lock.waiting(), usize::from(!cancelled));
    });
}

#[test]
fn a_reader_that_comes_as_the_writer_before_it_gives_up_goes_in() {
    model(|| {
        let (lock, told) = (RwLock::new(true), Target::default());
        lock.try_read(A).unwrap();
        let writer = waits(lock.write(B, told.make(0)));
        let cancelling = thread::spawn(move || assert!(writer.cancel()));
        let now = matches!(lock.read(B, told.make(1)), Wait::Now(_));
        cancelling.join().unwrap();
        assert_eq!((told.won(1), told.ever(1)), (!now, usize::from(!now)));
        assert_eq!((lock.readers().len(), lock.waiting()), (2, 0));
    });
}

#[test]
fn a_downgrade_and_a_reader_that_comes_meet_inside() {
    model(|| {
        let (lock, told) = (RwLock::new(true), Target::default());
        lock.try_write(A).unwrap();
        let reading = {
            let (lock, make) = (Arc::clone(&lock), told.make(0));
            thread::spawn(move || matches!(lock.read(B, make), Wait::Now(_)))
        };
        lock.downgrade(A).unwrap();
        let now = reading.join().unwrap();
        assert_eq!(told.ever(0), usize::from(!now));
        assert_eq!((lock.readers().len(), lock.writer(), lock.waiting()), (2, None, 0));
    });
}

#[test]
fn the_last_arrival_and_one_who_gives_up_agree_on_whether_all_met() {
    model(|| {
        let (barrier, told) = (Barrier::new(NonZeroU32::new(3).unwrap()), Target::default());
        let leaving = arrives(barrier.arrive(A, told.make(0)));
        let _staying = arrives(barrier.arrive(A, told.make(1)));
        let cancelling = thread::spawn(move || leaving.cancel());
        let arrival = barrier.arrive(B, || unreachable!());
        let cancelled = cancelling.join().unwrap();
        assert_eq!(told.times(0, WaitOutcome::Cancelled), usize::from(cancelled));
        match arrival {
            Arrival::Leader => {
                assert!(told.won(1) && !barrier.is_broken());
                assert_eq!(barrier.generation(), 1);
            }
            Arrival::Broken => {
                assert!(cancelled && barrier.is_broken());
                assert_eq!((told.times(1, WaitOutcome::Closed), barrier.generation()), (1, 0));
            }
            Arrival::Waiting(_) | Arrival::Closed => unreachable!(),
        }
        assert_eq!((told.ever(0), told.ever(1), barrier.waiting()), (1, 1, 0));
    });
}

#[test]
fn of_two_that_arrive_at_once_one_leads_and_the_other_is_told() {
    model(|| {
        let (barrier, told) = (Barrier::new(NonZeroU32::new(2).unwrap()), Target::default());
        let arriving = {
            let (barrier, make) = (Arc::clone(&barrier), told.make(0));
            thread::spawn(move || matches!(barrier.arrive(A, make), Arrival::Leader))
        };
        let leads = matches!(barrier.arrive(B, told.make(1)), Arrival::Leader);
        assert_ne!(arriving.join().unwrap(), leads);
        assert_eq!((told.won(0), told.won(1)), (leads, !leads));
        assert_eq!((told.ever(0) + told.ever(1), barrier.waiting()), (1, 0));
    });
}

#[test]
fn one_who_is_counted_as_the_barrier_breaks_is_told() {
    model(|| {
        let (barrier, told) = (Barrier::new(NonZeroU32::new(3).unwrap()), Target::default());
        let leaving = arrives(barrier.arrive(A, told.make(0)));
        let arriving = {
            let (barrier, make) = (Arc::clone(&barrier), told.make(1));
            thread::spawn(move || matches!(barrier.arrive(B, make), Arrival::Broken))
        };
        assert!(leaving.cancel());
        let refused = arriving.join().unwrap();
        assert_eq!(told.times(1, WaitOutcome::Closed), usize::from(!refused));
        assert_eq!((told.ever(1), barrier.waiting()), (usize::from(!refused), 0));
    });
}

#[test]
fn a_notification_of_one_who_gives_up_in_the_same_instant_is_passed_on() {
    model(|| {
        let (cond, told) = (Cond::new(), Target::default());
        let first = waits(cond.wait(told.make(0)));
        let _second = waits(cond.wait(told.make(1)));
        let cancelling = thread::spawn(move || first.cancel());
        assert!(cond.notify_one());
        let cancelled = cancelling.join().unwrap();
        assert_eq!((told.won(0), told.won(1)), (!cancelled, cancelled));
        assert_eq!(cond.waiting(), usize::from(!cancelled));
    });
}

#[test]
fn one_who_comes_as_the_runner_fails_runs() {
    model(|| {
        let (once, told) = (Once::new(), Target::default());
        assert!(matches!(once.begin(A, || unreachable!()), Begin::Run));
        let coming = {
            let (once, make) = (Arc::clone(&once), told.make(0));
            thread::spawn(move || matches!(once.begin(B, make), Begin::Run))
        };
        once.finish(A, false).unwrap();
        let runs = coming.join().unwrap();
        assert_eq!((told.won(0), once.runner(), once.waiting()), (!runs, Some(B), 0));
    });
}

/// Answers its calls when it is told to; counts its ends outside the model.
#[derive(Default)]
struct Late {
    calls: StdMutex<Vec<Call>>,
    won: AtomicUsize,
    ended: AtomicUsize,
}

impl WakeTarget for Late {
    fn wake(&self, _token: u64, outcome: WaitOutcome) {
        self.ended.fetch_add(1, Ordering::SeqCst);
        self.won.fetch_add(usize::from(outcome == WaitOutcome::Won), Ordering::SeqCst);
    }

    fn call(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }
}

impl Late {
    fn make(self: &Arc<Self>) -> impl FnOnce() -> Arc<Waiter<Arc<Self>>> + use<> {
        let target = Arc::clone(self);
        move || Waiter::new(target, 0)
    }

    /// Answers all that have come so far.
    fn come(&self) {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().for_each(Call::answer);
    }

    fn won(&self) -> bool {
        self.won.load(Ordering::SeqCst) == 1
    }

    fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }
}

const C: Owner = Owner(3);

fn sleeps(wait: Wait<Arc<Late>, Poisoned>) -> Arc<Waiter<Arc<Late>>> {
    let Wait::Waiting(waiter) = wait else { panic!("it does not wait") };
    waiter
}

#[test]
fn a_lock_that_is_not_fair_calls_the_one_who_waits_whoever_slips_in() {
    model(|| {
        let (lock, waits) = (Lock::new(false), Arc::<Late>::default());
        lock.try_lock(A).unwrap();
        let _waiter = sleeps(lock.lock(B, waits.make()));
        // One call has been answered, or is, while a newcomer takes the word and gives it back.
        lock.unlock(A).unwrap();
        let newcomer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                if lock.try_lock(C).is_ok() {
                    lock.unlock(C).unwrap();
                }
            })
        };
        waits.come();
        newcomer.join().unwrap();
        // Nobody sleeps while it is free.
        waits.come();
        assert_eq!((lock.holder(), waits.won(), waits.ended(), lock.waiting()), (Some(B), true, 1, 0));
    });
}

#[test]
fn one_who_queues_as_a_lock_that_is_not_fair_is_unlocked_gets_it_or_is_called() {
    model(|| {
        let (lock, waits) = (Lock::new(false), Arc::<Late>::default());
        lock.try_lock(A).unwrap();
        let coming = {
            let (lock, make) = (Arc::clone(&lock), waits.make());
            thread::spawn(move || matches!(lock.lock(B, make), Wait::Now(_)))
        };
        lock.unlock(A).unwrap();
        let again = lock.try_lock(C).is_ok();
        let now = coming.join().unwrap();
        waits.come();
        if again {
            assert!(!now);
            lock.unlock(C).unwrap();
            waits.come();
        }
        assert_eq!((now || waits.won(), lock.holder(), lock.waiting()), (true, Some(B), 0));
    });
}

#[test]
fn when_the_one_who_is_called_gives_up_in_the_same_instant_the_next_is_called() {
    model(|| {
        let (lock, first, second) = (Lock::new(false), Arc::<Late>::default(), Arc::<Late>::default());
        lock.try_lock(A).unwrap();
        let leaves = sleeps(lock.lock(B, first.make()));
        let _stays = sleeps(lock.lock(C, second.make()));
        let cancelling = thread::spawn(move || leaves.cancel());
        lock.unlock(A).unwrap();
        first.come();
        let cancelled = cancelling.join().unwrap();
        second.come();
        assert_eq!((first.won(), second.won()), (!cancelled, cancelled));
        assert_eq!(lock.holder(), Some(if cancelled { C } else { B }));
        assert_eq!((first.ended(), lock.waiting()), (1, usize::from(!cancelled)));
    });
}

#[test]
fn when_the_one_who_is_called_dies_the_next_is_called() {
    model(|| {
        let (lock, first, second) = (Lock::new(false), Arc::<Late>::default(), Arc::<Late>::default());
        lock.try_lock(A).unwrap();
        let _dies = sleeps(lock.lock(B, first.make()));
        let _stays = sleeps(lock.lock(C, second.make()));
        let dying = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || assert!(!lock.release_owner(B)))
        };
        // Its call is never answered.
        lock.unlock(A).unwrap();
        dying.join().unwrap();
        second.come();
        assert_eq!((lock.holder(), first.won(), first.ended(), second.won()), (Some(C), false, 1, true));
    });
}

#[test]
fn a_readers_writer_lock_that_is_not_fair_calls_the_one_who_waits_whoever_slips_in() {
    model(|| {
        let (lock, waits) = (RwLock::new(false), Arc::<Late>::default());
        lock.try_read(A).unwrap();
        let _waiter = sleeps(lock.write(B, waits.make()));
        lock.unlock_read(A).unwrap();
        let newcomer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                if lock.try_read(C).is_ok() {
                    lock.unlock_read(C).unwrap();
                }
            })
        };
        waits.come();
        newcomer.join().unwrap();
        waits.come();
        assert_eq!((lock.writer(), waits.won(), waits.ended(), lock.waiting()), (Some(B), true, 1, 0));
    });
}

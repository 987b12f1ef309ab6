//! Locks whose state stands in a word: the host's threads take and give back by compare-and-set, as `ts/sync` does, while others
//! wait, come or die by the engine's calls. Two threads; at most three preemptions: a second each.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use millrace_core::lock::{Acquire, Lock, Owner, Semaphore, Wait};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};
use millrace_core::words::{Word, Words};

const A: Owner = Owner(1);
const B: Owner = Owner(2);

/// Lets the model wait until it is told.
#[derive(Default)]
struct Bell(AtomicU32);

impl WakeTarget for Bell {
    fn wake(&self, _token: u64, outcome: WaitOutcome) {
        assert_eq!(outcome, WaitOutcome::Won);
        self.0.store(1, Ordering::Release);
    }
}

impl Bell {
    fn make(self: &Arc<Self>) -> impl FnOnce() -> Arc<Waiter<Arc<Bell>>> + use<> {
        let bell = Arc::clone(self);
        move || Waiter::new(bell, 0)
    }

    fn hear(&self) {
        while self.0.load(Ordering::Acquire) == 0 {
            thread::yield_now();
        }
    }
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

/// What the lock guards: an increment is lost when two are in at once, or one does not see what the other did.
#[derive(Default)]
struct Guarded(AtomicU32);

impl Guarded {
    fn count(&self) {
        let count = self.0.load(Ordering::Relaxed);
        self.0.store(count + 1, Ordering::Relaxed);
    }
}

fn swap(word: &Word, from: u32, to: u32) -> bool {
    word.cell().compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}

#[test]
fn one_who_locks_by_the_word_and_one_who_waits_exclude_each_other() {
    model(|| {
        let lock = Lock::new(true);
        let guarded = Arc::<Guarded>::default();
        let host = {
            let (lock, guarded) = (Arc::clone(&lock), Arc::clone(&guarded));
            thread::spawn(move || {
                let word = lock.word().unwrap();
                let locked = swap(word, 0, 1);
                if locked {
                    guarded.count();
                    if !swap(word, 1, 0) {
                        lock.unlock(A).unwrap();
                    }
                }
                u32::from(locked)
            })
        };
        let bell = Arc::<Bell>::default();
        if let Wait::Waiting(_) = lock.lock(B, bell.make()) {
            bell.hear();
        }
        guarded.count();
        lock.unlock(B).unwrap();
        let counted = 1 + host.join().unwrap();
        assert_eq!((guarded.0.load(Ordering::Relaxed), lock.holder(), lock.waiting()), (counted, None, 0));
        assert!(swap(lock.word().unwrap(), 0, 1));
    });
}

#[test]
fn a_lock_that_a_dead_thread_took_by_the_word_goes_on_poisoned() {
    model(|| {
        let lock = Lock::new(true);
        let host = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let locked = swap(lock.word().unwrap(), 0, 1);
                (locked, lock.release_owner(A))
            })
        };
        let bell = Arc::<Bell>::default();
        if let Wait::Waiting(_) = lock.lock(B, bell.make()) {
            bell.hear();
        }
        let (locked, released) = host.join().unwrap();
        assert_eq!((locked, lock.is_poisoned(), lock.holder()), (released, released, Some(B)));
    });
}

/// As `ts/sync/semaphore.ts` takes and gives: the word, then the purse.
fn take(word: &Word, purse: &AtomicU32) -> bool {
    let taken = swap(word, 1, 0);
    if taken {
        purse.fetch_add(1, Ordering::Relaxed);
    }
    taken
}

fn give(semaphore: &Semaphore<Arc<Bell>>, purse: &AtomicU32) {
    if purse.load(Ordering::Relaxed) > 0 && swap(semaphore.word().unwrap(), 0, 1) {
        purse.fetch_sub(1, Ordering::Relaxed);
    } else {
        semaphore.release(A, 1).unwrap();
    }
}

fn permits(dies: bool) {
    model(move || {
        let words = Arc::<Words>::default();
        let semaphore = Semaphore::with_word(1, true, words.take());
        let place = semaphore.open_purse(A, || words.take());
        let chunk = words.chunk(0).unwrap();
        let host = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                let purse = &chunk.words()[place as usize];
                let taken = take(semaphore.word().unwrap(), purse);
                match (taken, dies) {
                    (_, true) => assert_eq!(semaphore.release_owner(A), u32::from(taken)),
                    (true, false) => give(&semaphore, purse),
                    (false, false) => {}
                }
                taken && dies
            })
        };
        let bell = Arc::<Bell>::default();
        if let Acquire::Waiting(_) = semaphore.acquire(B, 1, bell.make()) {
            bell.hear();
        }
        let poisoned = host.join().unwrap();
        assert_eq!((semaphore.available(), semaphore.waiting(), semaphore.is_poisoned()), (0, 0, poisoned));
        semaphore.release(B, 1).unwrap();
        assert_eq!((semaphore.available(), semaphore.holders()), (1, vec![]));
    });
}

#[test]
fn permits_taken_by_the_word_are_given_to_one_who_waits() {
    permits(false);
}

#[test]
fn permits_that_a_dead_thread_took_by_the_word_are_given_back() {
    permits(true);
}

/// As the one thread that uses a lock changes its word: nothing comes between its reading and its writing, or the word would lose it.
fn alone(cell: &AtomicU32, from: u32, to: u32) -> bool {
    let meets = cell.load(Ordering::Relaxed) == from;
    if meets {
        cell.store(to, Ordering::Relaxed);
    }
    meets
}

/// Hears that it has won, and that it has given up.
#[derive(Default)]
struct Ear(std::sync::atomic::AtomicU32);

impl WakeTarget for Ear {
    fn wake(&self, _token: u64, outcome: WaitOutcome) {
        self.0.store(outcome as u32, std::sync::atomic::Ordering::SeqCst);
    }
}

#[test]
fn of_a_lock_that_one_thread_uses_nobody_else_writes_what_that_one_reads_and_writes() {
    for looks in [false, true] {
        model(move || {
            let lock = Lock::new(true);
            let word = lock.word().unwrap().cell();
            assert!(alone(word, 0, 1));
            let ear = Arc::<Ear>::default();
            let make = {
                let ear = Arc::clone(&ear);
                move || Waiter::new(ear, 0)
            };
            let Wait::Waiting(waiter) = lock.lock(A, make) else { unreachable!() };
            let other = {
                let (lock, waiter) = (Arc::clone(&lock), Arc::clone(&waiter));
                thread::spawn(move || {
                    if looks {
                        assert!(lock.waiting() <= 1 && lock.holder().is_none_or(|holder| holder == A));
                        false
                    } else {
                        waiter.cancel()
                    }
                })
            };
            let unlock = || alone(word, 1, 0) || lock.unlock(A).is_ok();
            assert!(unlock());
            // It was handed to the one who waits, or that one is giving up.
            if waiter.outcome() == Some(WaitOutcome::Won) {
                assert!(unlock());
            }
            for _ in 0..2 {
                if alone(word, 0, 1) || lock.try_lock(A).is_ok() {
                    assert_eq!(lock.holder(), Some(A));
                    assert!(unlock());
                }
            }
            let cancelled = other.join().unwrap();
            assert_eq!(waiter.outcome() == Some(WaitOutcome::Cancelled), cancelled);
            assert_eq!((lock.holder(), lock.waiting()), (None, 0));
            assert!(alone(word, 0, 1) && lock.holder() == Some(A));
        });
    }
}

#[test]
fn of_permits_that_one_thread_uses_nobody_else_writes_what_that_one_reads_and_writes() {
    for looks in [false, true] {
        model(move || {
            let words = Arc::<Words>::default();
            let semaphore = Semaphore::with_word(1, true, words.take());
            let place = semaphore.open_purse(A, || words.take());
            let chunk = words.chunk(0).unwrap();
            let (word, purse) = (semaphore.word().unwrap().cell(), &chunk.words()[place as usize]);
            let take = || {
                let taken = alone(word, 1, 0);
                if taken {
                    assert!(alone(purse, 0, 1));
                }
                taken || semaphore.try_acquire(A, 1)
            };
            let give = || {
                if purse.load(Ordering::Relaxed) > 0 && alone(word, 0, 1) {
                    assert!(alone(purse, 1, 0));
                } else {
                    semaphore.release(A, 1).unwrap();
                }
            };
            assert!(take());
            let ear = Arc::<Ear>::default();
            let make = {
                let ear = Arc::clone(&ear);
                move || Waiter::new(ear, 0)
            };
            let Acquire::Waiting(waiter) = semaphore.acquire(A, 1, make) else { unreachable!() };
            let other = {
                let (semaphore, waiter) = (Arc::clone(&semaphore), Arc::clone(&waiter));
                thread::spawn(move || {
                    if looks {
                        assert!(semaphore.waiting() <= 1 && semaphore.available() <= 1);
                    } else {
                        waiter.cancel();
                    }
                })
            };
            give();
            if waiter.outcome() == Some(WaitOutcome::Won) {
                give();
            }
            if take() {
                give();
            }
            other.join().unwrap();
            assert_eq!((semaphore.available(), semaphore.waiting(), semaphore.holders()), (1, 0, vec![]));
        });
    }
}

//! Bulkheads: giving up against handing over, an owner's death against exits, and threads that enter and exit by the word alone against all
//! that native code does. Two threads and the main one; at most three preemptions, as for the locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use millrace_core::adaptive::{AdaptiveLimiter, Aimd, Algorithm, Bounds, Outcome};
use millrace_core::bulkhead::{Bulkhead, Enter};
use millrace_core::clock::ManualClock;
use millrace_core::lock::{GUARDED, Owner};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};
use millrace_core::words::{Word, Words};

const A: Owner = Owner(1);
const B: Owner = Owner(2);

/// Counts, outside the model, how often each of two waiters was told each outcome.
#[derive(Debug, Default)]
struct Told([[AtomicUsize; 5]; 2]);

type Target = Arc<Told>;
type Tested = Bulkhead<Target>;

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0[token as usize][outcome as usize].fetch_add(1, Ordering::SeqCst);
    }
}

fn make(told: &Target, token: u64) -> impl FnOnce() -> Arc<Waiter<Target>> + use<> {
    let target = Arc::clone(told);
    move || Waiter::new(target, token)
}

fn won(told: &Target, token: usize) -> bool {
    told.0[token][WaitOutcome::Won as usize].load(Ordering::SeqCst) == 1
}

fn ever(told: &Target, token: usize) -> usize {
    told.0[token].iter().map(|count| count.load(Ordering::SeqCst)).sum()
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

fn bulkhead(most: u32) -> Arc<Tested> {
    Bulkhead::new(most, 8, Word::default(), Arc::new(ManualClock::default()), Arc::new(()))
}

fn waits(enter: Enter<Target>) -> Arc<Waiter<Target>> {
    let Enter::Waiting(waiter) = enter else { panic!("it does not wait: {enter:?}") };
    waiter
}

#[test]
fn a_place_handed_to_one_who_gives_up_in_the_same_instant_goes_to_the_next() {
    model(|| {
        let (bulkhead, told) = (bulkhead(1), Target::default());
        assert_eq!(bulkhead.try_enter(A), Some(1));
        let high = waits(bulkhead.enter(B, 1, make(&told, 0)));
        let _low = waits(bulkhead.enter(B, 0, make(&told, 1)));
        let cancelling = thread::spawn(move || high.cancel());
        bulkhead.exit(A).unwrap();
        let cancelled = cancelling.join().unwrap();
        assert_eq!((won(&told, 0), won(&told, 1)), (!cancelled, cancelled));
        assert_eq!((ever(&told, 0), ever(&told, 1)), (1, usize::from(cancelled)));
        let figures = bulkhead.figures();
        assert_eq!((figures.inside, figures.waiting), (1, usize::from(!cancelled)));
        assert_eq!(figures.cancelled, u64::from(cancelled));
        assert_eq!(bulkhead.holders(), [(B, 1)]);
    });
}

#[test]
fn a_place_freed_or_added_as_one_queues_is_seen() {
    for added in [false, true] {
        model(move || {
            let (bulkhead, told) = (bulkhead(1), Target::default());
            assert_eq!(bulkhead.try_enter(A), Some(1));
            let entering = {
                let (bulkhead, make) = (Arc::clone(&bulkhead), make(&told, 0));
                thread::spawn(move || matches!(bulkhead.enter(B, 0, make), Enter::Now(_)))
            };
            if added {
                bulkhead.set_most(2)
            } else {
                bulkhead.exit(A).unwrap()
            }
            let now = entering.join().unwrap();
            assert_eq!((won(&told, 0), ever(&told, 0)), (!now, usize::from(!now)));
            assert_eq!((bulkhead.inside(), bulkhead.waiting()), (1 + u32::from(added), 0));
        });
    }
}

#[test]
fn what_the_dead_held_or_were_handed_is_free() {
    model(|| {
        let (bulkhead, told) = (bulkhead(1), Target::default());
        assert_eq!(bulkhead.try_enter(A), Some(1));
        let _its = waits(bulkhead.enter(B, 0, make(&told, 0)));
        let dying = {
            let bulkhead = Arc::clone(&bulkhead);
            thread::spawn(move || bulkhead.release_owner(B))
        };
        bulkhead.exit(A).unwrap();
        assert_eq!(dying.join().unwrap(), u32::from(won(&told, 0)));
        assert_eq!((bulkhead.inside(), bulkhead.waiting(), ever(&told, 0)), (0, 0, 1));
        assert_eq!(bulkhead.holders(), []);
    });
}

/// A thread of the host that enters and exits by compare-and-set: `ts/circuit-breakers/places.ts`.
struct Host {
    bulkhead: Arc<Tested>,
    words: Arc<Words>,
    purse: u32,
    owner: Owner,
}

impl Host {
    fn new(bulkhead: &Arc<Tested>, owner: Owner) -> Self {
        let words = Arc::new(Words::default());
        let purse = bulkhead.open_purse(owner, || words.take());
        Self { bulkhead: Arc::clone(bulkhead), words, purse, owner }
    }

    fn count(&self, by: i32) {
        let chunk = self.words.chunk(0).unwrap();
        let cell = &chunk.words()[self.purse as usize];
        cell.store(cell.load(Ordering::Relaxed).wrapping_add_signed(by), Ordering::Relaxed);
    }

    fn enter(&self) -> bool {
        let cell = self.bulkhead.word().cell();
        let mut there = cell.load(Ordering::Relaxed);
        while there != GUARDED && there & 0xffff < there >> 16 {
            match cell.compare_exchange(there, there + 1, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => {
                    self.count(1);
                    return true;
                }
                Err(found) => there = found,
            }
        }
        false
    }

    fn exit(&self) {
        let cell = self.bulkhead.word().cell();
        let mut there = cell.load(Ordering::Relaxed);
        while there != GUARDED {
            match cell.compare_exchange(there, there - 1, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return self.count(-1),
                Err(found) => there = found,
            }
        }
        self.bulkhead.exit(self.owner).unwrap();
    }
}

#[test]
fn a_thread_that_exits_by_the_word_lets_in_one_who_queues_meanwhile() {
    model(|| {
        let (bulkhead, told) = (bulkhead(1), Target::default());
        let host = Host::new(&bulkhead, A);
        assert!(host.enter());
        let exiting = thread::spawn(move || {
            host.exit();
            host
        });
        let now = matches!(bulkhead.enter(B, 0, make(&told, 0)), Enter::Now(_));
        let _host = exiting.join().unwrap();
        assert_eq!((won(&told, 0), ever(&told, 0)), (!now, usize::from(!now)));
        assert_eq!((bulkhead.inside(), bulkhead.waiting(), bulkhead.holders()), (1, 0, vec![(B, 1)]));
    });
}

#[test]
fn nobody_enters_by_the_word_beyond_what_has_just_become_the_most() {
    model(|| {
        let bulkhead = bulkhead(3);
        let hosts = [A, B].map(|owner| Host::new(&bulkhead, owner));
        assert!(hosts[0].enter());
        let entering = hosts.map(|host| {
            thread::spawn(move || {
                let entered = host.enter();
                (host, entered)
            })
        });
        bulkhead.set_most(1);
        // Whoever is not inside by now stays outside.
        let inside = bulkhead.inside();
        let all = entering.map(|entering| entering.join().unwrap());
        let entered = all.iter().filter(|(_, entered)| *entered).count() as u32;
        assert_eq!((bulkhead.inside(), inside), (1 + entered, 1 + entered));
        for (host, entered) in &all {
            if *entered {
                host.exit();
            }
        }
        all[0].0.exit();
        assert_eq!((bulkhead.inside(), bulkhead.holders()), (0, vec![]));
    });
}

#[test]
fn the_most_of_a_limiter_is_its_limit_whoever_changes_it() {
    model(|| {
        let bounds = Bounds { initial: 2, min: 1, max: 8 };
        let rule = Aimd { bounds, backoff: 0.5, timeout: u64::MAX };
        let clock = Arc::new(ManualClock::default());
        let limiter: Arc<AdaptiveLimiter<Target>> =
            AdaptiveLimiter::new(Algorithm::Aimd(rule), 0, clock, Arc::new(()));
        let permits = [A, B].map(|owner| limiter.try_acquire(owner).unwrap());
        let ending = {
            let (limiter, permit) = (Arc::clone(&limiter), permits[1]);
            thread::spawn(move || limiter.end(B, permit, Outcome::Dropped).unwrap())
        };
        limiter.end(A, permits[0], Outcome::Served).unwrap();
        ending.join().unwrap();
        assert_eq!((limiter.bulkhead().most(), limiter.bulkhead().inside()), (limiter.limit(), 0));
    });
}

//! Waking, cancelling and stealing. Two or three threads and one or two tasks each; at most three preemptions, beyond
//! which the models take minutes and have found nothing more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use millrace_core::clock::ManualClock;
use millrace_core::pool::{
    Balancing, Config, Host, Next, Nudge, Order, Outcome, Pool, TaskOptions, Worker, WorkerId,
};
use millrace_core::timer::ManualTimers;

/// Counts, outside the model, how often each reply was settled and how often it was done.
#[derive(Default)]
struct Counting {
    settled: [AtomicUsize; 4],
    done: [AtomicUsize; 4],
    nudged: AtomicUsize,
}

impl Host for Counting {
    type Input = u32;
    type Output = ();
    type Reply = usize;
    fn settle(&self, reply: usize, outcome: Outcome<()>) {
        self.settled[reply].fetch_add(1, Ordering::SeqCst);
        if matches!(outcome, Outcome::Done { .. }) {
            self.done[reply].fetch_add(1, Ordering::SeqCst);
        }
    }
    fn item(&self, _reply: &usize, _item: ()) {}
    fn nudge(&self, _worker: WorkerId, nudge: Nudge) {
        if nudge == Nudge::Wake {
            self.nudged.fetch_add(1, Ordering::SeqCst);
        }
    }
    fn order(&self, _order: Order) {}
}

type Workers = Vec<Arc<Worker<Counting>>>;

fn pool(workers: u32, balancing: Balancing) -> (Arc<Pool<Counting>>, Workers) {
    let config = Config {
        min_workers: workers,
        max_workers: workers,
        auto_scaling: false,
        balancing,
        ..Config::default()
    };
    let pool = Pool::new(
        config,
        Counting::default(),
        Arc::new(ManualClock::default()),
        Arc::new(ManualTimers::default()),
    );
    pool.start();
    let attached = (1..=workers).map(|id| pool.attach(WorkerId(id)).unwrap()).collect();
    (pool, attached)
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

#[test]
fn a_task_submitted_while_the_worker_lies_down_wakes_it() {
    model(|| {
        let (pool, mut workers) = pool(1, Balancing::WorkStealing);
        let worker = workers.pop().unwrap();
        let working = thread::spawn(move || {
            loop {
                match worker.next() {
                    Next::Task(task) => {
                        worker.finish(task.slot, true, ());
                        return;
                    }
                    // Under loom a park has no time-out: a lost wake-up would be a deadlock, which loom reports.
                    _ => drop(worker.park(1)),
                }
            }
        });
        assert!(pool.submit(0, 0, &TaskOptions::default()).is_ok());
        working.join().unwrap();
        assert_eq!(pool.host().done[0].load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_worker_that_rests_either_sees_the_task_or_is_nudged() {
    model(|| {
        let (pool, mut workers) = pool(1, Balancing::WorkStealing);
        let worker = workers.pop().unwrap();
        let resting = thread::spawn(move || {
            let empty = matches!(worker.next(), Next::Empty);
            !(empty && worker.rest())
        });
        assert!(pool.submit(0, 0, &TaskOptions::default()).is_ok());
        let seen = resting.join().unwrap();
        assert!(seen || pool.host().nudged.load(Ordering::SeqCst) > 0);
    });
}

#[test]
fn a_task_cancelled_as_it_begins_settles_once() {
    model(|| {
        let (pool, mut workers) = pool(1, Balancing::WorkStealing);
        let worker = workers.pop().unwrap();
        let id = pool.submit(0, 0, &TaskOptions::default()).unwrap_or_else(|_| unreachable!());
        let cancelling = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.cancel(id))
        };
        if let Next::Task(task) = worker.next() {
            worker.finish(task.slot, true, ());
        }
        let cancelled = cancelling.join().unwrap();
        assert_eq!(pool.host().settled[0].load(Ordering::SeqCst), 1);
        assert_eq!(pool.host().done[0].load(Ordering::SeqCst), usize::from(!cancelled));
    });
}

#[test]
fn a_task_that_is_stolen_as_its_owner_takes_it_runs_once() {
    model(|| {
        let (pool, mut workers) = pool(2, Balancing::Adaptive);
        for reply in 0..2 {
            assert!(pool.submit(0, reply, &TaskOptions::default()).is_ok());
        }
        let thief = workers.pop().unwrap();
        let owner = workers.pop().unwrap();
        let run = |worker: Arc<Worker<Counting>>| {
            while let Next::Task(task) = worker.next() {
                worker.finish(task.slot, true, ());
            }
        };
        let stealing = thread::spawn(move || run(thief));
        while let Next::Task(task) = owner.next() {
            owner.finish(task.slot, true, ());
        }
        stealing.join().unwrap();
        for reply in 0..2 {
            assert_eq!(pool.host().settled[reply].load(Ordering::SeqCst), 1);
        }
    });
}

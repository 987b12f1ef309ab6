//! The pool itself, and what its one shared lock guards. What a pool does is in the files that `mod.rs` lists.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crossbeam_utils::CachePadded;

use super::cell::Stats;
use super::config::Config;
use super::effects::{Effect, Effects};
use super::host::{Event, Host, Order, watch};
use super::ids::{TaskId, WorkerId};
use super::outcome::{Crash, Failure, Outcome};
use super::queue::Queue;
use super::sleeping::Sleeper;
use super::task::Task;
use super::worker::Worker;
use crate::clock::{Clock, MILLI, Nanos};
use crate::sync::{Arc, AtomicBool, AtomicI32, AtomicU64, Mutex, Ordering, Weak};
use crate::timer::{TimerKey, Timers};

/// Whether the pool takes tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Open,
    /// Finishes what it has.
    Closing,
    Dead,
}

/// Counts that are kept under the shared lock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) submitted: u64,
    pub(super) aborted: u64,
    pub(super) timed_out: u64,
    pub(super) rejected: u64,
    pub(super) retried: u64,
    pub(super) crashes: u64,
    pub(super) restarts: u64,
    pub(super) spawned: u64,
    pub(super) retired: u64,
    pub(super) stolen: u64,
}

/// What the shared lock guards.
pub(super) struct Shared<H: Host> {
    pub(super) life: Life,
    pub(super) queue: Queue<Task<H>>,
    /// Tasks that wait for room in the queue.
    pub(super) room: VecDeque<Task<H>>,
    /// Where a cancellable task stands in the queue.
    pub(super) places: HashMap<TaskId, u32>,
    /// When submitters give up.
    pub(super) deadlines: BTreeSet<(Nanos, TaskId)>,
    pub(super) workers: Vec<Arc<Worker<H>>>,
    pub(super) sleepers: Vec<Sleeper>,
    /// Workers that were woken and have not yet looked for work.
    pub(super) waking: Vec<WorkerId>,
    pub(super) next_task: u64,
    pub(super) next_worker: u32,
    pub(super) turn: usize,
    pub(super) tally: Tally,
    pub(super) ended: Stats,
    pub(super) began: Nanos,
    /// Workers that died in a row with no task done between.
    pub(super) crash_streak: u32,
    /// Workers that died at start in a row.
    pub(super) start_failures: u32,
    pub(super) broken: Option<Arc<Crash>>,
    /// No worker is started before.
    pub(super) not_before: Nanos,
    pub(super) load: Option<f64>,
    pub(super) last_growth: Nanos,
    /// When a worker last looked for work, and the mean run time then.
    pub(super) last_look: Nanos,
    pub(super) recent_run: f64,
    pub(super) watched: u8,
    pub(super) until_idle: Vec<H::Reply>,
    pub(super) until_ready: Vec<H::Reply>,
    pub(super) until_started: Vec<H::Reply>,
}

/// The alarm that is armed.
#[derive(Default)]
pub(super) struct Armed {
    pub(super) key: Option<TimerKey>,
}

/// A pool of workers.
pub struct Pool<H: Host> {
    pub(super) config: Config,
    pub(super) host: H,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) timers: Arc<dyn Timers>,
    pub(super) me: Weak<Self>,
    pub(super) shared: CachePadded<Mutex<Shared<H>>>,
    /// The highest priority in the queue, or below all of them: read by workers without the lock, written when it changes.
    pub(super) urgent: CachePadded<AtomicI32>,
    /// Somebody waits for the pool to be idle.
    pub(super) idle_wanted: CachePadded<AtomicBool>,
    /// Workers have died since a task was last done.
    pub(super) shaken: AtomicBool,
    /// When the alarm is due; the greatest number when none is armed.
    pub(super) armed_at: CachePadded<AtomicU64>,
    pub(super) armed: Mutex<Armed>,
}

/// What `urgent` says when nothing waits.
pub(super) const NOTHING_URGENT: i32 = i32::MIN;

impl<H: Host> Pool<H> {
    /// A pool that has not started any worker yet: call [`start`](Self::start).
    pub fn new(config: Config, host: H, clock: Arc<dyn Clock>, timers: Arc<dyn Timers>) -> Arc<Self> {
        let began = clock.now();
        let shared = Shared {
            life: Life::Open,
            queue: Queue::new(),
            room: VecDeque::new(),
            places: HashMap::new(),
            deadlines: BTreeSet::new(),
            workers: Vec::new(),
            sleepers: Vec::new(),
            waking: Vec::new(),
            next_task: 1,
            next_worker: 1,
            turn: 0,
            tally: Tally::default(),
            ended: Stats::default(),
            began,
            crash_streak: 0,
            start_failures: 0,
            broken: None,
            not_before: 0,
            load: None,
            last_growth: 0,
            last_look: 0,
            recent_run: 0.0,
            watched: 0,
            until_idle: Vec::new(),
            until_ready: Vec::new(),
            until_started: Vec::new(),
        };
        Arc::new_cyclic(|me| Self {
            config,
            host,
            clock,
            timers,
            me: me.clone(),
            shared: CachePadded::new(Mutex::new(shared)),
            urgent: CachePadded::new(AtomicI32::new(NOTHING_URGENT)),
            idle_wanted: CachePadded::new(AtomicBool::new(false)),
            shaken: AtomicBool::new(false),
            armed_at: CachePadded::new(AtomicU64::new(u64::MAX)),
            armed: Mutex::new(Armed::default()),
        })
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> &H {
        &self.host
    }

    pub(super) fn publish_urgent(&self, shared: &Shared<H>) {
        let top = shared.queue.top().map_or(NOTHING_URGENT, i32::from);
        if self.urgent.load(Ordering::Relaxed) != top {
            self.urgent.store(top, Ordering::Relaxed);
        }
    }
}

impl<H: Host> Shared<H> {
    /// Tasks no worker has taken.
    pub(super) fn waiting(&self) -> u32 {
        self.queue.len()
    }

    /// Tasks no worker has begun.
    pub(super) fn queued(&self) -> u32 {
        let taken: u32 = self.workers.iter().map(|worker| worker.local_length.load(Ordering::Relaxed)).sum();
        self.queue.len() + taken
    }

    /// The mean run time of the workers' recent tasks, or 0.
    pub(super) fn mean_run(&self) -> f64 {
        let mut sum = 0.0;
        let mut count = 0.0;
        for worker in &self.workers {
            if let Some(mean) = worker.cell.lock().mean_run.get() {
                sum += mean;
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    pub(super) fn worker(&self, id: WorkerId) -> Option<Arc<Worker<H>>> {
        self.workers.iter().find(|worker| worker.id == id).cloned()
    }

    /// A task into the queue.
    pub(super) fn push(&mut self, task: Task<H>, front: bool) {
        let (id, cancellable) = (task.id, task.cancellable);
        let at = if front { self.queue.push_front(task) } else { self.queue.push_back(task) };
        if cancellable {
            self.places.insert(id, at);
        }
    }

    /// The task that goes next, out of the queue.
    pub(super) fn pop(&mut self) -> Option<Task<H>> {
        let task = self.queue.pop()?;
        if task.cancellable {
            self.places.remove(&task.id);
        }
        Some(task)
    }

    /// Lets tasks in from the waiting room as far as there is room.
    pub(super) fn admit(&mut self, pool: &Pool<H>) {
        let Some(limit) = pool.config.max_queue else { return };
        if self.room.is_empty() {
            return;
        }
        while self.queued() < limit {
            let Some(task) = self.room.pop_front() else { break };
            self.push(task, false);
        }
    }

    pub(super) fn tell(&self, kind: u8, event: impl FnOnce() -> Event, effects: &mut Effects<H>) {
        if self.watched & kind != 0 {
            effects.push(Effect::Order(Order::Event(event())));
        }
    }

    /// Ends every waiting task with one failure.
    pub(super) fn fail_waiting(&mut self, failure: &Failure, effects: &mut Effects<H>) {
        while let Some(task) = self.pop() {
            self.settle_waiting(task, failure.clone(), effects);
        }
        while let Some(task) = self.room.pop_front() {
            self.settle_waiting(task, failure.clone(), effects);
        }
        self.tell(watch::DRAIN, || Event::Drain, effects);
    }

    /// Ends a task that has left the queue without being begun.
    pub(super) fn settle_waiting(&mut self, task: Task<H>, failure: Failure, effects: &mut Effects<H>) {
        if task.deadline != 0 {
            self.deadlines.remove(&(task.deadline, task.id));
        }
        effects.push(Effect::Settle(task.reply, Outcome::Failed(failure)));
    }

    /// How long after a crash the next worker may start.
    pub(super) fn back_off(&mut self, now: Nanos, first: Nanos) {
        const LONGEST: Nanos = 30_000 * MILLI;
        let doublings = self.crash_streak.saturating_sub(2).min(16);
        let wait = if self.crash_streak < 2 { 0 } else { (first << doublings).min(LONGEST) };
        self.not_before = now.saturating_add(wait);
    }
}

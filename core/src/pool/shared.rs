//! The pool itself, and what its one shared lock guards.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crossbeam_utils::CachePadded;

use super::effects::{Effect, Effects};
use super::host::{Crash, Event, Failure, Host, Nudge, Order, Outcome, TaskId, WorkerId};
use super::queue::Queue;
use super::worker::{Phase, Stats, Task, Worker};
use super::{Balancing, Config, watch};
use crate::clock::{Clock, MILLI, Nanos};
use crate::sync::{Arc, AtomicBool, AtomicI32, AtomicU64, Mutex, Ordering, Weak};
use crate::timer::{TimerKey, Timers};

/// Tasks a worker takes at once, at most.
const BATCH: u32 = 32;
/// Tasks shorter than this are bound by the threads that submit them.
const TINY_RUN: f64 = 5_000.0;
/// A worker that looked for work so lately will look again.
const JUST_LOOKED: Nanos = MILLI / 4;
/// A batch should not be more than so much work.
const BATCH_TIME: f64 = 500_000.0;

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

/// A worker that lies down.
#[derive(Clone, Copy)]
pub(super) struct Sleeper {
    pub(super) id: WorkerId,
    /// In its thread; otherwise in its event loop.
    pub(super) parked: bool,
    /// It runs nothing.
    pub(super) idle: bool,
    pub(super) since: Nanos,
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

    /// How many tasks a worker takes at once: its share of half the queue, and not more than a moment's work.
    pub(super) fn batch(&self, shared: &mut Shared<H>) -> u32 {
        shared.recent_run = shared.mean_run();
        let workers = shared.workers.len().max(1) as u32;
        if workers == 1 && self.config.balancing != Balancing::Adaptive {
            return self.by_time(shared).min(BATCH);
        }
        (shared.queue.len() / (2 * workers)).clamp(1, BATCH).min(self.by_time(shared))
    }

    fn by_time(&self, shared: &Shared<H>) -> u32 {
        let mean = shared.recent_run;
        if mean <= 0.0 { 1 } else { ((BATCH_TIME / mean) as u32).clamp(1, BATCH) }
    }

    /// Whether another worker would only take a processor from the thread that submits: tasks are tiny, those who run
    /// them have just looked for more, and they are as many as the machine has processors to spare.
    pub(super) fn enough_awake(&self, shared: &Shared<H>, now: Nanos) -> bool {
        if shared.sleepers.is_empty() || shared.recent_run <= 0.0 || shared.recent_run > TINY_RUN {
            return false;
        }
        let awake = shared.workers.len().saturating_sub(shared.sleepers.len());
        let spare = self.config.cores.saturating_sub(1).max(1) as usize;
        let enough = awake >= spare && now.saturating_sub(shared.last_look) < JUST_LOOKED;
        if enough {
            // Should they be kept from looking again, the tick wakes the others.
            self.arm(now.saturating_add(MILLI));
        }
        enough
    }

    pub(super) fn publish_urgent(&self, shared: &Shared<H>) {
        let top = shared.queue.top().map_or(NOTHING_URGENT, i32::from);
        if self.urgent.load(Ordering::Relaxed) != top {
            self.urgent.store(top, Ordering::Relaxed);
        }
    }

    /// Lies down, unless there is work for this worker. Under the shared lock, so no submit comes between.
    pub(super) fn lie_down(&self, worker: &Worker<H>, parked: bool) -> bool {
        let now = self.clock.now();
        let mut shared = self.shared.lock();
        shared.get_up(worker.id);
        let cell = worker.cell.lock();
        if !matches!(cell.phase, Phase::Live) {
            // A worker that is to end must look, and be told so, unless it still runs something.
            return cell.running_count > 0;
        }
        let room = cell.running_count < self.config.concurrent_tasks_per_worker;
        if room && (!cell.local.is_empty() || shared.work_for(worker, self.config.balancing)) {
            return false;
        }
        let idle = cell.running_count == 0;
        drop(cell);
        shared.sleepers.push(Sleeper { id: worker.id, parked, idle, since: now });
        drop(shared);
        if idle && !parked {
            self.arm_for_idle(now);
        }
        true
    }

    /// Gets up after a park. Says whether there may be work: it was woken, not merely timed out.
    pub(super) fn get_up(&self, worker: &Worker<H>) -> bool {
        let mut shared = self.shared.lock();
        let slept = shared.sleepers.iter().any(|sleeper| sleeper.id == worker.id);
        shared.sleepers.retain(|sleeper| sleeper.id != worker.id);
        !slept
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

    /// Takes half of the fullest sibling's tasks, its oldest first.
    pub(super) fn steal(&mut self, thief: &Worker<H>) -> u32 {
        let length = |worker: &Arc<Worker<H>>| worker.local_length.load(Ordering::Relaxed);
        let others = self.workers.iter().filter(|worker| worker.id != thief.id);
        let Some(victim) = others.max_by_key(|worker| length(worker)).filter(|worker| length(worker) > 0)
        else {
            return 0;
        };
        // Lower number first, as always when two workers are locked.
        let (mut from, mut to);
        if victim.id < thief.id {
            from = victim.cell.lock();
            to = thief.cell.lock();
        } else {
            to = thief.cell.lock();
            from = victim.cell.lock();
        }
        let half = from.local.len().div_ceil(2);
        let loot = from.take_free(half);
        let count = loot.len() as u32;
        to.local.extend(loot);
        victim.publish(&from);
        thief.publish(&to);
        self.tally.stolen += u64::from(count);
        count
    }

    /// Whether a worker with nothing of its own would find something.
    pub(super) fn work_for(&self, worker: &Worker<H>, balancing: Balancing) -> bool {
        if self.queue.len() > 0 || !self.room.is_empty() {
            return true;
        }
        balancing != Balancing::RoundRobin
            && self
                .workers
                .iter()
                .any(|other| other.id != worker.id && other.local_length.load(Ordering::Relaxed) > 0)
    }

    /// A worker looks for work: it is neither asleep nor on its way any more.
    pub(super) fn get_up(&mut self, id: WorkerId) {
        if !self.waking.is_empty() {
            self.waking.retain(|waking| *waking != id);
        }
        if !self.sleepers.is_empty() {
            self.sleepers.retain(|sleeper| sleeper.id != id);
        }
    }

    /// Wakes a sleeper if more waits than the woken ones will look for. The parked before those in their event loop, the
    /// idle before those that run something. Says whether somebody is on the way.
    pub(super) fn wake_one(&mut self, effects: &mut Effects<H>) -> bool {
        if self.waiting() <= self.waking.len() as u32 {
            return true;
        }
        let Some(sleeper) = self.readiest() else { return !self.waking.is_empty() };
        self.wake_worker(sleeper.id, effects);
        true
    }

    /// The sleeper that is best woken.
    pub(super) fn readiest(&self) -> Option<Sleeper> {
        self.sleepers.iter().max_by_key(|sleeper| (sleeper.parked, sleeper.idle)).copied()
    }

    /// Wakes this worker if it sleeps.
    pub(super) fn wake_worker(&mut self, id: WorkerId, effects: &mut Effects<H>) {
        if let Some(at) = self.sleepers.iter().position(|sleeper| sleeper.id == id) {
            let sleeper = self.sleepers.swap_remove(at);
            self.wake(sleeper, effects);
        }
    }

    fn wake(&mut self, sleeper: Sleeper, effects: &mut Effects<H>) {
        self.waking.push(sleeper.id);
        if !sleeper.parked {
            effects.push(Effect::Nudge(sleeper.id, Nudge::Wake));
        } else if let Some(worker) = self.worker(sleeper.id) {
            effects.push(Effect::Unpark(Arc::clone(&worker.parker)));
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

//! A worker: the tasks it has taken, those it runs, and what it has measured of itself.

use std::collections::VecDeque;

use crossbeam_utils::CachePadded;

use super::effects::{Effect, Effects};
use super::host::{Beat, Begun, Next, Outcome, Replaced, Slot, TaskId, WorkerId};
use super::park::Parker;
use super::queue::Queued;
use super::shared::Pool;
use super::{Balancing, Host};
use crate::clock::Nanos;
use crate::metrics::{Ewma, Histogram};
use crate::sync::{Arc, AtomicU32, Mutex, Ordering, Weak};

/// A task that waits.
pub(super) struct Task<H: Host> {
    pub(super) id: TaskId,
    pub(super) input: H::Input,
    pub(super) reply: H::Reply,
    pub(super) submitted: Nanos,
    /// When its submitter gives up; 0 for never.
    pub(super) deadline: Nanos,
    pub(super) priority: i8,
    pub(super) idempotent: bool,
    pub(super) cancellable: bool,
    pub(super) attempt: u8,
    /// Its input is with the worker that has it: no other can run it.
    pub(super) bound: bool,
}

impl<H: Host> Queued for Task<H> {
    fn id(&self) -> TaskId {
        self.id
    }
    fn priority(&self) -> i8 {
        self.priority
    }
}

impl<H: Host> Task<H> {
    /// How long its submitter waits.
    pub(super) fn limit(&self) -> Nanos {
        self.deadline.saturating_sub(self.submitted)
    }
}

/// A task that runs. Its slot is free again only when the worker says that it has ended.
pub(super) struct Running<H: Host> {
    pub(super) id: TaskId,
    /// Gone once the task is settled, which may be before it ends.
    pub(super) reply: Option<H::Reply>,
    /// Kept for another run.
    pub(super) input: Option<H::Input>,
    pub(super) submitted: Nanos,
    pub(super) deadline: Nanos,
    pub(super) priority: i8,
    pub(super) cancellable: bool,
    pub(super) attempt: u8,
    /// It has given items, so it must not run again.
    pub(super) streamed: bool,
    pub(super) began: Nanos,
    /// When it was cancelled, by whomever.
    pub(super) aborted: Option<Nanos>,
}

/// Where a worker is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Ordered, not yet attached.
    Starting,
    /// Takes tasks.
    Live,
    /// Takes no more and ends when what it runs has ended; since when.
    Retiring(Nanos),
    /// Takes no more; its thread is being ended, and why.
    Ending(Option<Replaced>),
    /// Takes no more; it is replaced when the tasks that were not cancelled have ended.
    Doomed,
}

/// What a worker has measured. Merged into the pool's when it ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Stats {
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) busy: Nanos,
    pub(super) alive: Nanos,
    pub(super) waiting: Histogram,
    pub(super) running: Histogram,
}

impl Stats {
    pub(super) fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.failed += other.failed;
        self.busy += other.busy;
        self.alive += other.alive;
        self.waiting.merge(&other.waiting);
        self.running.merge(&other.running);
    }
}

/// What a worker's lock guards.
pub(super) struct Cell<H: Host> {
    pub(super) phase: Phase,
    /// Taken and not begun.
    pub(super) local: VecDeque<Task<H>>,
    /// How many of them are bound to this worker.
    pub(super) bound: usize,
    pub(super) running: Vec<(u32, Option<Running<H>>)>,
    pub(super) running_count: u32,
    pub(super) stats: Stats,
    pub(super) mean_run: Ewma,
    pub(super) attached: Nanos,
    pub(super) last_beat: Nanos,
    /// When a ping was sent that has not been answered.
    pub(super) pinged: Option<Nanos>,
    pub(super) beat: Beat,
    pub(super) done: u64,
    pub(super) failed: u64,
}

impl<H: Host> Cell<H> {
    pub(super) fn running(&mut self) -> impl Iterator<Item = (Slot, &mut Running<H>)> {
        self.running.iter_mut().enumerate().filter_map(|(index, (generation, running))| {
            let slot = Slot { index: index as u32, generation: *generation };
            running.as_mut().map(|running| (slot, running))
        })
    }

    /// Whether it takes tasks and has none.
    pub(super) fn is_free(&self) -> bool {
        self.phase == Phase::Live && self.running_count == 0 && self.local.is_empty()
    }

    /// Adds a task that only this worker can run.
    pub(super) fn bind(&mut self, task: Task<H>) {
        self.bound += 1;
        self.local.push_back(Task { bound: true, ..task });
    }

    /// Takes out the task at `at`.
    pub(super) fn take_at(&mut self, at: usize) -> Option<Task<H>> {
        let task = self.local.remove(at)?;
        self.bound -= usize::from(task.bound);
        Some(task)
    }

    /// Takes out all tasks, the bound ones too.
    pub(super) fn take_all(&mut self) -> Vec<Task<H>> {
        self.bound = 0;
        self.local.drain(..).collect()
    }

    /// Takes out up to `count` of the oldest tasks that another worker can run as well.
    pub(super) fn take_free(&mut self, count: usize) -> Vec<Task<H>> {
        let count = count.min(self.local.len());
        if self.bound == 0 {
            return self.local.drain(..count).collect();
        }
        let (bound, mut free): (Vec<_>, Vec<_>) = self.local.drain(..).partition(|task| task.bound);
        let rest = free.split_off(count.min(free.len()));
        self.local.extend(bound.into_iter().chain(rest));
        free
    }

    fn slot(&mut self, slot: Slot) -> Option<&mut Option<Running<H>>> {
        let (generation, running) = self.running.get_mut(slot.index as usize)?;
        (*generation == slot.generation && running.is_some()).then_some(running)
    }

    fn enter(&mut self, running: Running<H>) -> Slot {
        self.running_count += 1;
        let free = self.running.iter().position(|(_, running)| running.is_none());
        let index = free.unwrap_or_else(|| {
            self.running.push((0, None));
            self.running.len() - 1
        });
        let mut generation = 0;
        if let Some(place) = self.running.get_mut(index) {
            place.0 = place.0.wrapping_add(1);
            place.1 = Some(running);
            generation = place.0;
        }
        Slot { index: index as u32, generation }
    }

    /// Takes a task that runs out of its slot.
    pub(super) fn leave(&mut self, slot: Slot) -> Option<Running<H>> {
        let running = self.slot(slot)?.take();
        self.running_count -= u32::from(running.is_some());
        running
    }
}

/// One worker of a pool, as its own thread and the pool see it.
pub struct Worker<H: Host> {
    pub(super) pool: Weak<Pool<H>>,
    pub(super) id: WorkerId,
    pub(super) cell: CachePadded<Mutex<Cell<H>>>,
    pub(super) parker: Arc<Parker>,
    /// How many tasks in `local` another could take: read by others without the lock.
    pub(super) local_length: AtomicU32,
}

impl<H: Host> Worker<H> {
    pub(super) fn new(pool: Weak<Pool<H>>, id: WorkerId) -> Self {
        let cell = Cell {
            phase: Phase::Starting,
            local: VecDeque::new(),
            bound: 0,
            running: Vec::new(),
            running_count: 0,
            stats: Stats::default(),
            mean_run: Ewma::default(),
            attached: 0,
            last_beat: 0,
            pinged: None,
            beat: Beat::default(),
            done: 0,
            failed: 0,
        };
        Self {
            pool,
            id,
            cell: CachePadded::new(Mutex::new(cell)),
            parker: Arc::default(),
            local_length: AtomicU32::new(0),
        }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.id
    }

    /// Lets others see how many tasks it has that they could take.
    pub(super) fn publish(&self, cell: &Cell<H>) {
        self.local_length.store((cell.local.len() - cell.bound) as u32, Ordering::Relaxed);
    }

    /// Begins the next task, if there is one and room to run it.
    pub fn next(&self) -> Next<H::Input> {
        let Some(pool) = self.pool.upgrade() else { return Next::Retire };
        let now = pool.clock.now();
        self.begin_next(&pool, now)
    }

    /// Ends a task. Says whether it was still wanted: one that was cancelled or timed out has been settled before.
    pub fn finish(&self, slot: Slot, ok: bool, output: H::Output) -> bool {
        let Some(pool) = self.pool.upgrade() else { return false };
        let now = pool.clock.now();
        self.end(&pool, now, slot, ok, output)
    }

    /// Ends a task and begins the next, with one look at the clock.
    pub fn finish_and_next(&self, slot: Slot, ok: bool, output: H::Output) -> Next<H::Input> {
        let Some(pool) = self.pool.upgrade() else { return Next::Retire };
        let now = pool.clock.now();
        self.end(&pool, now, slot, ok, output);
        self.begin_next(&pool, now)
    }

    fn begin_next(&self, pool: &Arc<Pool<H>>, now: Nanos) -> Next<H::Input> {
        let mut cell = self.cell.lock();
        match self.may_begin(pool, &cell) {
            Ok(()) => {}
            Err(instead) => return instead,
        }
        let urgent = pool.urgent.load(Ordering::Relaxed);
        let wanted = cell.local.front().is_none_or(|task| urgent > i32::from(task.priority));
        if !wanted {
            return self.begin(pool, &mut cell, now);
        }
        drop(cell);
        let refilled = pool.refill(self, now);
        cell = self.cell.lock();
        match self.may_begin(pool, &cell) {
            Ok(()) if refilled || !cell.local.is_empty() => self.begin(pool, &mut cell, now),
            Ok(()) => Next::Empty,
            Err(instead) => instead,
        }
    }

    fn may_begin(&self, pool: &Pool<H>, cell: &Cell<H>) -> Result<(), Next<H::Input>> {
        match cell.phase {
            Phase::Live if cell.running_count < pool.config.concurrent_tasks_per_worker => Ok(()),
            Phase::Live | Phase::Starting => Err(Next::Empty),
            Phase::Retiring(_) | Phase::Ending(_) | Phase::Doomed if cell.running_count > 0 => {
                Err(Next::Empty)
            }
            _ => Err(Next::Retire),
        }
    }

    fn begin(&self, pool: &Arc<Pool<H>>, cell: &mut Cell<H>, now: Nanos) -> Next<H::Input> {
        let Some(task) = cell.take_at(0) else { return Next::Empty };
        self.publish(cell);
        cell.stats.waiting.record(now.saturating_sub(task.submitted));
        if cell.running_count == 0 {
            // What an idle worker did not answer says nothing about the work that begins.
            cell.pinged = None;
            cell.last_beat = now;
        }
        let input = if task.idempotent { Some(task.input.clone()) } else { None };
        let attempt = u32::from(task.attempt);
        let slot = cell.enter(Running {
            id: task.id,
            reply: Some(task.reply),
            input,
            submitted: task.submitted,
            deadline: task.deadline,
            priority: task.priority,
            cancellable: task.cancellable,
            attempt: task.attempt,
            streamed: false,
            began: now,
            aborted: None,
        });
        pool.arm_for_running(now);
        Next::Task(Begun { slot, id: task.id, attempt, bound: task.bound, input: task.input })
    }

    fn end(&self, pool: &Arc<Pool<H>>, now: Nanos, slot: Slot, ok: bool, output: H::Output) -> bool {
        let mut cell = self.cell.lock();
        let Some(mut running) = cell.leave(slot) else { return false };
        let took = now.saturating_sub(running.began);
        cell.stats.running.record(took);
        cell.stats.busy += took;
        cell.mean_run.record(took as f64);
        let reply = running.reply.take();
        if reply.is_some() {
            if ok {
                cell.stats.completed += 1;
                cell.done += 1;
            } else {
                cell.stats.failed += 1;
                cell.failed += 1;
            }
        }
        let doomed = cell.phase == Phase::Doomed;
        drop(cell);
        pool.succeeded();
        if running.deadline != 0 {
            pool.forget_deadline(running.deadline, running.id);
        }
        let wanted = reply.is_some();
        if let Some(reply) = reply {
            pool.host.settle(reply, Outcome::Done { ok, output });
        }
        if doomed {
            pool.end_doomed(self);
        }
        pool.look_for_idle();
        wanted
    }

    /// Hands over one item of a stream. Says whether anybody still reads it.
    pub fn item(&self, slot: Slot, output: H::Output) -> bool {
        let Some(pool) = self.pool.upgrade() else { return false };
        let mut cell = self.cell.lock();
        let Some(Some(running)) = cell.slot(slot) else { return false };
        let Some(reply) = &running.reply else { return false };
        running.streamed = true;
        // Under the worker's lock, so that no item can follow the end of its task.
        pool.host.item(reply, output);
        true
    }

    /// Whether a task was cancelled: for synchronous code, which hears of it no other way.
    #[must_use]
    pub fn is_aborted(&self, slot: Slot) -> bool {
        let mut cell = self.cell.lock();
        cell.slot(slot).is_none_or(|running| running.as_ref().is_none_or(|running| running.aborted.is_some()))
    }

    /// A sign of life.
    pub fn beat(&self, beat: Beat) {
        let Some(pool) = self.pool.upgrade() else { return };
        let now = pool.clock.now();
        let mut cell = self.cell.lock();
        cell.beat = beat;
        cell.last_beat = now;
        cell.pinged = None;
    }

    /// Waits in this thread for work, at most so long. Says whether to look for work again.
    pub fn park(&self, limit: Nanos) -> bool {
        let Some(pool) = self.pool.upgrade() else { return true };
        if !pool.lie_down(self, true) {
            return true;
        }
        self.parker.park(limit, pool.config.cores);
        pool.get_up(self)
    }

    /// Announces that the worker sleeps in its event loop. `false`: work has come, look again.
    #[must_use]
    pub fn rest(&self) -> bool {
        self.pool.upgrade().is_none_or(|pool| pool.lie_down(self, false))
    }

    /// The thread is going away: begins no more; what it has not begun goes back to where it came from.
    pub fn leaving(&self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.give_back(self);
        }
    }
}

impl<H: Host> Pool<H> {
    /// Takes tasks from the shared queue, or from a sibling, into a worker's own. Says whether it got any.
    pub(super) fn refill(&self, worker: &Worker<H>, now: Nanos) -> bool {
        let mut effects = Effects::new();
        let mut shared = self.shared.lock();
        shared.get_up(worker.id);
        shared.last_look = now;
        let batch = self.batch(&mut shared);
        let mut cell = worker.cell.lock();
        let urgent = !cell.local.is_empty();
        let mut taken = 0;
        let count = if urgent { 1 } else { batch };
        for at in 0..count {
            let Some(task) = shared.pop() else { break };
            // Something more urgent goes before what was taken earlier.
            if urgent {
                cell.local.insert(at as usize, task)
            } else {
                cell.local.push_back(task)
            }
            taken += 1;
        }
        worker.publish(&cell);
        drop(cell);
        if taken == 0 && !urgent && self.config.balancing != Balancing::RoundRobin {
            taken = shared.steal(worker);
        }
        shared.admit(self);
        if taken == 0 && shared.waiting() > 0 {
            // Only the waiting room had something.
            if let Some(task) = shared.pop() {
                worker.cell.lock().local.push_back(task);
                taken = 1;
            }
        }
        self.publish_urgent(&shared);
        if shared.waiting() > 0 {
            if !self.enough_awake(&shared, now) {
                shared.wake_one(&mut effects);
            }
        } else if taken > 0 && shared.watched & super::watch::DRAIN != 0 {
            let event = super::Event::Drain;
            effects.push(Effect::Order(super::Order::Event(event)));
        }
        drop(shared);
        effects.run(&self.host);
        taken > 0
    }
}

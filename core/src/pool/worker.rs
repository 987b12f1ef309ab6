//! A worker, as its own thread sees it: begin, end, wait. What its lock guards is in `cell`, how it comes by tasks in `refill`.

use std::collections::VecDeque;

use crossbeam_utils::CachePadded;

use super::cell::{Cell, Phase, Stats};
use super::figures::Beat;
use super::host::Host;
use super::ids::{Slot, WorkerId};
use super::outcome::{Begun, Next, Outcome};
use super::park::Parker;
use super::shared::Pool;
use super::task::Running;
use crate::clock::Nanos;
use crate::metrics::Ewma;
use crate::sync::{Arc, AtomicU32, Mutex, Ordering, Weak};

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

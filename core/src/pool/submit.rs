//! Taking tasks in, and finding them a worker.

use super::cell::Phase;
use super::effects::Effects;
use super::host::Host;
use super::ids::{TaskId, WorkerId};
use super::outcome::{Failure, Refusal, Refused, TaskOptions};
use super::shared::{Life, Pool, Shared};
use super::task::Task;
use super::worker::Worker;
use super::{Balancing, OnFull};
use crate::sync::Arc;

impl<H: Host> Pool<H> {
    /// Takes a task in. It settles exactly once.
    ///
    /// # Errors
    /// Gives the task back when the queue is full or the pool closed.
    pub fn submit(
        &self,
        input: H::Input,
        reply: H::Reply,
        options: &TaskOptions,
    ) -> Result<TaskId, Refused<H>> {
        self.take_in(input, reply, options, false).map(|(id, _)| id)
    }

    /// Takes a task in and, if a worker idles, makes it that worker's for good and says which: so that its input can be
    /// sent straight to the worker's thread. That worker is not woken; see [`wake`](Self::wake). If its thread ends before
    /// it has begun the task, the task fails with its worker.
    ///
    /// # Errors
    /// As for [`submit`](Self::submit).
    pub fn submit_near(
        &self,
        input: H::Input,
        reply: H::Reply,
        options: &TaskOptions,
    ) -> Result<(TaskId, Option<WorkerId>), Refused<H>> {
        self.take_in(input, reply, options, true)
    }

    /// Wakes a worker that [`submit_near`](Self::submit_near) has named.
    pub fn wake(&self, worker: WorkerId) {
        let mut effects = Effects::new();
        self.shared.lock().wake_worker(worker, &mut effects);
        effects.run(&self.host);
    }

    /// Whether a task submitted now would find a worker that idles.
    #[must_use]
    pub fn idles(&self) -> bool {
        let shared = self.shared.lock();
        shared.waiting() == 0 && shared.sleepers.iter().any(|sleeper| sleeper.idle)
    }

    fn take_in(
        &self,
        input: H::Input,
        reply: H::Reply,
        options: &TaskOptions,
        near: bool,
    ) -> Result<(TaskId, Option<WorkerId>), Refused<H>> {
        let now = self.clock.now();
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        if shared.life != Life::Open {
            return Err(Refused { why: Refusal::Failed(Failure::Closed), input, reply });
        }
        let limit = self.config.max_queue.unwrap_or(u32::MAX);
        let full = limit != u32::MAX && (!shared.room.is_empty() || shared.queued() >= limit);
        if full && self.config.on_full == OnFull::Reject {
            shared.tally.rejected += 1;
            return Err(Refused { why: Refusal::Full { limit }, input, reply });
        }
        let id = TaskId(shared.next_task);
        shared.next_task += 1;
        shared.tally.submitted += 1;
        let deadline = options.timeout.map_or(0, |timeout| now.saturating_add(timeout).max(1));
        let task = Task {
            id,
            input,
            reply,
            submitted: now,
            deadline,
            priority: options.priority,
            idempotent: options.idempotent,
            cancellable: options.cancellable || deadline != 0,
            attempt: 1,
            bound: false,
        };
        if deadline != 0 {
            shared.deadlines.insert((deadline, id));
        }
        let idler = if near && !full { self.idler(shared) } else { None };
        let bound_to = idler.as_ref().map(|worker| worker.id);
        if let Some(worker) = idler {
            worker.cell.lock().bind(task);
        } else if full {
            shared.room.push_back(task);
        } else {
            self.place(shared, task, &mut effects);
        }
        if shared.waiting() > 0 && !self.enough_awake(shared, now) && !shared.wake_one(&mut effects) {
            self.consider_growth(shared, now, &mut effects);
        }
        drop(guard);
        if deadline != 0 {
            self.arm(deadline);
        }
        effects.run(&self.host);
        Ok((id, bound_to))
    }

    /// The worker that would be woken for a task, if it has nothing else to do.
    fn idler(&self, shared: &mut Shared<H>) -> Option<Arc<Worker<H>>> {
        if shared.waiting() > 0 || !shared.room.is_empty() {
            return None;
        }
        let id = match self.config.balancing {
            Balancing::WorkStealing => shared.readiest().filter(|sleeper| sleeper.idle)?.id,
            Balancing::RoundRobin => shared.next_in_turn()?.id,
            Balancing::Adaptive => shared.soonest_done()?.id,
        };
        let idle = shared.sleepers.iter().any(|sleeper| sleeper.idle && sleeper.id == id);
        let worker = shared.worker(id).filter(|_| idle)?;
        let free = worker.cell.lock().is_free();
        free.then_some(worker)
    }

    /// Puts a task into the queue, or straight to the worker that the balancing picks.
    pub(super) fn place(&self, shared: &mut Shared<H>, task: Task<H>, effects: &mut Effects<H>) {
        let picked = match self.config.balancing {
            Balancing::WorkStealing => None,
            Balancing::RoundRobin => shared.next_in_turn(),
            Balancing::Adaptive => shared.soonest_done(),
        };
        let Some(worker) = picked else {
            shared.push(task, false);
            return self.publish_urgent(shared);
        };
        let mut cell = worker.cell.lock();
        let behind =
            cell.local.iter().rposition(|other| other.priority >= task.priority).map_or(0, |at| at + 1);
        cell.local.insert(behind, task);
        worker.publish(&cell);
        drop(cell);
        shared.wake_worker(worker.id, effects);
    }
}

impl<H: Host> Shared<H> {
    fn live(&self) -> impl Iterator<Item = &Arc<Worker<H>>> {
        self.workers.iter().filter(|worker| worker.cell.lock().phase == Phase::Live)
    }

    fn next_in_turn(&mut self) -> Option<Arc<Worker<H>>> {
        let count = self.live().count();
        if count == 0 {
            return None;
        }
        let turn = self.turn % count;
        self.turn = self.turn.wrapping_add(1);
        self.live().nth(turn).cloned()
    }

    /// The worker that is expected to be done first with what it has and one more.
    fn soonest_done(&self) -> Option<Arc<Worker<H>>> {
        let unmeasured = self.mean_run().max(1.0);
        let expected = |worker: &Arc<Worker<H>>| {
            let cell = worker.cell.lock();
            let ahead = cell.local.len() as f64 + f64::from(cell.running_count) + 1.0;
            ahead * cell.mean_run.get().unwrap_or(unmeasured)
        };
        let workers = self.live().map(|worker| (expected(worker), worker));
        // Equal ones in order of age: the first that is strictly better stays.
        let best = workers.reduce(|best, other| if other.0 < best.0 { other } else { best });
        best.map(|(_, worker)| Arc::clone(worker))
    }
}

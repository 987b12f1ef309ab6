//! Cancelling: by the submitter, by its time-out, or because the submitter is gone.

use super::effects::{Effect, Effects};
use super::host::{Host, Nudge};
use super::ids::TaskId;
use super::outcome::{Failure, Outcome};
use super::shared::{Pool, Shared};
use super::task::Running;
use crate::clock::Nanos;
use crate::sync::Arc;

/// Why a task is not wanted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unwanted {
    Aborted,
    TimedOut,
}

impl<H: Host> Pool<H> {
    /// Cancels a task. One that waits leaves the queue; one that runs is settled, told, and replaced with its worker if
    /// it does not end within the grace. Says whether it was still to be settled.
    pub fn cancel(&self, task: TaskId) -> bool {
        let now = self.clock.now();
        let mut effects = Effects::new();
        let mut shared = self.shared.lock();
        let found = self.cancel_locked(&mut shared, task, Unwanted::Aborted, now, &mut effects);
        shared.admit(self);
        self.publish_urgent(&shared);
        drop(shared);
        effects.run(&self.host);
        self.look_for_idle();
        found
    }

    /// Cancels a task unless a worker has begun it. Says whether it did.
    pub fn withdraw(&self, task: TaskId) -> bool {
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        let begun = shared
            .workers
            .iter()
            .any(|worker| worker.cell.lock().running().any(|(_, running)| running.id == task));
        if begun {
            return false;
        }
        let mut effects = Effects::new();
        let now = self.clock.now();
        let found = self.cancel_locked(shared, task, Unwanted::Aborted, now, &mut effects);
        shared.admit(self);
        self.publish_urgent(shared);
        drop(guard);
        effects.run(&self.host);
        self.look_for_idle();
        found
    }

    pub(super) fn cancel_locked(
        &self,
        shared: &mut Shared<H>,
        id: TaskId,
        why: Unwanted,
        now: Nanos,
        effects: &mut Effects<H>,
    ) -> bool {
        let failure = |limit| match why {
            Unwanted::Aborted => Failure::Aborted,
            Unwanted::TimedOut => Failure::TimedOut { running: false, after: limit },
        };
        let waiting = match shared.places.remove(&id) {
            Some(at) => shared.queue.remove(at),
            None => {
                let at = shared.room.iter().position(|task| task.id == id);
                at.and_then(|at| shared.room.remove(at))
            }
        };
        if let Some(task) = waiting {
            shared.count_unwanted(why);
            let failure = failure(task.limit());
            shared.settle_waiting(task, failure, effects);
            return true;
        }
        for worker in shared.workers.clone() {
            let mut cell = worker.cell.lock();
            if let Some(at) = cell.local.iter().position(|task| task.id == id) {
                let task = cell.take_at(at);
                worker.publish(&cell);
                drop(cell);
                if let Some(task) = task {
                    shared.count_unwanted(why);
                    let failure = failure(task.limit());
                    shared.settle_waiting(task, failure, effects);
                }
                return true;
            }
            let mut hit = None;
            for (slot, running) in cell.running() {
                if running.id == id {
                    hit = self
                        .unwant(running, why, running.deadline.saturating_sub(running.submitted), now)
                        .map(|settle| (slot, settle));
                    break;
                }
            }
            drop(cell);
            if let Some((slot, settle)) = hit {
                shared.count_unwanted(why);
                effects.push(settle);
                let timed_out = why == Unwanted::TimedOut;
                effects.push(Effect::Nudge(worker.id, Nudge::Abort { slot, task: id, timed_out }));
                // A blocked event loop cannot hear of it: only the answer to a ping tells whether a gentler way is left.
                effects.push(Effect::Nudge(worker.id, Nudge::Ping));
                return true;
            }
        }
        false
    }

    /// Marks a running task as unwanted and takes out its settlement; `None` if it has been settled before.
    pub(super) fn unwant(
        &self,
        running: &mut Running<H>,
        why: Unwanted,
        limit: Nanos,
        now: Nanos,
    ) -> Option<Effect<H>> {
        let reply = running.reply.take()?;
        running.aborted = Some(now);
        running.input = None;
        self.arm(now.saturating_add(self.config.abort_grace));
        let failure = match why {
            Unwanted::Aborted => Failure::Aborted,
            Unwanted::TimedOut => Failure::TimedOut { running: true, after: limit },
        };
        Some(Effect::Settle(reply, Outcome::Failed(failure)))
    }

    /// An isolate is gone: what it submitted is not wanted any more.
    pub fn forget_replies(&self, gone: impl Fn(&H::Reply) -> bool) {
        let now = self.clock.now();
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        let mut ids: Vec<TaskId> = Vec::new();
        for task in shared.queue.extract(|task| gone(&task.reply)) {
            shared.places.remove(&task.id);
            shared.count_unwanted(Unwanted::Aborted);
            shared.settle_waiting(task, Failure::Aborted, &mut effects);
        }
        // Taking entries out may have rebuilt the queue, never moved one: the places of the others still hold.
        ids.extend(shared.room.iter().filter(|task| gone(&task.reply)).map(|task| task.id));
        for worker in &shared.workers {
            let mut cell = worker.cell.lock();
            ids.extend(cell.local.iter().filter(|task| gone(&task.reply)).map(|task| task.id));
            ids.extend(
                cell.running()
                    .filter(|(_, running)| running.reply.as_ref().is_some_and(&gone))
                    .map(|(_, r)| r.id),
            );
        }
        for id in ids {
            self.cancel_locked(shared, id, Unwanted::Aborted, now, &mut effects);
        }
        shared.until_idle.retain(|reply| !gone(reply));
        shared.until_ready.retain(|reply| !gone(reply));
        shared.until_started.retain(|reply| !gone(reply));
        shared.admit(self);
        self.publish_urgent(shared);
        drop(guard);
        effects.run(&self.host);
        self.look_for_idle();
    }

    /// The reader of a stream takes more items.
    pub fn credit(&self, task: TaskId, count: u32) {
        let workers: Vec<Arc<_>> = self.shared.lock().workers.clone();
        for worker in workers {
            let slot =
                worker.cell.lock().running().find(|(_, running)| running.id == task).map(|(slot, _)| slot);
            if let Some(slot) = slot {
                return self.host.nudge(worker.id, Nudge::Credit { slot, count });
            }
        }
    }

    /// A settled task's time-out is void.
    pub(super) fn forget_deadline(&self, deadline: Nanos, id: TaskId) {
        self.shared.lock().deadlines.remove(&(deadline, id));
    }

    /// Cancels the tasks whose submitters have given up by now.
    pub(super) fn cancel_due(&self, shared: &mut Shared<H>, now: Nanos, effects: &mut Effects<H>) {
        while let Some((deadline, id)) = shared.deadlines.first().copied() {
            if deadline > now {
                break;
            }
            shared.deadlines.pop_first();
            self.cancel_locked(shared, id, Unwanted::TimedOut, now, effects);
        }
    }
}

impl<H: Host> Shared<H> {
    pub(super) fn count_unwanted(&mut self, why: Unwanted) {
        match why {
            Unwanted::Aborted => self.tally.aborted += 1,
            Unwanted::TimedOut => self.tally.timed_out += 1,
        }
    }
}

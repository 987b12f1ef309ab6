//! Replacing workers: those whose event loop stands still, and those with a task that did not end when it was cancelled.

use super::cell::Phase;
use super::effects::{Effect, Effects};
use super::host::Host;
use super::outcome::{Failure, Outcome, Replaced};
use super::shared::{Pool, Shared};
use super::worker::Worker;
use crate::clock::Nanos;
use crate::sync::Arc;

impl<H: Host> Pool<H> {
    /// Replaces the workers that are unresponsive now; how many.
    pub fn restart_unhealthy(&self) -> u32 {
        let now = self.clock.now();
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        let mut count = 0;
        for worker in shared.workers.clone() {
            if self.unresponsive(&worker, now) {
                count += 1;
                self.settle_replaced(&worker, Replaced::Unresponsive, &mut effects);
                self.end_worker(shared, &worker, Some(Replaced::Unresponsive), &mut effects);
            }
        }
        drop(guard);
        effects.run(&self.host);
        count
    }

    /// A worker that runs something and has not answered a ping for too long.
    pub(super) fn unresponsive(&self, worker: &Worker<H>, now: Nanos) -> bool {
        let cell = worker.cell.lock();
        let silent = now.saturating_sub(cell.last_beat) >= self.config.heartbeat_timeout;
        cell.running_count > 0 && cell.pinged.is_some() && silent && !matches!(cell.phase, Phase::Ending(_))
    }

    /// Settles what runs on a worker that is about to be ended, so that nobody waits for the thread's end; idempotent
    /// tasks are left to run again.
    pub(super) fn settle_replaced(&self, worker: &Worker<H>, why: Replaced, effects: &mut Effects<H>) {
        let mut cell = worker.cell.lock();
        for (_, running) in cell.running() {
            if running.may_repeat() {
                continue;
            }
            if let Some(reply) = running.reply.take() {
                let failure = Failure::Replaced { worker: worker.id, why };
                effects.push(Effect::Settle(reply, Outcome::Failed(failure)));
            }
        }
    }

    /// An overdue task: its worker is replaced, gently if its event loop still turns and others run there.
    pub(super) fn overdue(
        &self,
        shared: &mut Shared<H>,
        worker: &Arc<Worker<H>>,
        since: Nanos,
        effects: &mut Effects<H>,
    ) {
        let mut cell = worker.cell.lock();
        let others = cell.running().any(|(_, running)| running.aborted.is_none());
        let turns = cell.last_beat > since;
        if others && turns {
            if cell.phase == Phase::Live {
                cell.phase = Phase::Doomed;
                let local = cell.take_free(usize::MAX);
                worker.publish(&cell);
                drop(cell);
                shared.get_up(worker.id);
                self.take_back(shared, local, effects);
                self.ensure_workers(shared, self.clock.now(), effects);
            }
            return;
        }
        drop(cell);
        self.settle_replaced(worker, Replaced::Overdue, effects);
        self.end_worker(shared, worker, Some(Replaced::Overdue), effects);
    }
}

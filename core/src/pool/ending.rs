//! How a worker ends: let go in peace, ended at once, or by itself. What it had taken and not begun goes back first in the queue.

use super::cell::Phase;
use super::effects::{Effect, Effects};
use super::host::{Event, Host, Nudge, Order, WorkerWhat, watch};
use super::outcome::Replaced;
use super::shared::{Pool, Shared};
use super::task::Task;
use super::worker::Worker;
use crate::sync::Arc;

impl<H: Host> Pool<H> {
    /// Lets a worker end once what it runs has ended. A worker that has not come up yet is ended at once.
    pub(super) fn retire(
        &self,
        shared: &mut Shared<H>,
        worker: &Arc<Worker<H>>,
        effects: &mut Effects<H>,
    ) -> bool {
        let now = self.clock.now();
        let mut cell = worker.cell.lock();
        match cell.phase {
            // Another than this worker cannot run what was sent to it.
            Phase::Live if cell.bound > 0 => return false,
            Phase::Live => {
                cell.phase = Phase::Retiring(now);
                let local = cell.take_free(usize::MAX);
                worker.publish(&cell);
                drop(cell);
                self.take_back(shared, local, effects);
                shared.wake_worker(worker.id, effects);
                effects.push(Effect::Nudge(worker.id, Nudge::Retire));
                self.arm(now.saturating_add(self.config.abort_grace));
            }
            Phase::Starting => {
                cell.phase = Phase::Ending(None);
                drop(cell);
                effects.push(Effect::Order(Order::Terminate { worker: worker.id }));
            }
            _ => return false,
        }
        shared.tally.retired += 1;
        true
    }

    /// Ends a worker's thread; what it runs fails when the thread has ended.
    pub(super) fn end_worker(
        &self,
        shared: &mut Shared<H>,
        worker: &Arc<Worker<H>>,
        why: Option<Replaced>,
        effects: &mut Effects<H>,
    ) {
        let mut cell = worker.cell.lock();
        if matches!(cell.phase, Phase::Ending(_)) {
            return;
        }
        cell.phase = Phase::Ending(why);
        let local = cell.take_free(usize::MAX);
        worker.publish(&cell);
        drop(cell);
        shared.get_up(worker.id);
        self.take_back(shared, local, effects);
        effects.push(Effect::Unpark(Arc::clone(&worker.parker)));
        effects.push(Effect::Order(Order::Terminate { worker: worker.id }));
        if why.is_some() {
            shared.tally.restarts += 1;
            let event = || Event::Worker { worker: worker.id, what: WorkerWhat::Replaced };
            shared.tell(watch::WORKER, event, effects);
        }
        self.ensure_workers(shared, self.clock.now(), effects);
    }

    /// A worker's last wanted task has ended: if it was only waiting for that, it goes.
    pub(super) fn end_doomed(&self, worker: &Worker<H>) {
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        if let Some(worker) = shared.worker(worker.id) {
            let wanted = worker.cell.lock().running().any(|(_, running)| running.aborted.is_none());
            if !wanted {
                self.end_worker(shared, &worker, Some(Replaced::Overdue), &mut effects);
            }
        }
        drop(guard);
        effects.run(&self.host);
    }

    /// A worker's thread is going away by itself.
    pub(super) fn give_back(&self, worker: &Worker<H>) {
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        shared.get_up(worker.id);
        let mut cell = worker.cell.lock();
        if matches!(cell.phase, Phase::Live | Phase::Doomed) {
            // Its exit is reported by the owner, who knows the reason; until then it counts as a worker.
            cell.phase = Phase::Ending(None);
        }
        let local = cell.take_free(usize::MAX);
        worker.publish(&cell);
        drop(cell);
        self.take_back(shared, local, &mut effects);
        drop(guard);
        effects.run(&self.host);
    }

    /// Puts tasks that a worker had taken, and not begun, before all others.
    pub(super) fn take_back(&self, shared: &mut Shared<H>, tasks: Vec<Task<H>>, effects: &mut Effects<H>) {
        let any = !tasks.is_empty();
        for task in tasks.into_iter().rev() {
            shared.push(task, true);
        }
        if any {
            self.publish_urgent(shared);
            shared.wake_one(effects);
            self.ensure_workers(shared, self.clock.now(), effects);
        }
    }
}

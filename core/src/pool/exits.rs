//! What the end of a worker's thread means: for the tasks it ran, for those it had taken, and for the workers after it.

use super::cell::Phase;
use super::effects::{Effect, Effects};
use super::host::{Event, Host, WorkerWhat, watch};
use super::ids::WorkerId;
use super::outcome::{Crash, Exit, Failure, Outcome, Replaced};
use super::shared::{Life, Pool, Shared};
use super::task::Task;
use crate::clock::Nanos;
use crate::sync::{Arc, Ordering};

impl<H: Host> Pool<H> {
    /// A task was done: a pool that was losing workers has found its feet.
    pub(super) fn succeeded(&self) {
        if self.shaken.load(Ordering::Relaxed) {
            self.shaken.store(false, Ordering::Relaxed);
            self.shared.lock().crash_streak = 0;
        }
    }

    /// The owner reports that a worker's thread has ended.
    pub fn worker_exited(&self, id: WorkerId, exit: Exit) {
        let now = self.clock.now();
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        let Some(at) = shared.workers.iter().position(|worker| worker.id == id) else { return };
        let worker = shared.workers.remove(at);
        shared.get_up(id);
        let mut cell = worker.cell.lock();
        let phase = std::mem::replace(&mut cell.phase, Phase::Ending(None));
        let attached = cell.attached;
        if attached != 0 {
            cell.stats.alive = now.saturating_sub(attached);
        }
        shared.ended.merge(&cell.stats);
        let local = cell.take_free(usize::MAX);
        let lost = cell.take_all();
        worker.publish(&cell);
        let slots: Vec<_> = cell.running().map(|(slot, _)| slot).collect();
        let running: Vec<_> = slots.into_iter().filter_map(|slot| cell.leave(slot)).collect();
        drop(cell);

        let starting = attached == 0;
        let crash = Arc::new(Crash { worker: id, exit_code: exit.code, cause: exit.cause, starting });
        let ordered = match phase {
            Phase::Ending(Some(why)) => Some(why),
            Phase::Doomed => Some(Replaced::Overdue),
            _ => None,
        };
        let peaceful = running.is_empty()
            && crash.cause.is_none()
            && (matches!(phase, Phase::Retiring(_)) || (starting && phase == Phase::Ending(None)));
        if ordered.is_none() && !peaceful && shared.life != Life::Dead {
            self.crashed(shared, &crash, now, &mut effects);
        } else if peaceful {
            let event = || Event::Worker { worker: id, what: WorkerWhat::Retired };
            shared.tell(watch::WORKER, event, &mut effects);
        }
        let failure = match (shared.life, ordered) {
            (Life::Dead, _) => Failure::Closed,
            (_, Some(why)) => Failure::Replaced { worker: id, why },
            (_, None) => Failure::Crashed(Arc::clone(&crash)),
        };
        for task in lost {
            shared.settle_waiting(task, failure.clone(), &mut effects);
        }
        self.take_back(shared, local, &mut effects);
        let mut again = Vec::new();
        for mut running in running {
            let Some(reply) = running.reply.take() else { continue };
            if running.deadline != 0 {
                shared.deadlines.remove(&(running.deadline, running.id));
            }
            let repeats = running.may_repeat() && shared.life != Life::Dead;
            let input = running.input.filter(|_| repeats);
            if let Some(input) = input {
                if running.deadline != 0 {
                    shared.deadlines.insert((running.deadline, running.id));
                }
                shared.tally.retried += 1;
                again.push(Task {
                    id: running.id,
                    input,
                    reply,
                    submitted: running.submitted,
                    deadline: running.deadline,
                    priority: running.priority,
                    idempotent: true,
                    cancellable: running.cancellable,
                    attempt: running.attempt + 1,
                    bound: false,
                });
                continue;
            }
            effects.push(Effect::Settle(reply, Outcome::Failed(failure.clone())));
        }
        self.take_back(shared, again, &mut effects);
        if let Some(crash) = shared.broken.clone() {
            shared.fail_waiting(&Failure::Broken(crash), &mut effects);
            self.publish_urgent(shared);
        }
        self.ensure_workers(shared, now, &mut effects);
        self.tell_ready(shared, &mut effects);
        drop(guard);
        effects.run(&self.host);
        self.look_for_idle();
    }

    fn crashed(&self, shared: &mut Shared<H>, crash: &Arc<Crash>, now: Nanos, effects: &mut Effects<H>) {
        shared.tally.crashes += 1;
        shared.crash_streak = shared.crash_streak.saturating_add(1);
        self.shaken.store(true, Ordering::Relaxed);
        shared.back_off(now, self.config.restart_backoff);
        shared.tell(
            watch::WORKER,
            || Event::Worker { worker: crash.worker, what: WorkerWhat::Crashed },
            effects,
        );
        shared.tell(watch::ERROR, || Event::Error(Arc::clone(crash)), effects);
        if !crash.starting {
            return;
        }
        shared.start_failures += 1;
        if shared.start_failures >= self.config.max_start_failures {
            shared.broken = Some(Arc::clone(crash));
            for reply in shared.until_ready.drain(..) {
                effects.push(Effect::Settle(reply, Outcome::Failed(Failure::Broken(Arc::clone(crash)))));
            }
        }
    }
}

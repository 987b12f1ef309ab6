//! Workers come: started as far as the minimum and what waits ask for, and taking tasks once their thread is up.

use super::cell::Phase;
use super::effects::{Effect, Effects};
use super::host::{Event, Host, Order, WorkerWhat, watch};
use super::ids::WorkerId;
use super::shared::{Life, Pool, Shared};
use super::worker::Worker;
use crate::clock::Nanos;
use crate::sync::Arc;

impl<H: Host> Pool<H> {
    /// Starts the first workers.
    pub fn start(&self) {
        let mut effects = Effects::new();
        let mut shared = self.shared.lock();
        self.ensure_workers(&mut shared, self.clock.now(), &mut effects);
        drop(shared);
        effects.run(&self.host);
    }

    /// Starts workers up to the minimum, and one where work waits for none, as far as the back-off allows.
    pub(super) fn ensure_workers(&self, shared: &mut Shared<H>, now: Nanos, effects: &mut Effects<H>) {
        if shared.life == Life::Dead {
            return;
        }
        let waits = shared.waiting() > 0 || !shared.room.is_empty();
        let useful = shared.workers.iter().filter(|worker| shared.counts_as_worker(worker)).count() as u32;
        let least = if shared.life == Life::Closing { 0 } else { self.config.min_workers };
        let mut wanted = least.max(u32::from(waits && useful == 0)).saturating_sub(useful);
        if shared.broken.is_some() {
            // One try at a time, and only for work that waits.
            wanted = wanted.min(u32::from(waits && useful == 0));
        }
        if wanted == 0 {
            return;
        }
        if now < shared.not_before {
            return self.arm(shared.not_before);
        }
        for _ in 0..wanted {
            self.spawn(shared, effects);
        }
    }

    pub(super) fn spawn(&self, shared: &mut Shared<H>, effects: &mut Effects<H>) {
        let id = WorkerId(shared.next_worker);
        shared.next_worker += 1;
        shared.tally.spawned += 1;
        shared.tally.restarts += u64::from(shared.crash_streak > 0);
        shared.workers.push(Arc::new(Worker::new(self.me.clone(), id)));
        effects.push(Effect::Order(Order::Spawn { worker: id }));
    }

    /// A worker's thread is up: from here on it takes tasks. `None` if it is not wanted any more.
    pub fn attach(&self, id: WorkerId) -> Option<Arc<Worker<H>>> {
        let now = self.clock.now();
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        let worker = shared.worker(id)?;
        let mut cell = worker.cell.lock();
        if cell.phase != Phase::Starting {
            return None;
        }
        cell.phase = Phase::Live;
        cell.attached = now;
        cell.last_beat = now;
        drop(cell);
        shared.start_failures = 0;
        shared.broken = None;
        shared.tell(watch::WORKER, || Event::Worker { worker: id, what: WorkerWhat::Started }, &mut effects);
        self.tell_ready(shared, &mut effects);
        drop(guard);
        effects.run(&self.host);
        Some(worker)
    }
}

impl<H: Host> Shared<H> {
    /// Whether a worker takes tasks, or will.
    pub(super) fn counts_as_worker(&self, worker: &Worker<H>) -> bool {
        matches!(worker.cell.lock().phase, Phase::Starting | Phase::Live)
    }
}

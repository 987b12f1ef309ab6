//! What a pool tells of itself.

use super::cell::{Phase, Stats};
use super::figures::{Counts, PoolMetrics, WorkerHealth, WorkerState};
use super::host::Host;
use super::shared::{Pool, Tally};
use crate::clock::Nanos;

impl<H: Host> Pool<H> {
    /// How many there are of what, now.
    pub fn counts(&self) -> Counts {
        let shared = self.shared.lock();
        let running = shared.workers.iter().map(|worker| worker.cell.lock().running_count).sum();
        Counts {
            workers: shared.workers.iter().filter(|worker| shared.counts_as_worker(worker)).count() as u32,
            queued: shared.queued(),
            running,
            waiting_room: shared.room.len() as u32,
        }
    }

    /// Each worker's health.
    pub fn health(&self) -> Vec<WorkerHealth> {
        let now = self.clock.now();
        let shared = self.shared.lock();
        let workers = shared.workers.iter().map(|worker| {
            let unresponsive = self.unresponsive(worker, now);
            let mut cell = worker.cell.lock();
            let oldest = cell.running().map(|(_, running)| running.began).min();
            let attached = cell.attached != 0;
            WorkerHealth {
                id: worker.id,
                state: match cell.phase {
                    Phase::Starting => WorkerState::Starting,
                    _ if unresponsive => WorkerState::Unresponsive,
                    Phase::Live if cell.running_count > 0 => WorkerState::Busy,
                    Phase::Live => WorkerState::Idle,
                    Phase::Retiring(_) | Phase::Ending(_) | Phase::Doomed => WorkerState::Retiring,
                },
                done: cell.done,
                failed: cell.failed,
                current_task_age: oldest.map(|began| now.saturating_sub(began)),
                last_beat_age: attached.then(|| now.saturating_sub(cell.last_beat)),
                utilisation: cell.beat.utilisation,
                heap_used: cell.beat.heap_used,
                heap_limit: cell.beat.heap_limit,
                queued_local: cell.local.len() as u32,
                mean_run: cell.mean_run.get().unwrap_or(0.0) as Nanos,
            }
        });
        workers.collect()
    }

    /// Counts and times of all workers, those that have ended included.
    pub fn metrics(&self) -> PoolMetrics {
        let now = self.clock.now();
        let shared = self.shared.lock();
        let mut stats = shared.ended.clone();
        let since_reset = |attached: Nanos| now.saturating_sub(attached.max(shared.began));
        for worker in &shared.workers {
            let mut cell = worker.cell.lock();
            stats.merge(&cell.stats);
            if cell.attached != 0 {
                stats.alive += since_reset(cell.attached);
            }
            let began = shared.began;
            let unfinished: Nanos =
                cell.running().map(|(_, running)| now.saturating_sub(running.began.max(began))).sum();
            stats.busy += unfinished;
        }
        let tally = shared.tally;
        let lanes = f64::from(self.config.concurrent_tasks_per_worker);
        let utilisation =
            if stats.alive == 0 { 0.0 } else { stats.busy as f64 / (stats.alive as f64 * lanes) };
        PoolMetrics {
            submitted: tally.submitted,
            completed: stats.completed,
            failed: stats.failed,
            aborted: tally.aborted,
            timed_out: tally.timed_out,
            rejected: tally.rejected,
            retried: tally.retried,
            crashes: tally.crashes,
            restarts: tally.restarts,
            spawned: tally.spawned,
            retired: tally.retired,
            stolen: tally.stolen,
            waiting: stats.waiting,
            running: stats.running,
            utilisation: utilisation.min(1.0),
        }
    }

    /// Begins counting anew.
    pub fn reset_metrics(&self) {
        let mut shared = self.shared.lock();
        shared.tally = Tally::default();
        shared.ended = Stats::default();
        shared.began = self.clock.now();
        for worker in &shared.workers {
            worker.cell.lock().stats = Stats::default();
        }
    }

    /// Which kinds of events anybody listens to: bits of [`watch`](super::watch).
    pub fn watch(&self, mask: u8) {
        self.shared.lock().watched = mask;
    }

    /// How busy the machine is, 0 to 1, as the owner measured it.
    pub fn report_load(&self, load: f64) {
        self.shared.lock().load = load.is_finite().then(|| load.clamp(0.0, 1.0));
    }
}

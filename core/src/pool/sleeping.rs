//! Workers that lie down, and who is woken when work comes. Under the shared lock, so that no submit comes between.

use super::cell::Phase;
use super::config::Balancing;
use super::effects::{Effect, Effects};
use super::host::{Host, Nudge};
use super::ids::WorkerId;
use super::shared::{Pool, Shared};
use super::worker::Worker;
use crate::clock::{MILLI, Nanos};
use crate::sync::{Arc, Ordering};

/// Tasks shorter than this are bound by the threads that submit them.
const TINY_RUN: f64 = 5_000.0;

/// A worker that looked for work so lately will look again.
const JUST_LOOKED: Nanos = MILLI / 4;

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

impl<H: Host> Pool<H> {
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
}

impl<H: Host> Shared<H> {
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
}

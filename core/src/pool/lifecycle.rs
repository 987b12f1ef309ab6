//! Workers come and go: starting, attaching, scaling, retiring, dying, being replaced; and the end of the pool.

use super::cancel::Unwanted;
use super::effects::{Effect, Effects};
use super::host::{Crash, Event, Exit, Failure, Host, Nudge, Order, Outcome, Replaced, WorkerId, WorkerWhat};
use super::scaling::{Decision, ScalingSample, decide};
use super::shared::{Life, Pool, Shared};
use super::watch;
use super::worker::{Phase, Task, Worker};
use crate::clock::{MILLI, Nanos};
use crate::sync::{Arc, Ordering};

/// Runs an idempotent task has at most.
const MOST_ATTEMPTS: u8 = 3;
/// The least time between two looks at whether to grow, and between two questions to a user's policy.
const SCALING_INTERVAL: Nanos = 50 * MILLI;

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

    fn spawn(&self, shared: &mut Shared<H>, effects: &mut Effects<H>) {
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

    fn tell_ready(&self, shared: &mut Shared<H>, effects: &mut Effects<H>) {
        let in_phase =
            |phase| shared.workers.iter().filter(|worker| worker.cell.lock().phase == phase).count() as u32;
        let live = in_phase(Phase::Live);
        if in_phase(Phase::Starting) == 0 {
            for reply in shared.until_started.drain(..) {
                effects.push(Effect::Settle(reply, Outcome::Signal));
            }
        }
        if live >= self.config.min_workers {
            for reply in shared.until_ready.drain(..) {
                effects.push(Effect::Settle(reply, Outcome::Signal));
            }
        }
    }

    /// Settles `reply` when as many workers as the minimum have started.
    pub fn notify_ready(&self, reply: H::Reply) {
        let mut effects = Effects::new();
        let mut shared = self.shared.lock();
        let failure = match (&shared.broken, shared.life) {
            (_, Life::Closing | Life::Dead) => Some(Failure::Closed),
            (Some(crash), _) => Some(Failure::Broken(Arc::clone(crash))),
            _ => None,
        };
        match failure {
            Some(failure) => effects.push(Effect::Settle(reply, Outcome::Failed(failure))),
            None => {
                shared.until_ready.push(reply);
                self.tell_ready(&mut shared, &mut effects);
            }
        }
        drop(shared);
        effects.run(&self.host);
    }

    /// Settles `reply` when no worker is on its way any more.
    pub fn notify_started(&self, reply: H::Reply) {
        let mut effects = Effects::new();
        let mut shared = self.shared.lock();
        shared.until_started.push(reply);
        self.tell_ready(&mut shared, &mut effects);
        drop(shared);
        effects.run(&self.host);
    }

    /// Settles `reply` as soon as nothing waits or runs.
    pub fn notify_idle(&self, reply: H::Reply) {
        self.shared.lock().until_idle.push(reply);
        self.idle_wanted.store(true, Ordering::SeqCst);
        self.look_for_idle();
    }

    /// Tells those who wait for the pool to be idle, if it is; a closing pool then lets its workers go.
    pub(super) fn look_for_idle(&self) {
        if !self.idle_wanted.load(Ordering::Relaxed) {
            return;
        }
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        let busy = shared.workers.iter().any(|worker| {
            let cell = worker.cell.lock();
            cell.running_count > 0 || !cell.local.is_empty()
        });
        if !busy && shared.waiting() == 0 && shared.room.is_empty() {
            for reply in shared.until_idle.drain(..) {
                effects.push(Effect::Settle(reply, Outcome::Signal));
            }
            if shared.life == Life::Closing {
                for worker in shared.workers.clone() {
                    self.retire(shared, &worker, &mut effects);
                }
            }
            if shared.life != Life::Closing {
                self.idle_wanted.store(false, Ordering::Relaxed);
            }
        }
        drop(guard);
        effects.run(&self.host);
    }

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
            let input = running.input.filter(|_| {
                !running.streamed && running.attempt < MOST_ATTEMPTS && shared.life != Life::Dead
            });
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

    /// What a scaling decision is made from.
    pub(super) fn sample(&self, shared: &mut Shared<H>, now: Nanos) -> ScalingSample {
        let (mut starting, mut busy, mut utilisation, mut told) = (0, 0, 0.0, 0);
        for worker in &shared.workers {
            let cell = worker.cell.lock();
            starting += u32::from(cell.phase == Phase::Starting);
            busy += u32::from(cell.running_count >= self.config.concurrent_tasks_per_worker);
            if cell.beat != super::Beat::default() {
                utilisation += cell.beat.utilisation;
                told += 1;
            }
        }
        let mean_run = shared.mean_run() as Nanos;
        ScalingSample {
            workers: shared.workers.len() as u32,
            starting,
            busy,
            waiting: shared.queued() + shared.room.len() as u32,
            oldest_wait: shared.queue.front().map_or(0, |task| now.saturating_sub(task.submitted)),
            utilisation: (told > 0).then(|| utilisation / f64::from(told)),
            load: shared.load,
            mean_run,
            min: self.config.min_workers,
            max: self.config.max_workers,
            cores: self.config.cores,
            threshold: self.config.scaling_threshold,
        }
    }

    /// Starts more workers if the rule, or the user's policy, says so.
    pub(super) fn consider_growth(&self, shared: &mut Shared<H>, now: Nanos, effects: &mut Effects<H>) {
        let workers = shared.workers.len() as u32;
        if workers == 0 || shared.broken.is_some() {
            return self.ensure_workers(shared, now, effects);
        }
        if !self.config.auto_scaling || workers >= self.config.max_workers || shared.life == Life::Dead {
            return;
        }
        if now < shared.last_growth.saturating_add(SCALING_INTERVAL) && shared.last_growth != 0 {
            return self.arm(shared.last_growth.saturating_add(SCALING_INTERVAL));
        }
        shared.last_growth = now.max(1);
        self.arm(now.saturating_add(SCALING_INTERVAL));
        let sample = self.sample(shared, now);
        if self.config.custom_policy {
            effects.push(Effect::Order(Order::Consult(sample)));
        } else if let Decision::Grow { count, reason } = decide(&sample) {
            self.grow(shared, count, reason, now, effects);
        }
    }

    fn grow(
        &self,
        shared: &mut Shared<H>,
        count: u32,
        reason: &'static str,
        now: Nanos,
        effects: &mut Effects<H>,
    ) -> u32 {
        let from = shared.workers.len() as u32;
        let count = count.min(self.config.max_workers.saturating_sub(from));
        if count == 0 || shared.life != Life::Open {
            return 0;
        }
        if now < shared.not_before {
            self.arm(shared.not_before);
            return 0;
        }
        let event = || Event::Scale { from, to: from + count, reason };
        shared.tell(watch::SCALE, event, effects);
        for _ in 0..count {
            self.spawn(shared, effects);
        }
        count
    }

    /// Starts up to `count` workers more, within the maximum; how many.
    pub fn scale_up(&self, count: u32) -> u32 {
        let mut effects = Effects::new();
        let mut shared = self.shared.lock();
        let grown = self.grow(&mut shared, count, "requested", self.clock.now(), &mut effects);
        drop(shared);
        effects.run(&self.host);
        grown
    }

    /// Lets up to `count` workers go, within the minimum, the idle first; how many.
    pub fn scale_down(&self, count: u32) -> u32 {
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let gone = self.shrink(&mut guard, count, "requested", &mut effects);
        drop(guard);
        effects.run(&self.host);
        gone
    }

    pub(super) fn shrink(
        &self,
        shared: &mut Shared<H>,
        count: u32,
        reason: &'static str,
        effects: &mut Effects<H>,
    ) -> u32 {
        let mut candidates: Vec<_> =
            shared.workers.iter().filter(|worker| shared.counts_as_worker(worker)).cloned().collect();
        let from = candidates.len() as u32;
        let count = count.min(from.saturating_sub(self.config.min_workers));
        if count == 0 || shared.life != Life::Open {
            return 0;
        }
        candidates.sort_by_key(|worker| worker.cell.lock().running_count);
        shared.tell(watch::SCALE, || Event::Scale { from, to: from - count, reason }, effects);
        for worker in candidates.into_iter().take(count as usize) {
            self.retire(shared, &worker, effects);
        }
        count
    }

    /// Brings the number of workers to what a policy wants, within minimum and maximum.
    pub fn scale_to(&self, count: u32) {
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        let useful = shared.workers.iter().filter(|worker| shared.counts_as_worker(worker)).count() as u32;
        let wanted = count.clamp(self.config.min_workers, self.config.max_workers);
        if wanted > useful {
            self.grow(shared, wanted - useful, "policy", self.clock.now(), &mut effects);
        } else {
            self.shrink(shared, useful - wanted, "policy", &mut effects);
        }
        drop(guard);
        effects.run(&self.host);
    }

    /// Takes no more tasks; when the last one has ended, the workers go.
    pub fn close(&self) {
        let mut shared = self.shared.lock();
        if shared.life == Life::Open {
            shared.life = Life::Closing;
        }
        drop(shared);
        self.idle_wanted.store(true, Ordering::SeqCst);
        self.look_for_idle();
    }

    /// Ends everything at once: what waits and what runs settles as closed, and every thread is ended.
    pub fn terminate(&self) {
        let now = self.clock.now();
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        if shared.life == Life::Dead {
            return;
        }
        shared.life = Life::Dead;
        shared.fail_waiting(&Failure::Closed, &mut effects);
        for worker in shared.workers.clone() {
            let mut cell = worker.cell.lock();
            for task in cell.take_all() {
                effects.push(Effect::Settle(task.reply, Outcome::Failed(Failure::Closed)));
            }
            worker.publish(&cell);
            for (_, running) in cell.running() {
                if let Some(reply) = running.reply.take() {
                    running.aborted = Some(now);
                    effects.push(Effect::Settle(reply, Outcome::Failed(Failure::Closed)));
                }
            }
            let ending = matches!(cell.phase, Phase::Ending(_));
            cell.phase = Phase::Ending(None);
            drop(cell);
            effects.push(Effect::Unpark(Arc::clone(&worker.parker)));
            if !ending {
                effects.push(Effect::Order(Order::Terminate { worker: worker.id }));
            }
        }
        shared.deadlines.clear();
        for reply in shared.until_ready.drain(..) {
            effects.push(Effect::Settle(reply, Outcome::Failed(Failure::Closed)));
        }
        for reply in shared.until_idle.drain(..).chain(shared.until_started.drain(..)) {
            effects.push(Effect::Settle(reply, Outcome::Signal));
        }
        self.publish_urgent(shared);
        drop(guard);
        effects.run(&self.host);
        self.disarm();
    }

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
            if running.input.is_some() && !running.streamed && running.attempt < MOST_ATTEMPTS {
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
    /// Whether a worker takes tasks, or will.
    pub(super) fn counts_as_worker(&self, worker: &Worker<H>) -> bool {
        matches!(worker.cell.lock().phase, Phase::Starting | Phase::Live)
    }
}

//! Growing and shrinking: asked for, by the user's policy, or by the rule in `scaling`.

use super::cell::Phase;
use super::effects::{Effect, Effects};
use super::figures::Beat;
use super::host::{Event, Host, Order, watch};
use super::scaling::{Decision, ScalingSample, decide};
use super::shared::{Life, Pool, Shared};
use crate::clock::{MILLI, Nanos};

/// The least time between two looks at whether to grow, and between two questions to a user's policy.
const SCALING_INTERVAL: Nanos = 50 * MILLI;

impl<H: Host> Pool<H> {
    /// What a scaling decision is made from.
    pub(super) fn sample(&self, shared: &mut Shared<H>, now: Nanos) -> ScalingSample {
        let (mut starting, mut busy, mut utilisation, mut told) = (0, 0, 0.0, 0);
        for worker in &shared.workers {
            let cell = worker.cell.lock();
            starting += u32::from(cell.phase == Phase::Starting);
            busy += u32::from(cell.running_count >= self.config.concurrent_tasks_per_worker);
            if cell.beat != Beat::default() {
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
}

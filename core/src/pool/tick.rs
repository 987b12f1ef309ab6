//! Everything that happens because time has passed: one alarm for the whole pool, armed for the earliest need.
//!
//! Running tasks have no timers of their own: their deadlines are looked over when the alarm rings, and the alarm is
//! moved only when something is due before it. A pool that does nothing at its least size has no alarm.

use super::cell::Phase;
use super::effects::{Effect, Effects};
use super::host::{Host, Nudge};
use super::outcome::{Failure, Outcome, Replaced};
use super::shared::{Pool, Shared};
use super::worker::Worker;
use crate::clock::Nanos;
use crate::sync::{Arc, Ordering, Weak};
use crate::timer::Alarm;

impl<H: Host> Alarm for Pool<H> {
    fn ring(&self, now: Nanos) {
        self.armed_at.store(u64::MAX, Ordering::SeqCst);
        self.armed.lock().key = None;
        self.tick(now);
    }
}

impl<H: Host> Pool<H> {
    /// Sees to it that the alarm rings at `at` or before.
    pub(super) fn arm(&self, at: Nanos) {
        if at >= self.armed_at.load(Ordering::SeqCst) {
            return;
        }
        let mut armed = self.armed.lock();
        if at >= self.armed_at.load(Ordering::SeqCst) {
            return;
        }
        if let Some(key) = armed.key.take() {
            self.timers.disarm(key);
        }
        self.armed_at.store(at, Ordering::SeqCst);
        let me: Weak<dyn Alarm> = self.me.clone();
        armed.key = Some(self.timers.arm(at, me));
    }

    pub(super) fn disarm(&self) {
        let mut armed = self.armed.lock();
        if let Some(key) = armed.key.take() {
            self.timers.disarm(key);
        }
        self.armed_at.store(u64::MAX, Ordering::SeqCst);
    }

    /// A task begins: its time limit and its worker's heartbeat are watched from now on.
    pub(super) fn arm_for_running(&self, now: Nanos) {
        let limit = self.config.task_timeout.unwrap_or(u64::MAX).min(self.config.heartbeat_interval);
        self.arm(now.saturating_add(limit));
    }

    /// A worker idles: its time may be up.
    pub(super) fn arm_for_idle(&self, now: Nanos) {
        if self.config.max_workers > self.config.min_workers
            && self.config.auto_scaling
            && let Some(limit) = self.config.idle_timeout
        {
            self.arm(now.saturating_add(limit));
        }
    }

    /// Does what is due.
    pub fn tick(&self, now: Nanos) {
        let mut effects = Effects::new();
        let mut guard = self.shared.lock();
        let shared = &mut *guard;
        self.cancel_due(shared, now, &mut effects);
        let mut next = shared.deadlines.first().map_or(u64::MAX, |(deadline, _)| *deadline);
        for worker in shared.workers.clone() {
            next = next.min(self.look_after(shared, &worker, now, &mut effects));
        }
        next = next.min(self.let_idle_go(shared, now, &mut effects));
        if shared.not_before > now {
            next = next.min(shared.not_before);
        }
        self.ensure_workers(shared, now, &mut effects);
        shared.admit(self);
        self.publish_urgent(shared);
        if shared.waiting() > 0 {
            // A worker that was woken and is kept from looking must not keep the work from the others.
            shared.waking.clear();
            while !shared.sleepers.is_empty() && (shared.waking.len() as u32) < shared.waiting() {
                if !shared.wake_one(&mut effects) {
                    break;
                }
            }
        }
        if shared.queued() > 0 {
            self.consider_growth(shared, now, &mut effects);
        }
        drop(guard);
        if next != u64::MAX {
            self.arm(next);
        }
        effects.run(&self.host);
        self.look_for_idle();
    }

    /// Looks after one worker, and says when to look again.
    fn look_after(
        &self,
        shared: &mut Shared<H>,
        worker: &Arc<Worker<H>>,
        now: Nanos,
        effects: &mut Effects<H>,
    ) -> Nanos {
        let grace = self.config.abort_grace;
        let mut next = u64::MAX;
        let mut overdue = None;
        let mut timed_out = 0;
        let mut cell = worker.cell.lock();
        if let Phase::Retiring(since) = cell.phase
            && cell.running_count == 0
        {
            if now >= since.saturating_add(grace) {
                drop(cell);
                self.end_worker(shared, worker, None, effects);
                return u64::MAX;
            }
            next = since.saturating_add(grace);
        }
        if matches!(cell.phase, Phase::Ending(_)) {
            return u64::MAX;
        }
        for (slot, running) in cell.running() {
            if let (Some(limit), None) = (self.config.task_timeout, running.aborted) {
                let due = running.began.saturating_add(limit);
                if due > now {
                    next = next.min(due);
                } else if let Some(reply) = running.reply.take() {
                    running.aborted = Some(now);
                    running.input = None;
                    timed_out += 1;
                    let failure = Failure::TimedOut { running: true, after: limit };
                    effects.push(Effect::Settle(reply, Outcome::Failed(failure)));
                    let abort = Nudge::Abort { slot, task: running.id, timed_out: true };
                    effects.push(Effect::Nudge(worker.id, abort));
                    effects.push(Effect::Nudge(worker.id, Nudge::Ping));
                }
            }
            if let Some(since) = running.aborted {
                if now >= since.saturating_add(grace) {
                    overdue = overdue.max(Some(since));
                } else {
                    next = next.min(since.saturating_add(grace));
                }
            }
        }
        if cell.running_count > 0 {
            if cell.pinged.is_none() && now.saturating_sub(cell.last_beat) >= self.config.heartbeat_interval {
                cell.pinged = Some(now);
                effects.push(Effect::Nudge(worker.id, Nudge::Ping));
            }
            next = next.min(now.saturating_add(self.config.heartbeat_interval));
        }
        drop(cell);
        shared.tally.timed_out += timed_out;
        if let Some(since) = overdue {
            self.overdue(shared, worker, since, effects);
        } else if self.config.auto_restart && self.unresponsive(worker, now) {
            self.settle_replaced(worker, Replaced::Unresponsive, effects);
            self.end_worker(shared, worker, Some(Replaced::Unresponsive), effects);
        }
        next
    }

    /// Retires workers beyond the minimum that have idled for too long, and says when to look again.
    fn let_idle_go(&self, shared: &mut Shared<H>, now: Nanos, effects: &mut Effects<H>) -> Nanos {
        let Some(limit) = self.config.idle_timeout.filter(|_| self.config.auto_scaling) else {
            return u64::MAX;
        };
        let useful = shared.workers.iter().filter(|worker| shared.counts_as_worker(worker)).count() as u32;
        let mut spare = useful.saturating_sub(self.config.min_workers);
        let mut idle: Vec<_> =
            shared.sleepers.iter().filter(|sleeper| sleeper.idle).map(|s| (s.since, s.id)).collect();
        idle.sort_unstable();
        for (since, id) in idle {
            if spare == 0 {
                break;
            }
            let due = since.saturating_add(limit);
            if due > now {
                return due;
            }
            if let Some(worker) = shared.worker(id)
                && self.retire(shared, &worker, effects)
            {
                spare -= 1;
                let event = || super::Event::Scale { from: useful, to: useful - 1, reason: "idle" };
                shared.tell(super::watch::SCALE, event, effects);
            }
        }
        u64::MAX
    }
}

//! How a worker comes by tasks: a batch from the shared queue, or half of what the fullest sibling has taken.

use super::config::Balancing;
use super::effects::{Effect, Effects};
use super::host::{Event, Host, Order, watch};
use super::shared::{Pool, Shared};
use super::worker::Worker;
use crate::clock::Nanos;
use crate::sync::{Arc, Ordering};

/// Tasks a worker takes at once, at most.
const BATCH: u32 = 32;

/// A batch should not be more than so much work.
const BATCH_TIME: f64 = 500_000.0;

impl<H: Host> Pool<H> {
    /// Takes tasks from the shared queue, or from a sibling, into a worker's own. Says whether it got any.
    pub(super) fn refill(&self, worker: &Worker<H>, now: Nanos) -> bool {
        let mut effects = Effects::new();
        let mut shared = self.shared.lock();
        shared.get_up(worker.id);
        shared.last_look = now;
        let batch = self.batch(&mut shared);
        let mut cell = worker.cell.lock();
        let urgent = !cell.local.is_empty();
        let mut taken = 0;
        let count = if urgent { 1 } else { batch };
        for at in 0..count {
            let Some(task) = shared.pop() else { break };
            // Something more urgent goes before what was taken earlier.
            if urgent {
                cell.local.insert(at as usize, task)
            } else {
                cell.local.push_back(task)
            }
            taken += 1;
        }
        worker.publish(&cell);
        drop(cell);
        if taken == 0 && !urgent && self.config.balancing != Balancing::RoundRobin {
            taken = shared.steal(worker);
        }
        shared.admit(self);
        if taken == 0 && shared.waiting() > 0 {
            // Only the waiting room had something.
            if let Some(task) = shared.pop() {
                worker.cell.lock().local.push_back(task);
                taken = 1;
            }
        }
        self.publish_urgent(&shared);
        if shared.waiting() > 0 {
            if !self.enough_awake(&shared, now) {
                shared.wake_one(&mut effects);
            }
        } else if taken > 0 && shared.watched & watch::DRAIN != 0 {
            effects.push(Effect::Order(Order::Event(Event::Drain)));
        }
        drop(shared);
        effects.run(&self.host);
        taken > 0
    }

    /// How many tasks a worker takes at once: its share of half the queue, and not more than a moment's work.
    pub(super) fn batch(&self, shared: &mut Shared<H>) -> u32 {
        shared.recent_run = shared.mean_run();
        let workers = shared.workers.len().max(1) as u32;
        if workers == 1 && self.config.balancing != Balancing::Adaptive {
            return self.by_time(shared).min(BATCH);
        }
        (shared.queue.len() / (2 * workers)).clamp(1, BATCH).min(self.by_time(shared))
    }

    fn by_time(&self, shared: &Shared<H>) -> u32 {
        let mean = shared.recent_run;
        if mean <= 0.0 { 1 } else { ((BATCH_TIME / mean) as u32).clamp(1, BATCH) }
    }
}

impl<H: Host> Shared<H> {
    /// Takes half of the fullest sibling's tasks, its oldest first.
    pub(super) fn steal(&mut self, thief: &Worker<H>) -> u32 {
        let length = |worker: &Arc<Worker<H>>| worker.local_length.load(Ordering::Relaxed);
        let others = self.workers.iter().filter(|worker| worker.id != thief.id);
        let Some(victim) = others.max_by_key(|worker| length(worker)).filter(|worker| length(worker) > 0)
        else {
            return 0;
        };
        // Lower number first, as always when two workers are locked.
        let (mut from, mut to);
        if victim.id < thief.id {
            from = victim.cell.lock();
            to = thief.cell.lock();
        } else {
            to = thief.cell.lock();
            from = victim.cell.lock();
        }
        let half = from.local.len().div_ceil(2);
        let loot = from.take_free(half);
        let count = loot.len() as u32;
        to.local.extend(loot);
        victim.publish(&from);
        thief.publish(&to);
        self.tally.stolen += u64::from(count);
        count
    }
}

//! Whom a pool tells when it is ready, has started what it was to start, or is idle.

use super::cell::Phase;
use super::effects::{Effect, Effects};
use super::host::Host;
use super::outcome::{Failure, Outcome};
use super::shared::{Life, Pool, Shared};
use crate::sync::{Arc, Ordering};

impl<H: Host> Pool<H> {
    pub(super) fn tell_ready(&self, shared: &mut Shared<H>, effects: &mut Effects<H>) {
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
}

//! The end of a pool: in peace, or at once.

use super::cell::Phase;
use super::effects::{Effect, Effects};
use super::host::{Host, Order};
use super::outcome::{Failure, Outcome};
use super::shared::{Life, Pool};
use crate::sync::{Arc, Ordering};

impl<H: Host> Pool<H> {
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
}

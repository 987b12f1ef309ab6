//! What an operation wants done once its locks are released.

use super::park::Parker;
use super::{Host, Nudge, Order, Outcome, WorkerId};
use crate::sync::Arc;

/// One thing to do.
pub(super) enum Effect<H: Host> {
    /// End a wait.
    Settle(H::Reply, Outcome<H::Output>),
    /// Tell a worker.
    Nudge(WorkerId, Nudge),
    /// Tell the owner.
    Order(Order),
    /// Wake a worker that waits in [`Parker`].
    Unpark(Arc<Parker>),
}

/// Things to do, in order. Empty ones need no memory.
pub(super) struct Effects<H: Host>(Vec<Effect<H>>);

impl<H: Host> Effects<H> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn push(&mut self, effect: Effect<H>) {
        self.0.push(effect);
    }

    /// Does them. No lock of the pool may be held.
    pub(super) fn run(self, host: &H) {
        for effect in self.0 {
            match effect {
                Effect::Settle(reply, outcome) => host.settle(reply, outcome),
                Effect::Nudge(worker, nudge) => host.nudge(worker, nudge),
                Effect::Order(order) => host.order(order),
                Effect::Unpark(parker) => parker.unpark(),
            }
        }
    }
}

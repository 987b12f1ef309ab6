//! What every rule of a limiter is.

use std::fmt::Debug;

use crate::clock::Nanos;

/// How a limiter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The most that can be asked for at once.
    pub limit: u64,
    /// What could be taken now.
    pub remaining: u64,
    /// When, if nobody takes anything, it stands as if nobody ever had.
    pub reset_at: Nanos,
}

/// What a limiter allows: pure functions over a state. Times never run backwards between calls.
pub trait Rule: Debug + Send + Sync + 'static {
    /// What is remembered of what was taken. A fresh one has taken nothing.
    type State: Clone + Debug + Default + Send + 'static;

    /// The earliest time from `now` on at which `cost` may be taken if nobody else takes anything before; `None` if never, because it
    /// is more than the rule ever allows at once. A cost of 0 may always be taken.
    fn earliest(&self, state: &Self::State, now: Nanos, cost: u64) -> Option<Nanos>;

    /// Takes `cost` at `now`, allowed or not: who takes more than is allowed makes all the others wait for it.
    fn take(&self, state: &mut Self::State, now: Nanos, cost: u64);

    /// Takes `cost` if it may be taken at `now`.
    fn try_take(&self, state: &mut Self::State, now: Nanos, cost: u64) -> bool {
        let may = self.earliest(state, now, cost) == Some(now);
        if may {
            self.take(state, now, cost);
        }
        may
    }

    /// Gives back, at `now`, `cost` that was taken at `taken`. What has come back by itself since then is not given twice.
    fn give_back(&self, state: &mut Self::State, now: Nanos, taken: Nanos, cost: u64);

    /// How it stands.
    fn standing(&self, state: &Self::State, now: Nanos) -> Standing;
}

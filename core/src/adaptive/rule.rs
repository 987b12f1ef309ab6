//! What every rule of an adaptive limit is.

use std::fmt::Debug;

use crate::clock::Nanos;

/// One call that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When it began.
    pub started: Nanos,
    /// When it ended.
    pub ended: Nanos,
    /// How many were in flight when it began, itself included.
    pub in_flight: u32,
    /// It was refused by the server or timed out.
    pub dropped: bool,
}

impl Sample {
    /// How long it took.
    #[must_use]
    pub const fn latency(&self) -> Nanos {
        self.ended.saturating_sub(self.started)
    }

    /// Whether at least half of a limit was in use.
    pub(super) fn uses(&self, limit: f64) -> bool {
        f64::from(self.in_flight) * 2.0 >= limit
    }
}

/// Between what a limit stays, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Where it begins.
    pub initial: u32,
    /// It is never less, and this is at least 1.
    pub min: u32,
    /// It is never more.
    pub max: u32,
}

impl Bounds {
    pub(super) fn first(&self) -> f64 {
        self.keep(f64::from(self.initial))
    }

    pub(super) fn keep(&self, limit: f64) -> f64 {
        limit.min(f64::from(self.max)).max(f64::from(self.min))
    }
}

/// How a limit follows what happens to calls.
pub trait Rule: Debug + Send + Sync + 'static {
    /// What is remembered of the past.
    type State: Copy + Debug + PartialEq + Send + 'static;
    /// Before the first call.
    fn begin(&self) -> Self::State;
    /// After one more call. Calls come in the order in which they end.
    fn next(&self, state: Self::State, sample: &Sample) -> Self::State;
    /// The limit.
    fn limit(&self, state: &Self::State) -> u32;
}

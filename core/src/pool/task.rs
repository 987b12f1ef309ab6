//! A task: while it waits, and while it runs.

use super::host::Host;
use super::ids::TaskId;
use super::queue::Queued;
use crate::clock::Nanos;

/// Runs an idempotent task has at most.
const MOST_ATTEMPTS: u8 = 3;

/// A task that waits.
pub(super) struct Task<H: Host> {
    pub(super) id: TaskId,
    pub(super) input: H::Input,
    pub(super) reply: H::Reply,
    pub(super) submitted: Nanos,
    /// When its submitter gives up; 0 for never.
    pub(super) deadline: Nanos,
    pub(super) priority: i8,
    pub(super) idempotent: bool,
    pub(super) cancellable: bool,
    pub(super) attempt: u8,
    /// Its input is with the worker that has it: no other can run it.
    pub(super) bound: bool,
}

impl<H: Host> Queued for Task<H> {
    fn id(&self) -> TaskId {
        self.id
    }
    fn priority(&self) -> i8 {
        self.priority
    }
}

impl<H: Host> Task<H> {
    /// How long its submitter waits.
    pub(super) fn limit(&self) -> Nanos {
        self.deadline.saturating_sub(self.submitted)
    }
}

/// A task that runs. Its slot is free again only when the worker says that it has ended.
pub(super) struct Running<H: Host> {
    pub(super) id: TaskId,
    /// Gone once the task is settled, which may be before it ends.
    pub(super) reply: Option<H::Reply>,
    /// Kept for another run.
    pub(super) input: Option<H::Input>,
    pub(super) submitted: Nanos,
    pub(super) deadline: Nanos,
    pub(super) priority: i8,
    pub(super) cancellable: bool,
    pub(super) attempt: u8,
    /// It has given items, so it must not run again.
    pub(super) streamed: bool,
    pub(super) began: Nanos,
    /// When it was cancelled, by whomever.
    pub(super) aborted: Option<Nanos>,
}

impl<H: Host> Running<H> {
    /// Whether it may run again after its worker was lost.
    pub(super) fn may_repeat(&self) -> bool {
        self.input.is_some() && !self.streamed && self.attempt < MOST_ATTEMPTS
    }
}

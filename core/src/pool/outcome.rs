//! The words about a task: how it is to be treated, why it is not taken, how it begins, how it ends.

use super::host::Host;
use super::ids::{Slot, TaskId, WorkerId};
use crate::clock::Nanos;
use crate::sync::Arc;

/// How a task is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskOptions {
    /// Higher goes first; tasks of one priority run in order.
    pub priority: i8,
    /// How long its submitter waits, from now.
    pub timeout: Option<Nanos>,
    /// It may run again if its worker is lost.
    pub idempotent: bool,
    /// It may be cancelled by its number.
    pub cancellable: bool,
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self { priority: 0, timeout: None, idempotent: false, cancellable: true }
    }
}

/// A task the pool does not take.
#[derive(Debug)]
pub struct Refused<H: Host> {
    /// Why.
    pub why: Refusal,
    /// What it carried.
    pub input: H::Input,
    /// Where its outcome would have gone.
    pub reply: H::Reply,
}

/// Why a task is not taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// No room.
    Full {
        /// The limit.
        limit: u32,
    },
    /// It could only fail.
    Failed(Failure),
}

/// What a worker does next.
#[derive(Debug, PartialEq)]
pub enum Next<I> {
    /// Run this.
    Task(Begun<I>),
    /// Nothing to run, or no room to run it.
    Empty,
    /// End.
    Retire,
}

/// A task that a worker has begun.
#[derive(Debug, PartialEq)]
pub struct Begun<I> {
    /// Where it runs.
    pub slot: Slot,
    /// Which it is.
    pub id: TaskId,
    /// 1 for the first time.
    pub attempt: u32,
    /// It was given to this very worker when it was submitted, by [`submit_near`](super::Pool::submit_near).
    pub bound: bool,
    /// What it carries.
    pub input: I,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<T> {
    /// The worker ran it to its end.
    Done {
        /// Whether it returned; otherwise it threw.
        ok: bool,
        /// What it returned or threw.
        output: T,
    },
    /// It did not run to its end.
    Failed(Failure),
    /// What was waited for has come.
    Signal,
}

/// Why a task did not run to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// Its submitter cancelled it.
    Aborted,
    /// It took too long.
    TimedOut {
        /// A worker had begun it.
        running: bool,
        /// The limit.
        after: Nanos,
    },
    /// Its worker died.
    Crashed(Arc<Crash>),
    /// Its worker was replaced for no fault of the task's.
    Replaced {
        /// Which worker.
        worker: WorkerId,
        /// Why.
        why: Replaced,
    },
    /// The pool was closed.
    Closed,
    /// Workers die at every start; the last crash.
    Broken(Arc<Crash>),
}

/// Why a worker was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Replaced {
    /// Another task there did not end after it was cancelled.
    Overdue = 0,
    /// Its event loop stood still.
    Unresponsive = 1,
    /// Somebody asked.
    Requested = 2,
}

/// The death of a worker that nobody ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    /// Which worker.
    pub worker: WorkerId,
    /// Its thread's exit code.
    pub exit_code: Option<i32>,
    /// What killed it, as the owner encoded it.
    pub cause: Option<Arc<[u8]>>,
    /// It had not started yet.
    pub starting: bool,
}

/// The end of a worker's thread, as its owner saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exit {
    /// The exit code.
    pub code: Option<i32>,
    /// What killed it, encoded.
    pub cause: Option<Arc<[u8]>>,
}

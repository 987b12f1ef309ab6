//! What a pool asks of the world outside, and the words it uses.

use super::ids::{Slot, TaskId, WorkerId};
use super::outcome::{Crash, Outcome};
use super::scaling::ScalingSample;
use crate::sync::Arc;

/// What a pool asks of the world outside. Called under no lock of the pool, save `item`; none may call back into the pool.
pub trait Host: Send + Sync + Sized + 'static {
    /// What a task carries to its worker; cloned only for idempotent tasks.
    type Input: Clone + Send;
    /// What a worker gives back.
    type Output: Send;
    /// Where the one outcome of a task goes.
    type Reply: Send;
    /// The outcome: exactly one for each accepted task or notification.
    fn settle(&self, reply: Self::Reply, outcome: Outcome<Self::Output>);
    /// An item of a stream whose task goes on.
    fn item(&self, reply: &Self::Reply, item: Self::Output);
    /// A word to a worker, through its own event loop.
    fn nudge(&self, worker: WorkerId, nudge: Nudge);
    /// A word to the owner, who starts and ends the threads.
    fn order(&self, order: Order);
}

/// A word to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nudge {
    /// Work has come.
    Wake,
    /// The task in this slot is cancelled.
    Abort {
        /// Where it runs.
        slot: Slot,
        /// Which it is.
        task: TaskId,
        /// It timed out; otherwise its submitter cancelled it.
        timed_out: bool,
    },
    /// Say that your event loop turns.
    Ping,
    /// End, once what you run has ended.
    Retire,
    /// The reader of a stream takes more items.
    Credit {
        /// The stream's task.
        slot: Slot,
        /// How many more.
        count: u32,
    },
}

/// A word to the owner.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Start this worker.
    Spawn {
        /// Its number.
        worker: WorkerId,
    },
    /// End this worker's thread at once.
    Terminate {
        /// Its number.
        worker: WorkerId,
    },
    /// Ask the user's policy how many workers it wants.
    Consult(ScalingSample),
    /// Tell the listeners.
    Event(Event),
}

/// Something a listener may want to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A worker came or went.
    Worker {
        /// Which.
        worker: WorkerId,
        /// What it did.
        what: WorkerWhat,
    },
    /// The number of workers is about to change.
    Scale {
        /// From so many.
        from: u32,
        /// To so many.
        to: u32,
        /// Why, in a word.
        reason: &'static str,
    },
    /// Nothing waits any more.
    Drain,
    /// A worker died unordered.
    Error(Arc<Crash>),
}

/// What a worker did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerWhat {
    /// It takes tasks from now on.
    Started,
    /// It ended in peace.
    Retired,
    /// It died unordered.
    Crashed,
    /// It was ended so that another can take its place.
    Replaced,
}

impl WorkerWhat {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Retired => "retired",
            Self::Crashed => "crashed",
            Self::Replaced => "replaced",
        }
    }
}

/// Bits for the kinds of events somebody listens to.
pub mod watch {
    /// [`Event::Worker`](super::Event::Worker)
    pub const WORKER: u8 = 1;
    /// [`Event::Scale`](super::Event::Scale)
    pub const SCALE: u8 = 2;
    /// [`Event::Drain`](super::Event::Drain)
    pub const DRAIN: u8 = 4;
    /// [`Event::Error`](super::Event::Error)
    pub const ERROR: u8 = 8;
}

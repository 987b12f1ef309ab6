//! The words a pool and the world outside use with each other.

use std::fmt::Debug;

use super::ScalingSample;
use crate::clock::Nanos;
use crate::metrics::Histogram;
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

/// A worker's number, never used twice in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub u32);

/// A task's number, never used twice in a pool and below 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u64);

/// Names a running task within its worker. It goes stale when the task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Slot {
    /// As a whole number below 2^53.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        (u64::from(self.generation) << 20) | u64::from(self.index)
    }

    /// The inverse of [`to_bits`](Self::to_bits).
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self { index: (bits & 0xf_ffff) as u32, generation: (bits >> 20) as u32 }
    }
}

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

/// A worker's sign of life.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Beat {
    /// The share of time its event loop was busy since the last one, 0 to 1.
    pub utilisation: f64,
    /// Bytes of heap in use.
    pub heap_used: u64,
    /// Bytes of heap it may use.
    pub heap_limit: u64,
}

/// How many there are of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Workers, those that start included.
    pub workers: u32,
    /// Tasks that wait, those that workers have taken and not begun included.
    pub queued: u32,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that wait for room in the queue.
    pub waiting_room: u32,
}

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerState {
    /// Its thread has not come up yet.
    Starting,
    /// It has nothing to run.
    Idle,
    /// It runs something.
    Busy,
    /// It runs something and its event loop has not turned for longer than the heartbeat time-out.
    Unresponsive,
    /// It takes no more tasks.
    Retiring,
}

/// A worker's health.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerHealth {
    /// Which worker.
    pub id: WorkerId,
    /// What it does.
    pub state: WorkerState,
    /// Tasks that returned.
    pub done: u64,
    /// Tasks that threw.
    pub failed: u64,
    /// How long its oldest running task has run.
    pub current_task_age: Option<Nanos>,
    /// How long ago it gave a sign of life.
    pub last_beat_age: Option<Nanos>,
    /// The share of time its event loop was busy at the last beat.
    pub utilisation: f64,
    /// Bytes of heap in use at the last beat.
    pub heap_used: u64,
    /// Bytes of heap it may use.
    pub heap_limit: u64,
    /// Tasks it has taken and not begun.
    pub queued_local: u32,
    /// Its recent mean run time.
    pub mean_run: Nanos,
}

/// A pool's counts and times since it began or was reset.
#[derive(Debug, Clone, Default)]
pub struct PoolMetrics {
    /// Tasks accepted.
    pub submitted: u64,
    /// Tasks that returned.
    pub completed: u64,
    /// Tasks that threw.
    pub failed: u64,
    /// Tasks cancelled by their submitter.
    pub aborted: u64,
    /// Tasks that took too long.
    pub timed_out: u64,
    /// Tasks refused because the queue was full.
    pub rejected: u64,
    /// Tasks that ran again after their worker was lost.
    pub retried: u64,
    /// Workers that died unordered.
    pub crashes: u64,
    /// Workers started in place of lost ones.
    pub restarts: u64,
    /// Workers started.
    pub spawned: u64,
    /// Workers retired.
    pub retired: u64,
    /// Tasks taken from a sibling's queue.
    pub stolen: u64,
    /// From submission to begin.
    pub waiting: Histogram,
    /// From begin to end.
    pub running: Histogram,
    /// The share of the workers' time spent running tasks.
    pub utilisation: f64,
}

//! What a pool says to isolates, in the shape that crosses the page. The numbers are those of `ts/worker-pools/protocol.ts`.

use crate::codec::Payload;

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Status {
    /// The processor's result.
    Fulfilled = 0,
    /// What the processor threw.
    Rejected = 1,
    /// Cancelled by its submitter.
    Aborted = 2,
    /// Timed out before a worker began it; the detail is the limit in milliseconds.
    TimedOutWaiting = 3,
    /// Timed out while it ran; the detail is the limit in milliseconds.
    TimedOutRunning = 4,
    /// Its worker died; the payload is the crash.
    Crashed = 5,
    /// Its worker was replaced; the detail says which worker and why.
    Replaced = 6,
    /// The pool was closed.
    Closed = 7,
    /// Workers die at every start; the payload is the last crash.
    Broken = 8,
    /// What was waited for has come.
    Signal = 9,
    /// The queue is full; the detail is its limit.
    Full = 10,
    /// What was waited for was closed; the detail is the case of a select.
    Ended = 11,
    /// The time is up.
    TimedOut = 12,
}

/// The end of a wait.
pub(crate) struct Settled {
    pub(crate) wait: u32,
    pub(crate) status: Status,
    pub(crate) detail: f64,
    pub(crate) payload: Payload,
}

/// What a pool says to a worker.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum NudgeKind {
    /// Work has come.
    Wake = 0,
    /// The task in slot a is cancelled; b is 1 when it timed out.
    Abort = 1,
    /// Say that the event loop turns.
    Ping = 2,
    /// End, when what runs has ended.
    Retire = 3,
    /// The reader of the stream in slot a takes b more items.
    Credit = 4,
}

/// A pool's word to a worker.
pub(crate) struct Nudged {
    pub(crate) worker: u32,
    pub(crate) what: NudgeKind,
    pub(crate) detail: [f64; 2],
}

/// What a pool says to its owner.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum OrderKind {
    /// Start worker a.
    Spawn = 0,
    /// End worker a at once.
    Terminate = 1,
    /// Ask the user's policy; the payload is the sample as JSON.
    Consult = 2,
    /// Tell the listeners; the payload is the event as JSON.
    Event = 3,
    /// Tell the listeners of errors; a is the crash, the payload its cause.
    Error = 4,
}

/// A pool's word to its owner.
pub(crate) struct Ordered {
    pub(crate) pool: u32,
    pub(crate) what: OrderKind,
    pub(crate) detail: [f64; 2],
    pub(crate) payload: Payload,
}

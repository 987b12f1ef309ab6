//! The words in which a pool tells of itself: how many, how busy, how well.

use super::ids::WorkerId;
use crate::clock::Nanos;
use crate::metrics::Histogram;

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

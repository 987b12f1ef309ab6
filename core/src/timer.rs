//! Deadlines, asked for through a trait so that the engine owns no thread.
//!
//! The binding serves [`Timers`] from one process-wide timer thread; tests serve it from a [`ManualClock`](crate::clock::ManualClock).

use std::fmt::Debug;

use crate::clock::Nanos;
use crate::sync::Weak;

/// Something that wants to be called when a deadline has passed.
pub trait Alarm: Send + Sync + 'static {
    /// Called once per armed deadline, on the timer thread, at or after the deadline. Must not block.
    fn ring(&self, now: Nanos);
}

/// Names one armed deadline, so that it can be disarmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerKey {
    /// When it is due.
    pub at: Nanos,
    /// Tells apart deadlines of the same nanosecond.
    pub serial: u64,
}

/// The service that rings alarms.
pub trait Timers: Debug + Send + Sync + 'static {
    /// Asks that `alarm` be rung at `at`. An alarm that is gone by then is skipped.
    fn arm(&self, at: Nanos, alarm: Weak<dyn Alarm>) -> TimerKey;
    /// Withdraws a deadline; one that has rung or is ringing is left alone.
    fn disarm(&self, key: TimerKey);
}

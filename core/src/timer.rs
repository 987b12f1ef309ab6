//! Deadlines, asked for through a trait so that the engine owns no thread.
//!
//! The binding serves [`Timers`] from one process-wide timer thread; tests serve it from a [`ManualClock`](crate::clock::ManualClock).

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::clock::{Clock, ManualClock, Nanos};
use crate::sync::{Arc, Mutex, Weak};

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

/// Deadlines in order: what a timer service keeps.
#[derive(Default)]
pub struct TimerQueue {
    armed: BTreeMap<TimerKey, Weak<dyn Alarm>>,
    serial: u64,
}

impl Debug for TimerQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TimerQueue").field("armed", &self.armed.len()).finish_non_exhaustive()
    }
}

impl TimerQueue {
    /// Adds a deadline.
    pub fn arm(&mut self, at: Nanos, alarm: Weak<dyn Alarm>) -> TimerKey {
        self.serial += 1;
        let key = TimerKey { at, serial: self.serial };
        self.armed.insert(key, alarm);
        key
    }

    /// Removes a deadline, if it is still there.
    pub fn disarm(&mut self, key: TimerKey) {
        self.armed.remove(&key);
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Nanos> {
        self.armed.first_key_value().map(|(key, _)| key.at)
    }

    /// Takes out every deadline up to and including `now`, in order.
    pub fn take_due(&mut self, now: Nanos) -> Vec<Weak<dyn Alarm>> {
        // Entry by entry: `split_off` counts what stays.
        let mut due = Vec::new();
        while let Some(first) = self.armed.first_entry().filter(|first| first.key().at <= now) {
            due.push(first.remove());
        }
        due
    }
}

/// A timer service over a clock that a test moves by hand.
#[derive(Debug, Default)]
pub struct ManualTimers {
    /// The clock that [`advance`](Self::advance) moves.
    pub clock: Arc<ManualClock>,
    queue: Mutex<TimerQueue>,
}

impl ManualTimers {
    /// Moves the clock, stopping at each deadline on the way to ring it.
    pub fn advance(&self, span: Nanos) {
        let end = self.clock.now().saturating_add(span);
        loop {
            let next = self.queue.lock().next_deadline().filter(|at| *at <= end);
            let Some(at) = next else { break };
            self.clock.advance(at.saturating_sub(self.clock.now()));
            let now = self.clock.now();
            let due = self.queue.lock().take_due(now);
            for alarm in due {
                if let Some(alarm) = alarm.upgrade() {
                    alarm.ring(now);
                }
            }
        }
        self.clock.advance(end.saturating_sub(self.clock.now()));
    }

    /// How many deadlines are armed.
    #[must_use]
    pub fn armed(&self) -> usize {
        self.queue.lock().armed.len()
    }
}

impl Timers for ManualTimers {
    fn arm(&self, at: Nanos, alarm: Weak<dyn Alarm>) -> TimerKey {
        self.queue.lock().arm(at, alarm)
    }

    fn disarm(&self, key: TimerKey) {
        self.queue.lock().disarm(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes when it is rung, and arms itself again a span later.
    struct Again {
        timers: Arc<ManualTimers>,
        every: Nanos,
        rung: Mutex<Vec<Nanos>>,
        own: Weak<Again>,
    }

    impl Alarm for Again {
        fn ring(&self, now: Nanos) {
            self.rung.lock().push(now);
            let own: Weak<dyn Alarm> = self.own.clone();
            self.timers.arm(now + self.every, own);
        }
    }

    #[test]
    fn what_an_alarm_arms_on_the_way_rings_in_the_same_advance() {
        let timers = Arc::new(ManualTimers::default());
        let alarm = Arc::new_cyclic(|own| Again {
            timers: Arc::clone(&timers),
            every: 3,
            rung: Mutex::new(Vec::new()),
            own: own.clone(),
        });
        let own: Weak<dyn Alarm> = alarm.own.clone();
        timers.arm(2, own);
        timers.advance(9);
        assert_eq!(*alarm.rung.lock(), [2, 5, 8]);
        assert_eq!((timers.clock.now(), timers.armed()), (9, 1));
    }

    #[test]
    fn deadlines_of_one_moment_keep_their_order_and_one_withdrawn_does_not_ring() {
        let mut queue = TimerQueue::default();
        let gone = Weak::<Again>::new();
        let keys = [7, 7, 5].map(|at| queue.arm(at, gone.clone()));
        queue.disarm(keys[0]);
        assert_eq!(queue.next_deadline(), Some(5));
        assert_eq!(queue.take_due(6).len(), 1);
        assert_eq!(queue.next_deadline(), Some(7));
        assert_eq!(queue.take_due(Nanos::MAX).len(), 1);
        assert_eq!(queue.next_deadline(), None);
    }
}

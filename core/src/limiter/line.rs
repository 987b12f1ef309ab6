//! Those who wait before a limiter, and its one alarm.

use super::limits::Figures;
use crate::clock::Nanos;
use crate::sync::{Arc, AtomicU64, Ordering, Weak};
use crate::timer::{Alarm, TimerKey, Timers};
use crate::wait::{WaitList, Waiter, Wake, WakeTarget};

/// One who waits, or has reserved a place.
#[derive(Debug)]
pub(super) struct Entry<W> {
    pub(super) cost: u64,
    /// Since when.
    pub(super) since: Nanos,
    /// Nobody waits at a place that is reserved.
    pub(super) waiter: Option<Arc<Waiter<W>>>,
}

/// The one alarm, set for the first in line.
#[derive(Debug, Default)]
pub(super) struct OneAlarm(Option<TimerKey>);

impl OneAlarm {
    pub(super) fn set(&mut self, timers: &dyn Timers, at: Nanos, alarm: &Weak<impl Alarm>) {
        if self.0.is_some_and(|key| key.at == at) {
            return;
        }
        self.unset(timers);
        let alarm: Weak<dyn Alarm> = Weak::clone(alarm) as Weak<dyn Alarm>;
        self.0 = Some(timers.arm(at, alarm));
    }

    pub(super) fn unset(&mut self, timers: &dyn Timers) {
        if let Some(key) = self.0.take() {
            timers.disarm(key);
        }
    }

    /// When it is due.
    pub(super) fn at(&self) -> Option<Nanos> {
        self.0.map(|key| key.at)
    }
}

/// Whom to tell once the lock is given back.
#[derive(Debug)]
#[must_use = "they are to be told once the lock is given back"]
pub(super) struct Told<W: WakeTarget> {
    pub(super) won: Vec<Wake<W>>,
    /// What they ask for is not to be had any more.
    pub(super) refused: Vec<Arc<Waiter<W>>>,
}

impl<W: WakeTarget> Default for Told<W> {
    fn default() -> Self {
        Self { won: Vec::new(), refused: Vec::new() }
    }
}

impl<W: WakeTarget> Told<W> {
    pub(super) fn tell(self) {
        drop(self.won);
        for waiter in self.refused {
            waiter.close();
        }
    }
}

/// Tells all of a line that is no more.
pub(super) fn close_all<W: WakeTarget>(mut line: WaitList<Entry<W>>) {
    while let Some(entry) = line.pop() {
        if let Some(waiter) = entry.waiter {
            waiter.close();
        }
    }
}

/// What has come of those who waited.
#[derive(Debug, Default)]
pub(super) struct Waits {
    pub(super) waited: u64,
    pub(super) cancelled: u64,
    pub(super) sum: Nanos,
    pub(super) max: Nanos,
}

impl Waits {
    pub(super) fn passed(&mut self, span: Nanos) {
        self.waited += 1;
        self.sum = self.sum.saturating_add(span);
        self.max = self.max.max(span);
    }

    pub(super) fn figures(&self, allowed: &AtomicU64, refused: &AtomicU64, waiting: usize) -> Figures {
        Figures {
            allowed: allowed.load(Ordering::Relaxed),
            refused: refused.load(Ordering::Relaxed),
            waited: self.waited,
            cancelled: self.cancelled,
            waited_sum: self.sum,
            waited_max: self.max,
            waiting: waiting as u64,
        }
    }
}

//! A condition variable: waiting to be notified.
//!
//! The host queues the waiter before it unlocks its own lock, so that no notification falls in between, and locks again
//! when the wait has ended. There are no spurious wake-ups; what the condition is, the host looks at again all the same,
//! as another may have been quicker to its lock.

use super::gate::Wait;
use crate::sync::{Arc, Mutex};
use crate::wait::{Awaited, WaitList, Waiter, WakeTarget};

/// Those who wait to be notified, in the order of their coming.
#[derive(Debug)]
pub struct Cond<W: WakeTarget> {
    inner: Mutex<Inner<W>>,
}

#[derive(Debug)]
struct Inner<W> {
    closed: bool,
    line: WaitList<Arc<Waiter<W>>>,
}

impl<W: WakeTarget> Cond<W> {
    /// One that nobody waits for.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { inner: Mutex::new(Inner { closed: false, line: WaitList::default() }) })
    }

    /// Queues the waiter that `make` gives; it is never `Now`. One who finds 2^24 in line is told `Closed`.
    pub fn wait(self: &Arc<Self>, make: impl FnOnce() -> Arc<Waiter<W>>) -> Wait<W> {
        if self.is_closed() {
            return Wait::Closed;
        }
        let waiter = make();
        let queued = waiter.enlist(|places| {
            let mut inner = self.inner.lock();
            let place = if inner.closed { 0 } else { inner.line.push(Arc::clone(&waiter)) };
            if place != 0 {
                let me = Arc::downgrade(self);
                places.push((me, place));
            }
            place != 0
        });
        if !queued {
            waiter.close();
        }
        Wait::Waiting(waiter)
    }

    /// Notifies the first that still waits: one who gives up in the same instant passes the notification on. False, and
    /// nothing is kept, if nobody waits.
    pub fn notify_one(&self) -> bool {
        let woken = self.inner.lock().line.wake_one();
        woken.is_some()
    }

    /// Notifies all who wait, in order, and says how many.
    pub fn notify_all(&self) -> usize {
        let woken = self.inner.lock().line.wake_all();
        woken.len()
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.lock().line.len()
    }

    /// Shows each that waits, in order, under the lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        self.inner.lock().line.each_waiter(see);
    }

    /// Tells all who wait, and all who would, `Closed`.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        let mut line = std::mem::take(&mut inner.line);
        drop(inner);
        while let Some(waiter) = line.pop() {
            waiter.close();
        }
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }
}

impl<W: WakeTarget> Awaited for Cond<W> {
    fn leave(&self, place: u64) {
        let left = self.inner.lock().line.remove(place);
        drop(left);
    }
}

/// Nobody is left who could notify them.
impl<W: WakeTarget> Drop for Cond<W> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;
    use crate::wait::WaitOutcome;

    #[test]
    fn those_who_wait_are_notified_in_the_order_of_their_coming() {
        let (cond, told) = (Cond::new(), Arc::<Told>::default());
        assert!(!cond.notify_one());
        let waiters = [0, 1, 2, 3].map(|token| cond.wait(told.make(token)).waiter());
        assert!(cond.notify_one());
        assert_eq!(told.won(), [0]);
        assert!(waiters[1].cancel() && !waiters[0].cancel());
        assert_eq!(told.news(), [(1, WaitOutcome::Cancelled)]);
        assert_eq!((cond.notify_all(), told.won(), cond.waiting()), (2, vec![2, 3], 0));
    }

    #[test]
    fn closing_tells_all_who_wait_and_all_who_come() {
        let (cond, told) = (Cond::new(), Arc::<Told>::default());
        let _waiter = cond.wait(told.make(0)).waiter();
        cond.close();
        cond.close();
        assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
        assert!(matches!(cond.wait(told.make(1)), Wait::Closed));
    }
}

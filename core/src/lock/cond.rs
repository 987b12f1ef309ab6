//! A condition variable: waiting to be notified.
//!
//! The host queues the waiter before it unlocks its own lock, so that no notification falls in between, and locks again
//! when the wait has ended. There are no spurious wake-ups; what the condition is, the host looks at again all the same,
//! as another may have been quicker to its lock. It is a futex whose value never changes.

use super::gate::Wait;
use crate::memory::{Futex, Watch};
use crate::sync::Arc;
use crate::wait::{Waiter, WakeTarget};

/// Those who wait to be notified, in the order of their coming.
#[derive(Debug)]
pub struct Cond<W: WakeTarget> {
    line: Arc<Futex<W>>,
}

impl<W: WakeTarget> Cond<W> {
    /// One that nobody waits for.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { line: Futex::new() })
    }

    /// Queues the waiter that `make` gives; it is never `Now`. One who finds 2^24 in line is told `Closed`.
    pub fn wait(&self, make: impl FnOnce() -> Arc<Waiter<W>>) -> Wait<W> {
        match self.line.wait(|| true, make) {
            Watch::Waiting(waiter) => Wait::Waiting(waiter),
            Watch::Closed | Watch::Changed => Wait::Closed,
        }
    }

    /// Notifies the first that still waits: one who gives up in the same instant passes the notification on. False, and
    /// nothing is kept, if nobody waits.
    pub fn notify_one(&self) -> bool {
        self.line.notify(1) > 0
    }

    /// Notifies all who wait, in order, and says how many.
    pub fn notify_all(&self) -> usize {
        self.line.notify(usize::MAX)
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.waiting()
    }

    /// Shows each that waits, in order, under the lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        self.line.each_waiter(see);
    }

    /// Tells all who wait, and all who would, `Closed`.
    pub fn close(&self) {
        self.line.close();
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.line.is_closed()
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

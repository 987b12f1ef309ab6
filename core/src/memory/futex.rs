//! Waiting while a value is what one has seen, until somebody notifies: the kernel's futex, without the kernel.
//!
//! The value is looked at under the lock of the line, and whoever has changed it takes that lock to notify. Either the look sees
//! the change, or the notification finds the waiter: none is missed in between. First in, first out; there are no spurious
//! wake-ups.

use std::fmt::Debug;

use crate::sync::{Arc, Mutex};
use crate::wait::{Awaited, WaitList, Waiter, WakeTarget};

/// Those who wait for a value to change, in the order of their coming.
#[derive(Debug)]
pub struct Futex<W: WakeTarget> {
    inner: Mutex<Inner<W>>,
}

#[derive(Debug)]
struct Inner<W> {
    closed: bool,
    line: WaitList<Arc<Waiter<W>>>,
}

/// What came of waiting for a value to change.
#[derive(Debug)]
#[must_use]
pub enum Watch<W> {
    /// The value is another one already. A waiter that was made for it is told nothing.
    Changed,
    /// It stands in line, or stood there so briefly that it has been told already: the waiter's target is told the end.
    Waiting(Arc<Waiter<W>>),
    /// Nobody notifies any more.
    Closed,
}

impl<W: WakeTarget> Futex<W> {
    /// One that nobody waits for.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { inner: Mutex::new(Inner { closed: false, line: WaitList::default() }) })
    }

    /// Queues the waiter that `make` gives, if the value is `still` what it was: that is asked under the lock of the line. One who
    /// finds 2^24 in line is told `Closed`.
    pub fn wait(
        self: &Arc<Self>,
        still: impl Fn() -> bool,
        make: impl FnOnce() -> Arc<Waiter<W>>,
    ) -> Watch<W> {
        if self.is_closed() {
            return Watch::Closed;
        }
        if !still() {
            return Watch::Changed;
        }
        let waiter = make();
        let queued = waiter.enlist(|places| {
            let mut inner = self.inner.lock();
            if inner.closed {
                return Some(false);
            }
            if !still() {
                return None;
            }
            let place = inner.line.push(Arc::clone(&waiter));
            if place != 0 {
                let me = Arc::downgrade(self);
                places.push((me, place));
            }
            Some(place != 0)
        });
        match queued {
            None => Watch::Changed,
            Some(true) => Watch::Waiting(waiter),
            Some(false) => {
                waiter.close();
                Watch::Waiting(waiter)
            }
        }
    }

    /// Notifies the first `count` that still wait, in order, and says how many: one who gives up in the same instant passes the
    /// notification on.
    pub fn notify(&self, count: usize) -> usize {
        let mut inner = self.inner.lock();
        let woken: Vec<_> = std::iter::from_fn(|| inner.line.wake_one()).take(count).collect();
        drop(inner);
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

impl<W: WakeTarget> Awaited for Futex<W> {
    fn leave(&self, place: u64) {
        let left = self.inner.lock().line.remove(place);
        drop(left);
    }
}

/// Nobody is left who could notify them.
impl<W: WakeTarget> Drop for Futex<W> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::lock::told::Told;
    use crate::timer::{ManualTimers, Timers};
    use crate::wait::WaitOutcome;

    fn waits<W>(watch: Watch<W>) -> Arc<Waiter<W>> {
        let Watch::Waiting(waiter) = watch else { panic!("it does not wait") };
        waiter
    }

    #[test]
    fn so_many_as_are_asked_for_are_notified_in_the_order_of_their_coming() {
        let (futex, told) = (Futex::new(), Arc::<Told>::default());
        assert_eq!(futex.notify(5), 0);
        let waiters = [0, 1, 2, 3, 4].map(|token| waits(futex.wait(|| true, told.make(token))));
        assert_eq!((futex.notify(0), futex.waiting()), (0, 5));
        assert!(waiters[1].cancel());
        assert_eq!((futex.notify(2), told.news().len()), (2, 3));
        assert_eq!((futex.notify(usize::MAX), told.won(), futex.waiting()), (2, vec![3, 4], 0));
    }

    #[test]
    fn one_who_finds_another_value_does_not_wait() {
        let (futex, told) = (Futex::new(), Arc::<Told>::default());
        assert!(matches!(futex.wait(|| false, || unreachable!()), Watch::Changed));
        let asked = Cell::new(0);
        let once = || asked.replace(asked.get() + 1) == 0;
        assert!(matches!(futex.wait(once, told.make(0)), Watch::Changed));
        assert_eq!((asked.get(), futex.waiting(), told.news()), (2, 0, vec![]));
    }

    #[test]
    fn a_wait_runs_out_of_time_and_leaves_the_line() {
        let (futex, told) = (Futex::new(), Arc::<Told>::default());
        let timers = Arc::new(ManualTimers::default());
        let waiter = waits(futex.wait(|| true, told.make(0)));
        waiter.arm(&(Arc::clone(&timers) as Arc<dyn Timers>), 5_000_000);
        timers.advance(5_000_000);
        assert_eq!((told.news(), futex.waiting()), (vec![(0, WaitOutcome::TimedOut)], 0));
    }

    #[test]
    fn closing_tells_all_who_wait_and_all_who_come() {
        let (futex, told) = (Futex::new(), Arc::<Told>::default());
        let _waiter = waits(futex.wait(|| true, told.make(0)));
        futex.close();
        futex.close();
        assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
        assert!(matches!(futex.wait(|| true, || unreachable!()), Watch::Closed));
        let late = Futex::new();
        let make = told.make(1);
        let closing = || {
            late.close();
            make()
        };
        let _late = waits(late.wait(|| true, closing));
        assert_eq!(told.news(), [(1, WaitOutcome::Closed)]);
    }

    #[test]
    fn nobody_waits_for_what_is_gone() {
        let (futex, told) = (Futex::new(), Arc::<Told>::default());
        let _waiter = waits(futex.wait(|| true, told.make(0)));
        drop(futex);
        assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
    }
}

//! Waiting for a number of things to be done, by Go's rules: a counter goes up before each begins and down when it is done,
//! whoever waits goes on when it reaches zero, and below zero is an error. It may be used again.

use super::gate::{Gate, Rule, Wait, gated};
use super::owner::Owner;
use crate::sync::Arc;
use crate::wait::{Awaited, Waiter, WakeTarget};

/// The counter would have gone below zero, or past what it can count to; it has not been changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Negative {
    /// Where the counter stands.
    pub count: i64,
    /// What was to be added.
    pub delta: i64,
}

/// How much is not done.
#[derive(Debug, Default)]
struct Count(i64);

impl Rule for Count {
    type Ask = ();
    type Pass = ();

    fn admits(&self, (): ()) -> bool {
        self.0 == 0
    }

    fn enter(&mut self, _owner: Owner, (): ()) {}
}

/// A counter that is waited for to reach zero.
#[derive(Debug)]
pub struct WaitGroup<W: WakeTarget> {
    gate: Gate<Count, W>,
}

impl<W: WakeTarget> WaitGroup<W> {
    /// A counter at zero.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { gate: Gate::new(Count::default(), true) })
    }

    /// Adds to the counter. At zero all who wait go on; what is added later is not theirs to wait for.
    ///
    /// # Errors
    /// It would go below zero.
    pub fn add(&self, delta: i64) -> Result<(), Negative> {
        self.gate.change(|count| {
            let next = count.0.checked_add(delta).filter(|next| *next >= 0);
            count.0 = next.ok_or(Negative { count: count.0, delta })?;
            Ok(())
        })
    }

    /// One thing is done.
    ///
    /// # Errors
    /// There was none left to do.
    pub fn done(&self) -> Result<(), Negative> {
        self.add(-1)
    }

    /// Goes on if the counter is at zero, or waits until it is.
    pub fn wait(self: &Arc<Self>, make: impl FnOnce() -> Arc<Waiter<W>>) -> Wait<W> {
        self.gate.pass(self, Owner::NOBODY, (), make)
    }

    /// Where the counter stands.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.gate.read(|count| count.0)
    }
}

gated! { WaitGroup }

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;

    #[test]
    fn all_who_wait_go_on_at_zero_and_it_may_be_used_again() {
        let (group, told) = (WaitGroup::new(), Arc::<Told>::default());
        assert!(matches!(group.wait(|| unreachable!()), Wait::Now(())));
        for round in [0, 2] {
            group.add(2).unwrap();
            let _waiters = [round, round + 1].map(|token| group.wait(told.make(token)).waiter());
            group.done().unwrap();
            assert_eq!(told.won(), []);
            group.done().unwrap();
            assert_eq!(told.won(), [round, round + 1]);
        }
    }

    #[test]
    fn a_counter_never_goes_below_zero_nor_wraps() {
        let (group, told) = (WaitGroup::new(), Arc::<Told>::default());
        assert_eq!(group.done(), Err(Negative { count: 0, delta: -1 }));
        group.add(i64::MAX).unwrap();
        assert_eq!(group.add(1), Err(Negative { count: i64::MAX, delta: 1 }));
        let _waiter = group.wait(told.make(0)).waiter();
        assert_eq!(group.add(i64::MIN), Err(Negative { count: i64::MAX, delta: i64::MIN }));
        group.add(-i64::MAX).unwrap();
        assert_eq!((told.won(), group.count()), (vec![0], 0));
    }
}

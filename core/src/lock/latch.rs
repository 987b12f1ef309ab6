//! A gate that opens once: java.util.concurrent's `CountDownLatch`. It counts down from a number, and whoever waits goes on
//! when it reaches zero; from there on nobody waits.

use super::gate::{Gate, Rule, Wait, gated};
use super::owner::Owner;
use crate::sync::Arc;
use crate::wait::{Awaited, Waiter, WakeTarget};

/// What is left to count down.
#[derive(Debug)]
struct Left(u32);

impl Rule for Left {
    type Ask = ();
    type Pass = ();

    fn admits(&self, (): ()) -> bool {
        self.0 == 0
    }

    fn enter(&mut self, _owner: Owner, (): ()) {}
}

/// A gate that opens when it has been counted down.
#[derive(Debug)]
pub struct Latch<W: WakeTarget> {
    gate: Gate<Left, W>,
}

impl<W: WakeTarget> Latch<W> {
    /// A latch that opens after `count`; open already at 0.
    #[must_use]
    pub fn new(count: u32) -> Arc<Self> {
        Arc::new(Self { gate: Gate::new(Left(count), true) })
    }

    /// Counts down by `count` and says what is left. An open latch stays open: counting on is no error, as nobody need know
    /// who is the last.
    pub fn count_down(&self, count: u32) -> u32 {
        self.gate.change(|left| {
            left.0 = left.0.saturating_sub(count);
            left.0
        })
    }

    /// Goes on if the latch is open, or waits until it is.
    pub fn wait(self: &Arc<Self>, make: impl FnOnce() -> Arc<Waiter<W>>) -> Wait<W> {
        self.gate.pass(self, Owner::NOBODY, (), make)
    }

    /// What is left to count down.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.gate.read(|left| left.0)
    }
}

gated! { Latch }

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;

    #[test]
    fn it_opens_at_zero_and_stays_open() {
        let (latch, told) = (Latch::new(3), Arc::<Told>::default());
        let _waiters = [0, 1].map(|token| latch.wait(told.make(token)).waiter());
        assert_eq!((latch.count_down(2), told.won()), (1, vec![]));
        assert_eq!((latch.count_down(5), told.won()), (0, vec![0, 1]));
        assert_eq!((latch.count_down(1), latch.count()), (0, 0));
        assert!(matches!(latch.wait(|| unreachable!()), Wait::Now(())));
    }
}

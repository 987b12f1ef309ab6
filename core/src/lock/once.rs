//! Doing something once: the first to come runs it, the others wait until it is done. If the one that runs it fails or
//! dies, the next in line runs it.

use super::gate::{Gate, Rule, Wait, gated};
use super::owner::{NotHeld, Owner};
use crate::sync::Arc;
use crate::wait::{Awaited, Waiter, WakeTarget};

/// What one who comes has to do.
#[derive(Debug)]
#[must_use]
pub enum Begin<W> {
    /// Run it, then [`finish`](Once::finish).
    Run,
    /// Nothing: it is done.
    Done,
    /// Wait. When the waiter is told `Won`, it is done ([`is_done`](Once::is_done)), or else this one runs it. The waiter
    /// was made if, and only if, this is the answer.
    Waiting(Arc<Waiter<W>>),
    /// Nothing: it is closed.
    Closed,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Running(Owner),
    Done,
}

impl Rule for Stage {
    type Ask = ();
    /// Whether it is to be run.
    type Pass = bool;

    fn admits(&self, (): ()) -> bool {
        !matches!(self, Self::Running(_))
    }

    fn enter(&mut self, owner: Owner, (): ()) -> bool {
        let run = *self == Self::Idle;
        if run {
            *self = Self::Running(owner);
        }
        run
    }
}

/// Something that is done once.
#[derive(Debug)]
pub struct Once<W: WakeTarget> {
    gate: Gate<Stage, W>,
}

impl<W: WakeTarget> Once<W> {
    /// Something not done yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { gate: Gate::new(Stage::Idle, true) })
    }

    /// Runs it, finds it done, or waits for whoever runs it.
    pub fn begin(self: &Arc<Self>, owner: Owner, make: impl FnOnce() -> Arc<Waiter<W>>) -> Begin<W> {
        match self.gate.pass(self, owner, (), make) {
            Wait::Now(true) => Begin::Run,
            Wait::Now(false) => Begin::Done,
            Wait::Waiting(waiter) => Begin::Waiting(waiter),
            Wait::Closed => Begin::Closed,
        }
    }

    /// Whoever runs it has ended. If it is `ok` it is done and all go on; if not, the first in line runs it.
    ///
    /// # Errors
    /// The owner does not run it.
    pub fn finish(&self, owner: Owner, ok: bool) -> Result<(), NotHeld> {
        self.gate.change(|stage| {
            if *stage != Stage::Running(owner) {
                return Err(NotHeld { held: 0 });
            }
            *stage = if ok { Stage::Done } else { Stage::Idle };
            Ok(())
        })
    }

    /// The owner has died: cancels its waits and, if it was running it, lets the first in line run it. Whether it was.
    pub fn release_owner(&self, owner: Owner) -> bool {
        self.gate.evict(owner);
        self.finish(owner, false).is_ok()
    }

    /// Whether it is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.gate.read(|stage| *stage == Stage::Done)
    }

    /// Who runs it.
    #[must_use]
    pub fn runner(&self) -> Option<Owner> {
        self.gate.read(|stage| if let Stage::Running(owner) = stage { Some(*owner) } else { None })
    }
}

gated! { Once }

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;
    use crate::wait::WaitOutcome;

    const A: Owner = Owner(1);
    const B: Owner = Owner(2);

    fn waits(begin: Begin<Arc<Told>>) -> Arc<Waiter<Arc<Told>>> {
        let Begin::Waiting(waiter) = begin else { panic!("it does not wait: {begin:?}") };
        waiter
    }

    #[test]
    fn one_runs_and_all_others_go_on_when_it_is_done() {
        let (once, told) = (Once::new(), Arc::<Told>::default());
        assert!(matches!(once.begin(A, || unreachable!()), Begin::Run));
        let _waiters = [0, 1].map(|token| waits(once.begin(B, told.make(token))));
        assert_eq!((once.finish(B, true), once.is_done()), (Err(NotHeld { held: 0 }), false));
        once.finish(A, true).unwrap();
        assert_eq!((told.won(), once.is_done(), once.runner()), (vec![0, 1], true, None));
        assert!(matches!(once.begin(B, || unreachable!()), Begin::Done));
        assert_eq!(once.finish(A, true), Err(NotHeld { held: 0 }));
    }

    #[test]
    fn when_the_runner_fails_or_dies_the_next_in_line_runs() {
        let (once, told) = (Once::new(), Arc::<Told>::default());
        assert!(matches!(once.begin(A, || unreachable!()), Begin::Run));
        let _waiters = [0, 1].map(|token| waits(once.begin(Owner(token + 2), told.make(token))));
        once.finish(A, false).unwrap();
        assert_eq!((told.won(), once.runner(), once.is_done()), (vec![0], Some(B), false));
        assert!(once.release_owner(B));
        assert_eq!((told.won(), once.runner()), (vec![1], Some(Owner(3))));
        once.finish(Owner(3), false).unwrap();
        assert!(matches!(once.begin(A, || unreachable!()), Begin::Run));
    }

    #[test]
    fn an_owner_that_dies_does_not_hand_on_to_itself() {
        let (once, told) = (Once::new(), Arc::<Told>::default());
        assert!(matches!(once.begin(A, || unreachable!()), Begin::Run));
        let _its_own = waits(once.begin(A, told.make(0)));
        let _other = waits(once.begin(B, told.make(1)));
        assert!(once.release_owner(A));
        assert_eq!(told.news(), [(0, WaitOutcome::Cancelled), (1, WaitOutcome::Won)]);
        assert_eq!(once.runner(), Some(B));
    }
}

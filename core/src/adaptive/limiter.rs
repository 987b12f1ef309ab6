//! A bulkhead whose most follows a rule.
//!
//! The rule's state and the permits have a lock of their own, which is never held together with the bulkhead's. A permit remembers when its call began and
//! beside how many; it is its owner's, and dies with it.

use super::aimd::{Aimd, AimdState};
use super::gradient::{Gradient, GradientState};
use super::rule::{Rule, Sample};
use crate::bulkhead::{Bulkhead, Enter, Figures, Observer};
use crate::clock::{Clock, Nanos};
use crate::lock::{NotHeld, Owner};
use crate::registry::Handles;
use crate::sync::{Arc, Mutex};
use crate::wait::{Waiter, WakeTarget};
use crate::words::Word;

/// Which rule.
#[derive(Debug, Clone, Copy)]
pub enum Algorithm {
    /// By the gradient of latency.
    Gradient(Gradient),
    /// Additive increase, multiplicative decrease.
    Aimd(Aimd),
}

#[derive(Debug, Clone, Copy)]
enum State {
    Gradient(Gradient, GradientState),
    Aimd(Aimd, AimdState),
}

impl State {
    fn begin(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Gradient(rule) => Self::Gradient(rule, rule.begin()),
            Algorithm::Aimd(rule) => Self::Aimd(rule, rule.begin()),
        }
    }

    fn next(&mut self, sample: &Sample) {
        match self {
            Self::Gradient(rule, state) => *state = rule.next(*state, sample),
            Self::Aimd(rule, state) => *state = rule.next(*state, sample),
        }
    }

    fn limit(&self) -> u32 {
        match self {
            Self::Gradient(rule, state) => rule.limit(state),
            Self::Aimd(rule, state) => rule.limit(state),
        }
    }
}

/// What came of asking for a permit.
#[derive(Debug)]
#[must_use]
pub enum Acquire<W> {
    /// The permit's number.
    Now(u64),
    /// It stands in line; once it is told `Won`, the permit is to be [claimed](AdaptiveLimiter::claim).
    Waiting(Arc<Waiter<W>>),
    /// There is no room, neither within the limit nor in the line.
    Full,
    /// There are no permits any more.
    Closed,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was served, and its latency says how the server is.
    Served,
    /// It was refused, or timed out.
    Dropped,
    /// It says nothing about the server.
    Ignored,
}

/// The limit has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// From this.
    pub from: u32,
    /// To this.
    pub to: u32,
}

/// A concurrency limit that finds itself.
#[derive(Debug)]
pub struct AdaptiveLimiter<W: WakeTarget> {
    bulkhead: Arc<Bulkhead<W>>,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    permits: Handles<Permit>,
    dropped: u64,
    ignored: u64,
}

#[derive(Debug, Clone, Copy)]
struct Permit {
    owner: Owner,
    started: Nanos,
    in_flight: u32,
}

impl<W: WakeTarget> AdaptiveLimiter<W> {
    /// A limiter before which `room` may wait.
    pub fn new(
        algorithm: Algorithm,
        room: usize,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Arc<Self> {
        let state = State::begin(algorithm);
        let bulkhead = Bulkhead::new(state.limit(), room, Word::default(), Arc::clone(&clock), observer);
        let inner = Inner { state, permits: Handles::default(), dropped: 0, ignored: 0 };
        Arc::new(Self { bulkhead, clock, inner: Mutex::new(inner) })
    }

    fn permit(&self, owner: Owner, in_flight: u32) -> u64 {
        let permit = Permit { owner, started: self.clock.now(), in_flight };
        self.inner.lock().permits.insert(permit)
    }

    /// Takes a permit, if that can be at once.
    #[must_use]
    pub fn try_acquire(&self, owner: Owner) -> Option<u64> {
        self.bulkhead.try_enter(owner).map(|in_flight| self.permit(owner, in_flight))
    }

    /// Takes a permit, or waits for one; see [`Bulkhead::enter`].
    pub fn acquire(&self, owner: Owner, priority: i32, make: impl FnOnce() -> Arc<Waiter<W>>) -> Acquire<W> {
        match self.bulkhead.enter(owner, priority, make) {
            Enter::Now(in_flight) => Acquire::Now(self.permit(owner, in_flight)),
            Enter::Waiting(waiter) => Acquire::Waiting(waiter),
            Enter::Full => Acquire::Full,
            Enter::Closed => Acquire::Closed,
        }
    }

    /// The permit of one whose wait was won: its call begins now. To be called once.
    pub fn claim(&self, owner: Owner) -> u64 {
        self.permit(owner, self.bulkhead.inside())
    }

    /// Gives a permit back, and says how the limit has changed by it.
    ///
    /// # Errors
    /// It is not this owner's, or was given back before.
    pub fn end(&self, owner: Owner, permit: u64, outcome: Outcome) -> Result<Option<Change>, NotHeld> {
        let mut inner = self.inner.lock();
        if inner.permits.get(permit).is_none_or(|permit| permit.owner != owner) {
            return Err(NotHeld { held: 0 });
        }
        let Some(Permit { started, in_flight, .. }) = inner.permits.remove(permit) else {
            return Err(NotHeld { held: 0 });
        };
        let from = inner.state.limit();
        match outcome {
            Outcome::Ignored => inner.ignored += 1,
            Outcome::Served | Outcome::Dropped => {
                let dropped = outcome == Outcome::Dropped;
                inner.dropped += u64::from(dropped);
                let ended = self.clock.now();
                inner.state.next(&Sample { started, ended, in_flight, dropped });
            }
        }
        let to = inner.state.limit();
        drop(inner);
        if to != from {
            self.follow();
        }
        self.bulkhead.exit(owner)?;
        Ok((to != from).then_some(Change { from, to }))
    }

    /// The bulkhead's most is the limit: whoever has told it another one before looks again.
    fn follow(&self) {
        loop {
            let limit = self.limit();
            self.bulkhead.set_most(limit);
            if self.limit() == limit {
                return;
            }
        }
    }

    /// The owner has died: its waits and permits are gone, and their calls say nothing.
    pub fn release_owner(&self, owner: Owner) -> u32 {
        self.inner.lock().permits.retain(|permit| permit.owner != owner);
        self.bulkhead.release_owner(owner)
    }

    /// The limit of now.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.inner.lock().state.limit()
    }

    /// How many calls ended in a drop, and how many were ignored.
    #[must_use]
    pub fn outcomes(&self) -> (u64, u64) {
        let inner = self.inner.lock();
        (inner.dropped, inner.ignored)
    }

    /// What the bulkhead has counted.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.bulkhead.figures()
    }

    /// The bulkhead: its line, its holders, its end.
    #[must_use]
    pub const fn bulkhead(&self) -> &Arc<Bulkhead<W>> {
        &self.bulkhead
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bounds;
    use super::*;
    use crate::clock::{MILLI, ManualClock};
    use crate::lock::told::Told;
    use crate::wait::WaitOutcome;

    const A: Owner = Owner(1);
    const B: Owner = Owner(2);

    fn with(initial: u32) -> (Arc<AdaptiveLimiter<Arc<Told>>>, Arc<ManualClock>, Arc<Told>) {
        let clock = Arc::new(ManualClock::default());
        let rule = Aimd { bounds: Bounds { initial, min: 1, max: 10 }, backoff: 0.5, timeout: 50 * MILLI };
        let limiter = AdaptiveLimiter::new(Algorithm::Aimd(rule), usize::MAX, clock.clone(), Arc::new(()));
        (limiter, clock, Arc::default())
    }

    #[test]
    fn calls_that_go_well_let_more_in_and_drops_fewer() {
        let (limiter, clock, told) = with(2);
        let permits = [A, A].map(|owner| limiter.try_acquire(owner).unwrap());
        assert_eq!(limiter.try_acquire(A), None);
        let waits = [0, 1].map(|token| limiter.acquire(B, 0, told.make(token)));
        assert!(waits.iter().all(|wait| matches!(wait, Acquire::Waiting(_))));
        clock.advance(MILLI);
        assert_eq!(limiter.end(A, permits[0], Outcome::Served), Ok(None));
        assert_eq!(limiter.end(A, permits[1], Outcome::Served), Ok(None));
        assert_eq!(told.won(), [0, 1]);
        let claimed = [limiter.claim(B), limiter.claim(B)];
        assert_eq!(limiter.end(B, claimed[0], Outcome::Served), Ok(Some(Change { from: 2, to: 3 })));
        assert_eq!(limiter.bulkhead().most(), 3);
        clock.advance(MILLI);
        assert_eq!(limiter.end(B, claimed[1], Outcome::Dropped), Ok(Some(Change { from: 3, to: 1 })));
        assert_eq!((limiter.bulkhead().most(), limiter.limit(), limiter.outcomes()), (1, 1, (1, 0)));
    }

    #[test]
    fn a_permit_is_given_back_once_by_its_owner() {
        let (limiter, _clock, _told) = with(2);
        let permit = limiter.try_acquire(A).unwrap();
        assert_eq!(limiter.end(B, permit, Outcome::Served), Err(NotHeld { held: 0 }));
        assert_eq!(limiter.end(A, permit, Outcome::Ignored), Ok(None));
        assert_eq!(limiter.end(A, permit, Outcome::Ignored), Err(NotHeld { held: 0 }));
        assert_eq!(limiter.end(A, 0, Outcome::Ignored), Err(NotHeld { held: 0 }));
        assert_eq!((limiter.bulkhead().inside(), limiter.outcomes()), (0, (0, 1)));
    }

    #[test]
    fn what_says_nothing_about_the_server_changes_nothing() {
        let (limiter, clock, _told) = with(2);
        for _ in 0..100 {
            let permit = limiter.try_acquire(A).unwrap();
            clock.advance(1000 * MILLI);
            assert_eq!(limiter.end(A, permit, Outcome::Ignored), Ok(None));
        }
        assert_eq!(limiter.limit(), 2);
    }

    #[test]
    fn permits_of_a_dead_thread_go_to_those_who_wait() {
        let (limiter, _clock, told) = with(1);
        let permit = limiter.try_acquire(A).unwrap();
        let _other = limiter.acquire(B, 0, told.make(0));
        let _its_own = limiter.acquire(A, 1, told.make(1));
        assert_eq!(limiter.release_owner(A), 1);
        assert_eq!(told.news(), [(1, WaitOutcome::Cancelled), (0, WaitOutcome::Won)]);
        assert_eq!(limiter.end(A, permit, Outcome::Served), Err(NotHeld { held: 0 }));
        let claimed = limiter.claim(B);
        assert_eq!(limiter.end(B, claimed, Outcome::Ignored), Ok(None));
    }
}

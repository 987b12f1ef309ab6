//! What can be asked of everything that limits, whatever its rule.

use crate::clock::Nanos;
use crate::sync::Arc;
use crate::wait::{Waiter, WakeTarget};

/// Why it is not waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is closed.
    Closed,
    /// More is asked for than is ever allowed at once.
    TooMuch,
    /// It could not be in time: it would take so long.
    Late(Nanos),
    /// As many wait as may; behind them it would take so long.
    Full(Nanos),
}

/// What came of asking to pass.
#[derive(Debug)]
#[must_use]
pub enum Acquire<W> {
    /// It passed at once.
    Now,
    /// It stands in line; the waiter's target is told the end. The waiter was made if, and only if, this is the answer.
    Waiting(Arc<Waiter<W>>),
    /// It does not wait.
    Refused(Refused),
}

/// What came of reserving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Reserve {
    /// It passed at once.
    Now,
    /// It passes in so long, or sooner if somebody before it leaves. Until then the place can be given up.
    Later {
        /// How long, as it looks now.
        after: Nanos,
        /// Where it stands.
        place: u64,
    },
    /// There is no place for it.
    Refused(Refused),
}

/// How a limiter stands, for those who ask for 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Whether 1 could be taken now.
    pub allowed: bool,
    /// The most that can be asked for at once.
    pub limit: u64,
    /// What could be taken now.
    pub remaining: u64,
    /// How long until 1 can be taken, if nobody else comes.
    pub retry_after: Nanos,
    /// How long until it stands as if nobody had ever come.
    pub reset_after: Nanos,
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Passed at once or after waiting.
    pub allowed: u64,
    /// Did not pass and did not wait.
    pub refused: u64,
    /// Passed after waiting.
    pub waited: u64,
    /// Gave up waiting: cancelled, or out of time.
    pub cancelled: u64,
    /// How long those who passed had waited, together.
    pub waited_sum: Nanos,
    /// The longest of these waits.
    pub waited_max: Nanos,
    /// Wait now.
    pub waiting: u64,
}

/// What comes of asking under the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has passed.
    Passed,
    /// It may pass at this time, as far as can be told.
    At(Nanos),
    /// It never may: too much, or closed.
    Never(Refused),
    /// Whoever asked is not there any more.
    Gone,
}

/// What a limiter will be like behind all who wait, if nobody else comes; asked at times that do not run backwards.
pub trait Forecast {
    /// When `cost` may be taken, from `at` on; `None` if never.
    fn earliest(&self, at: Nanos, cost: u64) -> Option<Nanos>;

    /// Takes `cost` at a time at which it may.
    fn take(&mut self, at: Nanos, cost: u64);
}

/// A limiter of any kind.
pub trait Limits<W: WakeTarget>: Send + Sync + 'static {
    /// Passes with `cost`, if that can be at once and nobody waits.
    fn try_acquire(&self, cost: u64) -> bool;

    /// Passes with `cost`, or queues the waiter that `make` gives. First in, first out: nobody passes those who wait. What is waited for is
    /// taken when the wait is won, so one who gives up has taken nothing. One who can't pass within `within` is refused at once.
    fn acquire(
        &self,
        cost: u64,
        within: Option<Nanos>,
        make: &mut dyn FnMut() -> Arc<Waiter<W>>,
    ) -> Acquire<W>;

    /// How it stands.
    fn check(&self) -> Check;

    /// How long until `cost` can be taken, behind all who wait; `None` if never.
    fn until(&self, cost: u64) -> Option<Nanos>;

    /// What it will be like, if it is not made of others.
    fn forecast(&self) -> Option<Box<dyn Forecast>>;

    /// Asks under the lock, and then `rest`: if both allow it, takes. `rest` must not come back here.
    fn decide(&self, now: Nanos, cost: u64, rest: &mut dyn FnMut() -> Verdict) -> Verdict;

    /// Takes `cost`, allowed or not: all others wait for it.
    fn penalty(&self, cost: u64);

    /// Gives `cost` back.
    fn reward(&self, cost: u64);

    /// Lets nobody pass for so long; who waits goes on waiting. 0 ends it.
    fn block(&self, span: Nanos);

    /// Forgets what was taken.
    fn reset(&self);

    /// What has happened so far.
    fn figures(&self) -> Figures;

    /// Tells all who wait, and all who would, `Closed`.
    fn close(&self);

    /// Whether it is closed.
    fn is_closed(&self) -> bool;

    /// Shows each that waits, in order, under the lock: `see` must not come back here.
    fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>));
}

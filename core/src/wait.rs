//! Waiting: who waits for something, in which order, and how each wait ends.
//!
//! A [`Waiter`] stands in the [`WaitList`] of each object it waits for, in one as a rule and in several for a select.
//! Completion, cancellation and time-out race on the waiter's atomic state alone: the first to change it wins, and the winner
//! alone tells the waiter's target. Order is FIFO; leaving is O(1) and frees the place at once. Nothing is lost: what is
//! handed over passes by waiters that have given up in the same instant, and stays with the giver when nobody is left.
//!
//! Lock order: a waiter's own lock, then an object's. Under an object's lock a waiter's state may be changed
//! ([`Waiter::win`]), and nothing else of it touched; what stands beside its own lock may be read.

use std::fmt::{self, Debug};

use crate::clock::Nanos;
use crate::sync::{Arc, AtomicU32, AtomicU64, Mutex, Ordering, Weak};
use crate::timer::{Alarm, TimerKey, Timers};

mod list;
mod parker;

pub use list::WaitList;
pub use parker::ThreadParker;

const WAITING: u32 = 0;

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum WaitOutcome {
    /// The waiter got what it waited for.
    Won = 1,
    /// It was cancelled first.
    Cancelled = 2,
    /// Its deadline passed first.
    TimedOut = 3,
    /// What it waited for was closed first.
    Closed = 4,
}

/// Whom a wait's end is told: a slot of an isolate's port, or a parked thread.
pub trait WakeTarget: Send + Sync + 'static {
    /// Called once per waiter, with no lock of the engine's held, by whoever ended the wait. Must not block.
    fn wake(&self, token: u64, outcome: WaitOutcome);

    /// What is waited for is free for whoever comes first, and among those who wait it is this one's turn: the call is to be
    /// [answered](Call::answer) once whoever waits runs. The wait goes on. With no lock of the engine's held; must not block.
    fn call(&self, call: Call) {
        call.answer();
    }
}

/// Tells one who waits to come and see; it keeps nothing alive. If it is dropped, the wait must be cancelled, for those behind it.
pub struct Call {
    awaited: Weak<dyn Awaited>,
    place: u64,
}

impl Call {
    /// Comes. Whoever gets what it waits for is told so before this returns.
    pub fn answer(self) {
        if let Some(awaited) = self.awaited.upgrade() {
            awaited.come(self.place);
        }
    }
}

impl Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("place", &self.place).finish_non_exhaustive()
    }
}

/// What can be waited for: it has the lock around a [`WaitList`].
pub trait Awaited: Send + Sync + 'static {
    /// Takes the one at `place` out of the list ([`WaitList::remove`]), under the lock, if it still stands there.
    fn leave(&self, place: u64);

    /// The one at `place` answers a [`Call`]: it gets what it waits for, if that is still to be had.
    fn come(&self, _place: u64) {}
}

/// One wait.
pub struct Waiter<W> {
    /// [`WAITING`], or a [`WaitOutcome`], which is final.
    state: AtomicU32,
    /// When it [began](Waiter::begin); [`Nanos::MAX`] as long as nobody has said.
    since: AtomicU64,
    token: u64,
    target: W,
    hold: Mutex<Hold>,
}

/// Where a waiter stands and when it gives up.
#[derive(Default)]
struct Hold {
    places: Vec<(Weak<dyn Awaited>, u64)>,
    deadline: Option<(Arc<dyn Timers>, TimerKey)>,
}

impl<W> Debug for Waiter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("token", &self.token)
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<W> Waiter<W> {
    /// A wait whose end `target` is told, with `token`.
    pub fn new(target: W, token: u64) -> Arc<Self> {
        Arc::new(Self {
            state: AtomicU32::new(WAITING),
            since: AtomicU64::new(Nanos::MAX),
            token,
            target,
            hold: Mutex::new(Hold { places: Vec::new(), deadline: None }),
        })
    }

    /// What names the wait to its target.
    #[must_use]
    pub const fn token(&self) -> u64 {
        self.token
    }

    /// Says when it began, for those who look at who waits; decides nothing. The host may know only once it is queued whether it
    /// waits at all, and need not read a clock before.
    pub fn begin(&self, now: Nanos) {
        self.since.store(now, Ordering::Relaxed);
    }

    /// When it [began](Self::begin); [`Nanos::MAX`], so that it looks as young as can be, as long as nobody has said.
    #[must_use]
    pub fn since(&self) -> Nanos {
        self.since.load(Ordering::Relaxed)
    }

    /// Whom its end is told.
    #[must_use]
    pub const fn target(&self) -> &W {
        &self.target
    }

    /// How the wait ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<WaitOutcome> {
        match self.state.load(Ordering::Acquire) {
            1 => Some(WaitOutcome::Won),
            2 => Some(WaitOutcome::Cancelled),
            3 => Some(WaitOutcome::TimedOut),
            4 => Some(WaitOutcome::Closed),
            _ => None,
        }
    }

    /// Queues the waiter: `queue` takes the locks of what is waited for, and pushes each place it has queued at. Whoever ends
    /// the wait meanwhile finds those places when this is done; one who had given up before stands nowhere.
    pub fn enlist<R>(&self, queue: impl FnOnce(&mut Vec<(Weak<dyn Awaited>, u64)>) -> R) -> R {
        let answer = queue(&mut self.hold.lock().places);
        if self.outcome().is_some_and(|outcome| outcome != WaitOutcome::Won) {
            self.finish();
        }
        answer
    }

    /// Ends the wait with success, unless it has ended. Under the lock of what was waited for; whoever succeeds calls
    /// [`finish`](Self::finish) and tells the target once that lock is given back.
    #[must_use]
    pub fn win(&self) -> bool {
        self.settle(WaitOutcome::Won)
    }

    /// Release and Acquire: what the winner did before is seen by whoever reads the outcome.
    fn settle(&self, outcome: WaitOutcome) -> bool {
        self.state.compare_exchange(WAITING, outcome as u32, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Leaves every place and gives up the deadline; no lock of an object may be held. One who has won and stood in one list
    /// alone has been taken out of it by the winner.
    pub fn finish(&self) {
        let mut hold = self.hold.lock();
        let deadline = hold.deadline.take();
        let places = std::mem::take(&mut hold.places);
        drop(hold);
        if let Some((timers, key)) = deadline {
            timers.disarm(key);
        }
        if places.len() == 1 && self.outcome() == Some(WaitOutcome::Won) {
            return;
        }
        for (awaited, place) in places {
            if let Some(awaited) = awaited.upgrade() {
                awaited.leave(place);
            }
        }
    }
}

impl<W: WakeTarget> Waiter<W> {
    /// Sets a wait's one deadline; it does nothing once the wait has ended. To be called without an object's lock.
    pub fn arm(self: &Arc<Self>, timers: &Arc<dyn Timers>, at: Nanos) {
        let mut hold = self.hold.lock();
        // Whoever ends the wait changes the state before it takes this lock to disarm: either it is seen here, or it
        // finds the key.
        if self.outcome().is_none() && hold.deadline.is_none() {
            let me: Arc<Self> = Arc::clone(self);
            let alarm: Arc<dyn Alarm> = me;
            hold.deadline = Some((Arc::clone(timers), timers.arm(at, Arc::downgrade(&alarm))));
        }
    }

    /// Cancels the wait. False if it had ended: then that outcome holds. To be called without an object's lock.
    pub fn cancel(&self) -> bool {
        self.give_up(WaitOutcome::Cancelled)
    }

    /// Ends the wait because what it waits for is closed. False if it had ended: then that outcome holds. To be called
    /// without an object's lock.
    pub fn close(&self) -> bool {
        self.give_up(WaitOutcome::Closed)
    }

    /// Tells the target that the wait was won: the last step of whoever [won](Self::win) it.
    pub fn tell_won(&self) {
        self.finish();
        self.target.wake(self.token, WaitOutcome::Won);
    }

    fn call(&self) {
        // One who has given up stands nowhere any more, or leaves after this.
        let place = self.hold.lock().places.first().cloned();
        if let Some((awaited, place)) = place {
            self.target.call(Call { awaited, place });
        }
    }

    fn give_up(&self, outcome: WaitOutcome) -> bool {
        let first = self.settle(outcome);
        if first {
            self.finish();
            self.target.wake(self.token, outcome);
        }
        first
    }
}

impl<W: WakeTarget> Alarm for Waiter<W> {
    fn ring(&self, _now: Nanos) {
        self.give_up(WaitOutcome::TimedOut);
    }
}

/// A waiter that is to be told something, as a rule that it has won: drop it after the object's lock.
#[derive(Debug)]
#[must_use = "dropping it tells the waiter, which is to happen after the object's lock is given back"]
pub struct Wake<W: WakeTarget> {
    waiter: Arc<Waiter<W>>,
    /// It has won; otherwise it is [called](WakeTarget::call).
    won: bool,
}

impl<W: WakeTarget> Wake<W> {
    /// For a waiter that has [won](Waiter::win).
    pub const fn new(waiter: Arc<Waiter<W>>) -> Self {
        Self { waiter, won: true }
    }

    /// For a waiter that is to come and see. It stands in one line alone.
    pub const fn calling(waiter: Arc<Waiter<W>>) -> Self {
        Self { waiter, won: false }
    }

    /// The token of the waiter.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.waiter.token
    }
}

impl<W: WakeTarget> Drop for Wake<W> {
    fn drop(&mut self) {
        if self.won {
            self.waiter.tell_won();
        } else {
            self.waiter.call();
        }
    }
}

impl<T: WakeTarget> WakeTarget for Arc<T> {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        (**self).wake(token, outcome);
    }

    fn call(&self, call: Call) {
        (**self).call(call);
    }
}

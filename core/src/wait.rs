//! Waiting: who waits for something, in which order, and how each wait ends.
//!
//! A [`Waiter`] stands in a [`WaitList`] under the lock of the object it waits for. Completion, cancellation and time-out
//! race on the waiter's atomic state alone: the first to change it wins, and the winner alone tells the waiter's
//! [`WakeTarget`]. Order is FIFO; leaving is O(1) and frees the place at once. Nothing is lost: what is handed over passes by
//! waiters that have given up in the same instant, and stays with the giver when nobody is left.

use std::fmt::{self, Debug};

use crate::clock::Nanos;
use crate::registry::Handles;
use crate::sync::{Arc, AtomicU32, AtomicU64, Condvar, Mutex, Ordering, Weak};
use crate::timer::{Alarm, TimerKey, Timers};

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
}

/// Whom a wait's end is told: a slot of an isolate's port, or a parked thread.
pub trait WakeTarget: Send + Sync + 'static {
    /// Called once per waiter, with no lock of the engine's held, by whoever ended the wait. Must not block.
    fn wake(&self, token: u64, outcome: WaitOutcome);
}

/// What can be waited for: it has the lock around a [`WaitList`].
pub trait Awaited: Send + Sync + 'static {
    /// Takes a waiter that gave up out of the list ([`WaitList::remove`]), under the lock. Called before its target is told.
    fn leave(&self, waiter: &Waiter);
}

/// One wait.
pub struct Waiter {
    /// [`WAITING`], or a [`WaitOutcome`], which is final.
    state: AtomicU32,
    /// The place in the list, 0 for none; read and written under the list's lock only.
    place: AtomicU64,
    token: u64,
    target: Arc<dyn WakeTarget>,
    awaited: Weak<dyn Awaited>,
    deadline: Mutex<Option<(Arc<dyn Timers>, TimerKey)>>,
}

impl Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("token", &self.token)
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl Waiter {
    /// A wait for `awaited` whose end `target` is told, with `token`.
    pub fn new(awaited: Weak<dyn Awaited>, target: Arc<dyn WakeTarget>, token: u64) -> Arc<Self> {
        Arc::new(Self {
            state: AtomicU32::new(WAITING),
            place: AtomicU64::new(0),
            token,
            target,
            awaited,
            deadline: Mutex::new(None),
        })
    }

    /// How the wait ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<WaitOutcome> {
        match self.state.load(Ordering::Acquire) {
            1 => Some(WaitOutcome::Won),
            2 => Some(WaitOutcome::Cancelled),
            3 => Some(WaitOutcome::TimedOut),
            _ => None,
        }
    }

    /// Sets a wait's one deadline; it does nothing once the wait has ended. To be called without the list's lock.
    pub fn arm(self: &Arc<Self>, timers: &Arc<dyn Timers>, at: Nanos) {
        let mut deadline = self.deadline.lock();
        // Whoever ends the wait changes the state before it takes this lock to disarm: either it is seen here, or it
        // finds the key.
        if self.outcome().is_none() && deadline.is_none() {
            let alarm = Arc::downgrade(self) as Weak<dyn Alarm>;
            *deadline = Some((Arc::clone(timers), timers.arm(at, alarm)));
        }
    }

    /// Cancels the wait. False if it had ended: then that outcome holds. To be called without the list's lock.
    pub fn cancel(&self) -> bool {
        self.give_up(WaitOutcome::Cancelled)
    }

    fn give_up(&self, outcome: WaitOutcome) -> bool {
        let first = self.settle(outcome);
        if first {
            if let Some(awaited) = self.awaited.upgrade() {
                awaited.leave(self);
            }
            self.tell(outcome);
        }
        first
    }

    /// Release and Acquire: what the winner did before is seen by whoever reads the outcome.
    fn settle(&self, outcome: WaitOutcome) -> bool {
        self.state.compare_exchange(WAITING, outcome as u32, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn tell(&self, outcome: WaitOutcome) {
        let deadline = self.deadline.lock().take();
        if let Some((timers, key)) = deadline {
            timers.disarm(key);
        }
        self.target.wake(self.token, outcome);
    }
}

impl Alarm for Waiter {
    fn ring(&self, _now: Nanos) {
        self.give_up(WaitOutcome::TimedOut);
    }
}

/// A waiter that has won and is to be told so: drop it after the list's lock.
#[derive(Debug)]
#[must_use = "dropping it tells the waiter, which is to happen after the list's lock is given back"]
pub struct Wake {
    waiter: Arc<Waiter>,
}

impl Wake {
    /// The token of the waiter.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.waiter.token
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.waiter.tell(WaitOutcome::Won);
    }
}

/// A list has no place left (it has 2^24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

#[derive(Debug)]
struct Node {
    waiter: Arc<Waiter>,
    before: u64,
    after: u64,
}

/// Waiters in the order of their coming: a doubly linked list in a table of handles. 0 is no place.
#[derive(Debug, Default)]
pub struct WaitList {
    nodes: Handles<Node>,
    first: u64,
    last: u64,
}

impl WaitList {
    /// Puts a waiter last, unless it has given up already.
    ///
    /// # Errors
    /// There is no place left; the waiter still waits.
    pub fn push(&mut self, waiter: &Arc<Waiter>) -> Result<(), Full> {
        // One that gives up after this look finds its place when it comes for the lock.
        if waiter.outcome().is_some() {
            return Ok(());
        }
        let place = self.nodes.insert(Node { waiter: Arc::clone(waiter), before: self.last, after: 0 });
        if place == 0 {
            return Err(Full);
        }
        waiter.place.store(place, Ordering::Relaxed);
        match self.nodes.get_mut(self.last) {
            Some(last) => last.after = place,
            None => self.first = place,
        }
        self.last = place;
        Ok(())
    }

    /// Takes a waiter out, wherever it stands. False if it does not stand in this list.
    pub fn remove(&mut self, waiter: &Waiter) -> bool {
        let place = waiter.place.load(Ordering::Relaxed);
        let here = self.nodes.get(place).is_some_and(|node| std::ptr::eq(Arc::as_ptr(&node.waiter), waiter));
        if here {
            waiter.place.store(0, Ordering::Relaxed);
            self.unlink(place);
        }
        here
    }

    /// Lets the first that still waits win. `None`: nobody waits, so keep what was to be handed over.
    pub fn wake_one(&mut self) -> Option<Wake> {
        while let Some(waiter) = self.unlink(self.first) {
            waiter.place.store(0, Ordering::Relaxed);
            if waiter.settle(WaitOutcome::Won) {
                return Some(Wake { waiter });
            }
        }
        None
    }

    /// Lets all that still wait win, in order.
    pub fn wake_all(&mut self) -> Vec<Wake> {
        std::iter::from_fn(|| self.wake_one()).collect()
    }

    /// How many stand in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nobody stands in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first == 0
    }

    fn unlink(&mut self, place: u64) -> Option<Arc<Waiter>> {
        let node = self.nodes.remove(place)?;
        match self.nodes.get_mut(node.before) {
            Some(before) => before.after = node.after,
            None => self.first = node.after,
        }
        match self.nodes.get_mut(node.after) {
            Some(after) => after.before = node.before,
            None => self.last = node.before,
        }
        Some(node.waiter)
    }
}

/// The target of a wait that blocks a thread. One for each wait.
#[derive(Debug, Default)]
pub struct ThreadParker {
    outcome: Mutex<Option<WaitOutcome>>,
    told: Condvar,
}

impl ThreadParker {
    /// Blocks the thread until its wait has ended, and says how.
    pub fn park(&self) -> WaitOutcome {
        let mut outcome = self.outcome.lock();
        loop {
            if let Some(outcome) = *outcome {
                return outcome;
            }
            self.told.wait(&mut outcome);
        }
    }
}

impl WakeTarget for ThreadParker {
    fn wake(&self, _token: u64, outcome: WaitOutcome) {
        *self.outcome.lock() = Some(outcome);
        self.told.notify_one();
    }
}

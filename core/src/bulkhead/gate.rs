//! The bulkhead itself: a state, the line before it, and the waiting.
//!
//! Places are handed over: whoever makes room lets the first in line in, under the lock, so that nobody can slip in between. While nobody
//! waits, the [`state`](super::state) stands in a word; whoever sees that word may enter and exit by compare-and-set, keeping account of it in a purse of
//! its own. Whoever holds the lock finds the state there, leaves [`GUARDED`] in its place so that every compare-and-set fails, and puts it
//! back at the end if it may. This is what the gate of `lock` does; what differs is the order of the line, its room, and that the most may
//! change while some are inside.

use std::fmt::Debug;
use std::ops::{Deref, DerefMut};

use super::line::Line;
use super::state::State;
use super::tally::{Figures, Tally, counted};
use crate::clock::{Clock, Nanos};
use crate::lock::{GUARDED, Holdings, NotHeld, Owner};
use crate::sync::{Arc, Mutex, MutexGuard, Ordering};
use crate::wait::{Awaited, WaitOutcome, Waiter, Wake, WakeTarget};
use crate::words::Word;

/// What came of asking to enter.
#[derive(Debug)]
#[must_use]
pub enum Enter<W> {
    /// It is inside, as the last of so many.
    Now(u32),
    /// It stands in line: the waiter's target is told the end, and is inside if that is `Won`. Otherwise a waiter that was made is told nothing.
    Waiting(Arc<Waiter<W>>),
    /// There is no room, inside or in the line.
    Full,
    /// Nobody enters any more.
    Closed,
}

/// Why somebody did not get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There was no room in the line.
    Full,
    /// The time to wait was up.
    TooLate,
}

/// What others may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Somebody did not get in.
    Refused(Refusal),
    /// Somebody waits.
    Queued,
}

/// Who is told what happens.
pub trait Observer: Debug + Send + Sync + 'static {
    /// Called by whoever did it, with no lock of the engine's held. Must not block.
    fn happened(&self, what: Happened);
}

/// Nobody.
impl Observer for () {
    fn happened(&self, _what: Happened) {}
}

/// At most so many at once.
#[derive(Debug)]
pub struct Bulkhead<W: WakeTarget> {
    word: Word,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    /// How many may wait.
    room: usize,
    inner: Mutex<Inner<W>>,
}

#[derive(Debug)]
struct Inner<W> {
    state: State,
    held: Holdings,
    line: Line<Request<W>>,
    tally: Tally,
    closed: bool,
}

#[derive(Debug)]
struct Request<W> {
    owner: Owner,
    since: Nanos,
    waiter: Arc<Waiter<W>>,
}

/// What is to be told once the lock is given back.
struct News<W: WakeTarget> {
    woken: Vec<Wake<W>>,
    late: u32,
}

/// The lock, held, with the state in it.
struct Held<'a, W> {
    word: &'a Word,
    inner: MutexGuard<'a, Inner<W>>,
}

impl<W> Deref for Held<'_, W> {
    type Target = Inner<W>;
    fn deref(&self) -> &Inner<W> {
        &self.inner
    }
}

impl<W> DerefMut for Held<'_, W> {
    fn deref_mut(&mut self) -> &mut Inner<W> {
        &mut self.inner
    }
}

impl<W> Drop for Held<'_, W> {
    fn drop(&mut self) {
        if self.inner.closed || !self.inner.line.is_empty() {
            return;
        }
        if let Some(packed) = self.inner.state.pack() {
            // Release: whoever takes the state from the word sees what was done under the lock.
            self.word.cell().store(packed, Ordering::Release);
        }
    }
}

impl<W: WakeTarget> Inner<W> {
    /// Lets one in.
    fn let_in(&mut self, owner: Owner) -> u32 {
        self.state.inside += 1;
        self.held.add(owner, 1);
        self.tally.calls += 1;
        self.tally.peak = self.tally.peak.max(self.state.inside);
        self.state.inside
    }

    fn try_enter(&mut self, owner: Owner) -> Option<u32> {
        // Nobody stands in line while there is a place.
        (!self.closed && self.state.has_room()).then(|| self.let_in(owner))
    }

    /// What can be answered at once.
    fn ask(&mut self, owner: Owner, room: usize) -> Option<Enter<W>> {
        if self.closed {
            return Some(Enter::Closed);
        }
        if let Some(inside) = self.try_enter(owner) {
            return Some(Enter::Now(inside));
        }
        (self.line.len() >= room).then_some(Enter::Full)
    }

    /// Something has changed: lets in those who may enter now.
    fn admit(&mut self, clock: &dyn Clock) -> News<W> {
        let mut news = News { woken: Vec::new(), late: 0 };
        while self.state.has_room() {
            let Some(request) = self.line.pop() else { break };
            if request.waiter.win() {
                self.let_in(request.owner);
                self.tally.waited(clock.now().saturating_sub(request.since));
                news.woken.push(Wake::new(request.waiter));
            } else {
                news.late += self.gone(&request);
            }
        }
        news
    }

    /// Counts one who has left the line without getting in; says how many of these were too late.
    fn gone(&mut self, request: &Request<W>) -> u32 {
        match request.waiter.outcome() {
            Some(WaitOutcome::TimedOut) => {
                self.tally.timeouts += 1;
                return 1;
            }
            Some(WaitOutcome::Cancelled) => self.tally.cancelled += 1,
            _ => {}
        }
        0
    }

    /// Before an owner's purse goes.
    fn collect(&mut self, owner: Owner) {
        if let Some(purse) = self.held.purse(owner) {
            self.tally.collect(purse);
        }
    }
}

impl<W: WakeTarget> Bulkhead<W> {
    /// A bulkhead for `most` calls at once, at least 1, before which `room` may wait. Its state is the word while nobody waits: a thread with a
    /// [purse](Self::open_purse) may add to both, and take from both, by compare-and-set of the word.
    pub fn new(
        most: u32,
        room: usize,
        word: Word,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Arc<Self> {
        let state = State { most: most.max(1), inside: 0 };
        word.cell().store(state.pack().unwrap_or(GUARDED), Ordering::Release);
        let inner = Inner {
            state,
            held: Holdings::default(),
            line: Line::default(),
            tally: Tally::default(),
            closed: false,
        };
        Arc::new(Self { word, clock, observer, room, inner: Mutex::new(inner) })
    }

    fn lock(&self) -> Held<'_, W> {
        let mut inner = self.inner.lock();
        // Acquire: what the last to change the word did before is seen here. Release: GUARDED is seen after nothing.
        let state = self.word.cell().swap(GUARDED, Ordering::AcqRel);
        if state != GUARDED {
            inner.state = State::unpack(state);
        }
        Held { word: &self.word, inner }
    }

    fn tell(&self, news: News<W>) {
        for _ in 0..news.late {
            self.observer.happened(Happened::Refused(Refusal::TooLate));
        }
        drop(news.woken);
    }

    /// Its word.
    #[must_use]
    pub const fn word(&self) -> &Word {
        &self.word
    }

    /// Gives an owner a word for the places that it takes by itself, and says which it is. To be closed as often as it is opened.
    pub fn open_purse(&self, owner: Owner, make: impl FnOnce() -> Word) -> u32 {
        self.lock().held.open_purse(owner, make)
    }

    /// An owner needs its purse no more. What is in it stays held. To be called by the owner itself.
    pub fn close_purse(&self, owner: Owner) {
        let mut inner = self.lock();
        inner.collect(owner);
        inner.held.close_purse(owner);
    }

    /// Enters, if that can be at once, and says as the last of how many. One who cannot counts as refused.
    #[must_use]
    pub fn try_enter(&self, owner: Owner) -> Option<u32> {
        let mut inner = self.lock();
        let entered = inner.try_enter(owner);
        let refused = entered.is_none() && !inner.closed;
        inner.tally.rejections += u64::from(refused);
        drop(inner);
        if refused {
            self.observer.happened(Happened::Refused(Refusal::Full));
        }
        entered
    }

    /// Enters, or waits for a place in the line, where higher priorities go first; see [`AGEING`](super::AGEING).
    pub fn enter(
        self: &Arc<Self>,
        owner: Owner,
        priority: i32,
        make: impl FnOnce() -> Arc<Waiter<W>>,
    ) -> Enter<W> {
        let answer = self.lock().ask(owner, self.room);
        // Made without the lock, as `make` is the host's; what has changed meanwhile is seen below.
        let answer = answer.unwrap_or_else(|| self.queue(owner, priority, make()));
        match answer {
            Enter::Full => {
                self.lock().tally.rejections += 1;
                self.observer.happened(Happened::Refused(Refusal::Full));
            }
            Enter::Waiting(_) => self.observer.happened(Happened::Queued),
            Enter::Now(_) | Enter::Closed => {}
        }
        answer
    }

    fn queue(self: &Arc<Self>, owner: Owner, priority: i32, waiter: Arc<Waiter<W>>) -> Enter<W> {
        let answer = waiter.enlist(|places| {
            let mut inner = self.lock();
            if let Some(answer) = inner.ask(owner, self.room) {
                return Some(answer);
            }
            let since = self.clock.now();
            let place =
                inner.line.push(priority, since, Request { owner, since, waiter: Arc::clone(&waiter) });
            if place == 0 {
                return Some(Enter::Full);
            }
            inner.tally.queued += 1;
            let me = Arc::downgrade(self);
            places.push((me, place));
            None
        });
        answer.unwrap_or(Enter::Waiting(waiter))
    }

    /// Exits, and lets the first in line in.
    ///
    /// # Errors
    /// The owner is not inside.
    pub fn exit(&self, owner: Owner) -> Result<(), NotHeld> {
        let mut inner = self.lock();
        inner.held.give_back(owner, 1)?;
        inner.state.inside -= 1;
        let news = inner.admit(&*self.clock);
        drop(inner);
        self.tell(news);
        Ok(())
    }

    /// Changes how many may be inside, at least 1. Those who are too many stay until they exit; those who wait and may enter now do.
    pub fn set_most(&self, most: u32) {
        let mut inner = self.lock();
        inner.state.most = most.max(1);
        let news = inner.admit(&*self.clock);
        drop(inner);
        self.tell(news);
    }

    /// The owner has died: cancels its waits, frees its places and says how many.
    pub fn release_owner(&self, owner: Owner) -> u32 {
        let held = self.lock();
        let its = held.line.iter().filter(|request| request.owner == owner);
        let waiters: Vec<_> = its.map(|request| Arc::clone(&request.waiter)).collect();
        drop(held);
        for waiter in waiters {
            waiter.cancel();
        }
        let mut inner = self.lock();
        inner.collect(owner);
        let count = inner.held.take(owner);
        inner.state.inside -= count;
        let news = inner.admit(&*self.clock);
        drop(inner);
        self.tell(news);
        count
    }

    /// How it stands, and what it has counted.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let inner = self.lock();
        let Tally { calls, rejections, timeouts, cancelled, queued, peak, .. } = inner.tally;
        let mut figures = Figures {
            most: inner.state.most,
            inside: inner.state.inside,
            waiting: inner.line.len(),
            calls,
            rejections,
            timeouts,
            cancelled,
            queued,
            peak,
            waits: inner.tally.waits(),
        };
        for (calls, peak) in inner.held.purses().map(counted) {
            figures.calls += calls;
            figures.peak = figures.peak.max(peak);
        }
        figures
    }

    /// How many may be inside.
    #[must_use]
    pub fn most(&self) -> u32 {
        self.lock().state.most
    }

    /// How many are inside.
    #[must_use]
    pub fn inside(&self) -> u32 {
        self.lock().state.inside
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().line.len()
    }

    /// Whether one who asks now would be let in or get into the line.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let inner = self.lock();
        !inner.closed && (inner.state.has_room() || inner.line.len() < self.room)
    }

    /// Who is inside how often, in no order.
    #[must_use]
    pub fn holders(&self) -> Vec<(Owner, u32)> {
        self.lock().held.list()
    }

    /// Shows each that waits, in order, under the lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        self.lock().line.iter().for_each(|request| see(&request.waiter));
    }

    /// Tells all who wait, and all who would, `Closed`. Those inside may exit. Whether it was open.
    pub fn close(&self) -> bool {
        let mut inner = self.lock();
        let open = !std::mem::replace(&mut inner.closed, true);
        let mut line = std::mem::take(&mut inner.line);
        drop(inner);
        while let Some(request) = line.pop() {
            request.waiter.close();
        }
        open
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }
}

impl<W: WakeTarget> Awaited for Bulkhead<W> {
    fn leave(&self, place: u64) {
        let mut inner = self.lock();
        let left = inner.line.remove(place);
        let late = left.as_ref().map_or(0, |request| inner.gone(request));
        drop(inner);
        self.tell(News { woken: Vec::new(), late });
    }
}

/// Nobody is left who could let them in.
impl<W: WakeTarget> Drop for Bulkhead<W> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;

//! A rule that says who may pass, and the line of those who may not yet: what the semaphore, the locks, the counters and
//! `Once` have in common. A [`Rule`] is plain state that decides; the [`Gate`] has its lock and does all the waiting.
//!
//! Passing is handed over: whoever makes room lets the first in line in, under the lock, so that nobody can slip in
//! between. Only the head is looked at, hence what the head waits for is not given to those behind it; when it gives up,
//! the line is looked at again. One that passes at once costs one lock.
//!
//! A gate that is not fair hands nothing over: it [calls](crate::wait::Call) the first in line, who stays there, and until that one comes
//! and looks, newcomers pass as they come. So one who gives back and asks again does not wait for another's waking up. Nobody is
//! forgotten: whenever the first in line may pass, it has been called and not come yet. One who comes in vain is called at the next
//! change; one who leaves instead has the line looked at, so the next is called.
//!
//! A gate may have a [`Word`]. While it is open, nobody waits or the first in line is called, and the rule's state fits, that word is the
//! state, and whoever sees it may change it by compare-and-set, as the rule would. Whoever holds the gate's lock finds the state there, leaves [`GUARDED`] in its
//! place so that every compare-and-set fails, and puts it back at the end, if it may. One who only looks leaves the word alone.
//!
//! Of a fair gate that one thread alone asks to pass, that thread may change the word by reading and writing it. Others come only to take
//! one who has run out of time out of the line, or to look. The former leave the word alone unless that one still stands in line:
//! then it has been [`GUARDED`] since the thread itself put it there, so what the thread reads is that, and it asks the gate, or what was
//! put back when the line was empty again, after which nobody else writes. So nothing is written between its reading and its writing.

use std::fmt::Debug;
use std::ops::{Deref, DerefMut};

use super::owner::Owner;
use crate::sync::{Arc, Mutex, MutexGuard, Ordering};
use crate::wait::{Awaited, WaitList, Waiter, Wake, WakeTarget};
use crate::words::Word;

/// What came of asking to pass.
#[derive(Debug)]
#[must_use]
pub enum Wait<W, T = ()> {
    /// It passed at once, and this is what it learnt.
    Now(T),
    /// It stands in line, or stood there so briefly that it has been told already: the waiter's target is told the end.
    /// The waiter was made if, and only if, this is the answer.
    Waiting(Arc<Waiter<W>>),
    /// There is nothing to wait for any more.
    Closed,
}

/// State that decides who may pass.
pub(super) trait Rule: Debug + Send + 'static {
    /// What is asked for.
    type Ask: Copy + Debug + Send;
    /// What one who passes at once learns.
    type Pass;
    /// Whether the request may pass now.
    fn admits(&self, ask: Self::Ask) -> bool;
    /// Lets a request pass that [may](Self::admits).
    fn enter(&mut self, owner: Owner, ask: Self::Ask) -> Self::Pass;
    /// The state as a word below [`GUARDED`], if a word can hold it.
    fn pack(&self) -> Option<u32> {
        None
    }
    /// The word has changed to this since it was [packed](Self::pack).
    fn unpack(&mut self, _word: u32) {}
}

/// What the word of a gate is while the gate's lock alone protects the state.
pub const GUARDED: u32 = u32::MAX;

/// A rule, and those who wait for it to admit them.
#[derive(Debug)]
pub(super) struct Gate<R: Rule, W: WakeTarget> {
    /// A newcomer never passes those who wait.
    fair: bool,
    word: Option<Word>,
    inner: Mutex<Inner<R, W>>,
}

/// The gate's lock, held, with the state in it.
struct Held<'a, R: Rule, W: WakeTarget> {
    word: Option<&'a Word>,
    inner: MutexGuard<'a, Inner<R, W>>,
}

impl<R: Rule, W: WakeTarget> Deref for Held<'_, R, W> {
    type Target = Inner<R, W>;
    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl<R: Rule, W: WakeTarget> DerefMut for Held<'_, R, W> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}

impl<R: Rule, W: WakeTarget> Drop for Held<'_, R, W> {
    fn drop(&mut self) {
        let Some(word) = self.word else { return };
        // One who is called comes here, and then sees what has been done to the word.
        if self.inner.closed || !(self.inner.line.is_empty() || self.inner.called != 0) {
            return;
        }
        if let Some(packed) = self.inner.rule.pack() {
            // Release: whoever takes the state from the word sees what was done under the lock.
            word.cell().store(packed, Ordering::Release);
        }
    }
}

#[derive(Debug)]
struct Inner<R: Rule, W> {
    rule: R,
    /// Nobody passes any more, and the line stays empty.
    closed: bool,
    line: WaitList<Request<R::Ask, W>>,
    /// The place of the first in line, if it is called and has not come; else 0. Always 0 if the gate is fair.
    called: u64,
}

#[derive(Debug)]
struct Request<A, W> {
    owner: Owner,
    ask: A,
    waiter: Arc<Waiter<W>>,
}

impl<R: Rule, W: WakeTarget> Inner<R, W> {
    fn try_pass(&mut self, fair: bool, owner: Owner, ask: R::Ask) -> Option<R::Pass> {
        let may = !self.closed && (!fair || self.line.is_empty()) && self.rule.admits(ask);
        may.then(|| self.rule.enter(owner, ask))
    }

    /// Something has changed: lets in those who may pass now, or calls the first of them.
    fn serve(&mut self, fair: bool) -> Vec<Wake<W>> {
        if fair {
            return self.admit();
        }
        let first = self.line.first().filter(|first| self.called == 0 && self.rule.admits(first.ask));
        let called = first.map(|first| Wake::calling(Arc::clone(&first.waiter)));
        if called.is_some() {
            self.called = self.line.first_place();
        }
        called.into_iter().collect()
    }

    /// Lets in, from the head of the line, all who may pass now. A head that has given up and may not pass is left to its
    /// own [`Gate::leave`], which has the line looked at again.
    fn admit(&mut self) -> Vec<Wake<W>> {
        let mut woken = Vec::new();
        while self.line.first().is_some_and(|first| self.rule.admits(first.ask)) {
            self.called = 0;
            let Some(Request { owner, ask, waiter }) = self.line.pop() else { break };
            if waiter.win() {
                self.rule.enter(owner, ask);
                woken.push(Wake::new(waiter));
            }
        }
        woken
    }
}

impl<R: Rule, W: WakeTarget> Gate<R, W> {
    pub(super) fn new(rule: R, fair: bool) -> Self {
        Self::make(rule, fair, None)
    }

    /// A gate whose state stands in a word, as long as it can.
    pub(super) fn with_word(rule: R, fair: bool, word: Word) -> Self {
        word.cell().store(rule.pack().unwrap_or(GUARDED), Ordering::Release);
        Self::make(rule, fair, Some(word))
    }

    fn make(rule: R, fair: bool, word: Option<Word>) -> Self {
        Self {
            fair,
            word,
            inner: Mutex::new(Inner { rule, closed: false, line: WaitList::default(), called: 0 }),
        }
    }

    /// Where the state stands while nobody waits.
    pub(super) const fn word(&self) -> Option<&Word> {
        self.word.as_ref()
    }

    fn lock(&self) -> Held<'_, R, W> {
        self.guard(self.inner.lock())
    }

    fn guard<'a>(&'a self, mut inner: MutexGuard<'a, Inner<R, W>>) -> Held<'a, R, W> {
        if let Some(word) = &self.word {
            // Acquire: what the last to change the word did before it is seen here. Release: GUARDED is seen after nothing.
            let state = word.cell().swap(GUARDED, Ordering::AcqRel);
            if state != GUARDED {
                inner.rule.unpack(state);
            }
        }
        Held { word: self.word.as_ref(), inner }
    }

    /// Passes, if that can be at once.
    pub(super) fn try_pass(&self, owner: Owner, ask: R::Ask) -> Option<R::Pass> {
        self.lock().try_pass(self.fair, owner, ask)
    }

    /// Passes, or queues the waiter that `make` gives; `me` is the object around this gate. One who finds 2^24 in line is
    /// told `Closed`.
    pub(super) fn pass(
        &self,
        me: &Arc<impl Awaited>,
        owner: Owner,
        ask: R::Ask,
        make: impl FnOnce() -> Arc<Waiter<W>>,
    ) -> Wait<W, R::Pass> {
        {
            let mut inner = self.lock();
            if inner.closed {
                return Wait::Closed;
            }
            if let Some(pass) = inner.try_pass(self.fair, owner, ask) {
                return Wait::Now(pass);
            }
        }
        // Made without the lock, as `make` is the host's; what has changed meanwhile is seen below.
        let waiter = make();
        let woken = waiter.enlist(|places| {
            let mut inner = self.lock();
            if inner.closed {
                return None;
            }
            let place = inner.line.push(Request { owner, ask, waiter: Arc::clone(&waiter) });
            if place == 0 {
                return None;
            }
            let me = Arc::downgrade(me);
            places.push((me, place));
            let first = inner.line.first_place() == place;
            Some(if first { inner.admit() } else { inner.serve(self.fair) })
        });
        if woken.is_none() {
            waiter.close();
        }
        Wait::Waiting(waiter)
    }

    /// Changes the rule's state, and lets in those who may pass after it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut R) -> T) -> T {
        let mut inner = self.lock();
        let answer = change(&mut inner.rule);
        let woken = inner.serve(self.fair);
        drop(inner);
        drop(woken);
        answer
    }

    /// Shows the state as it is or has just been, by the word's last value.
    pub(super) fn read<T>(&self, read: impl FnOnce(&R) -> T) -> T {
        let mut inner = self.inner.lock();
        // Acquire: as in `guard`. The next to guard the word takes its value then.
        let state = self.word.as_ref().map_or(GUARDED, |word| word.cell().load(Ordering::Acquire));
        if state != GUARDED {
            inner.rule.unpack(state);
        }
        read(&inner.rule)
    }

    /// Takes one who has given up out of the line: those behind it may be able to pass.
    pub(super) fn leave(&self, place: u64) {
        let inner = self.inner.lock();
        if inner.line.get(place).is_none() {
            return;
        }
        let mut inner = self.guard(inner);
        let left = inner.line.remove(place);
        if inner.called == place {
            inner.called = 0;
        }
        let woken = inner.serve(self.fair);
        drop(inner);
        drop((left, woken));
    }

    /// One who was called looks: it passes if it may, and those behind it who may then. One who has left meanwhile does nothing.
    pub(super) fn come(&self, place: u64) {
        let mut inner = self.lock();
        if inner.called != place {
            return;
        }
        inner.called = 0;
        let woken = inner.admit();
        drop(inner);
        drop(woken);
    }

    /// Cancels the waits of an owner that has died, so that nothing is handed to it from here on; what it was handed
    /// before this returns is in the rule's state.
    pub(super) fn evict(&self, owner: Owner) {
        let held = self.inner.lock();
        let its = held.line.iter().filter(|request| request.owner == owner);
        let waiters: Vec<_> = its.map(|request| Arc::clone(&request.waiter)).collect();
        drop(held);
        // From the last to the first: so none that leaves makes room for another of the same owner.
        for waiter in waiters.into_iter().rev() {
            waiter.cancel();
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.inner.lock().line.len()
    }

    pub(super) fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        self.inner.lock().line.iter().for_each(|request| see(&request.waiter));
    }

    pub(super) fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }

    /// Tells all who wait that it is closed.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.called = 0;
        let mut line = std::mem::take(&mut inner.line);
        drop(inner);
        while let Some(request) = line.pop() {
            request.waiter.close();
        }
    }
}

/// What everything around a gate has: its line and its end. `poison` adds what is left behind by a holder that dies.
macro_rules! gated {
    ($type:ident) => {
        impl<W: WakeTarget> $type<W> {
            /// How many wait.
            #[must_use]
            pub fn waiting(&self) -> usize {
                self.gate.waiting()
            }

            /// Shows each that waits, in order, under the lock: `see` must not come back here.
            pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
                self.gate.each_waiter(see);
            }

            /// Tells all who wait, and all who would, `Closed`. What is held may still be given back, what is done still counted.
            pub fn close(&self) {
                self.gate.close();
            }

            /// Whether it is closed.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.gate.is_closed()
            }
        }

        impl<W: WakeTarget> Awaited for $type<W> {
            fn leave(&self, place: u64) {
                self.gate.leave(place);
            }

            fn come(&self, place: u64) {
                self.gate.come(place);
            }
        }
    };
    ($type:ident, poison) => {
        $crate::lock::gate::gated! { $type }

        impl<W: WakeTarget> $type<W> {
            /// Whether a holder has died since this was last cleared: what it guards may be half changed.
            #[must_use]
            pub fn is_poisoned(&self) -> bool {
                self.gate.read(|held| held.poisoned)
            }

            /// Forgets that a holder has died: what it guards is whole again.
            pub fn clear_poison(&self) {
                self.gate.change(|held| held.poisoned = false);
            }
        }
    };
}
pub(super) use gated;

/// Nobody is left who could let them in.
impl<R: Rule, W: WakeTarget> Drop for Gate<R, W> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;

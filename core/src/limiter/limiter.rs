//! A rule, its state, and the line of those who may not pass yet.
//!
//! Nobody passes those who wait. The first in line has the limiter's one alarm, set for the time at which the rule lets it pass; when that rings, all who
//! may pass then do, in order, each told once, and the alarm is set for the next. What is waited for is taken only when it is granted: one
//! who gives up costs nothing, and those behind it move up.
//!
//! While nobody waits a word stands in an atomic, and whoever passes changes it by compare-and-set: the whole state, or what may be taken before
//! a time at which the lock's holder finds the next one. Whoever holds the lock takes the word out, leaves a guard in its place, so that every
//! compare-and-set fails, and folds it into the state; a word is put back at the end if nobody waits and nothing is
//! blocked. See [`Generation`] for why no decision mixes two configurations, or two words.
//!
//! The time at which one more could pass behind the whole line is found by carrying the rule forward over all who wait. That state is kept, so the next
//! one costs one step; after somebody has left the middle of the line it is made anew when it is next asked for.

use std::fmt::Debug;

use super::adapt::Adapt;
use super::generation::{GUARDED, Generation, MOST};
use super::held::Held;
use super::inner::{Ahead, Inner};
use super::limits::{Acquire, Check, Figures, Forecast, Limits, Refused, Reserve, Verdict};
use super::line::{OneAlarm, Waits, close_all};
use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, AtomicU64, Mutex, MutexGuard, Ordering, Weak};
use crate::timer::{Alarm, Timers};
use crate::wait::{Awaited, WaitList, Waiter, WakeTarget};

/// A limiter.
pub struct Limiter<R: Adapt, W: WakeTarget> {
    pub(super) first: Generation<R>,
    pub(super) allowed: AtomicU64,
    refused: AtomicU64,
    clock: Arc<dyn Clock>,
    pub(super) timers: Arc<dyn Timers>,
    pub(super) me: Weak<Self>,
    inner: Mutex<Inner<R, W>>,
}

impl<R: Adapt, W: WakeTarget> Limiter<R, W> {
    /// A limiter from which nothing has been taken. At most `max_waiting` wait.
    pub fn new(rule: R, max_waiting: usize, clock: Arc<dyn Clock>, timers: Arc<dyn Timers>) -> Arc<Self> {
        let first = Generation::new(rule.clone());
        let mut state = R::State::default();
        if let Some((word, until)) = rule.word(&mut state, 0) {
            first.publish(word, until);
        }
        Arc::new_cyclic(|me| Self {
            first,
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            clock,
            timers,
            me: Weak::clone(me),
            inner: Mutex::new(Inner {
                rule,
                state,
                generations: 1,
                line: WaitList::default(),
                coming: 0,
                max_waiting,
                closed: false,
                blocked: 0,
                latest: 0,
                alarm: OneAlarm::default(),
                tail: None,
                waits: Waits::default(),
            }),
        })
    }

    fn lock(&self) -> Held<'_, R, W> {
        self.lock_at(self.clock.now())
    }

    fn lock_at(&self, now: Nanos) -> Held<'_, R, W> {
        self.hold(self.inner.lock(), now)
    }

    fn hold<'a>(&'a self, mut inner: MutexGuard<'a, Inner<R, W>>, now: Nanos) -> Held<'a, R, W> {
        if R::BY_WORD
            && let Some(word) = self.first.last().guard()
        {
            let Inner { rule, state, .. } = &mut *inner;
            rule.fold(state, word);
        }
        inner.latest = inner.latest.max(now);
        if inner.blocked <= inner.latest {
            inner.blocked = 0;
        }
        Held { limiter: self, inner }
    }

    /// Decides without the lock; `None` if only the lock's holder can.
    fn try_word(&self, now: Nanos, cost: u64) -> Option<bool> {
        if !R::BY_WORD {
            return None;
        }
        let generation = self.first.last();
        let mut seen = generation.look(now);
        while seen != GUARDED {
            let mut next = seen;
            if !generation.rule.try_word(&mut next, now, cost)? {
                return Some(false);
            }
            match generation.exchange(seen, next) {
                Ok(()) => return Some(true),
                Err(found) => seen = found,
            }
        }
        None
    }

    /// Decides with the lock.
    fn try_locked(&self, now: Nanos, cost: u64) -> bool {
        let inner = self.inner.lock();
        // One who held it before may have put a word in that decides: then the others who come for the same reason leave it there.
        self.try_word(now, cost).unwrap_or_else(|| {
            let mut held = self.hold(inner, now);
            let now = held.latest;
            held.try_take(now, cost)
        })
    }

    fn count(&self, passed: bool) -> bool {
        let counter = if passed { &self.allowed } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        passed
    }

    fn refuse<T>(&self, refused: Refused) -> Result<T, Refused> {
        self.count(false);
        Err(refused)
    }

    /// Passes at once, or says how long it would wait.
    fn begin(
        &self,
        held: &mut Held<'_, R, W>,
        cost: u64,
        within: Option<Nanos>,
    ) -> Result<Option<Nanos>, Refused> {
        let now = held.latest;
        if held.closed {
            return self.refuse(Refused::Closed);
        }
        if held.try_take(now, cost) {
            self.count(true);
            return Ok(None);
        }
        let room = held.room();
        let Some(at) = held.behind_all(now, cost) else { return self.refuse(Refused::TooMuch) };
        let after = at.saturating_sub(now);
        if !room {
            return self.refuse(Refused::Full(after));
        }
        if within.is_some_and(|within| after > within) {
            return self.refuse(Refused::Late(after));
        }
        Ok(Some(after))
    }

    /// A place in line at which nobody waits: it takes `cost` when its time comes, unless it is [given up](Self::give_up) before.
    pub fn reserve(&self, cost: u64) -> Reserve {
        let mut held = self.lock();
        match self.begin(&mut held, cost, None) {
            Err(refused) => Reserve::Refused(refused),
            Ok(None) => Reserve::Now,
            Ok(Some(after)) => {
                let now = held.latest;
                let place = held.push(now, cost, None);
                if place == 0 {
                    return Reserve::Refused(Refused::Full(after));
                }
                let told = held.serve();
                drop(held);
                told.tell();
                Reserve::Later { after, place }
            }
        }
    }

    /// Whether what is [reserved](Self::reserve) at a place still waits for its time.
    #[must_use]
    pub fn is_reserved(&self, place: u64) -> bool {
        self.inner.lock().line.get(place).is_some_and(|entry| entry.waiter.is_none())
    }

    /// Gives up what is [reserved](Self::reserve). False if it has been taken, or was given up before.
    pub fn give_up(&self, place: u64) -> bool {
        let mut held = self.lock();
        let reserved = held.line.get(place).is_some_and(|entry| entry.waiter.is_none());
        if reserved {
            held.line.remove(place);
            held.waits.cancelled += 1;
            held.changed();
        }
        reserved
    }

    /// Decides by another rule from here on. Who waits keeps the place; one who waits for more than the new rule ever allows is told `Closed`.
    pub fn configure(&self, rule: R) {
        let mut held = self.lock();
        held.state = rule.adapt(&held.rule, &held.state, held.latest);
        held.rule = rule.clone();
        held.generations += 1;
        if held.generations <= MOST {
            self.first.last().succeed(rule);
        }
        held.changed();
    }

    /// The rule as it is now.
    #[must_use]
    pub fn rule(&self) -> R {
        self.inner.lock().rule.clone()
    }

    /// Reads the rule and the state.
    pub fn read<T>(&self, read: impl FnOnce(&R, &R::State, Nanos) -> T) -> T {
        let held = self.lock();
        read(&held.rule, &held.state, held.latest)
    }

    /// How many wait, those at reserved places among them.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.lock().line.len()
    }
}

impl<R: Adapt, W: WakeTarget> Limits<W> for Limiter<R, W> {
    fn try_acquire(&self, cost: u64) -> bool {
        let now = self.clock.now();
        let passed = self.try_word(now, cost);
        self.count(passed.unwrap_or_else(|| self.try_locked(now, cost)))
    }

    fn acquire(
        &self,
        cost: u64,
        within: Option<Nanos>,
        make: &mut dyn FnMut() -> Arc<Waiter<W>>,
    ) -> Acquire<W> {
        let now = self.clock.now();
        if self.try_word(now, cost) == Some(true) {
            self.count(true);
            return Acquire::Now;
        }
        {
            let mut held = self.lock_at(now);
            match self.begin(&mut held, cost, within) {
                Err(refused) => return Acquire::Refused(refused),
                Ok(None) => return Acquire::Now,
                Ok(Some(_)) => held.coming += 1,
            }
        }
        // Made without the lock, as `make` is the host's; what has changed meanwhile is seen below.
        let waiter = make();
        let told = waiter.enlist(|places| {
            let mut held = self.lock();
            held.coming -= 1;
            if held.closed {
                return None;
            }
            let now = held.latest;
            let place = held.push(now, cost, Some(Arc::clone(&waiter)));
            if place == 0 {
                return None;
            }
            let me: Weak<dyn Awaited> = self.me.clone();
            places.push((me, place));
            Some(held.serve())
        });
        match told {
            Some(told) => told.tell(),
            None => drop(waiter.close()),
        }
        Acquire::Waiting(waiter)
    }

    fn check(&self) -> Check {
        let mut held = self.lock();
        let now = held.latest;
        let standing = held.rule.standing(&held.state, now);
        let free = !held.closed && held.line.is_empty() && held.blocked == 0;
        let at = held.behind_all(now, 1).unwrap_or(Nanos::MAX);
        Check {
            allowed: free && at <= now,
            limit: standing.limit,
            remaining: if free { standing.remaining } else { 0 },
            retry_after: at.saturating_sub(now),
            reset_after: standing.reset_at.max(held.blocked).saturating_sub(now),
        }
    }

    fn until(&self, cost: u64) -> Option<Nanos> {
        let mut held = self.lock();
        let now = held.latest;
        held.behind_all(now, cost).map(|at| at.saturating_sub(now))
    }

    fn forecast(&self) -> Option<Box<dyn Forecast>> {
        let mut held = self.lock();
        let now = held.latest;
        // Asked for nothing, it carries the state forward over all who wait.
        held.behind_all(now, 0)?;
        let (state, last) = match held.tail.as_ref().filter(|_| !held.line.is_empty()) {
            Some((state, last)) => (state.clone(), now.max(*last)),
            None => (held.state.clone(), now.max(held.blocked)),
        };
        Some(Box::new(Ahead { rule: held.rule.clone(), state, last }))
    }

    fn decide(&self, now: Nanos, cost: u64, rest: &mut dyn FnMut() -> Verdict) -> Verdict {
        let mut held = self.lock_at(now);
        let now = held.latest;
        if held.closed {
            return Verdict::Never(Refused::Closed);
        }
        let Some(at) = held.behind_all(now, cost) else { return Verdict::Never(Refused::TooMuch) };
        if at > now || !held.line.is_empty() {
            // Those in line may be about to pass: then it is asked again at once, a nanosecond later.
            return Verdict::At(at.max(now + 1));
        }
        let verdict = rest();
        if verdict == Verdict::Passed {
            let Inner { rule, state, .. } = &mut *held;
            rule.take(state, now, cost);
            self.count(true);
        }
        verdict
    }

    fn penalty(&self, cost: u64) {
        let mut held = self.lock();
        let now = held.latest;
        let Inner { rule, state, .. } = &mut *held;
        rule.take(state, now, cost);
        held.changed();
    }

    fn reward(&self, cost: u64) {
        let mut held = self.lock();
        let now = held.latest;
        let Inner { rule, state, .. } = &mut *held;
        rule.give_back(state, now, now, cost);
        held.changed();
    }

    fn block(&self, span: Nanos) {
        let mut held = self.lock();
        held.blocked = if span == 0 { 0 } else { held.latest.saturating_add(span) };
        held.changed();
    }

    fn reset(&self) {
        let mut held = self.lock();
        held.state = R::State::default();
        held.blocked = 0;
        held.changed();
    }

    fn figures(&self) -> Figures {
        let inner = self.inner.lock();
        inner.waits.figures(&self.allowed, &self.refused, inner.line.len())
    }

    fn close(&self) {
        let mut held = self.lock();
        held.closed = true;
        held.tail = None;
        held.alarm.unset(&*self.timers);
        let line = std::mem::take(&mut held.line);
        drop(held);
        close_all(line);
    }

    fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        let inner = self.inner.lock();
        inner.line.iter().filter_map(|entry| entry.waiter.as_deref()).for_each(see);
    }
}

impl<R: Adapt, W: WakeTarget> Awaited for Limiter<R, W> {
    fn leave(&self, place: u64) {
        let mut held = self.lock();
        let left = held.line.remove(place);
        if left.is_some() {
            held.waits.cancelled += 1;
            held.changed();
        } else {
            drop(held);
        }
        drop(left);
    }
}

impl<R: Adapt, W: WakeTarget> Alarm for Limiter<R, W> {
    fn ring(&self, now: Nanos) {
        let mut held = self.lock_at(now);
        let told = held.serve();
        drop(held);
        told.tell();
    }
}

/// Nobody is left who could let them in.
impl<R: Adapt, W: WakeTarget> Drop for Limiter<R, W> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<R: Adapt, W: WakeTarget> Debug for Limiter<R, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").field("rule", &self.first.last().rule).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

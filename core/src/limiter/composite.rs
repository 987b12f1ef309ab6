//! Several limiters at once: one passes if all of them allow it, and otherwise none of them counts it.
//!
//! All are locked in the order of their addresses, asked, and only then is taken from each. Those who wait stand in a line of its own, first in, first
//! out; the first of them asks again when the limiter that refused it says. Whoever comes to one of the limiters directly stands before those who wait here: a
//! limiter that always has a line of its own lets nobody of this one pass.

use std::fmt::Debug;

use super::limits::{Acquire, Check, Figures, Forecast, Limits, Refused, Reserve, Verdict};
use super::line::{Entry, OneAlarm, Told, Waits, close_all};
use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, AtomicU64, Mutex, MutexGuard, Ordering, Weak};
use crate::timer::{Alarm, Timers};
use crate::wait::{Awaited, WaitList, Waiter, Wake, WakeTarget};

/// One limiter of several.
pub struct Part<W> {
    /// The limiter.
    pub limiter: Arc<dyn Limits<W>>,
    /// How much is taken from it for each 1 that is asked for.
    pub weight: u64,
}

impl<W> Clone for Part<W> {
    fn clone(&self) -> Self {
        Self { limiter: Arc::clone(&self.limiter), weight: self.weight }
    }
}

/// Several limiters, all or nothing.
pub struct Composite<W: WakeTarget> {
    /// In the order of their addresses, each once.
    parts: Vec<Part<W>>,
    max_waiting: usize,
    allowed: AtomicU64,
    refused: AtomicU64,
    clock: Arc<dyn Clock>,
    timers: Arc<dyn Timers>,
    me: Weak<Self>,
    inner: Mutex<Inner<W>>,
}

struct Inner<W> {
    line: WaitList<Entry<W>>,
    coming: usize,
    closed: bool,
    alarm: OneAlarm,
    waits: Waits,
}

fn address<W>(part: &Part<W>) -> usize {
    Arc::as_ptr(&part.limiter).cast::<()>() as usize
}

/// Asks all, and takes from all if all allow it and `agrees`.
fn decide<W: WakeTarget>(
    parts: &[Part<W>],
    now: Nanos,
    cost: u64,
    agrees: &mut dyn FnMut() -> bool,
) -> Verdict {
    let Some((first, rest)) = parts.split_first() else {
        return if agrees() { Verdict::Passed } else { Verdict::Gone };
    };
    let cost_here = cost.saturating_mul(first.weight);
    first.limiter.decide(now, cost_here, &mut || decide(rest, now, cost, agrees))
}

/// Passes as soon as all allow it from `last` on: what is allowed once stays so until somebody takes.
fn pass(parts: &mut [(Box<dyn Forecast>, u64)], last: Nanos, cost: u64) -> Option<Nanos> {
    let mut at = last;
    for (part, weight) in parts.iter() {
        at = at.max(part.earliest(last, cost.saturating_mul(*weight))?);
    }
    for (part, weight) in parts {
        part.take(at, cost.saturating_mul(*weight));
    }
    Some(at)
}

impl<W: WakeTarget> Composite<W> {
    /// These limiters together. One that is named twice counts with the sum of its weights.
    pub fn new(
        parts: Vec<Part<W>>,
        max_waiting: usize,
        clock: Arc<dyn Clock>,
        timers: Arc<dyn Timers>,
    ) -> Arc<Self> {
        let mut parts = parts;
        parts.sort_by_key(address);
        parts.dedup_by(|again, first| {
            let same = address(again) == address(first);
            if same {
                first.weight = first.weight.saturating_add(again.weight);
            }
            same
        });
        let inner = Inner {
            line: WaitList::default(),
            coming: 0,
            closed: false,
            alarm: OneAlarm::default(),
            waits: Waits::default(),
        };
        Arc::new_cyclic(|me| Self {
            parts,
            max_waiting,
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            clock,
            timers,
            me: Weak::clone(me),
            inner: Mutex::new(inner),
        })
    }

    /// What it is made of.
    #[must_use]
    pub fn parts(&self) -> &[Part<W>] {
        &self.parts
    }

    fn decide(&self, cost: u64, agrees: &mut dyn FnMut() -> bool) -> Verdict {
        let verdict = decide(&self.parts, self.clock.now(), cost, agrees);
        if verdict == Verdict::Passed {
            self.allowed.fetch_add(1, Ordering::Relaxed);
        }
        verdict
    }

    fn refuse<T>(&self, refused: Refused) -> Result<T, Refused> {
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(refused)
    }

    /// How long at least, by the limiter that takes longest.
    fn at_least(&self, cost: u64) -> Option<Nanos> {
        let each = self.parts.iter().map(|part| part.limiter.until(cost.saturating_mul(part.weight)));
        each.collect::<Option<Vec<_>>>().map(|all| all.into_iter().max().unwrap_or_default())
    }

    /// How long until all allow it, behind all who wait here and at each of them, if nobody else comes; `None` if never.
    fn behind_all(&self, inner: &Inner<W>, cost: u64) -> Option<Nanos> {
        let parts = self.parts.iter().map(|part| Some((part.limiter.forecast()?, part.weight)));
        let mut parts = parts.collect::<Option<Vec<_>>>()?;
        let now = self.clock.now();
        let line = inner.line.iter().map(|entry| entry.cost);
        let last = line.chain([cost]).try_fold(now, |last, cost| pass(&mut parts, last, cost))?;
        Some(last.saturating_sub(now))
    }

    /// Passes at once; or says that it may wait.
    fn begin(&self, inner: &Inner<W>, cost: u64, within: Option<Nanos>) -> Result<bool, Refused> {
        if inner.closed {
            return self.refuse(Refused::Closed);
        }
        if inner.line.is_empty() {
            match self.decide(cost, &mut || true) {
                Verdict::Passed => return Ok(true),
                Verdict::Never(why) => return self.refuse(why),
                Verdict::At(_) | Verdict::Gone => {}
            }
        }
        if self.at_least(cost).is_none() {
            return self.refuse(Refused::TooMuch);
        }
        let after = || self.behind_all(inner, cost).unwrap_or(Nanos::MAX);
        if inner.line.len() + inner.coming >= self.max_waiting {
            return self.refuse(Refused::Full(after()));
        }
        if let Some(within) = within {
            let after = after();
            if after > within {
                return self.refuse(Refused::Late(after));
            }
        }
        Ok(false)
    }

    /// A place in line at which nobody waits: it takes `cost` of each when its time comes, unless it is [given up](Self::give_up) before.
    pub fn reserve(&self, cost: u64) -> Reserve {
        let mut inner = self.inner.lock();
        match self.begin(&inner, cost, None) {
            Err(refused) => return Reserve::Refused(refused),
            Ok(true) => return Reserve::Now,
            Ok(false) => {}
        }
        let after = self.behind_all(&inner, cost).unwrap_or(Nanos::MAX);
        let place = inner.line.push(Entry { cost, since: self.clock.now(), waiter: None });
        if place == 0 {
            return Reserve::Refused(Refused::Full(after));
        }
        let told = self.serve(&mut inner);
        drop(inner);
        told.tell();
        Reserve::Later { after, place }
    }

    /// Whether what is [reserved](Self::reserve) at a place still waits for its time.
    #[must_use]
    pub fn is_reserved(&self, place: u64) -> bool {
        self.inner.lock().line.get(place).is_some_and(|entry| entry.waiter.is_none())
    }

    /// Gives up what is [reserved](Self::reserve). False if it has been taken, or was given up before.
    pub fn give_up(&self, place: u64) -> bool {
        let mut inner = self.inner.lock();
        let reserved = inner.line.get(place).is_some_and(|entry| entry.waiter.is_none());
        if reserved {
            inner.line.remove(place);
            inner.waits.cancelled += 1;
            let told = self.serve(&mut inner);
            drop(inner);
            told.tell();
        }
        reserved
    }

    fn serve(&self, inner: &mut MutexGuard<'_, Inner<W>>) -> Told<W> {
        let mut told = Told::default();
        while let Some(first) = inner.line.first() {
            let waiter = first.waiter.clone();
            // Asked under the locks of all: one who has given up takes nothing.
            let verdict = self.decide(first.cost, &mut || waiter.as_ref().is_none_or(|waiter| waiter.win()));
            if let Verdict::At(at) = verdict {
                inner.alarm.set(&*self.timers, at, &self.me);
                return told;
            }
            let Some(entry) = inner.line.pop() else { break };
            match (verdict, entry.waiter) {
                (Verdict::Passed, waiter) => {
                    inner.waits.passed(self.clock.now().saturating_sub(entry.since));
                    told.won.extend(waiter.map(Wake::new));
                }
                (Verdict::Never(_), waiter) => told.refused.extend(waiter),
                _ => inner.waits.cancelled += 1,
            }
        }
        inner.alarm.unset(&*self.timers);
        told
    }

    fn each(&self, work: impl Fn(&dyn Limits<W>, u64)) {
        self.parts.iter().for_each(|part| work(&*part.limiter, part.weight));
    }

    /// Looks again whether the first in line may pass.
    fn look(&self) {
        let mut inner = self.inner.lock();
        let told = self.serve(&mut inner);
        drop(inner);
        told.tell();
    }
}

impl<W: WakeTarget> Limits<W> for Composite<W> {
    fn try_acquire(&self, cost: u64) -> bool {
        let inner = self.inner.lock();
        let passed =
            !inner.closed && inner.line.is_empty() && self.decide(cost, &mut || true) == Verdict::Passed;
        drop(inner);
        if !passed {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        passed
    }

    fn acquire(
        &self,
        cost: u64,
        within: Option<Nanos>,
        make: &mut dyn FnMut() -> Arc<Waiter<W>>,
    ) -> Acquire<W> {
        {
            let mut inner = self.inner.lock();
            match self.begin(&inner, cost, within) {
                Err(refused) => return Acquire::Refused(refused),
                Ok(true) => return Acquire::Now,
                Ok(false) => inner.coming += 1,
            }
        }
        let waiter = make();
        let told = waiter.enlist(|places| {
            let mut inner = self.inner.lock();
            inner.coming -= 1;
            if inner.closed {
                return None;
            }
            let entry = Entry { cost, since: self.clock.now(), waiter: Some(Arc::clone(&waiter)) };
            let place = inner.line.push(entry);
            if place == 0 {
                return None;
            }
            let me: Weak<dyn Awaited> = self.me.clone();
            places.push((me, place));
            Some(self.serve(&mut inner))
        });
        match told {
            Some(told) => told.tell(),
            None => drop(waiter.close()),
        }
        Acquire::Waiting(waiter)
    }

    fn check(&self) -> Check {
        let inner = self.inner.lock();
        let none = Check {
            allowed: !inner.closed && inner.line.is_empty(),
            limit: u64::MAX,
            remaining: if inner.line.is_empty() { u64::MAX } else { 0 },
            retry_after: if inner.line.is_empty() {
                0
            } else {
                self.behind_all(&inner, 1).unwrap_or(Nanos::MAX)
            },
            reset_after: 0,
        };
        drop(inner);
        self.parts.iter().fold(none, |all, part| {
            let one = part.limiter.check();
            let until = part.limiter.until(part.weight).unwrap_or(Nanos::MAX);
            Check {
                allowed: all.allowed && until == 0 && one.remaining >= part.weight,
                limit: all.limit.min(one.limit / part.weight),
                remaining: all.remaining.min(one.remaining / part.weight),
                retry_after: all.retry_after.max(until),
                reset_after: all.reset_after.max(one.reset_after),
            }
        })
    }

    fn until(&self, cost: u64) -> Option<Nanos> {
        self.behind_all(&self.inner.lock(), cost)
    }

    fn forecast(&self) -> Option<Box<dyn Forecast>> {
        None
    }

    fn decide(&self, _now: Nanos, _cost: u64, _rest: &mut dyn FnMut() -> Verdict) -> Verdict {
        // Locks are taken in one order, which limiters within limiters would not keep to: whoever builds one takes its parts.
        Verdict::Never(Refused::TooMuch)
    }

    fn penalty(&self, cost: u64) {
        self.each(|limiter, weight| limiter.penalty(cost.saturating_mul(weight)));
    }

    fn reward(&self, cost: u64) {
        self.each(|limiter, weight| limiter.reward(cost.saturating_mul(weight)));
        self.look();
    }

    fn block(&self, span: Nanos) {
        self.each(|limiter, _| limiter.block(span));
        self.look();
    }

    fn reset(&self) {
        self.each(|limiter, _| limiter.reset());
        self.look();
    }

    fn figures(&self) -> Figures {
        let inner = self.inner.lock();
        inner.waits.figures(&self.allowed, &self.refused, inner.line.len())
    }

    fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        inner.alarm.unset(&*self.timers);
        let line = std::mem::take(&mut inner.line);
        drop(inner);
        close_all(line);
    }

    /// It, or one of those it is made of.
    fn is_closed(&self) -> bool {
        let closed = self.inner.lock().closed;
        closed || self.parts.iter().any(|part| part.limiter.is_closed())
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        let inner = self.inner.lock();
        inner.line.iter().filter_map(|entry| entry.waiter.as_deref()).for_each(see);
    }
}

impl<W: WakeTarget> Awaited for Composite<W> {
    fn leave(&self, place: u64) {
        let mut inner = self.inner.lock();
        let left = inner.line.remove(place);
        let told = if left.is_some() {
            inner.waits.cancelled += 1;
            self.serve(&mut inner)
        } else {
            Told::default()
        };
        drop(inner);
        told.tell();
        drop(left);
    }
}

impl<W: WakeTarget> Alarm for Composite<W> {
    fn ring(&self, _now: Nanos) {
        self.look();
    }
}

impl<W: WakeTarget> Drop for Composite<W> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<W: WakeTarget> Debug for Composite<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composite").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

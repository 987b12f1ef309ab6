//! A limiter while somebody holds its lock: the state is whole, and gives a word again when the lock is given up.

use std::ops::{Deref, DerefMut};

use super::adapt::{Adapt, Packed};
use super::generation::MOST;
use super::inner::Inner;
use super::limiter::Limiter;
use super::line::{Entry, Told};
use crate::clock::Nanos;
use crate::sync::{MutexGuard, Ordering};
use crate::wait::{Wake, WakeTarget};

/// The limiter's lock, held, with the state in it.
pub(super) struct Held<'a, R: Adapt, W: WakeTarget> {
    pub(super) limiter: &'a Limiter<R, W>,
    pub(super) inner: MutexGuard<'a, Inner<R, W>>,
}

impl<R: Adapt, W: WakeTarget> Deref for Held<'_, R, W> {
    type Target = Inner<R, W>;
    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl<R: Adapt, W: WakeTarget> DerefMut for Held<'_, R, W> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}

impl<R: Adapt, W: WakeTarget> Drop for Held<'_, R, W> {
    fn drop(&mut self) {
        let Inner { rule, state, generations, line, closed, blocked, latest, .. } = &mut *self.inner;
        let by_word = R::BY_WORD && *generations <= MOST && line.is_empty() && !*closed && *blocked == 0;
        if by_word && let Some((word, until)) = rule.word(state, *latest) {
            self.limiter.first.last().publish(word, until);
        }
    }
}

impl<R: Adapt, W: WakeTarget> Held<'_, R, W> {
    /// Lets in, from the head of the line, all who may pass now, and sets the alarm for the next.
    pub(super) fn serve(&mut self) -> Told<W> {
        let mut told = Told::default();
        let now = self.latest;
        let planned = self.alarm.at();
        while let Some(first) = self.line.first() {
            let cost = first.cost;
            match self.earliest(now, cost) {
                Some(at) if at > now => {
                    let limiter = self.limiter;
                    self.alarm.set(&*limiter.timers, at, &limiter.me);
                    return told;
                }
                may => {
                    let Some(entry) = self.line.pop() else { break };
                    self.pass(now, may.is_some(), planned, entry, &mut told);
                }
            }
        }
        self.tail = None;
        let limiter = self.limiter;
        self.alarm.unset(&*limiter.timers);
        told
    }

    pub(super) fn pass(
        &mut self,
        now: Nanos,
        may: bool,
        planned: Option<Nanos>,
        entry: Entry<W>,
        told: &mut Told<W>,
    ) {
        let Entry { cost, since, waiter } = entry;
        if !may {
            self.tail = None;
            told.refused.extend(waiter);
            return;
        }
        if let Some(waiter) = waiter {
            // One who has given up is about to leave.
            if !waiter.win() {
                self.tail = None;
                self.waits.cancelled += 1;
                return;
            }
            told.won.push(Wake::new(waiter));
        }
        let before = self.state.pack();
        let Inner { rule, state, .. } = &mut *self.inner;
        rule.take(state, now, cost);
        // An alarm rings late as a rule, which may make no difference.
        let same = |at| {
            let planned = before.map(|word| {
                let mut state = R::State::unpack(word);
                rule.take(&mut state, at, cost);
                state.pack()
            });
            planned.is_some_and(|planned| planned.is_some() && planned == state.pack())
        };
        if !planned.is_some_and(|at| at == now || same(at)) {
            self.tail = None;
        }
        self.waits.passed(now.saturating_sub(since));
        self.limiter.allowed.fetch_add(1, Ordering::Relaxed);
    }

    /// What was taken, or who may pass, has changed otherwise than by passing.
    pub(super) fn changed(mut self) {
        self.tail = None;
        let told = self.serve();
        drop(self);
        told.tell();
    }
}

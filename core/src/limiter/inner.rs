//! What a limiter's lock protects: the rule, the state, and who waits.

use super::adapt::Adapt;
use super::limits::Forecast;
use super::line::{Entry, OneAlarm, Waits};
use crate::clock::Nanos;
use crate::sync::Arc;
use crate::wait::{WaitList, Waiter};

/// See the module.
pub(super) struct Inner<R: Adapt, W> {
    pub(super) rule: R,
    pub(super) state: R::State,
    /// How many generations there have been.
    pub(super) generations: usize,
    pub(super) line: WaitList<Entry<W>>,
    /// Those who have been told to wait and do not stand in line yet.
    pub(super) coming: usize,
    pub(super) max_waiting: usize,
    pub(super) closed: bool,
    /// Nobody passes before.
    pub(super) blocked: Nanos,
    /// The latest time that was decided at.
    pub(super) latest: Nanos,
    pub(super) alarm: OneAlarm,
    /// The state after all who wait have passed, and when the last of them does.
    pub(super) tail: Option<(R::State, Nanos)>,
    pub(super) waits: Waits,
}

impl<R: Adapt, W> Inner<R, W> {
    pub(super) fn earliest(&self, now: Nanos, cost: u64) -> Option<Nanos> {
        self.rule.earliest(&self.state, now.max(self.blocked), cost)
    }

    pub(super) fn try_take(&mut self, now: Nanos, cost: u64) -> bool {
        let free = !self.closed && self.line.is_empty() && self.blocked <= now;
        free && self.rule.try_take(&mut self.state, now, cost)
    }

    /// When one who comes last passes.
    pub(super) fn behind_all(&mut self, now: Nanos, cost: u64) -> Option<Nanos> {
        if self.line.is_empty() {
            return self.earliest(now, cost);
        }
        if self.tail.is_none() {
            let mut tail = (self.state.clone(), now.max(self.blocked));
            for entry in self.line.iter() {
                carry(&self.rule, &mut tail, entry.cost);
            }
            self.tail = Some(tail);
        }
        let (state, last) = self.tail.as_ref()?;
        self.rule.earliest(state, now.max(*last), cost)
    }

    pub(super) fn push(&mut self, now: Nanos, cost: u64, waiter: Option<Arc<Waiter<W>>>) -> u64 {
        if self.line.is_empty() {
            self.tail = Some((self.state.clone(), now.max(self.blocked)));
        }
        let place = self.line.push(Entry { cost, since: now, waiter });
        if let Some(tail) = &mut self.tail {
            tail.1 = tail.1.max(now);
            carry(&self.rule, tail, cost);
        }
        place
    }

    pub(super) fn room(&self) -> bool {
        self.line.len() + self.coming < self.max_waiting
    }
}

/// Lets one more pass, as soon as it may.
fn carry<R: Adapt>(rule: &R, tail: &mut (R::State, Nanos), cost: u64) {
    if let Some(at) = rule.earliest(&tail.0, tail.1, cost) {
        rule.take(&mut tail.0, at, cost);
        tail.1 = at;
    }
}

/// A rule and its state, behind all who wait.
pub(super) struct Ahead<R: Adapt> {
    pub(super) rule: R,
    pub(super) state: R::State,
    pub(super) last: Nanos,
}

impl<R: Adapt> Forecast for Ahead<R> {
    fn earliest(&self, at: Nanos, cost: u64) -> Option<Nanos> {
        self.rule.earliest(&self.state, at.max(self.last), cost)
    }

    fn take(&mut self, at: Nanos, cost: u64) {
        self.last = at.max(self.last);
        self.rule.take(&mut self.state, self.last, cost);
    }
}

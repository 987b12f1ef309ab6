//! Load shedding: which calls to refuse while the host's event loop is late.
//!
//! The rule is a pure function. Its state is an [`Estimate`] of the delay: the highest that was measured, halved with every `most` that passes, so it rises at once and
//! forgets soon. Up to `most` all calls are admitted; each further `most` refuses one priority more, the lowest first. When a call will
//! be admitted again, if nothing is measured meanwhile, follows from that.
//!
//! A [`LoadShed`] measures by a probe: something due at a known time, which is late by the delay. One that is overdue is already a
//! measurement. It asks for another as long as calls come.

use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, Mutex};

/// The rule.
#[derive(Debug, Clone, Copy)]
pub struct Shedding {
    /// The delay up to which everything is admitted, more than 0.
    pub most: Nanos,
    /// How many priorities there are, from 0.
    pub priorities: u32,
}

/// What is known of the delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    /// How much it was.
    pub delay: Nanos,
    /// When.
    pub at: Nanos,
}

impl Shedding {
    /// The delay to reckon with.
    #[must_use]
    pub fn delay(&self, estimate: Estimate, now: Nanos) -> Nanos {
        let halvings = now.saturating_sub(estimate.at) as f64 / self.most as f64;
        (estimate.delay as f64 * 0.5_f64.powf(halvings)) as Nanos
    }

    /// The delay was measured.
    #[must_use]
    pub fn measured(&self, estimate: Estimate, delay: Nanos, now: Nanos) -> Estimate {
        Estimate { delay: delay.max(self.delay(estimate, now)), at: now }
    }

    /// The lowest priority that is admitted; as many as there are if none is.
    #[must_use]
    pub fn lowest(&self, delay: Nanos) -> u32 {
        let refused = delay.saturating_sub(1) / self.most.max(1);
        refused.min(u64::from(self.priorities)) as u32
    }

    /// How long until a priority is admitted, if the delay is so much now and only falls.
    #[must_use]
    pub fn retry_after(&self, delay: Nanos, priority: u32) -> Nanos {
        let admitted = self.most as f64 * (f64::from(priority) + 1.0);
        let halvings = (delay as f64 / admitted).log2().max(0.0);
        (halvings * self.most as f64).ceil() as Nanos
    }
}

/// What a call is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Admitted,
    /// It may not, and is to come back so much later.
    Refused(Nanos),
}

/// What it has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShedFigures {
    /// The delay to reckon with.
    pub delay: Nanos,
    /// How many calls were admitted.
    pub admitted: u64,
    /// How many were refused, by priority.
    pub refused: Vec<u64>,
}

/// The rule at work, with the delay of one event loop.
#[derive(Debug)]
pub struct LoadShed {
    rule: Shedding,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    estimate: Estimate,
    /// When the probe is due that is under way.
    due: Option<Nanos>,
    /// Calls have come since the last probe.
    asked: bool,
    admitted: u64,
    refused: Vec<u64>,
}

impl LoadShed {
    /// Nothing is late yet.
    #[must_use]
    pub fn new(rule: Shedding, clock: Arc<dyn Clock>) -> Self {
        let refused = vec![0; rule.priorities as usize];
        let inner = Inner { estimate: Estimate::default(), due: None, asked: false, admitted: 0, refused };
        Self { rule, clock, inner: Mutex::new(inner) }
    }

    fn look(&self, inner: &Inner) -> Nanos {
        let now = self.clock.now();
        let overdue = inner.due.map_or(0, |due| now.saturating_sub(due));
        self.rule.delay(inner.estimate, now).max(overdue)
    }

    /// The lowest priority that is admitted now.
    #[must_use]
    pub fn lowest(&self) -> u32 {
        self.rule.lowest(self.look(&self.inner.lock()))
    }

    /// Decides on a call, and counts it. A priority that there is not is taken for the highest.
    pub fn ask(&self, priority: u32) -> Verdict {
        let mut inner = self.inner.lock();
        inner.asked = true;
        let delay = self.look(&inner);
        let priority = priority.min(self.rule.priorities.saturating_sub(1));
        if priority >= self.rule.lowest(delay) {
            inner.admitted += 1;
            return Verdict::Admitted;
        }
        if let Some(refused) = inner.refused.get_mut(priority as usize) {
            *refused += 1;
        }
        Verdict::Refused(self.rule.retry_after(delay, priority))
    }

    /// A probe is under way, due after this.
    pub fn expect(&self, span: Nanos) {
        let due = self.clock.now().saturating_add(span);
        let mut inner = self.inner.lock();
        inner.due = Some(due);
        inner.asked = false;
    }

    /// The probe has come. Whether there is to be another: calls have come since it was sent.
    #[must_use]
    pub fn arrived(&self) -> bool {
        let mut inner = self.inner.lock();
        let now = self.clock.now();
        if let Some(due) = inner.due.take() {
            inner.estimate = self.rule.measured(inner.estimate, now.saturating_sub(due), now);
        }
        inner.asked
    }

    /// What it has done.
    #[must_use]
    pub fn figures(&self) -> ShedFigures {
        let inner = self.inner.lock();
        ShedFigures { delay: self.look(&inner), admitted: inner.admitted, refused: inner.refused.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{MILLI, ManualClock};

    const RULE: Shedding = Shedding { most: 100 * MILLI, priorities: 3 };

    #[test]
    fn the_later_the_loop_the_higher_the_priorities_that_are_refused() {
        let lowest = |delay| RULE.lowest(delay * MILLI);
        assert_eq!([0, 100, 101, 200, 201, 300, 301, 100_000].map(lowest), [0, 0, 1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn the_estimate_rises_at_once_and_halves_with_time() {
        let high = RULE.measured(Estimate::default(), 400 * MILLI, 1000 * MILLI);
        let after = |estimate, span: Nanos| RULE.delay(estimate, (1000 + span) * MILLI) / MILLI;
        assert_eq!([0, 100, 200, 100_000].map(|span| after(high, span)), [400, 200, 100, 0]);
        let low = RULE.measured(high, 0, 1100 * MILLI);
        assert_eq!(after(low, 100), 200);
        assert_eq!(after(RULE.measured(low, 300 * MILLI, 1100 * MILLI), 100), 300);
    }

    #[test]
    fn one_who_comes_back_when_told_is_admitted() {
        for priority in 0..3 {
            for delay in [101, 150, 333, 5000] {
                let estimate = Estimate { delay: delay * MILLI, at: 0 };
                let now = RULE.retry_after(delay * MILLI, priority);
                assert!(priority >= RULE.lowest(RULE.delay(estimate, now)), "{priority} after {delay}");
                let early = now * 9 / 10;
                assert_eq!(now == 0, priority >= RULE.lowest(RULE.delay(estimate, early)));
            }
        }
    }

    #[test]
    fn a_probe_that_is_overdue_is_a_measurement_and_another_is_wanted_while_calls_come() {
        let clock = Arc::new(ManualClock::default());
        let shed = LoadShed::new(RULE, clock.clone());
        assert_eq!(shed.ask(0), Verdict::Admitted);
        shed.expect(25 * MILLI);
        clock.advance(125 * MILLI);
        assert_eq!((shed.lowest(), shed.ask(0)), (0, Verdict::Admitted));
        clock.advance(50 * MILLI);
        assert_eq!((shed.lowest(), shed.ask(1)), (1, Verdict::Admitted));
        assert!(matches!(shed.ask(0), Verdict::Refused(_)));
        assert!(shed.arrived());
        assert!(matches!(shed.ask(0), Verdict::Refused(_)));
        shed.expect(25 * MILLI);
        clock.advance(25 * MILLI);
        assert!(!shed.arrived());
        assert_eq!(shed.ask(7), Verdict::Admitted);
        let figures = shed.figures();
        assert_eq!((figures.admitted, figures.refused), (4, vec![2, 0, 0]));
        clock.advance(1000 * MILLI);
        assert_eq!(shed.ask(0), Verdict::Admitted);
    }
}

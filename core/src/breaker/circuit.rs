//! The breaker itself: one word, and what is counted for it.

use super::changes::{Change, Changes};
use super::figures::{Counters, Figures};
use super::mirror::Mirror;
use super::probes::Probes;
use super::row::Row;
use super::rules::Rules;
use super::state::{Phase, State, StateWord, later};
use super::tally::Tallies;
use super::window::{Sum, Window, WindowKind};
use crate::clock::{Clock, Nanos};
use crate::lock::Owner;
use crate::metrics::Histogram;
use crate::sync::{Arc, Mutex};
use crate::words::Word;

/// A call that was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    generation: u32,
    /// The probe's lease, or 0.
    lease: u32,
    /// When, or [`UNTIMED`].
    began: Nanos,
}

/// Nobody has looked at the clock when this call began.
const UNTIMED: Nanos = Nanos::MAX;

impl Permit {
    /// That of a call which began because [`Breaker::place`] showed this generation, closed.
    #[must_use]
    pub const fn unasked(generation: u32) -> Self {
        Self { generation, lease: 0, began: UNTIMED }
    }
}

/// Whether a call is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// It is; the permit is to be given back by [`Breaker::leave`].
    Passed(Permit),
    /// It is not.
    Rejected {
        /// Where the breaker stands.
        phase: Phase,
        /// When to ask again, at the latest; [`Nanos::MAX`] if nobody knows.
        retry_after: Nanos,
    },
}

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It did what it should.
    Success,
    /// It did not.
    Failure,
    /// It did not in the time it had.
    TimedOut,
    /// It says nothing of what is called: it was given up, or failed by the caller's fault.
    Ignored,
}

/// A circuit breaker.
///
/// ```
/// use millrace_core::breaker::{Breaker, End, Entry, Phase, Rules};
/// use millrace_core::clock::ManualClock;
/// use millrace_core::lock::Owner;
/// use std::sync::Arc;
///
/// let clock = Arc::new(ManualClock::default());
/// let rules = Rules { failures: Some(1), recovery: 1_000_000, ..Rules::default() };
/// let breaker = Breaker::new(rules, clock.clone(), |_| ());
/// let Entry::Passed(permit) = breaker.enter(Owner::NOBODY) else { panic!() };
/// breaker.leave(permit, Owner::NOBODY, End::Failure);
/// assert_eq!(breaker.phase(), Phase::Open);
/// clock.advance(1_000_000);
/// assert_eq!(breaker.phase(), Phase::HalfOpen);
/// ```
#[derive(Debug)]
pub struct Breaker {
    rules: Rules,
    clock: Arc<dyn Clock>,
    word: StateWord,
    mirror: Mirror,
    row: Row,
    /// With the generation that it counts for.
    window: Option<Mutex<(u32, Window)>>,
    probes: Mutex<Probes>,
    changes: Changes,
    counters: Option<Counters>,
    tallies: Tallies,
    /// Whether to read the clock when a call begins, and when one ends that was not timed.
    times: (bool, bool),
}

impl Breaker {
    /// A closed one. `listener` is told each change of state, in order, under no lock of the breaker's.
    pub fn new(
        rules: Rules,
        clock: Arc<dyn Clock>,
        listener: impl Fn(&Change) + Send + Sync + 'static,
    ) -> Self {
        Self::with_word(rules, clock, Word::default(), listener)
    }

    /// As `new`, with a word that the host's threads see.
    pub fn with_word(
        rules: Rules,
        clock: Arc<dyn Clock>,
        word: Word,
        listener: impl Fn(&Change) + Send + Sync + 'static,
    ) -> Self {
        let begins = rules.times_calls();
        let windowed = rules.rates.is_some_and(|rates| matches!(rates.window, WindowKind::Time { .. }));
        Self {
            word: StateWord::new(),
            mirror: Mirror::new(word),
            row: Row::new(),
            window: rules.rates.map(|rates| Mutex::new((0, Window::new(rates.window)))),
            probes: Mutex::default(),
            changes: Changes::new(clock.now(), Box::new(listener)),
            counters: rules.metrics.then(Counters::default),
            tallies: Tallies::default(),
            times: (begins, windowed),
            rules,
            clock,
        }
    }

    /// Asks to call.
    pub fn enter(&self, owner: Owner) -> Entry {
        let state = self.word.load();
        if state.phase == Phase::Closed {
            return self.pass(state);
        }
        let entry = self.enter_unless_closed(owner);
        if let (Entry::Rejected { .. }, Some(counters)) = (&entry, &self.counters) {
            counters.rejection(owner);
        }
        entry
    }

    fn pass(&self, state: State) -> Entry {
        let began = if self.times.0 { self.clock.now() } else { UNTIMED };
        Entry::Passed(Permit { generation: state.generation, lease: 0, began })
    }

    fn enter_unless_closed(&self, owner: Owner) -> Entry {
        let now = self.clock.now();
        loop {
            let state = self.settled(now);
            let retry_after = match state.phase {
                Phase::Closed => return self.pass(state),
                Phase::Isolated | Phase::Shut => Nanos::MAX,
                Phase::Open => state.left(now),
                Phase::HalfOpen => match self.probe(state, owner, now) {
                    None => continue,
                    Some(Ok(lease)) => {
                        return Entry::Passed(Permit { generation: state.generation, lease, began: now });
                    }
                    Some(Err(left)) => left,
                },
            };
            return Entry::Rejected { phase: state.phase, retry_after };
        }
    }

    /// A probe's lease, or how long all are kept; nothing if the state is that no more.
    fn probe(&self, state: State, owner: Owner, now: Nanos) -> Option<Result<u32, Nanos>> {
        let mut probes = self.probes.lock();
        // Under the lock: probes of a generation that is over must not clear those of a later one.
        if self.word.load() != state {
            return None;
        }
        probes.begin(state.generation);
        Some(probes.take(self.rules.probes, owner, now, self.rules.lease))
    }

    /// Where a word stands that shows the host's threads whether they may begin a call unasked: the generation four times, plus 1 if it is a closed
    /// one, plus 2 if there are failures in a row. Nothing if each call is to be timed exactly.
    #[must_use]
    pub fn place(&self) -> Option<u32> {
        self.rules.slow_after.is_none().then(|| self.mirror.place())
    }

    /// Where a thread may count a call's success instead of [leaving](Self::leave), as long as the word at [`place`](Self::place) shows the
    /// generation of its permit, closed and without failures in a row. It is opened for one of the thread's objects, until
    /// [`close_tally`](Self::close_tally); every 2³¹ calls or sooner somebody reads it. Nothing if each success is to be told.
    pub fn open_tally(&self, owner: Owner, word: impl FnOnce() -> Word) -> Option<u32> {
        let untold = self.window.is_none() && self.rules.slow_after.is_none();
        untold.then(|| self.tallies.open(owner, word))
    }

    /// One of a thread's objects counts no more.
    pub fn close_tally(&self, owner: Owner) {
        self.tallies.close(owner);
    }

    /// Takes over what threads have counted.
    pub fn read_tallies(&self) -> u64 {
        self.tallies.read()
    }

    /// Gives a permit back, with what the call came to. Says whether calls of this thread come so fast that to look at the clock for each would
    /// cost more than it tells.
    pub fn leave(&self, permit: Permit, owner: Owner, end: End) -> bool {
        let timed = permit.began != UNTIMED;
        let now = if timed || self.times.1 || permit.lease != 0 { self.clock.now() } else { 0 };
        let took = timed.then(|| now.saturating_sub(permit.began));
        let late = |limit| took.is_some_and(|took| took > limit);
        let slow = end != End::Ignored && self.rules.slow_after.is_some_and(late);
        let fast = self.counters.as_ref().is_none_or(|counters| counters.end(owner, end, took, now, slow));
        self.settle(permit, end, slow, now);
        fast
    }

    fn settle(&self, permit: Permit, end: End, slow: bool, now: Nanos) {
        if permit.lease != 0 {
            self.leave_probe(permit, end, slow, now);
        } else if end != End::Ignored {
            self.count(permit.generation, end != End::Success, slow, now);
        }
    }

    /// Counts a call of the closed state, and opens the breaker if it was one too many.
    fn count(&self, generation: u32, failed: bool, slow: bool, now: Nanos) {
        if !failed {
            self.mirror.mark(generation, false);
            self.row.success(generation);
            if self.window.is_none() {
                return;
            }
        }
        let state = self.word.load();
        if state.generation != generation || state.phase != Phase::Closed {
            return;
        }
        let mut opens = false;
        if failed {
            let row = self.row.failure(generation);
            self.mirror.mark(generation, true);
            opens = self.rules.failures.is_some_and(|limit| row >= limit);
        }
        if let (Some(window), Some(rates)) = (&self.window, &self.rules.rates) {
            let mut window = window.lock();
            if later(window.0, generation) {
                return;
            }
            if window.0 != generation {
                window.0 = generation;
                window.1.clear();
            }
            opens |= rates.reached(window.1.record(now, failed, slow));
        }
        if opens {
            let now = if now == 0 { self.clock.now() } else { now };
            self.step(state, Phase::Open, self.rules.recovery_after(0), now);
            self.changes.tell();
        }
    }

    fn leave_probe(&self, permit: Permit, end: End, slow: bool, now: Nanos) {
        let mut probes = self.probes.lock();
        let state = self.word.load();
        if state.generation != permit.generation || !probes.give_back(permit.lease) {
            return;
        }
        let too_slow = slow && self.rules.rates.is_some_and(|rates| rates.slow.is_some());
        match end {
            End::Ignored => {}
            End::Success if !too_slow => {
                if probes.success() >= self.rules.successes && self.step(state, Phase::Closed, 0, now) {
                    probes.failed = 0;
                }
            }
            _ => {
                let failed = probes.failed.saturating_add(1);
                if self.step(state, Phase::Open, self.rules.recovery_after(failed), now) {
                    probes.failed = failed;
                }
            }
        }
        drop(probes);
        self.changes.tell();
    }

    /// Changes the state from what was seen; whether it was still that. To be told afterwards, under no lock.
    fn step(&self, from: State, phase: Phase, open_for: Nanos, now: Nanos) -> bool {
        let until = if phase == Phase::Open { now.saturating_add(open_for) } else { 0 };
        let to = from.next(phase, until);
        let stepped = self.word.step(from, to);
        if stepped {
            self.mirror.show(to);
            self.changes.note(Change { from: from.phase, to, at: now });
        }
        stepped
    }

    /// The state at that time: an open breaker whose time is up is half-open.
    fn settled(&self, now: Nanos) -> State {
        loop {
            let state = self.word.load();
            if state.phase != Phase::Open || state.left(now) > 0 {
                return state;
            }
            if self.step(state, Phase::HalfOpen, 0, now) {
                self.changes.tell();
            }
        }
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        let state = self.word.load();
        if state.phase == Phase::Open { self.settled(self.clock.now()).phase } else { state.phase }
    }

    /// Steps by hand, from any state that `may` allows. A step to the same state begins a new generation: what was counted is forgotten.
    fn force(&self, phase: Phase, may: impl Fn(Phase) -> bool) -> bool {
        let now = self.clock.now();
        let stepped = loop {
            let state = self.settled(now);
            if state.phase == Phase::Shut || !may(state.phase) {
                break false;
            }
            if self.step(state, phase, self.rules.recovery_after(0), now) {
                break true;
            }
        };
        if stepped && matches!(phase, Phase::Closed | Phase::Isolated) {
            self.probes.lock().failed = 0;
        }
        self.changes.tell();
        stepped
    }

    /// Opens it, as too many failures do: after the recovery time it is tried again.
    pub fn force_open(&self) {
        self.force(Phase::Open, |_| true);
    }

    /// Closes it; failures count from here on.
    pub fn force_close(&self) {
        self.force(Phase::Closed, |_| true);
    }

    /// Opens it until somebody closes it.
    pub fn isolate(&self) {
        self.force(Phase::Isolated, |_| true);
    }

    /// Ends an open breaker's recovery time: the next calls are probes. Whether it was open.
    pub fn recover(&self) -> bool {
        self.force(Phase::HalfOpen, |phase| phase == Phase::Open)
    }

    /// Makes it as new: closed, with nothing counted.
    pub fn reset(&self) {
        self.force_close();
        self.changes.clear(self.clock.now());
        self.tallies.clear();
        if let Some(counters) = &self.counters {
            counters.clear();
        }
    }

    /// Lets nobody in ever again.
    pub fn shut(&self) {
        self.force(Phase::Shut, |_| true);
    }

    /// A caller got something else instead of a result.
    pub fn fallback(&self, owner: Owner) {
        if let Some(counters) = &self.counters {
            counters.fallback(owner);
        }
    }

    /// A thread is gone: its probes' places are free.
    pub fn release_owner(&self, owner: Owner) {
        self.probes.lock().forget(owner);
        self.tallies.forget(owner);
    }

    /// Whether a thread has probes in flight.
    pub fn concerns(&self, owner: Owner) -> bool {
        self.probes.lock().concerns(owner)
    }

    /// How many probes are in flight.
    pub fn probes(&self) -> usize {
        self.probes.lock().in_flight(self.word.load().generation, self.clock.now())
    }

    /// All that is known of it.
    pub fn figures(&self) -> Figures {
        let now = self.clock.now();
        let state = self.settled(now);
        let past = self.changes.past(now);
        let window = self.window.as_ref().map(|window| {
            let mut window = window.lock();
            if window.0 == state.generation { window.1.sum(now) } else { Sum::default() }
        });
        let mut figures = Figures {
            state,
            successes: 0,
            failures: 0,
            timeouts: 0,
            slow: 0,
            ignored: 0,
            rejections: 0,
            fallbacks: 0,
            latency: Histogram::new(),
            row: self.row.count(state.generation),
            window: window.unwrap_or_default(),
            probes: self.probes.lock().in_flight(state.generation, now),
            changes: past.changes,
            history: past.history,
            times: past.times,
            now,
        };
        if let Some(counters) = &self.counters {
            counters.read(&mut figures);
            figures.successes += self.tallies.read();
        }
        figures
    }
}

#[cfg(test)]
mod tests;

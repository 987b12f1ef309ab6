//! Changes of state: who listens is told each, in the order in which they happened, under no lock.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use super::state::{GENERATIONS, Phase, State};
use crate::clock::Nanos;
use crate::sync::Mutex;

/// So many changes are remembered.
const REMEMBERED: usize = 32;

/// One change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Where it stood.
    pub from: Phase,
    /// Where it stands now, with its deadline.
    pub to: State,
    /// When it changed.
    pub at: Nanos,
}

/// Gets each change.
pub(super) type Listener = Box<dyn Fn(&Change) + Send + Sync>;

/// The changes of one breaker.
pub(super) struct Changes {
    log: Mutex<Log>,
    listener: Listener,
}

struct Log {
    /// What was not told yet, by generation. Threads come here in any order.
    pending: BTreeMap<u32, Change>,
    /// The generation to be told next.
    next: u32,
    telling: bool,
    history: VecDeque<Change>,
    times: [Nanos; Phase::COUNT],
    phase: Phase,
    since: Nanos,
    count: u64,
}

/// What is known of past states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) changes: u64,
    pub(super) history: Vec<Change>,
    pub(super) times: [Nanos; Phase::COUNT],
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

impl Changes {
    pub(super) fn new(now: Nanos, listener: Listener) -> Self {
        let log = Log {
            pending: BTreeMap::new(),
            next: 1,
            telling: false,
            history: VecDeque::new(),
            times: [0; Phase::COUNT],
            phase: Phase::Closed,
            since: now,
            count: 0,
        };
        Self { log: Mutex::new(log), listener }
    }

    /// Notes a change; whoever makes one notes it.
    pub(super) fn note(&self, change: Change) {
        self.log.lock().pending.insert(change.to.generation, change);
    }

    /// Tells what is to be told, unless another thread does, which then tells this too.
    pub(super) fn tell(&self) {
        loop {
            let mut log = self.log.lock();
            if log.telling {
                return;
            }
            let Some(change) = log.advance() else { return };
            log.telling = true;
            drop(log);
            if change.from != change.to.phase {
                (self.listener)(&change);
            }
            self.log.lock().telling = false;
        }
    }

    pub(super) fn past(&self, now: Nanos) -> Past {
        let log = self.log.lock();
        let mut times = log.times;
        if let Some(time) = times.get_mut(log.phase as usize) {
            *time += now.saturating_sub(log.since);
        }
        Past { changes: log.count, history: log.history.iter().copied().collect(), times }
    }

    /// Forgets what has been.
    pub(super) fn clear(&self, now: Nanos) {
        let mut log = self.log.lock();
        log.history.clear();
        log.times = [0; Phase::COUNT];
        log.since = now;
        log.count = 0;
    }
}

impl Log {
    /// The next change, if it has been noted, which is now past.
    fn advance(&mut self) -> Option<Change> {
        let change = self.pending.remove(&self.next)?;
        self.next = (self.next + 1) % GENERATIONS;
        if let Some(time) = self.times.get_mut(self.phase as usize) {
            *time += change.at.saturating_sub(self.since);
        }
        self.since = self.since.max(change.at);
        self.phase = change.to.phase;
        if change.from != change.to.phase {
            self.count += 1;
            if self.history.len() == REMEMBERED {
                self.history.pop_front();
            }
            self.history.push_back(change);
        }
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Arc;

    fn change(generation: u32, from: Phase, phase: Phase) -> Change {
        Change { from, to: State { phase, generation, deadline: 0 }, at: u64::from(generation) * 10 }
    }

    #[test]
    fn changes_that_are_noted_in_any_order_are_told_in_theirs() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&told);
        let changes =
            Changes::new(0, Box::new(move |change: &Change| seen.lock().push(change.to.generation)));
        changes.note(change(2, Phase::Open, Phase::HalfOpen));
        changes.tell();
        assert!(told.lock().is_empty());
        changes.note(change(1, Phase::Closed, Phase::Open));
        changes.note(change(3, Phase::HalfOpen, Phase::HalfOpen));
        changes.note(change(4, Phase::HalfOpen, Phase::Closed));
        changes.tell();
        // The third is none: the state is the same.
        assert_eq!(*told.lock(), [1, 2, 4]);
        let past = changes.past(100);
        assert_eq!((past.changes, past.times), (3, [70, 10, 20, 0, 0]));
    }
}

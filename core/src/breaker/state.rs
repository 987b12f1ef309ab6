//! State, generation and deadline in one word.

use crate::clock::{MILLI, Nanos};
use crate::sync::{AtomicU64, Ordering};

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Calls pass.
    Closed = 0,
    /// None passes until the deadline.
    Open = 1,
    /// A few pass, as probes.
    HalfOpen = 2,
    /// None passes until somebody says so.
    Isolated = 3,
    /// None will ever pass.
    Shut = 4,
}

impl Phase {
    /// How many there are.
    pub const COUNT: usize = 5;

    const fn of(bits: u64) -> Self {
        match bits & PHASE {
            0 => Self::Closed,
            1 => Self::Open,
            2 => Self::HalfOpen,
            3 => Self::Isolated,
            _ => Self::Shut,
        }
    }
}

const PHASE_BITS: u32 = 3;
const PHASE: u64 = (1 << PHASE_BITS) - 1;
const GENERATION_BITS: u32 = 21;
/// So many changes of state later a generation's number comes again: a result is taken for one of the present only if that many have
/// happened, to the last one, while the call ran.
pub const GENERATIONS: u32 = 1 << GENERATION_BITS;
const DEADLINE_BITS: u32 = 64 - PHASE_BITS - GENERATION_BITS;
const LAST_DEADLINE: u64 = (1 << DEADLINE_BITS) - 1;
/// The longest time that a breaker may stay open by itself: ten years. Deadlines are 40 bits of milliseconds, 34 years of a process.
pub const LONGEST: Nanos = 315_360_000_000 * MILLI;

/// What stands in the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Where the breaker stands.
    pub phase: Phase,
    /// One more with each change of state.
    pub generation: u32,
    /// Until when it is open, in milliseconds of the clock, rounded up; 0 in any other state.
    pub deadline: u64,
}

impl State {
    /// That of a new breaker.
    pub const NEW: Self = Self { phase: Phase::Closed, generation: 0, deadline: 0 };

    const fn unpack(word: u64) -> Self {
        Self {
            phase: Phase::of(word),
            generation: (word >> PHASE_BITS) as u32 & (GENERATIONS - 1),
            deadline: word >> (PHASE_BITS + GENERATION_BITS),
        }
    }

    const fn pack(self) -> u64 {
        let deadline = self.deadline << (PHASE_BITS + GENERATION_BITS);
        deadline | (self.generation as u64) << PHASE_BITS | self.phase as u64
    }

    /// The state that follows it.
    #[must_use]
    pub fn next(self, phase: Phase, until: Nanos) -> Self {
        let deadline = until.div_ceil(MILLI).min(LAST_DEADLINE);
        Self { phase, generation: (self.generation + 1) % GENERATIONS, deadline }
    }

    /// How long it is still open; 0 when its time is up.
    #[must_use]
    pub const fn left(self, now: Nanos) -> Nanos {
        self.deadline.saturating_mul(MILLI).saturating_sub(now)
    }
}

/// Whether generation `a` is later than `b`, of two that are not half a round apart.
pub(super) const fn later(a: u32, b: u32) -> bool {
    let ahead = a.wrapping_sub(b) & (GENERATIONS - 1);
    ahead != 0 && ahead < GENERATIONS / 2
}

/// The word.
#[derive(Debug)]
pub(super) struct StateWord(AtomicU64);

impl StateWord {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(State::NEW.pack()))
    }

    pub(super) fn load(&self) -> State {
        // Acquire: who sees a state sees what was done before it was changed to.
        State::unpack(self.0.load(Ordering::Acquire))
    }

    /// The one way to change it: from exactly what was seen.
    pub(super) fn step(&self, from: State, to: State) -> bool {
        self.0.compare_exchange(from.pack(), to.pack(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_out_of_its_word_as_it_went_in() {
        let phases = [Phase::Closed, Phase::Open, Phase::HalfOpen, Phase::Isolated, Phase::Shut];
        for phase in phases {
            for generation in [0, 1, GENERATIONS - 1] {
                for deadline in [0, 1, LAST_DEADLINE] {
                    let state = State { phase, generation, deadline };
                    assert_eq!(State::unpack(state.pack()), state);
                }
            }
        }
    }

    #[test]
    fn a_deadline_is_never_early_and_at_most_a_millisecond_late() {
        let state = State::NEW.next(Phase::Open, 5 * MILLI + 1);
        assert_eq!(state.left(5 * MILLI + 1), MILLI - 1);
        assert_eq!(state.left(6 * MILLI), 0);
    }

    #[test]
    fn the_longest_time_fits_after_twenty_years_of_uptime() {
        let now = 2 * LONGEST;
        assert_eq!(State::NEW.next(Phase::Open, now + LONGEST).left(now), LONGEST);
    }

    #[test]
    fn generations_go_round_and_are_still_told_apart() {
        let last = State { generation: GENERATIONS - 1, ..State::NEW };
        let next = last.next(Phase::Open, 0);
        assert_eq!(next.generation, 0);
        assert!(later(next.generation, last.generation) && !later(last.generation, next.generation));
        assert!(!later(3, 3));
    }
}

//! What the host's threads see of the state: a word of 32 bits, as the state's own word has more than they can read at once.
//!
//! It holds the generation, and whether that is a closed one: then a call may begin without asking the engine, with a permit of that
//! generation. It is written after the state's word, so that who looks at it may see for a moment a closed state that is over; that call is
//! one that began just before, and its result is late.

use super::state::{Phase, State, later};
use crate::sync::Ordering;
use crate::words::Word;

const CLOSED: u32 = 1;

/// The word. 0, as it is before and after its use, lets nobody pass unasked.
#[derive(Debug)]
pub(super) struct Mirror(Word);

impl Mirror {
    pub(super) fn new(word: Word) -> Self {
        let mirror = Self(word);
        mirror.0.cell().store(Self::of(State::NEW), Ordering::Release);
        mirror
    }

    const fn of(state: State) -> u32 {
        state.generation << 1 | if matches!(state.phase, Phase::Closed) { CLOSED } else { 0 }
    }

    /// Shows a state, unless a later one is shown: threads come here in any order.
    pub(super) fn show(&self, state: State) {
        let cell = self.0.cell();
        let mut shown = cell.load(Ordering::Relaxed);
        while later(state.generation, shown >> 1) {
            match cell.compare_exchange(shown, Self::of(state), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => shown = now,
            }
        }
    }

    /// Where the host finds it.
    pub(super) const fn place(&self) -> u32 {
        self.0.place()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_state_that_comes_late_is_not_shown() {
        let mirror = Mirror::new(Word::default());
        let open = State::NEW.next(Phase::Open, 0);
        let closed = open.next(Phase::HalfOpen, 0).next(Phase::Closed, 0);
        mirror.show(closed);
        mirror.show(open);
        assert_eq!(mirror.0.cell().load(Ordering::Relaxed), 3 << 1 | CLOSED);
    }
}

//! What the host's threads see of the state: a word of 32 bits, as the state's own word has more than they can read at once.
//!
//! It holds the generation, and whether that is a closed one: then a call may begin without asking the engine, with a permit of that
//! generation. It is written after the state's word, so that who looks at it may see for a moment a closed state that is over; that call is
//! one that began just before, and its result is late.
//!
//! It holds, too, whether there are failures in a row that a success would end. While there are none a success changes nothing, and need not be told.
//! A failure counts first and then marks the word; a success that is told takes the mark away first and then ends the row. So a row that stands has its mark,
//! except while the failure that began it is on its way: a success that passes it then came before.

use super::state::{Phase, State, later};
use crate::sync::Ordering;
use crate::words::Word;

const CLOSED: u32 = 1;
const ROW: u32 = 2;
const BITS: u32 = 2;

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
        state.generation << BITS | if matches!(state.phase, Phase::Closed) { CLOSED } else { 0 }
    }

    /// Shows a state, unless a later one is shown: threads come here in any order.
    pub(super) fn show(&self, state: State) {
        let cell = self.0.cell();
        let mut shown = cell.load(Ordering::Relaxed);
        while later(state.generation, shown >> BITS) {
            match cell.compare_exchange(shown, Self::of(state), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => shown = now,
            }
        }
    }

    /// Says whether there are failures in a row. Later generations than this one are left alone.
    pub(super) fn mark(&self, generation: u32, row: bool) {
        let cell = self.0.cell();
        let (from, to) = if row { (0, ROW) } else { (ROW, 0) };
        let of = |flag| generation << BITS | CLOSED | flag;
        if !row && cell.load(Ordering::Relaxed) != of(ROW) {
            return;
        }
        // In one order with the row's changes: a failure that finds the mark there was counted before a success that then takes it away ends the row.
        let _other = cell.compare_exchange(of(from), of(to), Ordering::SeqCst, Ordering::SeqCst);
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
        assert_eq!(mirror.0.cell().load(Ordering::Relaxed), 3 << BITS | CLOSED);
    }

    #[test]
    fn a_row_of_another_generation_marks_nothing() {
        let mirror = Mirror::new(Word::default());
        mirror.mark(1, true);
        assert_eq!(mirror.0.cell().load(Ordering::Relaxed), CLOSED);
        mirror.mark(0, true);
        assert_eq!(mirror.0.cell().load(Ordering::Relaxed), CLOSED | ROW);
        mirror.mark(0, false);
        assert_eq!(mirror.0.cell().load(Ordering::Relaxed), CLOSED);
    }
}

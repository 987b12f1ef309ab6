//! How many may be inside, and how many are: the whole state of a bulkhead for which nobody waits.

/// In a word: the most in the upper half, those inside in the lower one. It is never [`GUARDED`](crate::lock::GUARDED), and as a
/// signed number it is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) most: u32,
    pub(super) inside: u32,
}

const MOST_IN_WORD: u32 = 0x7fff;
const INSIDE_IN_WORD: u32 = 0xffff;

impl State {
    pub(super) const fn has_room(self) -> bool {
        self.inside < self.most
    }

    /// As a word, if one can hold it.
    pub(super) const fn pack(self) -> Option<u32> {
        if self.most <= MOST_IN_WORD && self.inside <= INSIDE_IN_WORD {
            Some(self.most << 16 | self.inside)
        } else {
            None
        }
    }

    pub(super) const fn unpack(word: u32) -> Self {
        Self { most: word >> 16, inside: word & INSIDE_IN_WORD }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::GUARDED;

    #[test]
    fn a_word_holds_it_unless_it_is_too_large() {
        for (most, inside) in [(1, 0), (1, 1), (3, 7), (MOST_IN_WORD, INSIDE_IN_WORD)] {
            let state = State { most, inside };
            assert_eq!(state.pack().map(State::unpack), Some(state));
            assert_ne!(state.pack(), Some(GUARDED));
        }
        for (most, inside) in [(MOST_IN_WORD + 1, 0), (1, INSIDE_IN_WORD + 1)] {
            assert_eq!(State { most, inside }.pack(), None);
        }
    }
}

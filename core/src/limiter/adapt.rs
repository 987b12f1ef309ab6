//! What a limiter asks of a rule beyond deciding: that it can take over from another one, and perhaps that a word is enough to decide by.

use std::fmt::Debug;

use super::rule::Rule;
use crate::clock::Nanos;

/// A rule that goes on where one with other numbers has stopped. While nobody waits, threads may decide by a word of its state, each with a
/// clock reading of its own: a time before that of the last decision counts as that one.
pub trait Adapt: Rule<State: Packed> + Clone {
    /// Whether it ever gives a [word](Self::word).
    const BY_WORD: bool = <Self::State as Packed>::WORD;

    /// The state under this rule that is at `now` what `state` was under `old`.
    fn adapt(&self, old: &Self, state: &Self::State, now: Nanos) -> Self::State;

    /// A word below [`u64::MAX`] to decide by from `now` on, which is the latest time so far, and the time at which that ends; `None` if
    /// there is none. The end never moves back.
    fn word(&self, state: &mut Self::State, _now: Nanos) -> Option<(u64, Nanos)> {
        Some((state.pack()?, Nanos::MAX))
    }

    /// Takes `cost` from the word if it may be taken at `now`, a time before the word's end; `None` if only the state can tell.
    fn try_word(&self, word: &mut u64, now: Nanos, cost: u64) -> Option<bool> {
        let mut state = Self::State::unpack(*word);
        let may = self.try_take(&mut state, now, cost);
        if may {
            *word = state.pack()?;
        }
        Some(may)
    }

    /// Puts what was taken from the word into the state, which gave it last and has not changed since.
    fn fold(&self, state: &mut Self::State, word: u64) {
        *state = Self::State::unpack(word);
    }
}

/// A state that may be one word as a whole.
pub trait Packed: Clone + Debug + Default + Send + 'static {
    /// Whether any state is one word.
    const WORD: bool;
    /// The state as a word below [`u64::MAX`], if it is one.
    fn pack(&self) -> Option<u64>;
    /// The state of a word that [`pack`](Self::pack) gave.
    fn unpack(word: u64) -> Self;
}

impl Packed for u64 {
    const WORD: bool = true;

    fn pack(&self) -> Option<u64> {
        (*self < Self::MAX).then_some(*self)
    }

    fn unpack(word: u64) -> Self {
        word
    }
}

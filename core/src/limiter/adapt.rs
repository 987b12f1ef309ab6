//! What a limiter asks of a rule beyond deciding: that it can take over from another one, and perhaps that its state is one word.

use std::fmt::Debug;

use super::rule::Rule;
use crate::clock::Nanos;

/// A rule that goes on where one with other numbers has stopped.
pub trait Adapt: Rule + Clone {
    /// The state under this rule that is at `now` what `state` was under `old`.
    fn adapt(&self, old: &Self, state: &Self::State, now: Nanos) -> Self::State;
}

/// A state that may be one word. A rule with such a state decides for threads at once, each with a clock reading of its own: a time before
/// that of the last decision counts as that one.
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

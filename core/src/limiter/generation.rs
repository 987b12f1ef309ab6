//! The configurations that a limiter has had, each with a word of its own to decide by.
//!
//! Whoever passes reads the rule and the word of one generation, and changes that word by compare-and-set. A limiter that is configured anew leaves
//! [`GUARDED`] in the old word for ever: so a decision under the old rule can't be entered any more, however late it comes.
//!
//! A word decides until its end, which stands beside it. The end changes while the word is guarded, and never moves back. So an end that was read before the
//! word was, or was changed, is this word's or that of an earlier one, and a time before it is before this word's end: also if
//! the word has come back meanwhile to the number that was seen. Nothing in the word says which end is its own, so there is nothing to run over.

use crate::clock::Nanos;
use crate::sync::{AtomicU64, OnceLock, Ordering};

/// What a word is while the limiter's lock alone protects the state.
pub(super) const GUARDED: u64 = u64::MAX;

/// After so many, a limiter decides under its lock only: finding the last one would take as long.
pub(super) const MOST: usize = 16;

/// A configuration.
#[derive(Debug)]
pub(super) struct Generation<R> {
    pub(super) rule: R,
    word: AtomicU64,
    until: AtomicU64,
    next: OnceLock<Box<Self>>,
}

impl<R> Generation<R> {
    pub(super) fn new(rule: R) -> Self {
        Self { rule, word: AtomicU64::new(GUARDED), until: AtomicU64::new(0), next: OnceLock::new() }
    }

    /// The one that counts.
    pub(super) fn last(&self) -> &Self {
        let mut at = self;
        while let Some(next) = at.next.get() {
            at = next;
        }
        at
    }

    /// Under the limiter's lock, with this word guarded.
    pub(super) fn succeed(&self, rule: R) {
        let _first = self.next.set(Box::new(Self::new(rule)));
    }

    /// The word, if it decides at `now`, or [`GUARDED`].
    pub(super) fn look(&self, now: Nanos) -> u64 {
        // Acquire: whoever sees an end sees that the words before it are out, and finds no such word below.
        if now < self.until.load(Ordering::Acquire) { self.word.load(Ordering::Acquire) } else { GUARDED }
    }

    /// Changes the word if nobody has; otherwise gives what it is.
    pub(super) fn exchange(&self, seen: u64, next: u64) -> Result<(), u64> {
        // Acquire and release: whoever takes the word into the lock, or changes it again, sees what was done before.
        let done = self.word.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Acquire);
        done.map(|_| ())
    }

    /// Takes the word out: nobody changes it any more.
    pub(super) fn guard(&self) -> Option<u64> {
        let word = self.word.swap(GUARDED, Ordering::AcqRel);
        (word != GUARDED).then_some(word)
    }

    /// Puts a word in, which decides before `until`.
    pub(super) fn publish(&self, word: u64, until: Nanos) {
        self.until.store(until, Ordering::Release);
        self.word.store(word, Ordering::Release);
    }
}

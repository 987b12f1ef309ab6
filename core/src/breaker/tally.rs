//! Successes that threads count by themselves, each in a word of its own that the engine only reads.
//!
//! A word counts up and begins again after 2³². Whoever reads it adds what has come since it was last read, under the lock; its thread asks for that long
//! before the word has gone round.

use crate::lock::Owner;
use crate::sync::{Mutex, Ordering};
use crate::words::Word;

#[derive(Debug)]
struct Tally {
    owner: Owner,
    /// How many of the thread's objects count here.
    users: u32,
    word: Word,
    seen: u32,
}

impl Tally {
    fn since(&mut self) -> u64 {
        // Relaxed: a count orders nothing.
        let now = self.word.cell().load(Ordering::Relaxed);
        let since = now.wrapping_sub(self.seen);
        self.seen = now;
        u64::from(since)
    }
}

#[derive(Debug, Default)]
struct Inner {
    tallies: Vec<Tally>,
    total: u64,
}

impl Inner {
    fn read(&mut self) -> u64 {
        let since: u64 = self.tallies.iter_mut().map(Tally::since).sum();
        self.total += since;
        self.total
    }
}

/// The words of all threads.
#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<Inner>);

impl Tallies {
    /// The place of a thread's word, for one more of its objects.
    pub(super) fn open(&self, owner: Owner, word: impl FnOnce() -> Word) -> u32 {
        let mut inner = self.0.lock();
        if let Some(tally) = inner.tallies.iter_mut().find(|tally| tally.owner == owner) {
            tally.users += 1;
            return tally.word.place();
        }
        let word = word();
        let (place, seen) = (word.place(), word.cell().load(Ordering::Relaxed));
        inner.tallies.push(Tally { owner, users: 1, word, seen });
        place
    }

    /// One of a thread's objects counts no more.
    pub(super) fn close(&self, owner: Owner) {
        let mut inner = self.0.lock();
        let Some(at) = inner.tallies.iter().position(|tally| tally.owner == owner) else { return };
        let Some(tally) = inner.tallies.get_mut(at) else { return };
        tally.users -= 1;
        if tally.users == 0 {
            inner.read();
            inner.tallies.swap_remove(at);
        }
    }

    /// The thread is gone.
    pub(super) fn forget(&self, owner: Owner) {
        let mut inner = self.0.lock();
        inner.read();
        inner.tallies.retain(|tally| tally.owner != owner);
    }

    /// How many there have been.
    pub(super) fn read(&self) -> u64 {
        self.0.lock().read()
    }

    pub(super) fn clear(&self) {
        let mut inner = self.0.lock();
        inner.read();
        inner.total = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Arc;
    use crate::words::Words;

    #[test]
    fn what_a_thread_has_counted_stays_when_it_goes_and_its_word_is_used_again() {
        let words = Arc::new(Words::default());
        let tallies = Tallies::default();
        let place = tallies.open(Owner(1), || words.take());
        assert_eq!(tallies.open(Owner(1), || words.take()), place);
        let chunk = words.chunk(0).unwrap();
        let word = &chunk.words()[place as usize * 16];
        word.store(5, Ordering::Relaxed);
        assert_eq!(tallies.read(), 5);
        tallies.close(Owner(1));
        word.store(7, Ordering::Relaxed);
        tallies.close(Owner(1));
        assert_eq!((tallies.read(), tallies.open(Owner(2), || words.take())), (7, place));
        tallies.forget(Owner(2));
        tallies.clear();
        assert_eq!(tallies.read(), 0);
    }

    #[test]
    fn a_word_that_goes_round_counts_on() {
        let words = Arc::new(Words::default());
        let tallies = Tallies::default();
        let place = tallies.open(Owner(1), || words.take());
        let chunk = words.chunk(0).unwrap();
        let word = &chunk.words()[place as usize * 16];
        word.store(u32::MAX, Ordering::Relaxed);
        assert_eq!(tallies.read(), u64::from(u32::MAX));
        word.store(2, Ordering::Relaxed);
        assert_eq!(tallies.read(), u64::from(u32::MAX) + 3);
    }
}

//! A weighted semaphore: permits in stock, taken in any number at a time.
//!
//! First in, first out: a large request at the head of the line is not overtaken by smaller ones behind it. One that is not
//! `fair` lets a newcomer barge past the line when there are permits enough for it, which may starve a large request;
//! it calls the first in line, who gets its permits once it comes, if there are still enough. Among those who wait the order is the same.

use super::gate::{Gate, Rule, Wait, gated};
use super::owner::{Holdings, NotHeld, Owner};
use crate::sync::Arc;
use crate::wait::{Awaited, Waiter, WakeTarget};
use crate::words::Word;

/// What came of asking for permits.
#[derive(Debug)]
#[must_use]
pub enum Acquire<W> {
    /// They are held.
    Now,
    /// They are handed over when the waiter is told `Won`. It was made if, and only if, this is the answer.
    Waiting(Arc<Waiter<W>>),
    /// The semaphore is closed.
    Closed,
    /// It never has so many.
    TooMany,
}

/// The stock: what is free and what is held is the total, always. The word is what is free.
#[derive(Debug)]
struct Permits {
    free: u32,
    held: Holdings,
    /// A holder has died since this was last cleared.
    poisoned: bool,
}

impl Rule for Permits {
    type Ask = u32;
    type Pass = ();

    fn admits(&self, count: u32) -> bool {
        count <= self.free
    }

    fn enter(&mut self, owner: Owner, count: u32) {
        self.free -= count;
        self.held.add(owner, count);
    }

    fn pack(&self) -> Option<u32> {
        (!self.poisoned && self.free <= MOST_IN_WORD).then_some(self.free)
    }

    fn unpack(&mut self, word: u32) {
        self.free = word;
    }
}

/// More does not stand in the word: as a signed number, what is above is [`GUARDED`](super::GUARDED).
const MOST_IN_WORD: u32 = i32::MAX as u32;

/// A weighted semaphore.
#[derive(Debug)]
pub struct Semaphore<W: WakeTarget> {
    /// How many permits there are in all.
    permits: u32,
    gate: Gate<Permits, W>,
}

impl<W: WakeTarget> Semaphore<W> {
    /// A semaphore with `permits`; a newcomer passes those who wait only if it is not `fair`.
    #[must_use]
    pub fn new(permits: u32, fair: bool) -> Arc<Self> {
        Self::with_word(permits, fair, Word::default())
    }

    /// The same, whose free permits are this word while nobody waits and no holder has died. A thread with a [purse](Self::open_purse)
    /// may take permits by compare-and-set from the word and add them to its purse, and the other way round.
    #[must_use]
    pub fn with_word(permits: u32, fair: bool, word: Word) -> Arc<Self> {
        let stock = Permits { free: permits, held: Holdings::default(), poisoned: false };
        Arc::new(Self { permits, gate: Gate::with_word(stock, fair, word) })
    }

    /// Its word.
    #[must_use]
    pub fn word(&self) -> Option<&Word> {
        self.gate.word()
    }

    /// Gives an owner a word for the permits that it takes by itself, and says which it is. To be closed as often as it is opened.
    pub fn open_purse(&self, owner: Owner, make: impl FnOnce() -> Word) -> u32 {
        self.gate.change(|stock| stock.held.open_purse(owner, make))
    }

    /// An owner needs its purse no more. What is in it stays held. To be called by the owner itself.
    pub fn close_purse(&self, owner: Owner) {
        self.gate.change(|stock| stock.held.close_purse(owner));
    }

    /// Takes `count` permits, if that can be at once. Never of a closed one.
    #[must_use]
    pub fn try_acquire(&self, owner: Owner, count: u32) -> bool {
        self.gate.try_pass(owner, count).is_some()
    }

    /// Takes `count` permits, or waits for them. A wait that ends otherwise than by `Won` holds nothing.
    pub fn acquire(
        self: &Arc<Self>,
        owner: Owner,
        count: u32,
        make: impl FnOnce() -> Arc<Waiter<W>>,
    ) -> Acquire<W> {
        if count > self.permits {
            return Acquire::TooMany;
        }
        match self.gate.pass(self, owner, count, make) {
            Wait::Now(()) => Acquire::Now,
            Wait::Waiting(waiter) => Acquire::Waiting(waiter),
            Wait::Closed => Acquire::Closed,
        }
    }

    /// Gives `count` permits back, to those who wait first.
    ///
    /// # Errors
    /// The owner holds fewer; then none is given back.
    pub fn release(&self, owner: Owner, count: u32) -> Result<(), NotHeld> {
        self.gate.change(|stock| {
            stock.held.give_back(owner, count)?;
            stock.free += count;
            Ok(())
        })
    }

    /// The owner has died: cancels its waits, gives all its permits back and says how many. If there were any, the
    /// semaphore is poisoned.
    pub fn release_owner(&self, owner: Owner) -> u32 {
        self.gate.evict(owner);
        self.gate.change(|stock| {
            let count = stock.held.take(owner);
            stock.free += count;
            stock.poisoned |= count > 0;
            count
        })
    }

    /// How many permits there are in all.
    #[must_use]
    pub fn permits(&self) -> u32 {
        self.permits
    }

    /// How many permits are free.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.gate.read(|stock| stock.free)
    }

    /// Who holds how many, in no order.
    #[must_use]
    pub fn holders(&self) -> Vec<(Owner, u32)> {
        self.gate.read(|stock| stock.held.list())
    }
}

gated! { Semaphore, poison }

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;
    use crate::wait::WaitOutcome;

    const A: Owner = Owner(1);
    const B: Owner = Owner(2);

    fn with(permits: u32, fair: bool) -> (Arc<Semaphore<Arc<Told>>>, Arc<Told>) {
        (Semaphore::new(permits, fair), Arc::default())
    }

    fn waits(acquire: Acquire<Arc<Told>>) -> Arc<Waiter<Arc<Told>>> {
        let Acquire::Waiting(waiter) = acquire else { panic!("it does not wait: {acquire:?}") };
        waiter
    }

    #[test]
    fn a_large_request_at_the_head_is_not_overtaken() {
        let (semaphore, told) = with(3, true);
        assert!(semaphore.try_acquire(A, 2));
        let _large = waits(semaphore.acquire(B, 3, told.make(0)));
        let _small = waits(semaphore.acquire(B, 1, told.make(1)));
        assert!(!semaphore.try_acquire(B, 1));
        assert_eq!((semaphore.available(), semaphore.waiting()), (1, 2));
        semaphore.release(A, 2).unwrap();
        assert_eq!(told.won(), [0]);
        semaphore.release(B, 3).unwrap();
        assert_eq!(told.won(), [1]);
    }

    #[test]
    fn an_unfair_one_lets_a_newcomer_barge() {
        let (semaphore, told) = with(3, false);
        assert!(semaphore.try_acquire(A, 2));
        let _large = waits(semaphore.acquire(B, 3, told.make(0)));
        assert!(matches!(semaphore.acquire(B, 1, || unreachable!()), Acquire::Now));
        assert!(!semaphore.try_acquire(B, 1));
    }

    #[test]
    fn when_a_large_request_at_the_head_gives_up_those_behind_it_pass() {
        let (semaphore, told) = with(3, true);
        assert!(semaphore.try_acquire(A, 1));
        let large = waits(semaphore.acquire(B, 3, told.make(0)));
        let _behind: Vec<_> = (1..4).map(|token| waits(semaphore.acquire(B, 1, told.make(token)))).collect();
        assert!(large.cancel());
        let expected = [(1, WaitOutcome::Won), (2, WaitOutcome::Won), (0, WaitOutcome::Cancelled)];
        assert_eq!(told.news(), expected);
        assert_eq!((semaphore.available(), semaphore.waiting()), (0, 1));
    }

    #[test]
    fn more_than_is_held_cannot_be_given_back_nor_more_than_there_is_asked_for() {
        let (semaphore, told) = with(3, true);
        assert!(matches!(semaphore.acquire(A, 4, told.make(0)), Acquire::TooMany));
        assert!(semaphore.try_acquire(A, 2));
        assert_eq!(semaphore.release(A, 3), Err(NotHeld { held: 2 }));
        assert_eq!(semaphore.release(B, 1), Err(NotHeld { held: 0 }));
        assert_eq!((semaphore.available(), semaphore.holders()), (1, vec![(A, 2)]));
    }

    #[test]
    fn one_who_dies_waits_no_more_and_gives_all_back() {
        let (semaphore, told) = with(3, true);
        assert!(semaphore.try_acquire(A, 2) && semaphore.try_acquire(A, 1));
        let _its_own = waits(semaphore.acquire(A, 1, told.make(0)));
        let _other = waits(semaphore.acquire(B, 2, told.make(1)));
        assert_eq!(semaphore.release_owner(A), 3);
        assert_eq!(told.news(), [(0, WaitOutcome::Cancelled), (1, WaitOutcome::Won)]);
        assert_eq!((semaphore.available(), semaphore.holders()), (1, vec![(B, 2)]));
        assert!(semaphore.is_poisoned());
        semaphore.clear_poison();
        assert_eq!(semaphore.release_owner(A), 0);
        assert!(!semaphore.is_poisoned());
    }

    #[test]
    fn closing_tells_all_who_wait_and_takes_back_what_is_held() {
        let (semaphore, told) = with(1, true);
        assert!(semaphore.try_acquire(A, 1));
        let waiter = waits(semaphore.acquire(B, 1, told.make(0)));
        semaphore.close();
        semaphore.close();
        assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
        assert!(!waiter.cancel());
        semaphore.release(A, 1).unwrap();
        assert!(!semaphore.try_acquire(B, 1));
        assert!(matches!(semaphore.acquire(B, 1, told.make(1)), Acquire::Closed));
    }
}

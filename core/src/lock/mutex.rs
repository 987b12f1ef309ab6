//! Mutual exclusion, in the order of coming.
//!
//! A fair lock is handed over: whoever unlocks gives it to the first in line, so it is never free while somebody waits. One that is not
//! fair becomes free, and the first in line is called and takes its chance with newcomers: the thread that unlocks may lock again before
//! the other has woken up. When a holder dies the lock passes on, poisoned, as std's does: everyone who locks it learns so
//! until somebody has put the guarded state right and clears it.

use super::gate::{GUARDED, Gate, Rule, Wait, gated};
use super::owner::{NotHeld, Owner};
use crate::sync::{Arc, Ordering};
use crate::wait::{Awaited, Waiter, WakeTarget};
use crate::words::Word;

/// Whether a holder has died since this was last cleared: what the lock guards may be half changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poisoned(pub bool);

/// It is held, somebody is before, or it is closed: it cannot be had at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// The word is 0, or the owner.
#[derive(Debug, Default)]
struct Held {
    by: Option<Owner>,
    poisoned: bool,
}

impl Rule for Held {
    type Ask = ();
    type Pass = Poisoned;

    fn admits(&self, (): ()) -> bool {
        self.by.is_none()
    }

    fn enter(&mut self, owner: Owner, (): ()) -> Poisoned {
        self.by = Some(owner);
        Poisoned(self.poisoned)
    }

    fn pack(&self) -> Option<u32> {
        (!self.poisoned).then(|| self.by.map_or(Some(FREE), word_of))?
    }

    fn unpack(&mut self, word: u32) {
        self.by = (word != FREE).then(|| Owner(u64::from(word)));
    }
}

const FREE: u32 = 0;

/// How an owner stands in the word, if it can.
fn word_of(owner: Owner) -> Option<u32> {
    u32::try_from(owner.0).ok().filter(|word| *word != FREE && *word != GUARDED)
}

/// A lock that one holds at a time. It is not re-entrant: an owner that locks it twice waits for itself, as its tasks
/// exclude one another too.
#[derive(Debug)]
pub struct Lock<W: WakeTarget> {
    gate: Gate<Held, W>,
}

impl<W: WakeTarget> Lock<W> {
    /// A free lock. If it is not `fair`, newcomers may take it before those who wait.
    #[must_use]
    pub fn new(fair: bool) -> Arc<Self> {
        Self::with_word(fair, Word::default())
    }

    /// The same, whose state is this word while nobody waits, or the first who does is called, and nobody has died holding it: 0 when it is free, else the
    /// number of its owner. A thread may change the one for the other by compare-and-set to lock and unlock it.
    #[must_use]
    pub fn with_word(fair: bool, word: Word) -> Arc<Self> {
        Arc::new(Self { gate: Gate::with_word(Held::default(), fair, word) })
    }

    /// Its word.
    #[must_use]
    pub fn word(&self) -> Option<&Word> {
        self.gate.word()
    }

    fn change_word(&self, from: Option<u32>, to: Option<u32>) -> bool {
        let (Some(word), Some(from), Some(to)) = (self.gate.word(), from, to) else { return false };
        // What the last holder did is seen by the next.
        word.cell().compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Locks it, if that can be at once.
    ///
    /// # Errors
    /// It cannot.
    pub fn try_lock(&self, owner: Owner) -> Result<Poisoned, Busy> {
        if self.change_word(Some(FREE), word_of(owner)) {
            return Ok(Poisoned(false));
        }
        self.gate.try_pass(owner, ()).ok_or(Busy)
    }

    /// Locks it, or waits for it. One who has waited and holds it asks [`is_poisoned`](Self::is_poisoned).
    pub fn lock(self: &Arc<Self>, owner: Owner, make: impl FnOnce() -> Arc<Waiter<W>>) -> Wait<W, Poisoned> {
        if self.change_word(Some(FREE), word_of(owner)) {
            return Wait::Now(Poisoned(false));
        }
        self.gate.pass(self, owner, (), make)
    }

    /// Unlocks it, for the first in line; see [`new`](Self::new).
    ///
    /// # Errors
    /// The owner does not hold it.
    pub fn unlock(&self, owner: Owner) -> Result<(), NotHeld> {
        if self.change_word(word_of(owner), Some(FREE)) {
            return Ok(());
        }
        self.gate.change(|held| {
            held.by.take_if(|by| *by == owner).ok_or(NotHeld { held: 0 })?;
            Ok(())
        })
    }

    /// The owner has died: cancels its waits and, if it held the lock, poisons and unlocks it. Whether it did.
    pub fn release_owner(&self, owner: Owner) -> bool {
        self.gate.evict(owner);
        self.gate.change(|held| {
            let died = held.by.take_if(|by| *by == owner).is_some();
            held.poisoned |= died;
            died
        })
    }

    /// Who holds it.
    #[must_use]
    pub fn holder(&self) -> Option<Owner> {
        self.gate.read(|held| held.by)
    }
}

gated! { Lock, poison }

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;
    use crate::wait::WaitOutcome;

    const A: Owner = Owner(1);
    const B: Owner = Owner(2);

    #[test]
    fn it_is_handed_over_in_the_order_of_coming_and_nobody_slips_in() {
        let (lock, told) = (Lock::new(true), Arc::<Told>::default());
        assert_eq!(lock.try_lock(A), Ok(Poisoned(false)));
        let _second = lock.lock(B, told.make(0)).waiter();
        let third = lock.lock(A, told.make(1)).waiter();
        let _fourth = lock.lock(A, told.make(2)).waiter();
        assert!(third.cancel());
        assert_eq!(told.news(), [(1, WaitOutcome::Cancelled)]);
        assert_eq!(lock.unlock(B), Err(NotHeld { held: 0 }));
        lock.unlock(A).unwrap();
        assert_eq!((told.won(), lock.holder(), lock.try_lock(A)), (vec![0], Some(B), Err(Busy)));
        lock.unlock(B).unwrap();
        assert_eq!((told.won(), lock.holder()), (vec![2], Some(A)));
        lock.unlock(A).unwrap();
        assert_eq!((lock.holder(), lock.unlock(A)), (None, Err(NotHeld { held: 0 })));
    }

    #[test]
    fn it_stays_poisoned_after_a_holder_died_until_that_is_cleared() {
        let (lock, told) = (Lock::new(true), Arc::<Told>::default());
        assert_eq!(lock.try_lock(A), Ok(Poisoned(false)));
        let _its_own = lock.lock(A, told.make(0)).waiter();
        let _next = lock.lock(B, told.make(1)).waiter();
        assert!(lock.release_owner(A));
        assert_eq!(told.news(), [(0, WaitOutcome::Cancelled), (1, WaitOutcome::Won)]);
        assert!(lock.is_poisoned());
        lock.unlock(B).unwrap();
        assert!(matches!(lock.lock(B, told.make(2)), Wait::Now(Poisoned(true))));
        lock.clear_poison();
        lock.unlock(B).unwrap();
        assert_eq!(lock.try_lock(A), Ok(Poisoned(false)));
    }

    #[test]
    fn the_death_of_one_who_only_waits_poisons_nothing() {
        let (lock, told) = (Lock::new(true), Arc::<Told>::default());
        assert_eq!(lock.try_lock(A), Ok(Poisoned(false)));
        let _waiter = lock.lock(B, told.make(0)).waiter();
        assert!(!lock.release_owner(B));
        assert_eq!((lock.holder(), lock.is_poisoned(), lock.waiting()), (Some(A), false, 0));
    }

    #[test]
    fn closing_leaves_the_holder_its_lock() {
        let (lock, told) = (Lock::new(true), Arc::<Told>::default());
        assert_eq!(lock.try_lock(A), Ok(Poisoned(false)));
        let _waiter = lock.lock(B, told.make(0)).waiter();
        lock.close();
        assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
        lock.unlock(A).unwrap();
        assert_eq!(lock.try_lock(B), Err(Busy));
        assert!(matches!(lock.lock(B, told.make(1)), Wait::Closed));
    }
}

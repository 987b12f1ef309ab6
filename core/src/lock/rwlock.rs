//! Many readers or one writer.
//!
//! First in, first out, so neither side starves: a reader that comes after a waiting writer waits behind it, and readers
//! that stand next to one another at the head of the line go in together. If it is not fair, newcomers go in whenever they may, also
//! before a writer who waits, which may starve; the first in line is called when it may go in, and goes in if it still may then. There is no upgrade from reader to writer, as two
//! that wait for each other to leave would wait for ever.

use super::gate::{Gate, Rule, Wait, gated};
use super::mutex::{Busy, Poisoned};
use super::owner::{Holdings, NotHeld, Owner};
use crate::sync::Arc;
use crate::wait::{Awaited, Waiter, WakeTarget};

/// What one wants to do.
#[derive(Debug, Clone, Copy)]
enum Access {
    Read,
    Write,
}

/// Who is in: readers, or a writer, or nobody.
#[derive(Debug, Default)]
struct Inside {
    readers: Holdings,
    writer: Option<Owner>,
    /// A writer has died since this was last cleared.
    poisoned: bool,
}

impl Inside {
    fn end_write(&mut self, owner: Owner) -> Result<(), NotHeld> {
        self.writer.take_if(|writer| *writer == owner).map(|_| ()).ok_or(NotHeld { held: 0 })
    }
}

impl Rule for Inside {
    type Ask = Access;
    type Pass = Poisoned;

    fn admits(&self, access: Access) -> bool {
        match access {
            Access::Read => self.writer.is_none(),
            Access::Write => self.writer.is_none() && self.readers.is_empty(),
        }
    }

    fn enter(&mut self, owner: Owner, access: Access) -> Poisoned {
        match access {
            Access::Read => self.readers.add(owner, 1),
            Access::Write => self.writer = Some(owner),
        }
        Poisoned(self.poisoned)
    }
}

/// A lock for many readers or one writer.
#[derive(Debug)]
pub struct RwLock<W: WakeTarget> {
    gate: Gate<Inside, W>,
}

impl<W: WakeTarget> RwLock<W> {
    /// A free lock. If it is not `fair`, newcomers may go in before those who wait.
    #[must_use]
    pub fn new(fair: bool) -> Arc<Self> {
        Arc::new(Self { gate: Gate::new(Inside::default(), fair) })
    }

    /// Lets a reader in, if that can be at once.
    ///
    /// # Errors
    /// It cannot.
    pub fn try_read(&self, owner: Owner) -> Result<Poisoned, Busy> {
        self.gate.try_pass(owner, Access::Read).ok_or(Busy)
    }

    /// Lets a writer in, if that can be at once.
    ///
    /// # Errors
    /// It cannot.
    pub fn try_write(&self, owner: Owner) -> Result<Poisoned, Busy> {
        self.gate.try_pass(owner, Access::Write).ok_or(Busy)
    }

    /// Lets a reader in, or has it wait. One who has waited asks [`is_poisoned`](Self::is_poisoned).
    pub fn read(self: &Arc<Self>, owner: Owner, make: impl FnOnce() -> Arc<Waiter<W>>) -> Wait<W, Poisoned> {
        self.gate.pass(self, owner, Access::Read, make)
    }

    /// Lets a writer in, or has it wait. One who has waited asks [`is_poisoned`](Self::is_poisoned).
    pub fn write(self: &Arc<Self>, owner: Owner, make: impl FnOnce() -> Arc<Waiter<W>>) -> Wait<W, Poisoned> {
        self.gate.pass(self, owner, Access::Write, make)
    }

    /// One of the owner's readers leaves.
    ///
    /// # Errors
    /// The owner has no reader inside.
    pub fn unlock_read(&self, owner: Owner) -> Result<(), NotHeld> {
        self.gate.change(|inside| inside.readers.give_back(owner, 1))
    }

    /// The owner's writer leaves.
    ///
    /// # Errors
    /// The owner's writer is not inside.
    pub fn unlock_write(&self, owner: Owner) -> Result<(), NotHeld> {
        self.gate.change(|inside| inside.end_write(owner))
    }

    /// Makes the owner's writer a reader, with no writer in between; the readers at the head of the line follow it in.
    ///
    /// # Errors
    /// The owner's writer is not inside.
    pub fn downgrade(&self, owner: Owner) -> Result<(), NotHeld> {
        self.gate.change(|inside| {
            inside.end_write(owner)?;
            inside.readers.add(owner, 1);
            Ok(())
        })
    }

    /// The owner has died: cancels its waits, takes its readers and its writer out and says how many those were. A writer
    /// that dies inside poisons the lock.
    pub fn release_owner(&self, owner: Owner) -> u32 {
        self.gate.evict(owner);
        self.gate.change(|inside| {
            let wrote = inside.end_write(owner).is_ok();
            inside.poisoned |= wrote;
            inside.readers.take(owner) + u32::from(wrote)
        })
    }

    /// Whose readers are inside, and how many, in no order.
    #[must_use]
    pub fn readers(&self) -> Vec<(Owner, u32)> {
        self.gate.read(|inside| inside.readers.list())
    }

    /// Whose writer is inside.
    #[must_use]
    pub fn writer(&self) -> Option<Owner> {
        self.gate.read(|inside| inside.writer)
    }
}

gated! { RwLock, poison }

#[cfg(test)]
mod tests {
    use super::super::told::Told;
    use super::*;
    use crate::wait::WaitOutcome;

    const A: Owner = Owner(1);
    const B: Owner = Owner(2);

    #[test]
    fn a_reader_waits_behind_a_waiting_writer_and_readers_in_a_row_go_together() {
        let (lock, told) = (RwLock::new(true), Arc::<Told>::default());
        assert_eq!((lock.try_read(A), lock.try_read(B)), (Ok(Poisoned(false)), Ok(Poisoned(false))));
        let _writer = lock.write(A, told.make(0)).waiter();
        let _readers = [1, 2].map(|token| lock.read(B, told.make(token)).waiter());
        let _last = lock.write(B, told.make(3)).waiter();
        assert_eq!(lock.try_read(A), Err(Busy));
        lock.unlock_read(A).unwrap();
        assert_eq!(told.won(), []);
        lock.unlock_read(B).unwrap();
        assert_eq!((told.won(), lock.writer()), (vec![0], Some(A)));
        lock.unlock_write(A).unwrap();
        assert_eq!((told.won(), lock.readers()), (vec![1, 2], vec![(B, 2)]));
        lock.unlock_read(B).unwrap();
        lock.unlock_read(B).unwrap();
        assert_eq!((told.won(), lock.unlock_read(B)), (vec![3], Err(NotHeld { held: 0 })));
    }

    #[test]
    fn when_the_waiting_writer_gives_up_the_readers_behind_it_go_in() {
        let (lock, told) = (RwLock::new(true), Arc::<Told>::default());
        assert_eq!(lock.try_read(A), Ok(Poisoned(false)));
        let writer = lock.write(A, told.make(0)).waiter();
        let _reader = lock.read(B, told.make(1)).waiter();
        assert!(writer.cancel());
        assert_eq!(told.news(), [(1, WaitOutcome::Won), (0, WaitOutcome::Cancelled)]);
    }

    #[test]
    fn a_writer_that_becomes_a_reader_lets_the_readers_at_the_head_in() {
        let (lock, told) = (RwLock::new(true), Arc::<Told>::default());
        assert_eq!(lock.downgrade(A), Err(NotHeld { held: 0 }));
        assert_eq!(lock.try_write(A), Ok(Poisoned(false)));
        let _reader = lock.read(B, told.make(0)).waiter();
        let _writer = lock.write(B, told.make(1)).waiter();
        lock.downgrade(A).unwrap();
        assert_eq!(
            (told.won(), lock.writer(), lock.unlock_write(A)),
            (vec![0], None, Err(NotHeld { held: 0 }))
        );
        lock.unlock_read(A).unwrap();
        lock.unlock_read(B).unwrap();
        assert_eq!((told.won(), lock.writer()), (vec![1], Some(B)));
    }

    #[test]
    fn the_death_of_a_writer_poisons_and_that_of_a_reader_does_not() {
        let (lock, told) = (RwLock::new(true), Arc::<Told>::default());
        assert_eq!((lock.try_read(A), lock.try_read(A)), (Ok(Poisoned(false)), Ok(Poisoned(false))));
        let _writer = lock.write(B, told.make(0)).waiter();
        assert_eq!((lock.release_owner(A), lock.is_poisoned()), (2, false));
        assert_eq!((told.won(), lock.writer()), (vec![0], Some(B)));
        assert_eq!(lock.release_owner(B), 1);
        assert_eq!(lock.try_read(A), Ok(Poisoned(true)));
        lock.clear_poison();
        assert_eq!(lock.try_read(A), Ok(Poisoned(false)));
    }
}

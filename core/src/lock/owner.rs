//! Who holds what.

use crate::sync::Ordering;
use crate::words::Word;

/// Who holds: a thread of the host. 0 is nobody, to be used where it does not matter who holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(pub u64);

impl Owner {
    /// The one who is never told apart and never dies.
    pub const NOBODY: Self = Self(0);
}

/// More was to be given back than is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotHeld {
    /// How much the owner holds.
    pub held: u32,
}

/// How much each owner holds. A list and not a map: owners are threads, so they are few. It allocates only when more of
/// them hold at once than ever before.
#[derive(Debug, Default)]
pub(crate) struct Holdings(Vec<Holding>);

#[derive(Debug)]
struct Holding {
    owner: Owner,
    /// What was given to it under the lock.
    count: u32,
    purse: Option<Purse>,
}

/// What an owner has taken by itself stands in a word of its own, which no other thread changes.
#[derive(Debug)]
struct Purse {
    word: Word,
    /// How often it was opened and not closed.
    opened: u32,
}

impl Holding {
    fn in_purse(&self) -> u32 {
        self.purse.as_ref().map_or(0, |purse| purse.word.cell().load(Ordering::Relaxed))
    }

    fn total(&self) -> u32 {
        self.count.saturating_add(self.in_purse())
    }

    const fn is_over(&self) -> bool {
        self.count == 0 && self.purse.is_none()
    }
}

impl Holdings {
    fn at(&self, owner: Owner) -> Option<usize> {
        self.0.iter().position(|holding| holding.owner == owner)
    }

    fn of(&mut self, owner: Owner) -> Option<&mut Holding> {
        self.0.iter_mut().find(|holding| holding.owner == owner)
    }

    fn tidy(&mut self, owner: Owner) {
        self.0.retain(|holding| holding.owner != owner || !holding.is_over());
    }

    pub(crate) fn add(&mut self, owner: Owner, count: u32) {
        match self.of(owner) {
            Some(holding) => holding.count = holding.count.saturating_add(count),
            None if count == 0 => {}
            None => self.0.push(Holding { owner, count, purse: None }),
        }
    }

    /// By the owner itself.
    pub(crate) fn give_back(&mut self, owner: Owner, count: u32) -> Result<(), NotHeld> {
        let Some(holding) = self.of(owner) else {
            return if count == 0 { Ok(()) } else { Err(NotHeld { held: 0 }) };
        };
        if holding.total() < count {
            return Err(NotHeld { held: holding.total() });
        }
        let given = holding.count.min(count);
        holding.count -= given;
        if let Some(purse) = &holding.purse {
            purse.word.cell().fetch_sub(count - given, Ordering::Relaxed);
        }
        self.tidy(owner);
        Ok(())
    }

    /// Takes all that the owner holds, its purse too.
    pub(crate) fn take(&mut self, owner: Owner) -> u32 {
        self.at(owner).map_or(0, |at| self.0.swap_remove(at).total())
    }

    /// Gives the owner a purse, and says which word it is.
    pub(crate) fn open_purse(&mut self, owner: Owner, make: impl FnOnce() -> Word) -> u32 {
        let at = self.at(owner).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(Holding { owner, count: 0, purse: None });
        }
        let Some(holding) = self.0.get_mut(at) else { return 0 };
        let purse = holding.purse.get_or_insert_with(|| Purse { word: make(), opened: 0 });
        purse.opened += 1;
        purse.word.place()
    }

    /// The owner needs its purse no more, as often as it was opened; what is left in it stays held. By the owner itself.
    pub(crate) fn close_purse(&mut self, owner: Owner) {
        let Some(holding) = self.of(owner) else { return };
        let Some(purse) = &mut holding.purse else { return };
        purse.opened -= 1;
        if purse.opened == 0 {
            holding.count = holding.total();
            holding.purse = None;
        }
        self.tidy(owner);
    }

    /// The purse of an owner, if it has one.
    pub(crate) fn purse(&self, owner: Owner) -> Option<&Word> {
        self.at(owner)
            .and_then(|at| self.0.get(at))
            .and_then(|holding| holding.purse.as_ref())
            .map(|purse| &purse.word)
    }

    /// All purses.
    pub(crate) fn purses(&self) -> impl Iterator<Item = &Word> {
        self.0.iter().filter_map(|holding| holding.purse.as_ref().map(|purse| &purse.word))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn list(&self) -> Vec<(Owner, u32)> {
        let all = self.0.iter().map(|holding| (holding.owner, holding.total()));
        all.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_gives_back_what_it_holds_and_no_more() {
        let mut held = Holdings::default();
        held.add(Owner(1), 2);
        held.add(Owner(2), 1);
        held.add(Owner(1), 3);
        assert_eq!(held.give_back(Owner(1), 6), Err(NotHeld { held: 5 }));
        assert_eq!(held.give_back(Owner(3), 1), Err(NotHeld { held: 0 }));
        assert_eq!(held.give_back(Owner(3), 0), Ok(()));
        assert_eq!(held.give_back(Owner(1), 5), Ok(()));
        assert_eq!(held.list(), [(Owner(2), 1)]);
        assert_eq!((held.take(Owner(2)), held.take(Owner(2))), (1, 0));
        assert!(held.is_empty());
    }

    #[test]
    fn what_is_in_a_purse_is_held_like_the_rest() {
        let mut held = Holdings::default();
        held.add(Owner(1), 2);
        let purse =
            |held: &Holdings| held.0[0].purse.as_ref().map(|purse| purse.word.cell().load(Ordering::Relaxed));
        let put = |held: &Holdings, count| {
            held.0[0].purse.as_ref().unwrap().word.cell().store(count, Ordering::Relaxed);
        };
        held.open_purse(Owner(1), Word::default);
        held.open_purse(Owner(1), || unreachable!());
        put(&held, 3);
        assert_eq!(held.list(), [(Owner(1), 5)]);
        assert_eq!(held.give_back(Owner(1), 6), Err(NotHeld { held: 5 }));
        assert_eq!((held.give_back(Owner(1), 4), purse(&held)), (Ok(()), Some(1)));
        held.close_purse(Owner(1));
        assert_eq!((held.list(), purse(&held)), (vec![(Owner(1), 1)], Some(1)));
        held.close_purse(Owner(1));
        assert_eq!((held.list(), purse(&held)), (vec![(Owner(1), 1)], None));
        held.open_purse(Owner(1), Word::default);
        put(&held, 7);
        assert_eq!((held.take(Owner(1)), held.is_empty()), (8, true));
        held.open_purse(Owner(1), Word::default);
        held.close_purse(Owner(1));
        assert!(held.is_empty());
    }

    #[test]
    fn one_who_takes_nothing_is_no_holder() {
        let mut held = Holdings::default();
        held.add(Owner(1), 0);
        assert!(held.is_empty());
    }
}

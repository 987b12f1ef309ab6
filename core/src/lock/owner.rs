//! Who holds what.

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
pub(super) struct Holdings(Vec<(Owner, u32)>);

impl Holdings {
    pub(super) fn add(&mut self, owner: Owner, count: u32) {
        match self.0.iter_mut().find(|entry| entry.0 == owner) {
            Some(entry) => entry.1 = entry.1.saturating_add(count),
            None if count == 0 => {}
            None => self.0.push((owner, count)),
        }
    }

    pub(super) fn give_back(&mut self, owner: Owner, count: u32) -> Result<(), NotHeld> {
        let at = self.0.iter().position(|entry| entry.0 == owner);
        let entry = at.and_then(|at| self.0.get_mut(at));
        let held = entry.as_ref().map_or(0, |entry| entry.1);
        let Some(left) = held.checked_sub(count) else { return Err(NotHeld { held }) };
        if let Some(entry) = entry {
            entry.1 = left;
        }
        if let (0, Some(at)) = (left, at) {
            self.0.swap_remove(at);
        }
        Ok(())
    }

    /// Takes all that the owner holds.
    pub(super) fn take(&mut self, owner: Owner) -> u32 {
        let at = self.0.iter().position(|entry| entry.0 == owner);
        at.map_or(0, |at| self.0.swap_remove(at).1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn list(&self) -> Vec<(Owner, u32)> {
        self.0.clone()
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
    fn one_who_takes_nothing_is_no_holder() {
        let mut held = Holdings::default();
        held.add(Owner(1), 0);
        assert!(held.is_empty());
    }
}

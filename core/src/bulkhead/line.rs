//! A line by priority in which nobody starves.
//!
//! Who waits ages: each [`AGEING`] of waiting counts as one priority more. All age alike, so the order between two never changes, and each
//! has a fixed place in an ordered map: the time at which it came, less its priority times [`AGEING`]. Within a priority that is first in,
//! first out.

use std::collections::BTreeMap;

use crate::clock::{MILLI, Nanos};
use crate::registry::Handles;

/// What one priority is worth: a call that has waited so much longer goes before one of the next higher priority.
pub const AGEING: Nanos = 1000 * MILLI;

/// The smallest goes first; the second number is the order of coming.
type Rank = (i128, u64);

/// Entries by rank. 0 is no place.
#[derive(Debug)]
pub(super) struct Line<E> {
    entries: Handles<(Rank, E)>,
    order: BTreeMap<Rank, u64>,
    pushed: u64,
}

impl<E> Default for Line<E> {
    fn default() -> Self {
        Self { entries: Handles::default(), order: BTreeMap::new(), pushed: 0 }
    }
}

impl<E> Line<E> {
    /// Puts an entry where it belongs, and says by which number it is known; 0, and the entry is dropped, when 2^24 stand in line.
    pub(super) fn push(&mut self, priority: i32, now: Nanos, entry: E) -> u64 {
        self.pushed += 1;
        let rank = (i128::from(now) - i128::from(priority) * i128::from(AGEING), self.pushed);
        let place = self.entries.insert((rank, entry));
        if place != 0 {
            self.order.insert(rank, place);
        }
        place
    }

    /// Takes an entry out, wherever it stands.
    pub(super) fn remove(&mut self, place: u64) -> Option<E> {
        let (rank, entry) = self.entries.remove(place)?;
        self.order.remove(&rank);
        Some(entry)
    }

    /// Takes the first entry out.
    pub(super) fn pop(&mut self) -> Option<E> {
        let (_, place) = self.order.pop_first()?;
        self.entries.remove(place).map(|(_, entry)| entry)
    }

    /// The entries, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &E> {
        self.order.values().filter_map(|place| self.entries.get(*place).map(|(_, entry)| entry))
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(line: &mut Line<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| line.pop()).collect()
    }

    #[test]
    fn higher_priorities_go_first_and_equal_ones_in_the_order_of_coming() {
        let mut line = Line::default();
        for (priority, entry) in [(0, "a"), (2, "b"), (0, "c"), (-1, "d"), (2, "e")] {
            assert_ne!(line.push(priority, 5, entry), 0);
        }
        assert_eq!(line.iter().copied().collect::<Vec<_>>(), ["b", "e", "a", "c", "d"]);
        assert_eq!(order(&mut line), ["b", "e", "a", "c", "d"]);
    }

    #[test]
    fn who_has_waited_long_enough_goes_before_a_higher_priority() {
        let mut line = Line::default();
        line.push(0, 0, "old");
        line.push(3, 3 * AGEING, "as old");
        line.push(3, 3 * AGEING - 1, "higher");
        line.push(3, 3 * AGEING + 1, "late");
        assert_eq!(order(&mut line), ["higher", "old", "as old", "late"]);
    }

    #[test]
    fn one_taken_out_is_gone_and_the_others_keep_their_order() {
        let mut line = Line::default();
        let first = line.push(i32::MAX, Nanos::MAX, "first");
        line.push(i32::MIN, 0, "last");
        assert_eq!((line.remove(first), line.remove(first)), (Some("first"), None));
        assert_eq!((line.len(), order(&mut line), line.is_empty()), (1, vec!["last"], true));
    }
}

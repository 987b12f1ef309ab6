//! A line: who waits, in the order of coming, each free to leave from the middle.

use super::{Waiter, Wake, WakeTarget};
use crate::registry::Handles;
use crate::sync::Arc;

#[derive(Debug)]
struct Node<E> {
    entry: E,
    before: u64,
    after: u64,
}

/// Entries in the order of their coming: a doubly linked list in a table of handles. 0 is no place.
#[derive(Debug)]
pub struct WaitList<E> {
    nodes: Handles<Node<E>>,
    first: u64,
    last: u64,
}

impl<E> Default for WaitList<E> {
    fn default() -> Self {
        Self { nodes: Handles::default(), first: 0, last: 0 }
    }
}

impl<E> WaitList<E> {
    /// Puts an entry last and says where it stands; 0, and the entry is dropped, when 2^24 stand in the list.
    pub fn push(&mut self, entry: E) -> u64 {
        let place = self.nodes.insert(Node { entry, before: self.last, after: 0 });
        if place == 0 {
            return 0;
        }
        match self.nodes.get_mut(self.last) {
            Some(last) => last.after = place,
            None => self.first = place,
        }
        self.last = place;
        place
    }

    /// Takes an entry out, wherever it stands.
    pub fn remove(&mut self, place: u64) -> Option<E> {
        let node = self.nodes.remove(place)?;
        match self.nodes.get_mut(node.before) {
            Some(before) => before.after = node.after,
            None => self.first = node.after,
        }
        match self.nodes.get_mut(node.after) {
            Some(after) => after.before = node.before,
            None => self.last = node.before,
        }
        Some(node.entry)
    }

    /// The entry at a place.
    #[must_use]
    pub fn get(&self, place: u64) -> Option<&E> {
        self.nodes.get(place).map(|node| &node.entry)
    }

    /// The entry at a place, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, place: u64) -> Option<&mut E> {
        self.nodes.get_mut(place).map(|node| &mut node.entry)
    }

    /// Puts the entry at a place last. The place stays its own.
    pub fn move_last(&mut self, place: u64) {
        if place == self.last {
            return;
        }
        let Some(node) = self.nodes.get_mut(place) else { return };
        let (before, after, last) = (node.before, node.after, self.last);
        node.before = last;
        node.after = 0;
        match self.nodes.get_mut(before) {
            Some(before) => before.after = after,
            None => self.first = after,
        }
        if let Some(after) = self.nodes.get_mut(after) {
            after.before = before;
        }
        if let Some(last) = self.nodes.get_mut(last) {
            last.after = place;
        }
        self.last = place;
    }

    /// The place of the first entry; 0 if there is none.
    #[must_use]
    pub const fn first_place(&self) -> u64 {
        self.first
    }

    /// The first entry.
    #[must_use]
    pub fn first(&self) -> Option<&E> {
        self.nodes.get(self.first).map(|node| &node.entry)
    }

    /// Takes the first entry out.
    pub fn pop(&mut self) -> Option<E> {
        self.remove(self.first)
    }

    /// The entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        let mut at = self.first;
        std::iter::from_fn(move || {
            let node = self.nodes.get(at)?;
            at = node.after;
            Some(&node.entry)
        })
    }

    /// How many stand in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nobody stands in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first == 0
    }
}

impl<W: WakeTarget> WaitList<Arc<Waiter<W>>> {
    /// Lets the first that still waits win. `None`: nobody waits, so keep what was to be handed over.
    pub fn wake_one(&mut self) -> Option<Wake<W>> {
        while let Some(waiter) = self.pop() {
            if waiter.win() {
                return Some(Wake::new(waiter));
            }
        }
        None
    }

    /// Lets all that still wait win, in order.
    pub fn wake_all(&mut self) -> Vec<Wake<W>> {
        std::iter::from_fn(|| self.wake_one()).collect()
    }
}

impl<W> WaitList<Arc<Waiter<W>>> {
    /// Shows each that stands in the list, in order.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        self.iter().for_each(|waiter| see(waiter));
    }
}

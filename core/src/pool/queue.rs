//! The shared queue: tasks that no worker has taken, first in first out within each priority.
//!
//! Entries live in a slab of fixed chunks, linked by index: adding and removing anywhere costs a few writes, growth
//! copies nothing, and an entry that leaves takes its value along at once. Higher priorities go first, but not for ever:
//! after [`PATIENCE`] picks in a row that passed over an older task of a lower one, the oldest goes.

use super::TaskId;

/// Picks in a row that may pass over an older task.
const PATIENCE: u32 = 16;
const CHUNK: usize = 1024;
const NONE: u32 = u32::MAX;
const LEVELS: usize = 256;

/// What the queue must know of a task.
pub(super) trait Queued {
    /// Which it is; later ones have higher numbers.
    fn id(&self) -> TaskId;
    /// Higher goes first.
    fn priority(&self) -> i8;
}

struct Entry<T> {
    value: Option<T>,
    next: u32,
    previous: u32,
}

#[derive(Clone, Copy)]
struct Ends {
    first: u32,
    last: u32,
}

/// The queue.
pub(super) struct Queue<T> {
    chunks: Vec<Vec<Entry<T>>>,
    free: u32,
    used: u32,
    levels: Box<[Ends; LEVELS]>,
    occupied: [u64; LEVELS / 64],
    length: u32,
    passed_over: u32,
}

fn level_of(priority: i8) -> usize {
    (i16::from(priority) + 128) as usize
}

impl<T: Queued> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            chunks: Vec::new(),
            free: NONE,
            used: 0,
            levels: Box::new([Ends { first: NONE, last: NONE }; LEVELS]),
            occupied: [0; LEVELS / 64],
            length: 0,
            passed_over: 0,
        }
    }

    pub(super) const fn len(&self) -> u32 {
        self.length
    }

    fn entry(&mut self, at: u32) -> Option<&mut Entry<T>> {
        self.chunks.get_mut(at as usize / CHUNK)?.get_mut(at as usize % CHUNK)
    }

    fn peek(&self, at: u32) -> Option<&T> {
        self.chunks.get(at as usize / CHUNK)?.get(at as usize % CHUNK)?.value.as_ref()
    }

    fn allocate(&mut self, value: T) -> u32 {
        if self.free != NONE {
            let at = self.free;
            if let Some(entry) = self.entry(at) {
                let next = entry.next;
                *entry = Entry { value: Some(value), next: NONE, previous: NONE };
                self.free = next;
            }
            return at;
        }
        let at = self.used;
        let chunk = at as usize / CHUNK;
        if chunk == self.chunks.len() {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            chunk.push(Entry { value: Some(value), next: NONE, previous: NONE });
        }
        self.used += 1;
        at
    }

    fn ends(&mut self, level: usize) -> &mut Ends {
        // A level is at most 255 by construction; the first is as good as any for what cannot be.
        let level = level & (LEVELS - 1);
        #[expect(clippy::indexing_slicing, reason = "masked to the array's length on the line above")]
        &mut self.levels[level]
    }

    fn set_occupied(&mut self, level: usize, occupied: bool) {
        if let Some(word) = self.occupied.get_mut(level / 64) {
            let bit = 1 << (level % 64);
            if occupied { *word |= bit } else { *word &= !bit }
        }
    }

    /// Adds a task behind those of its priority, and says where it is.
    pub(super) fn push_back(&mut self, value: T) -> u32 {
        let level = level_of(value.priority());
        let at = self.allocate(value);
        let last = self.ends(level).last;
        if let Some(entry) = self.entry(at) {
            entry.previous = last;
        }
        if last == NONE {
            self.ends(level).first = at;
            self.set_occupied(level, true);
        } else if let Some(entry) = self.entry(last) {
            entry.next = at;
        }
        self.ends(level).last = at;
        self.length += 1;
        at
    }

    /// Puts a task that was taken back before all others of its priority, and says where it is.
    pub(super) fn push_front(&mut self, value: T) -> u32 {
        let level = level_of(value.priority());
        let at = self.allocate(value);
        let first = self.ends(level).first;
        if let Some(entry) = self.entry(at) {
            entry.next = first;
        }
        if first == NONE {
            self.ends(level).last = at;
            self.set_occupied(level, true);
        } else if let Some(entry) = self.entry(first) {
            entry.previous = at;
        }
        self.ends(level).first = at;
        self.length += 1;
        at
    }

    /// Takes one entry out, wherever it stands.
    pub(super) fn remove(&mut self, at: u32) -> Option<T> {
        let free = self.free;
        let entry = self.entry(at)?;
        let value = entry.value.take()?;
        let (previous, next) = (entry.previous, entry.next);
        entry.next = free;
        entry.previous = NONE;
        self.free = at;
        let level = level_of(value.priority());
        if previous == NONE {
            self.ends(level).first = next;
        } else if let Some(entry) = self.entry(previous) {
            entry.next = next;
        }
        if next == NONE {
            self.ends(level).last = previous;
        } else if let Some(entry) = self.entry(next) {
            entry.previous = previous;
        }
        if self.ends(level).first == NONE {
            self.set_occupied(level, false);
        }
        self.length -= 1;
        if self.length == 0 {
            self.reclaim();
        }
        Some(value)
    }

    /// An empty queue starts anew in its first chunk, so one burst does not keep its memory.
    fn reclaim(&mut self) {
        self.chunks.truncate(1);
        if let Some(chunk) = self.chunks.first_mut() {
            chunk.clear();
        }
        self.free = NONE;
        self.used = 0;
    }

    /// The highest priority that waits.
    pub(super) fn top(&self) -> Option<i8> {
        let words = self.occupied.iter().enumerate().rev();
        let (at, word) = words.into_iter().find(|(_, word)| **word != 0)?;
        let level = at * 64 + 63 - word.leading_zeros() as usize;
        Some((level as i16 - 128) as i8)
    }

    fn first(&mut self, priority: i8) -> u32 {
        self.ends(level_of(priority)).first
    }

    /// The first of the level with the oldest first task.
    fn oldest(&mut self) -> Option<u32> {
        let mut found: Option<(TaskId, u32)> = None;
        for priority in i8::MIN..=i8::MAX {
            let level = level_of(priority);
            let set = self.occupied.get(level / 64).is_some_and(|word| word >> (level % 64) & 1 == 1);
            if !set {
                continue;
            }
            let at = self.first(priority);
            if let Some(task) = self.peek(at)
                && found.is_none_or(|(id, _)| task.id() < id)
            {
                found = Some((task.id(), at));
            }
        }
        found.map(|(_, at)| at)
    }

    fn single_level(&self) -> bool {
        self.occupied.iter().map(|word| word.count_ones()).sum::<u32>() == 1
    }

    /// Takes out the task that goes next.
    pub(super) fn pop(&mut self) -> Option<T> {
        let top = self.top()?;
        let first = self.first(top);
        if self.single_level() {
            self.passed_over = 0;
            return self.remove(first);
        }
        let oldest = self.oldest()?;
        if oldest == first {
            self.passed_over = 0;
        } else if self.passed_over >= PATIENCE {
            self.passed_over = 0;
            return self.remove(oldest);
        } else {
            self.passed_over += 1;
        }
        self.remove(first)
    }

    /// When the task that has waited longest was submitted, by its number: the first of the oldest level.
    pub(super) fn front(&mut self) -> Option<&T> {
        let at = self.oldest()?;
        self.peek(at)
    }

    /// Takes out every task that `wanted` picks, in no particular order.
    pub(super) fn extract(&mut self, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let total = self.used;
        let picked: Vec<u32> = (0..total).filter(|at| self.peek(*at).is_some_and(&wanted)).collect();
        // Removing the last one reclaims the slab, so nothing may be looked up by index afterwards.
        picked.into_iter().filter_map(|at| self.remove(at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Item(u64, i8);

    impl Queued for Item {
        fn id(&self) -> TaskId {
            TaskId(self.0)
        }
        fn priority(&self) -> i8 {
            self.1
        }
    }

    fn drain(queue: &mut Queue<Item>) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop()).map(|item| item.0).collect()
    }

    #[test]
    fn higher_priorities_go_first_and_equal_ones_in_order() {
        let mut queue = Queue::new();
        for (id, priority) in [(1, 0), (2, 5), (3, 0), (4, 5), (5, -128), (6, 127)] {
            queue.push_back(Item(id, priority));
        }
        assert_eq!(queue.top(), Some(127));
        assert_eq!(drain(&mut queue), [6, 2, 4, 1, 3, 5]);
        assert_eq!(queue.top(), None);
    }

    #[test]
    fn a_stream_of_urgent_tasks_does_not_starve_the_rest() {
        let mut queue = Queue::new();
        queue.push_back(Item(0, 0));
        let mut picks = 0;
        for id in 1.. {
            queue.push_back(Item(id, 9));
            picks += 1;
            if queue.pop().unwrap().0 == 0 {
                break;
            }
        }
        assert_eq!(picks, PATIENCE + 1);
    }

    #[test]
    fn a_removed_task_is_gone_and_the_others_keep_their_order() {
        let mut queue = Queue::new();
        let places: Vec<u32> = (0..5).map(|id| queue.push_back(Item(id, 0))).collect();
        assert_eq!(queue.remove(places[2]), Some(Item(2, 0)));
        assert_eq!(queue.remove(places[2]), None);
        queue.push_front(Item(9, 0));
        assert_eq!(drain(&mut queue), [9, 0, 1, 3, 4]);
    }

    #[test]
    fn an_emptied_queue_keeps_one_chunk() {
        let mut queue = Queue::new();
        for id in 0..10_000 {
            queue.push_back(Item(id, 0));
        }
        assert_eq!(drain(&mut queue).len(), 10_000);
        assert_eq!(queue.chunks.len(), 1);
        for id in 0..3_000 {
            queue.push_back(Item(id, 0));
        }
        assert_eq!(drain(&mut queue), (0..3_000).collect::<Vec<_>>());
    }
}

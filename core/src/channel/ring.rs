//! A ring of numbers that the host's threads fill and empty by themselves, without a call into the engine, while nobody waits.
//!
//! Dmitry Vyukov's bounded queue, as crossbeam's `ArrayQueue` has it: whoever fills or empties a slot claims it by moving the tail or the
//! head, then says by the slot's stamp that it is done. Positions are a lap and an index, with a bit between them: while that bit is set in
//! head and tail the ring is frozen, nobody can claim a slot, and the one who froze it has it to himself, but for the slots that were
//! claimed before, for which he waits.

use crate::sync::{AtomicU32, AtomicU64, MODEL, Ordering, spin_loop, yield_now};

/// Where the head stands among the words.
pub const HEAD: usize = 0;
/// Where the tail stands, on a cache line of its own.
pub const TAIL: usize = if MODEL { 1 } else { 32 };
/// Where the stamps of the slots begin.
pub const STAMPS: usize = TAIL * 2;
/// A ring has no more slots; a channel that holds more keeps the rest elsewhere.
const MOST: u32 = 4096;

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried<T> {
    /// It is done.
    Done(T),
    /// There is no room, or no number.
    Not,
    /// The ring is frozen: ask the channel.
    Frozen,
}

/// The ring.
#[derive(Debug)]
pub struct Ring {
    slots: u32,
    /// The bit that says frozen; what is below it is the index, above it the lap.
    mark: u32,
    words: Box<[AtomicU32]>,
    values: Box<[AtomicU64]>,
}

impl Ring {
    /// A frozen ring for a channel of this capacity.
    pub(super) fn new(capacity: u32) -> Self {
        let slots = capacity.clamp(1, MOST);
        let mark = (slots + 1).next_power_of_two();
        let words = (0..STAMPS as u32 + slots).map(|at| {
            let at = at as usize;
            AtomicU32::new(if at < STAMPS {
                if at == HEAD || at == TAIL { mark } else { 0 }
            } else {
                (at - STAMPS) as u32
            })
        });
        Self { slots, mark, words: words.collect(), values: (0..slots).map(|_| AtomicU64::new(0)).collect() }
    }

    /// How many numbers it holds.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// Head, tail and stamps.
    #[must_use]
    pub fn words(&self) -> &[AtomicU32] {
        &self.words
    }

    /// The numbers' bits.
    #[must_use]
    pub fn values(&self) -> &[AtomicU64] {
        &self.values
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "head, tail and the stamps of all indices are there from the beginning"
    )]
    fn word(&self, at: usize) -> &AtomicU32 {
        &self.words[at]
    }

    const fn index(&self, position: u32) -> u32 {
        position & (self.mark - 1)
    }

    fn stamp(&self, position: u32) -> &AtomicU32 {
        self.word(STAMPS + self.index(position) as usize)
    }

    #[expect(clippy::indexing_slicing, reason = "an index is below the number of slots")]
    fn value(&self, position: u32) -> &AtomicU64 {
        &self.values[self.index(position) as usize]
    }

    /// The position behind this one.
    const fn after(&self, position: u32) -> u32 {
        if self.index(position) + 1 < self.slots {
            return position + 1;
        }
        let lap = self.mark << 1;
        (position & !(lap - 1)).wrapping_add(lap)
    }

    /// The stamp of a slot that was emptied at this position: that of the same slot a lap later.
    const fn emptied(&self, position: u32) -> u32 {
        position.wrapping_add(self.mark << 1)
    }

    /// Puts a number in, as the host does.
    pub fn push(&self, number: f64) -> Tried<()> {
        loop {
            let tail = self.word(TAIL).load(Ordering::SeqCst);
            if tail & self.mark != 0 {
                return Tried::Frozen;
            }
            let stamp = self.stamp(tail).load(Ordering::SeqCst);
            if stamp == tail {
                if self.claim(TAIL, tail) {
                    self.value(tail).store(number.to_bits(), Ordering::Relaxed);
                    self.stamp(tail).store(tail.wrapping_add(1), Ordering::SeqCst);
                    return Tried::Done(());
                }
            } else if self.emptied(stamp) == tail.wrapping_add(1) {
                return Tried::Not;
            }
            yield_now();
        }
    }

    /// Takes the first number out, as the host does.
    pub fn pop(&self) -> Tried<f64> {
        loop {
            let head = self.word(HEAD).load(Ordering::SeqCst);
            if head & self.mark != 0 {
                return Tried::Frozen;
            }
            let stamp = self.stamp(head).load(Ordering::SeqCst);
            if stamp == head.wrapping_add(1) {
                if self.claim(HEAD, head) {
                    let number = f64::from_bits(self.value(head).load(Ordering::Relaxed));
                    self.stamp(head).store(self.emptied(head), Ordering::SeqCst);
                    return Tried::Done(number);
                }
            } else if stamp == head {
                return Tried::Not;
            }
            yield_now();
        }
    }

    fn claim(&self, side: usize, position: u32) -> bool {
        let next = self.after(position);
        self.word(side).compare_exchange(position, next, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Keeps the host out. Under the channel's locks, as all that follows.
    pub(super) fn freeze(&self) {
        self.word(TAIL).fetch_or(self.mark, Ordering::SeqCst);
        self.word(HEAD).fetch_or(self.mark, Ordering::SeqCst);
    }

    /// Lets the host in again.
    pub(super) fn thaw(&self) {
        self.word(HEAD).fetch_and(!self.mark, Ordering::SeqCst);
        self.word(TAIL).fetch_and(!self.mark, Ordering::SeqCst);
    }

    fn position(&self, side: usize) -> u32 {
        self.word(side).load(Ordering::SeqCst) & !self.mark
    }

    /// How many numbers are in the frozen ring.
    pub(super) fn len(&self) -> u32 {
        let (head, tail) = (self.position(HEAD), self.position(TAIL));
        let (first, behind) = (self.index(head), self.index(tail));
        match first.cmp(&behind) {
            std::cmp::Ordering::Less => behind - first,
            std::cmp::Ordering::Equal if head == tail => 0,
            _ => self.slots - first + behind,
        }
    }

    /// Puts a number into the frozen ring, if there is room.
    pub(super) fn put(&self, number: f64) -> bool {
        if self.len() == self.slots {
            return false;
        }
        let tail = self.position(TAIL);
        self.wait_for(tail, tail);
        self.value(tail).store(number.to_bits(), Ordering::Relaxed);
        self.stamp(tail).store(tail.wrapping_add(1), Ordering::SeqCst);
        self.word(TAIL).store(self.after(tail) | self.mark, Ordering::SeqCst);
        true
    }

    /// Takes the first number out of the frozen ring.
    pub(super) fn take(&self) -> Option<f64> {
        if self.len() == 0 {
            return None;
        }
        let head = self.position(HEAD);
        self.wait_for(head, head.wrapping_add(1));
        let number = f64::from_bits(self.value(head).load(Ordering::Relaxed));
        self.stamp(head).store(self.emptied(head), Ordering::SeqCst);
        self.word(HEAD).store(self.after(head) | self.mark, Ordering::SeqCst);
        Some(number)
    }

    /// Waits until whoever has claimed a slot is done with it, which takes him some instructions.
    fn wait_for(&self, position: u32, stamp: u32) {
        let mut looks = 0;
        while self.stamp(position).load(Ordering::SeqCst) != stamp {
            looks += 1;
            if looks < 100 { spin_loop() } else { yield_now() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_first_in_first_out_over_many_laps_by_host_and_engine() {
        for slots in 1..6 {
            let ring = Ring::new(slots);
            assert_eq!((ring.push(1.0), ring.pop()), (Tried::Frozen, Tried::Frozen));
            ring.thaw();
            let (mut sent, mut got) = (0, 0);
            for round in 0..100 {
                while ring.push(f64::from(sent)) == Tried::Done(()) {
                    sent += 1;
                }
                ring.freeze();
                assert_eq!(ring.len(), slots);
                assert!(!ring.put(0.0));
                for _ in 0..round % (slots + 1) {
                    assert_eq!(ring.take(), Some(f64::from(got)));
                    got += 1;
                }
                while ring.len() < slots {
                    assert!(ring.put(f64::from(sent)));
                    sent += 1;
                }
                ring.thaw();
                for _ in 0..(round + 1) % (slots + 1) {
                    assert_eq!(ring.pop(), Tried::Done(f64::from(got)));
                    got += 1;
                }
            }
            while let Tried::Done(number) = ring.pop() {
                assert_eq!(number, f64::from(got));
                got += 1;
            }
            ring.freeze();
            assert_eq!((got, ring.len(), ring.take()), (sent, 0, None));
        }
    }

    #[test]
    fn laps_wrap_around() {
        let ring = Ring::new(1);
        ring.thaw();
        let last = !3;
        for word in [HEAD, TAIL, STAMPS] {
            ring.words[word].store(last, Ordering::SeqCst);
        }
        for number in [1.0, 2.0, 3.0] {
            assert_eq!(ring.push(number), Tried::Done(()));
            assert_eq!((ring.push(0.0), ring.pop()), (Tried::Not, Tried::Done(number)));
            assert_eq!(ring.pop(), Tried::Not);
        }
    }
}

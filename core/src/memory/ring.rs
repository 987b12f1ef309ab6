//! The waiting at the two ends of a ring buffer of bytes with one writer and one reader.
//!
//! The bytes and the positions are the host's, in [`Words`] that both threads read and write without a lock; while nobody waits this
//! is not asked at all. One who finds too little announces here, under the lock, what it waits for, and looks again; the other
//! one publishes its position and then looks whether something is announced. With a full fence between the two steps on either
//! side, one of them sees the other, so no wake-up is lost.
//!
//! Each end belongs to one [`Owner`] at a time: who uses it first has it until it is released or the owner has died.

use crate::lock::Owner;
use crate::sync::{Arc, Mutex};
use crate::wait::{Awaited, WaitList, Waiter, WakeTarget};

/// Set in the place of one who waits at the writing end; a place itself has 53 bits.
const WRITER: u64 = 1 << 62;

/// One of the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Where bytes are read.
    Reader,
    /// Where bytes are written.
    Writer,
}

impl End {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Reader, Self::Writer];
}

/// The words that both threads see without the lock. All but [`ready`](Self::ready) is called under it.
pub trait Words: Send + Sync + 'static {
    /// Says how many bytes the one at this end waits for, 0 for nobody; then a full (sequentially consistent) fence, before
    /// anything is read.
    fn announce(&self, end: End, wants: u32);
    /// How many bytes this end can read, or write, now.
    fn ready(&self, end: End) -> u32;
    /// Says whose an end is from now on, and that nothing is under way there.
    fn belongs(&self, end: End, owner: Owner);
    /// Says that it is closed.
    fn close(&self);
}

impl<M: Words> Words for Arc<M> {
    fn announce(&self, end: End, wants: u32) {
        (**self).announce(end, wants);
    }
    fn ready(&self, end: End) -> u32 {
        (**self).ready(end)
    }
    fn belongs(&self, end: End, owner: Owner) {
        (**self).belongs(end, owner);
    }
    fn close(&self) {
        (**self).close();
    }
}

/// How asking to wait went.
#[derive(Debug)]
#[must_use]
pub enum Waited<W> {
    /// The bytes, or the room for them, are there.
    Ready,
    /// It is closed: no bytes come any more, and none go in.
    Closed,
    /// The waiter is told when it is worth looking again, or that it is closed.
    Waiting(Arc<Waiter<W>>),
}

/// The end is another owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken(pub Owner);

/// The two ends of a ring buffer.
#[derive(Debug)]
pub struct Ring<M, W> {
    words: M,
    inner: Mutex<Inner<W>>,
}

#[derive(Debug)]
struct Inner<W> {
    closed: bool,
    reader: Side<W>,
    writer: Side<W>,
}

#[derive(Debug)]
struct Side<W> {
    owner: Owner,
    line: WaitList<Arc<Waiter<W>>>,
}

impl<W> Inner<W> {
    fn side(&mut self, end: End) -> &mut Side<W> {
        match end {
            End::Reader => &mut self.reader,
            End::Writer => &mut self.writer,
        }
    }
}

impl<W> Default for Side<W> {
    fn default() -> Self {
        Self { owner: Owner::NOBODY, line: WaitList::default() }
    }
}

impl<M: Words, W: WakeTarget> Ring<M, W> {
    /// The ends of a ring buffer whose words these are; they belong to nobody.
    #[must_use]
    pub fn new(words: M) -> Arc<Self> {
        let inner = Inner { closed: false, reader: Side::default(), writer: Side::default() };
        Arc::new(Self { words, inner: Mutex::new(inner) })
    }

    /// What both threads see.
    #[must_use]
    pub const fn words(&self) -> &M {
        &self.words
    }

    /// Makes an end this owner's.
    ///
    /// # Errors
    /// It is another one's.
    pub fn take(&self, end: End, owner: Owner) -> Result<(), Taken> {
        let mut inner = self.inner.lock();
        let side = inner.side(end);
        if side.owner == Owner::NOBODY {
            side.owner = owner;
            self.words.belongs(end, owner);
        }
        if side.owner == owner { Ok(()) } else { Err(Taken(side.owner)) }
    }

    /// Lets go of an end, if it is this owner's; whether it was. A wait that is under way there is cancelled.
    pub fn release(&self, end: End, owner: Owner) -> bool {
        let mut inner = self.inner.lock();
        let side = inner.side(end);
        if owner == Owner::NOBODY || side.owner != owner {
            return false;
        }
        side.owner = Owner::NOBODY;
        let waiters: Vec<_> = side.line.iter().map(Arc::clone).collect();
        self.words.belongs(end, Owner::NOBODY);
        drop(inner);
        for waiter in waiters {
            waiter.cancel();
        }
        true
    }

    /// The owner has died: its ends are free for others.
    pub fn release_owner(&self, owner: Owner) {
        for end in End::BOTH {
            self.release(end, owner);
        }
    }

    /// Waits at an end until `wants` bytes are ready there; none are taken.
    ///
    /// # Errors
    /// The end is not this owner's.
    pub fn wait(
        self: &Arc<Self>,
        end: End,
        owner: Owner,
        wants: u32,
        make: impl FnOnce() -> Arc<Waiter<W>>,
    ) -> Result<Waited<W>, Taken> {
        let waiter = make();
        waiter.enlist(|places| {
            let mut inner = self.inner.lock();
            if inner.closed {
                return Ok(Waited::Closed);
            }
            let side = inner.side(end);
            if side.owner != owner {
                return Err(Taken(side.owner));
            }
            self.words.announce(end, wants);
            let ready = self.words.ready(end) >= wants;
            let place = if ready { 0 } else { side.line.push(Arc::clone(&waiter)) };
            if place == 0 {
                self.words.announce(end, 0);
                return Ok(Waited::Ready);
            }
            let mark = if end == End::Writer { WRITER } else { 0 };
            let me = Arc::downgrade(self);
            places.push((me, place | mark));
            Ok(Waited::Waiting(Arc::clone(&waiter)))
        })
    }

    /// Tells the one who waits at an end to look again.
    pub fn wake(&self, end: End) {
        let mut inner = self.inner.lock();
        self.words.announce(end, 0);
        let woken = inner.side(end).line.wake_all();
        drop(inner);
        drop(woken);
    }

    /// Closes: those who wait are told. Says whether it was open.
    pub fn close(&self) -> bool {
        let mut inner = self.inner.lock();
        let open = !std::mem::replace(&mut inner.closed, true);
        self.words.close();
        let mut waiters = Vec::new();
        for end in End::BOTH {
            self.words.announce(end, 0);
            waiters.extend(std::iter::from_fn(|| inner.side(end).line.pop()));
        }
        drop(inner);
        for waiter in waiters {
            waiter.close();
        }
        open
    }

    /// Whose an end is.
    #[must_use]
    pub fn owner(&self, end: End) -> Owner {
        self.inner.lock().side(end).owner
    }

    /// Shows each that waits, at both ends, under the lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        let inner = self.inner.lock();
        inner.reader.line.each_waiter(see);
        inner.writer.line.each_waiter(see);
    }

    /// How many wait, at both ends.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let inner = self.inner.lock();
        inner.reader.line.len() + inner.writer.line.len()
    }
}

impl<M: Words, W: WakeTarget> Awaited for Ring<M, W> {
    fn leave(&self, place: u64) {
        let end = if place & WRITER == 0 { End::Reader } else { End::Writer };
        let mut inner = self.inner.lock();
        let line = &mut inner.side(end).line;
        let left = line.remove(place & !WRITER);
        if left.is_some() && line.is_empty() {
            self.words.announce(end, 0);
        }
        drop(inner);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{AtomicU32, Ordering};
    use crate::wait::WaitOutcome;

    const A: Owner = Owner(1);
    const B: Owner = Owner(2);

    /// `ready` at either end, what is announced there, and whose they are.
    #[derive(Default)]
    struct Plain([[AtomicU32; 3]; 2]);

    impl Plain {
        fn get(&self, end: End, what: usize) -> u32 {
            self.0[end as usize][what].load(Ordering::SeqCst)
        }

        fn set(&self, end: End, what: usize, to: u32) {
            self.0[end as usize][what].store(to, Ordering::SeqCst);
        }
    }

    impl Words for Plain {
        fn announce(&self, end: End, wants: u32) {
            self.set(end, 1, wants);
        }
        fn ready(&self, end: End) -> u32 {
            self.get(end, 0)
        }
        fn belongs(&self, end: End, owner: Owner) {
            self.set(end, 2, owner.0 as u32);
        }
        fn close(&self) {}
    }

    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<(u64, WaitOutcome)>>);

    impl WakeTarget for Told {
        fn wake(&self, token: u64, outcome: WaitOutcome) {
            self.0.lock().push((token, outcome));
        }
    }

    type Tested = Arc<Ring<Plain, Arc<Told>>>;

    fn ring() -> (Tested, Arc<Told>) {
        let ring = Ring::new(Plain::default());
        ring.take(End::Reader, A).unwrap();
        ring.take(End::Writer, B).unwrap();
        (ring, Arc::default())
    }

    fn wait(ring: &Tested, told: &Arc<Told>, end: End, wants: u32) -> Waited<Arc<Told>> {
        let owner = if end == End::Reader { A } else { B };
        ring.wait(end, owner, wants, || Waiter::new(Arc::clone(told), u64::from(wants))).unwrap()
    }

    #[test]
    fn one_who_finds_enough_does_not_wait() {
        let (ring, told) = ring();
        ring.words.set(End::Reader, 0, 2);
        assert!(matches!(wait(&ring, &told, End::Reader, 2), Waited::Ready));
        assert_eq!((ring.words.get(End::Reader, 1), ring.waiting()), (0, 0));
    }

    #[test]
    fn one_who_waits_has_announced_it_until_it_is_woken_or_gives_up() {
        let (ring, told) = ring();
        let Waited::Waiting(_) = wait(&ring, &told, End::Reader, 1) else { panic!() };
        let Waited::Waiting(writer) = wait(&ring, &told, End::Writer, 7) else { panic!() };
        assert_eq!((ring.words.get(End::Reader, 1), ring.words.get(End::Writer, 1)), (1, 7));
        ring.wake(End::Reader);
        assert_eq!((ring.words.get(End::Reader, 1), ring.waiting()), (0, 1));
        assert!(writer.cancel());
        assert_eq!((ring.words.get(End::Writer, 1), ring.waiting()), (0, 0));
        assert_eq!(*told.0.lock(), [(1, WaitOutcome::Won), (7, WaitOutcome::Cancelled)]);
    }

    #[test]
    fn an_end_has_one_owner_until_it_is_released_or_the_owner_dies() {
        let (ring, told) = ring();
        assert_eq!(ring.take(End::Writer, A), Err(Taken(B)));
        assert_eq!(ring.take(End::Writer, B), Ok(()));
        let other = ring.wait(End::Writer, A, 1, || Waiter::new(Arc::clone(&told), 0));
        assert_eq!(other.unwrap_err(), Taken(B));
        let Waited::Waiting(_) = wait(&ring, &told, End::Writer, 1) else { panic!() };
        assert!(!ring.release(End::Writer, A));
        ring.release_owner(B);
        assert_eq!(*told.0.lock(), [(1, WaitOutcome::Cancelled)]);
        assert_eq!((ring.owner(End::Writer), ring.words.get(End::Writer, 2)), (Owner::NOBODY, 0));
        assert_eq!(ring.take(End::Writer, A), Ok(()));
        assert!(ring.release(End::Reader, A));
        assert!(!ring.release(End::Reader, A));
    }

    #[test]
    fn closing_tells_all_who_wait_and_nobody_waits_after_it() {
        let (ring, told) = ring();
        let _reader = wait(&ring, &told, End::Reader, 1);
        let _writer = wait(&ring, &told, End::Writer, 2);
        assert!(ring.close());
        assert!(!ring.close());
        assert_eq!(*told.0.lock(), [(1, WaitOutcome::Closed), (2, WaitOutcome::Closed)]);
        assert!(matches!(wait(&ring, &told, End::Reader, 1), Waited::Closed));
    }
}

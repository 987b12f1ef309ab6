//! Ring buffers: publishing a position and looking whether somebody waits, against announcing a wait and looking at the position.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst as Outside};

use loom::sync::atomic::{AtomicU32, Ordering, fence};
use loom::thread;
use millrace_core::lock::Owner;
use millrace_core::memory::ring::{End, Ring, Waited, Words};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};

const READER: Owner = Owner(1);
const CAPACITY: u32 = 1;

/// The words as the host has them; what it reads and writes as sequentially consistent is a full fence here, which is as much as
/// loom knows.
#[derive(Default)]
struct Memory {
    head: AtomicU32,
    tail: AtomicU32,
    wants: [AtomicU32; 2],
    closed: AtomicU32,
}

impl Memory {
    /// What the thread at the other end does: it moves its position, then looks whether somebody waits.
    fn publish(ring: &Ring<Self, Ear>, wakes: End) {
        let words = ring.words();
        let position = if wakes == End::Reader { &words.tail } else { &words.head };
        position.fetch_add(1, Ordering::Release);
        fence(Ordering::SeqCst);
        let wants = words.wants[wakes as usize].load(Ordering::Relaxed);
        if wants != 0 && words.ready(wakes) >= wants {
            ring.wake(wakes);
        }
    }
}

impl Words for Memory {
    fn announce(&self, end: End, wants: u32) {
        self.wants[end as usize].store(wants, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    fn ready(&self, end: End) -> u32 {
        let used = self.tail.load(Ordering::Acquire).wrapping_sub(self.head.load(Ordering::Acquire));
        if end == End::Reader { used } else { CAPACITY.saturating_sub(used) }
    }

    fn belongs(&self, _end: End, _owner: Owner) {}

    fn close(&self) {
        self.closed.store(1, Ordering::Release);
    }
}

/// Counts, outside the model, how often each outcome was told.
#[derive(Clone, Default)]
struct Ear(Arc<[AtomicUsize; 5]>);

impl WakeTarget for Ear {
    fn wake(&self, _token: u64, outcome: WaitOutcome) {
        self.0[outcome as usize].fetch_add(1, Outside);
    }
}

impl Ear {
    fn told(&self, outcome: WaitOutcome) -> usize {
        self.0[outcome as usize].load(Outside)
    }
}

fn model(check: impl Fn(Arc<Ring<Memory, Ear>>, Ear) + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let ring = Ring::new(Memory::default());
        ring.take(End::Reader, READER).unwrap();
        ring.take(End::Writer, READER).unwrap();
        check(ring, Ear::default());
    });
}

#[test]
fn a_reader_that_goes_to_sleep_hears_of_what_is_written_meanwhile() {
    model(|ring, ear| {
        let writing = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || Memory::publish(&ring, End::Reader))
        };
        let waited = ring.wait(End::Reader, READER, 1, || Waiter::new(ear.clone(), 0)).unwrap();
        writing.join().unwrap();
        match waited {
            Waited::Ready => assert_eq!(ear.told(WaitOutcome::Won), 0),
            Waited::Waiting(_) => assert_eq!(ear.told(WaitOutcome::Won), 1),
            Waited::Closed => unreachable!(),
        }
    });
}

#[test]
fn a_writer_that_goes_to_sleep_hears_of_room_that_is_made_meanwhile() {
    model(|ring, ear| {
        ring.words().tail.store(1, Ordering::Release);
        let reading = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || Memory::publish(&ring, End::Writer))
        };
        let waited = ring.wait(End::Writer, READER, 1, || Waiter::new(ear.clone(), 0)).unwrap();
        reading.join().unwrap();
        match waited {
            Waited::Ready => assert_eq!(ear.told(WaitOutcome::Won), 0),
            Waited::Waiting(_) => assert_eq!(ear.told(WaitOutcome::Won), 1),
            Waited::Closed => unreachable!(),
        }
    });
}

#[test]
fn one_who_gives_up_while_it_is_woken_ends_once_and_leaves_nothing_announced() {
    model(|ring, ear| {
        let waited = ring.wait(End::Reader, READER, 1, || Waiter::new(ear.clone(), 0)).unwrap();
        let Waited::Waiting(waiter) = waited else { panic!() };
        let cancelling = thread::spawn(move || waiter.cancel());
        Memory::publish(&ring, End::Reader);
        let cancelled = cancelling.join().unwrap();
        assert_eq!(ear.told(WaitOutcome::Cancelled), usize::from(cancelled));
        assert_eq!(ear.told(WaitOutcome::Won), usize::from(!cancelled));
        assert_eq!((ring.waiting(), ring.words().wants[0].load(Ordering::Relaxed)), (0, 0));
    });
}

#[test]
fn a_close_forgets_nobody() {
    model(|ring, ear| {
        let closing = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.close())
        };
        let waited = ring.wait(End::Reader, READER, 1, || Waiter::new(ear.clone(), 0)).unwrap();
        assert!(closing.join().unwrap());
        match waited {
            Waited::Closed => assert_eq!(ear.told(WaitOutcome::Closed), 0),
            Waited::Waiting(_) => assert_eq!(ear.told(WaitOutcome::Closed), 1),
            Waited::Ready => unreachable!(),
        }
    });
}

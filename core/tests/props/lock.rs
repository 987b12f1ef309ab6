//! Locks beside their obvious versions: counters and a plain queue, looked at from the head after every event.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use millrace_core::lock::{Acquire, NotHeld, Owner, RwLock, Semaphore, Wait};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};
use proptest::prelude::*;
use proptest::sample::Index;

/// Everything that was told, in order.
#[derive(Default)]
struct Told(Mutex<Vec<(u64, WaitOutcome)>>);

type Target = Arc<Told>;

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0.lock().unwrap().push((token, outcome));
    }
}

/// A request, and whose.
#[derive(Clone, Copy)]
struct Request<A> {
    token: u64,
    owner: u64,
    ask: A,
}

/// What a lock is, in the plainest words.
trait Naive {
    type Ask: Copy;
    fn admits(&self, ask: Self::Ask) -> bool;
    fn enter(&mut self, owner: u64, ask: Self::Ask);
    /// Takes all that an owner holds.
    fn bury(&mut self, owner: u64) -> u32;
}

/// A lock and its queue, beside all that must have been told.
struct Model<N: Naive> {
    state: N,
    fair: bool,
    queue: VecDeque<Request<N::Ask>>,
    told: Vec<(u64, WaitOutcome)>,
}

impl<N: Naive> Model<N> {
    fn new(state: N, fair: bool) -> Self {
        Self { state, fair, queue: VecDeque::new(), told: Vec::new() }
    }

    fn try_pass(&mut self, owner: u64, ask: N::Ask) -> bool {
        let may = self.state.admits(ask) && (!self.fair || self.queue.is_empty());
        if may {
            self.state.enter(owner, ask);
        }
        may
    }

    fn serve(&mut self) {
        while let Some(first) = self.queue.front().copied().filter(|first| self.state.admits(first.ask)) {
            self.queue.pop_front();
            self.state.enter(first.owner, first.ask);
            self.told.push((first.token, WaitOutcome::Won));
        }
    }

    fn cancel(&mut self, token: u64) -> bool {
        let place = self.queue.iter().position(|request| request.token == token);
        if let Some(place) = place {
            self.queue.remove(place);
            self.serve();
            self.told.push((token, WaitOutcome::Cancelled));
        }
        place.is_some()
    }

    fn die(&mut self, owner: u64) -> u32 {
        let its: Vec<_> = self.queue.iter().filter(|request| request.owner == owner).collect();
        for token in its.iter().rev().map(|request| request.token).collect::<Vec<_>>() {
            // None of its requests may have passed meanwhile.
            assert!(self.cancel(token));
        }
        let count = self.state.bury(owner);
        self.serve();
        count
    }

    fn close(&mut self) {
        self.told.extend(self.queue.drain(..).map(|request| (request.token, WaitOutcome::Closed)));
    }
}

struct Stock {
    free: u32,
    held: BTreeMap<u64, u32>,
}

impl Naive for Stock {
    type Ask = u32;
    fn admits(&self, count: u32) -> bool {
        count <= self.free
    }
    fn enter(&mut self, owner: u64, count: u32) {
        self.free -= count;
        *self.held.entry(owner).or_default() += count;
    }
    fn bury(&mut self, owner: u64) -> u32 {
        let count = self.held.remove(&owner).unwrap_or_default();
        self.free += count;
        count
    }
}

#[derive(Debug, Clone)]
enum SemaphoreStep {
    Try(u64, u32),
    Acquire(u64, u32),
    Release(u64, u32),
    Cancel(Index),
    Die(u64),
}

const PERMITS: u32 = 5;

fn semaphore_step() -> impl Strategy<Value = SemaphoreStep> {
    prop_oneof![
        2 => (0u64..3, 0..=PERMITS).prop_map(|(owner, count)| SemaphoreStep::Try(owner, count)),
        8 => (0u64..3, 0..=PERMITS + 1).prop_map(|(owner, count)| SemaphoreStep::Acquire(owner, count)),
        8 => (0u64..3, 0..=PERMITS).prop_map(|(owner, count)| SemaphoreStep::Release(owner, count)),
        4 => any::<Index>().prop_map(SemaphoreStep::Cancel),
        1 => (0u64..3).prop_map(SemaphoreStep::Die),
    ]
}

proptest! {
    #[test]
    fn permits_are_conserved_and_handed_over_in_the_order_of_coming(
        fair in any::<bool>(),
        steps in prop::collection::vec(semaphore_step(), 1..200),
    ) {
        let (semaphore, told) = (Semaphore::<Target>::new(PERMITS, fair), Target::default());
        let mut model = Model::new(Stock { free: PERMITS, held: BTreeMap::new() }, fair);
        let mut waiters: Vec<Arc<Waiter<Target>>> = Vec::new();
        for step in steps {
            match step {
                SemaphoreStep::Try(owner, count) => {
                    prop_assert_eq!(semaphore.try_acquire(Owner(owner), count), model.try_pass(owner, count));
                }
                SemaphoreStep::Acquire(owner, count) => {
                    let token = waiters.len() as u64;
                    let answer = semaphore.acquire(Owner(owner), count, || Waiter::new(told.clone(), token));
                    match answer {
                        Acquire::TooMany => prop_assert!(count > PERMITS),
                        Acquire::Now => prop_assert!(model.try_pass(owner, count)),
                        Acquire::Waiting(waiter) => {
                            prop_assert!(count <= PERMITS && !model.try_pass(owner, count));
                            model.queue.push_back(Request { token, owner, ask: count });
                            waiters.push(waiter);
                        }
                        Acquire::Closed => prop_assert!(false, "nobody has closed it"),
                    }
                }
                SemaphoreStep::Release(owner, count) => {
                    let held = model.state.held.get(&owner).copied().unwrap_or_default();
                    let expected = if count > held { Err(NotHeld { held }) } else { Ok(()) };
                    prop_assert_eq!(semaphore.release(Owner(owner), count), expected);
                    if count <= held {
                        model.state.held.insert(owner, held - count);
                        model.state.free += count;
                        model.serve();
                    }
                }
                SemaphoreStep::Cancel(index) if !waiters.is_empty() => {
                    let token = index.index(waiters.len());
                    prop_assert_eq!(waiters[token].cancel(), model.cancel(token as u64));
                }
                SemaphoreStep::Cancel(_) => {}
                SemaphoreStep::Die(owner) => {
                    prop_assert_eq!(semaphore.release_owner(Owner(owner)), model.die(owner));
                }
            }
            prop_assert_eq!(&*told.0.lock().unwrap(), &model.told);
            prop_assert_eq!((semaphore.available(), semaphore.waiting()), (model.state.free, model.queue.len()));
            let mut holders = semaphore.holders();
            holders.sort_unstable();
            let held = model.state.held.iter().filter(|holder| *holder.1 > 0);
            prop_assert_eq!(&holders, &held.map(|(owner, count)| (Owner(*owner), *count)).collect::<Vec<_>>());
            prop_assert_eq!(semaphore.available() + holders.iter().map(|holder| holder.1).sum::<u32>(), PERMITS);
        }
        model.close();
        semaphore.close();
        prop_assert_eq!(&*told.0.lock().unwrap(), &model.told);
    }
}

#[derive(Default)]
struct Room {
    readers: BTreeMap<u64, u32>,
    writer: Option<u64>,
}

impl Room {
    fn end_read(&mut self, owner: u64) -> bool {
        let Some(count) = self.readers.get_mut(&owner) else { return false };
        *count -= 1;
        if *count == 0 {
            self.readers.remove(&owner);
        }
        true
    }

    fn end_write(&mut self, owner: u64) -> bool {
        let inside = self.writer == Some(owner);
        if inside {
            self.writer = None;
        }
        inside
    }
}

impl Naive for Room {
    /// Whether one wants to write.
    type Ask = bool;
    fn admits(&self, write: bool) -> bool {
        self.writer.is_none() && (!write || self.readers.is_empty())
    }
    fn enter(&mut self, owner: u64, write: bool) {
        if write {
            self.writer = Some(owner);
        } else {
            *self.readers.entry(owner).or_default() += 1;
        }
    }
    fn bury(&mut self, owner: u64) -> u32 {
        self.readers.remove(&owner).unwrap_or_default() + u32::from(self.end_write(owner))
    }
}

#[derive(Debug, Clone)]
enum RoomStep {
    Try(u64, bool),
    Enter(u64, bool),
    Leave(u64, bool),
    Downgrade(u64),
    Cancel(Index),
    Die(u64),
}

fn room_step() -> impl Strategy<Value = RoomStep> {
    let write = || prop::bool::weighted(0.35);
    prop_oneof![
        1 => (0u64..3, write()).prop_map(|(owner, write)| RoomStep::Try(owner, write)),
        6 => (0u64..3, write()).prop_map(|(owner, write)| RoomStep::Enter(owner, write)),
        9 => (0u64..3, any::<bool>()).prop_map(|(owner, write)| RoomStep::Leave(owner, write)),
        2 => (0u64..3).prop_map(RoomStep::Downgrade),
        3 => any::<Index>().prop_map(RoomStep::Cancel),
        1 => (0u64..3).prop_map(RoomStep::Die),
    ]
}

proptest! {
    #[test]
    fn a_writer_is_alone_and_nobody_who_waits_is_forgotten(
        fair in any::<bool>(),
        steps in prop::collection::vec(room_step(), 1..200),
    ) {
        let (lock, told) = (RwLock::<Target>::new(fair), Target::default());
        let mut model = Model::new(Room::default(), fair);
        let mut waiters: Vec<Arc<Waiter<Target>>> = Vec::new();
        for step in steps {
            match step {
                RoomStep::Try(owner, write) => {
                    let tried = if write { lock.try_write(Owner(owner)) } else { lock.try_read(Owner(owner)) };
                    prop_assert_eq!(tried.is_ok(), model.try_pass(owner, write));
                }
                RoomStep::Enter(owner, write) => {
                    let token = waiters.len() as u64;
                    let make = || Waiter::new(told.clone(), token);
                    let answer =
                        if write { lock.write(Owner(owner), make) } else { lock.read(Owner(owner), make) };
                    let passes = model.try_pass(owner, write);
                    prop_assert_eq!(matches!(answer, Wait::Now(_)), passes);
                    if let Wait::Waiting(waiter) = answer {
                        model.queue.push_back(Request { token, owner, ask: write });
                        waiters.push(waiter);
                    }
                }
                RoomStep::Leave(owner, true) => {
                    prop_assert_eq!(lock.unlock_write(Owner(owner)).is_ok(), model.state.end_write(owner));
                    model.serve();
                }
                RoomStep::Leave(owner, false) => {
                    prop_assert_eq!(lock.unlock_read(Owner(owner)).is_ok(), model.state.end_read(owner));
                    model.serve();
                }
                RoomStep::Downgrade(owner) => {
                    let wrote = model.state.end_write(owner);
                    prop_assert_eq!(lock.downgrade(Owner(owner)).is_ok(), wrote);
                    if wrote {
                        model.state.enter(owner, false);
                    }
                    model.serve();
                }
                RoomStep::Cancel(index) if !waiters.is_empty() => {
                    let token = index.index(waiters.len());
                    prop_assert_eq!(waiters[token].cancel(), model.cancel(token as u64));
                }
                RoomStep::Cancel(_) => {}
                RoomStep::Die(owner) => prop_assert_eq!(lock.release_owner(Owner(owner)), model.die(owner)),
            }
            prop_assert_eq!(&*told.0.lock().unwrap(), &model.told);
            let (readers, writer) = (lock.readers(), lock.writer());
            prop_assert!(writer.is_none() || readers.is_empty());
            prop_assert_eq!(writer, model.state.writer.map(Owner));
            prop_assert_eq!(readers.len(), model.state.readers.len());
            prop_assert!(readers.iter().all(|(owner, count)| model.state.readers.get(&owner.0) == Some(count)));
            prop_assert_eq!(lock.waiting(), model.queue.len());
            // Whoever still waits is kept out by somebody inside.
            prop_assert!(model.queue.is_empty() || writer.is_some() || !readers.is_empty());
        }
        // When all have left, all have been in: nobody is lost.
        for owner in 0..3 {
            lock.release_owner(Owner(owner));
        }
        prop_assert_eq!((lock.waiting(), lock.readers(), lock.writer()), (0, Vec::new(), None));
        prop_assert!(waiters.iter().all(|waiter| waiter.outcome().is_some()));
    }
}

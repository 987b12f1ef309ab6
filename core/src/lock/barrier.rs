//! A meeting point of a fixed number of parties, time after time: java.util.concurrent's `CyclicBarrier`.
//!
//! The last to arrive lets all go on, and is the leader of that generation. A party that gives up or dies before that breaks
//! the barrier: all who wait are told, and all who come, until it is reset. One who gives up in the instant of the last
//! arrival, as that has counted it, breaks nothing.

use std::num::NonZeroU32;

use super::owner::Owner;
use crate::sync::{Arc, AtomicU32, Mutex, Ordering};
use crate::wait::{Awaited, WaitList, Waiter, Wake, WakeTarget};

/// What came of arriving.
#[derive(Debug)]
#[must_use]
pub enum Arrival<W> {
    /// It was the last of its generation: all others go on.
    Leader,
    /// It waits for the others. Told `Won`, all have come; told `Closed`, the barrier is broken, or closed
    /// ([`is_closed`](Barrier::is_closed)). The waiter was made if, and only if, this is the answer.
    Waiting(Arc<Waiter<W>>),
    /// The barrier is broken, and is to be reset first.
    Broken,
    /// The barrier is closed.
    Closed,
}

/// What has become of a generation: one who was counted and has not queued yet looks here.
const OPEN: u32 = 0;
const MET: u32 = 1;
const BROKEN: u32 = 2;

/// A meeting point.
#[derive(Debug)]
pub struct Barrier<W: WakeTarget> {
    parties: NonZeroU32,
    inner: Mutex<Inner<W>>,
}

#[derive(Debug)]
struct Inner<W> {
    /// How many times all have met, or the barrier was reset.
    generation: u64,
    /// How many have come in this generation: those in line and those about to queue.
    arrived: u32,
    /// One for each generation, changed under the lock.
    fate: Arc<AtomicU32>,
    broken: bool,
    closed: bool,
    line: WaitList<Party<W>>,
}

#[derive(Debug)]
struct Party<W> {
    owner: Owner,
    waiter: Arc<Waiter<W>>,
}

impl<W: WakeTarget> Inner<W> {
    /// Ends the generation for all who have arrived.
    fn end(&mut self, fate: u32) -> Vec<Party<W>> {
        self.fate.store(fate, Ordering::Relaxed);
        self.arrived = 0;
        std::iter::from_fn(|| self.line.pop()).collect()
    }

    fn begin(&mut self) {
        self.generation += 1;
        self.fate = Arc::new(AtomicU32::new(OPEN));
    }
}

fn tell_broken<W: WakeTarget>(parties: Vec<Party<W>>) {
    for party in parties {
        party.waiter.close();
    }
}

impl<W: WakeTarget> Barrier<W> {
    /// A barrier of so many parties.
    #[must_use]
    pub fn new(parties: NonZeroU32) -> Arc<Self> {
        let fate = Arc::new(AtomicU32::new(OPEN));
        let line = WaitList::default();
        let inner = Inner { generation: 0, arrived: 0, fate, broken: false, closed: false, line };
        Arc::new(Self { parties, inner: Mutex::new(inner) })
    }

    /// Arrives: lets all go on as the last, or waits for the others. One who finds 2^24 in line breaks the barrier.
    pub fn arrive(self: &Arc<Self>, owner: Owner, make: impl FnOnce() -> Arc<Waiter<W>>) -> Arrival<W> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Arrival::Closed;
        }
        if inner.broken {
            return Arrival::Broken;
        }
        if inner.arrived + 1 == self.parties.get() {
            let parties = inner.end(MET);
            inner.begin();
            let met = parties.into_iter().filter(|party| party.waiter.win());
            let woken: Vec<_> = met.map(|party| Wake::new(party.waiter)).collect();
            drop(inner);
            drop(woken);
            return Arrival::Leader;
        }
        // Counted before it queues, so that who is the leader is known before a waiter is made.
        inner.arrived += 1;
        let fate = Arc::clone(&inner.fate);
        drop(inner);
        Arrival::Waiting(self.queue(owner, make(), &fate))
    }

    /// Queues one that has been counted, unless its generation has ended since.
    fn queue(self: &Arc<Self>, owner: Owner, waiter: Arc<Waiter<W>>, fate: &AtomicU32) -> Arc<Waiter<W>> {
        let (fate, ended) = waiter.enlist(|places| {
            let mut inner = self.inner.lock();
            let fate = fate.load(Ordering::Relaxed);
            if fate != OPEN {
                return (fate, Vec::new());
            }
            let place = inner.line.push(Party { owner, waiter: Arc::clone(&waiter) });
            if place == 0 {
                inner.broken = true;
                return (BROKEN, inner.end(BROKEN));
            }
            let me = Arc::downgrade(self);
            places.push((me, place));
            (OPEN, Vec::new())
        });
        match fate {
            MET if waiter.win() => waiter.tell_won(),
            BROKEN => {
                waiter.close();
            }
            _ => {}
        }
        tell_broken(ended);
        waiter
    }

    /// The owner has died: cancels its waits, which breaks the barrier if there are any.
    pub fn release_owner(&self, owner: Owner) {
        let inner = self.inner.lock();
        let its = inner.line.iter().filter(|party| party.owner == owner);
        let waiters: Vec<_> = its.map(|party| Arc::clone(&party.waiter)).collect();
        drop(inner);
        for waiter in waiters {
            waiter.cancel();
        }
    }

    /// Begins anew, broken or not. Those who wait are told `Closed`: their generation does not come about.
    pub fn reset(&self) {
        let mut inner = self.inner.lock();
        let parties = inner.end(BROKEN);
        inner.broken = false;
        inner.begin();
        drop(inner);
        tell_broken(parties);
    }

    /// How many meet.
    #[must_use]
    pub fn parties(&self) -> u32 {
        self.parties.get()
    }

    /// How many times all have met, or the barrier was reset.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.inner.lock().generation
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.lock().line.len()
    }

    /// Shows each that waits, in order, under the lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        self.inner.lock().line.iter().for_each(|party| see(&party.waiter));
    }

    /// Whether a party has given up since the last reset.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.inner.lock().broken
    }

    /// Tells all who wait, and all who would come, `Closed`. A reset does not open it again.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        let parties = inner.end(BROKEN);
        drop(inner);
        tell_broken(parties);
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }
}

impl<W: WakeTarget> Awaited for Barrier<W> {
    fn leave(&self, place: u64) {
        let mut inner = self.inner.lock();
        // Who is no longer in line has met the others, or has been told.
        let Some(left) = inner.line.remove(place) else { return };
        inner.broken = true;
        let parties = inner.end(BROKEN);
        drop(inner);
        drop(left);
        tell_broken(parties);
    }
}

/// Nobody is left who could come.
impl<W: WakeTarget> Drop for Barrier<W> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;

//! Who waits for a key: a line that is there only while somebody stands in it.

use hashbrown::HashTable;

use super::KeyedLimiter;
use super::room::Seat;
use super::shard::Hashed;
use crate::clock::Nanos;
use crate::sync::{Arc, Weak};
use crate::timer::{Alarm, TimerKey, Timers};
use crate::wait::{Awaited, WaitList, Waiter, WakeTarget};

/// One who waits.
#[derive(Debug)]
pub(super) struct Request<W> {
    pub(super) cost: u64,
    pub(super) waiter: Arc<Waiter<W>>,
    /// Its place among all who wait, which is free when the request is gone.
    pub(super) _seat: Seat,
}

/// What a line is for, as its waiters and its alarm know it.
#[derive(Debug)]
pub(super) struct Place<W: WakeTarget> {
    pub(super) limiter: Weak<KeyedLimiter<W>>,
    pub(super) key: Box<[u8]>,
}

impl<W: WakeTarget> Alarm for Place<W> {
    fn ring(&self, _now: Nanos) {
        if let Some(limiter) = self.limiter.upgrade() {
            limiter.serve_key(&self.key);
        }
    }
}

impl<W: WakeTarget> Awaited for Place<W> {
    fn leave(&self, place: u64) {
        if let Some(limiter) = self.limiter.upgrade() {
            limiter.leave(self, place);
        }
    }
}

/// The line of a key.
#[derive(Debug)]
pub(super) struct Line<W: WakeTarget> {
    hash: u64,
    pub(super) place: Arc<Place<W>>,
    pub(super) requests: WaitList<Request<W>>,
    /// When the first is to be served.
    armed: Option<TimerKey>,
}

impl<W: WakeTarget> Line<W> {
    /// Asks that it be served at `at`.
    pub(super) fn arm(&mut self, timers: &Arc<dyn Timers>, at: Nanos) {
        if self.armed.is_some_and(|armed| armed.at == at) {
            return;
        }
        self.disarm(timers);
        let place: Arc<dyn Alarm> = Arc::<Place<W>>::clone(&self.place);
        self.armed = Some(timers.arm(at, Arc::downgrade(&place)));
    }

    fn disarm(&mut self, timers: &Arc<dyn Timers>) {
        if let Some(armed) = self.armed.take() {
            timers.disarm(armed);
        }
    }

    /// What it was armed for, if it was, has rung by now.
    pub(super) fn rung(&mut self, now: Nanos) {
        self.armed = self.armed.filter(|armed| armed.at > now);
    }
}

/// The lines of a shard.
#[derive(Debug)]
pub(super) struct Lines<W: WakeTarget>(HashTable<Line<W>>);

impl<W: WakeTarget> Default for Lines<W> {
    fn default() -> Self {
        Self(HashTable::new())
    }
}

impl<W: WakeTarget> Lines<W> {
    /// Whether somebody waits for a key.
    pub(super) fn has(&self, at: Hashed<'_>) -> bool {
        !self.0.is_empty() && self.0.find(at.hash, |line| *line.place.key == *at.key).is_some()
    }

    pub(super) fn find(&mut self, at: Hashed<'_>) -> Option<&mut Line<W>> {
        self.0.find_mut(at.hash, |line| *line.place.key == *at.key)
    }

    /// The line of a key, which is made if need be.
    pub(super) fn meet(&mut self, at: Hashed<'_>, limiter: &Weak<KeyedLimiter<W>>) -> &mut Line<W> {
        let new = || Line {
            hash: at.hash,
            place: Arc::new(Place { limiter: Weak::clone(limiter), key: at.key.into() }),
            requests: WaitList::default(),
            armed: None,
        };
        let same = |line: &Line<W>| *line.place.key == *at.key;
        self.0.entry(at.hash, same, |line| line.hash).or_insert_with(new).into_mut()
    }

    /// Nobody waits for a key any more.
    pub(super) fn remove(&mut self, at: Hashed<'_>, timers: &Arc<dyn Timers>) {
        if let Ok(found) = self.0.find_entry(at.hash, |line| *line.place.key == *at.key) {
            let (mut line, _) = found.remove();
            line.disarm(timers);
        }
    }

    /// All lines, which nobody stands in any more.
    pub(super) fn take(&mut self, timers: &Arc<dyn Timers>) -> Vec<Request<W>> {
        let mut all = Vec::new();
        for mut line in self.0.drain() {
            line.disarm(timers);
            while let Some(request) = line.requests.pop() {
                all.push(request);
            }
        }
        all
    }

    /// Those who wait, line by line.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Request<W>> {
        self.0.iter().flat_map(|line| line.requests.iter())
    }

    /// The keys that are waited for.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|line| &*line.place.key)
    }
}

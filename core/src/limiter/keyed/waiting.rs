//! Waiting for a key: first come, first served, each in its own time.

use super::KeyedLimiter;
use super::line::{Place, Request};
use super::room::Seat;
use super::shard::{Ask, Hashed, Shard, Verdict};
use crate::clock::Nanos;
use crate::sync::{Arc, Ordering};
use crate::wait::{Awaited, Waiter, Wake, WakeTarget};

/// What came of asking to wait for a key.
#[derive(Debug)]
#[must_use]
pub enum Acquire<W> {
    /// It has been taken at once.
    Now,
    /// It waits.
    Waiting(Arc<Waiter<W>>),
    /// It would take so long, which is too long.
    Late(Nanos),
    /// As many wait as may; behind those of its key it would take so long.
    Queue(Nanos),
    /// It will never be: closed, denied, no room for the key, or more than a limit ever allows.
    Refused(Verdict),
}

/// What is to be told once the shard's lock is given back.
#[must_use]
pub(super) struct Served<W: WakeTarget> {
    woken: Vec<Wake<W>>,
    refused: Vec<Arc<Waiter<W>>>,
}

impl<W: WakeTarget> Drop for Served<W> {
    fn drop(&mut self) {
        self.woken.clear();
        for waiter in self.refused.drain(..) {
            waiter.close();
        }
    }
}

impl<W: WakeTarget> KeyedLimiter<W> {
    /// Takes, now or when it may; within `limit`, if that is given, or not at all. Who waits for the same key is served in the order of
    /// coming.
    pub fn acquire(
        &self,
        key: &[u8],
        cost: u64,
        limit: Option<Nanos>,
        make: impl FnOnce() -> Arc<Waiter<W>>,
    ) -> Acquire<W> {
        if self.is_closed() {
            return Acquire::Refused(Verdict::Closed);
        }
        let begun = self.with(key, |shard, at, now| {
            let begun = self.begin(shard, at, now, cost, limit);
            match &begun {
                Ok(_) => {}
                Err(Acquire::Now) => shard.stats.allowed += 1,
                Err(_) => shard.stats.refused += 1,
            }
            begun
        });
        let mut seat = match begun {
            Some(Ok(seat)) => Some(seat),
            Some(Err(answer)) => return answer,
            None => return Acquire::Refused(Verdict::Closed),
        };
        // Made without the lock, as `make` is the host's; what has changed meanwhile is seen below.
        let waiter = make();
        let served = waiter.enlist(|places| {
            self.with(key, |shard, at, now| {
                let _seat = seat.take().filter(|_| !self.is_closed())?;
                let line = shard.lines.meet(at, &self.own);
                let place = line.requests.push(Request { cost, waiter: Arc::clone(&waiter), _seat });
                let awaited: Arc<dyn Awaited> = Arc::<Place<W>>::clone(&line.place);
                if place != 0 {
                    places.push((Arc::downgrade(&awaited), place));
                }
                Some((place, self.serve(shard, at, now)))
            })
        });
        if served.flatten().is_none_or(|(place, _)| place == 0) {
            waiter.close();
        }
        Acquire::Waiting(waiter)
    }

    /// Passes, or says why it does not, or gives a place among those who wait.
    fn begin(
        &self,
        shard: &mut Shard<W>,
        at: Hashed<'_>,
        now: Nanos,
        cost: u64,
        limit: Option<Nanos>,
    ) -> Result<Seat, Acquire<W>> {
        let ahead = shard.lines.has(at);
        match shard.decide(&self.common, at, now, cost, Ask::Take, ahead) {
            Verdict::Allowed => return Err(Acquire::Now),
            Verdict::Limited(Some(_)) | Verdict::Behind | Verdict::Blocked(_) => {}
            other => return Err(Acquire::Refused(other)),
        }
        if !shard.is_possible(at, cost) {
            return Err(Acquire::Refused(Verdict::Limited(None)));
        }
        let mut after = || shard.behind_all(at, now, cost).unwrap_or(Nanos::MAX).saturating_sub(now);
        match (self.common.seats.take(), limit) {
            (None, _) => Err(Acquire::Queue(after())),
            (Some(seat), None) => Ok(seat),
            (Some(seat), Some(limit)) => {
                let after = after();
                if after > limit { Err(Acquire::Late(after)) } else { Ok(seat) }
            }
        }
    }

    /// Lets those pass who wait for a key and now may, and sees to it that the next is served in its time.
    pub(super) fn serve(&self, shard: &mut Shard<W>, at: Hashed<'_>, now: Nanos) -> Served<W> {
        let mut served = Served { woken: Vec::new(), refused: Vec::new() };
        while shard.lines.has(at) {
            let Some(line) = shard.lines.find(at) else { break };
            line.rung(now);
            let Some(cost) = line.requests.first().map(|first| first.cost) else {
                shard.lines.remove(at, &self.timers);
                break;
            };
            let verdict = shard.ask(&self.common, at, now, cost, Ask::Look, false);
            let Some(line) = shard.lines.find(at) else { break };
            if let Verdict::Limited(Some(due)) | Verdict::Blocked(due) = verdict {
                line.arm(&self.timers, due);
                break;
            }
            let Some(Request { waiter, .. }) = line.requests.pop() else { break };
            if verdict != Verdict::Allowed {
                served.refused.push(waiter);
            } else if waiter.win() {
                // One who has waited passes even if there is no room left to count it: the key had been forgotten, so it owes nothing.
                let _counted = shard.decide(&self.common, at, now, cost, Ask::Take, false);
                shard.stats.allowed += 1;
                served.woken.push(Wake::new(waiter));
            }
        }
        served
    }

    pub(super) fn serve_key(&self, key: &[u8]) {
        self.change(key, |_, _, _| ());
    }

    /// One who has given up leaves its line: those behind it may be able to pass.
    pub(super) fn leave(&self, from: &Place<W>, place: u64) {
        let left = self.change(&from.key, |shard, at, _| {
            let line = shard.lines.find(at)?;
            // A line of the same key that came later numbers its places anew.
            std::ptr::eq(&raw const *line.place, from).then(|| line.requests.remove(place))
        });
        drop(left);
    }

    /// Cancels the waits of those that are gone.
    pub fn forget(&self, gone: impl Fn(&W) -> bool) {
        for shard in &self.shards {
            let shard = shard.lock();
            let its = shard.lines.requests().filter(|request| gone(request.waiter.target()));
            let waiters: Vec<_> = its.map(|request| Arc::clone(&request.waiter)).collect();
            drop(shard);
            // From the last to the first: so none that leaves makes room for another.
            for waiter in waiters.into_iter().rev() {
                waiter.cancel();
            }
        }
    }

    /// Shows each that waits, under a lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        for shard in &self.shards {
            shard.lock().lines.requests().for_each(|request| see(&request.waiter));
        }
    }

    /// Tells all who wait, and all who ask, that it is closed. Whether it was open.
    pub fn close(&self) -> bool {
        // Release: whoever sees it closed finds no line; who enlists looks again under the shard's lock.
        let open = !self.closed.swap(true, Ordering::AcqRel);
        for shard in &self.shards {
            let requests = shard.lock().lines.take(&self.timers);
            for request in requests {
                request.waiter.close();
            }
        }
        open
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// Nobody is left who could let them pass.
impl<W: WakeTarget> Drop for KeyedLimiter<W> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;

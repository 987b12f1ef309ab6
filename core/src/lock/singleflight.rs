//! Singleflight: of all who ask for the same key at once, one computes, and the others get what it got.
//!
//! The first to ask leads. When it lands, everybody who waits is told with a clone of the result; if it dies, the one who has
//! waited longest leads in its place. A key nobody computes takes no memory.

use std::collections::HashMap;

use super::owner::{NotHeld, Owner};
use crate::sync::{Arc, Mutex, Weak};
use crate::wait::{Awaited, WaitList, Waiter, WakeTarget};

/// Whom the end of a flight is told: of a cancellation or time-out by [`WakeTarget::wake`].
pub trait Passenger<T>: WakeTarget {
    /// The flight has landed with this result.
    fn landed(&self, token: u64, result: T);
    /// Its leader has died: this one leads now.
    fn lead(&self, token: u64);
}

/// What came of asking.
#[derive(Debug)]
#[must_use]
pub enum Boarding<W> {
    /// Compute, and [land](Singleflight::land).
    Lead,
    /// Somebody does: the waiter will be told.
    Waiting(Arc<Waiter<W>>),
}

/// Flights, by key.
#[derive(Debug)]
pub struct Singleflight<T, W> {
    me: Weak<Self>,
    inner: Mutex<Flights<T, W>>,
}

#[derive(Debug)]
struct Flights<T, W> {
    by_key: HashMap<Arc<str>, Flight<W>>,
    /// Whose place is whose, for those who leave.
    places: HashMap<u64, (Arc<str>, u64)>,
    next_place: u64,
    _result: std::marker::PhantomData<T>,
}

#[derive(Debug)]
struct Flight<W> {
    leader: Owner,
    line: WaitList<Seat<W>>,
}

#[derive(Debug)]
struct Seat<W> {
    owner: Owner,
    place: u64,
    waiter: Arc<Waiter<W>>,
}

impl<T: Clone + Send + 'static, W: Passenger<T>> Singleflight<T, W> {
    /// No flights yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            inner: Mutex::new(Flights {
                by_key: HashMap::new(),
                places: HashMap::new(),
                next_place: 1,
                _result: std::marker::PhantomData,
            }),
        })
    }

    /// Leads, or queues a waiter behind whoever leads.
    pub fn board(&self, key: &str, owner: Owner, make: impl FnOnce() -> Arc<Waiter<W>>) -> Boarding<W> {
        if self.inner.lock().lead(key, owner) {
            return Boarding::Lead;
        }
        let waiter = make();
        let leads = waiter.enlist(|places| {
            let mut inner = self.inner.lock();
            // It may have landed meanwhile.
            if inner.lead(key, owner) {
                return true;
            }
            let place = inner.queue(key, owner, &waiter);
            let me: Weak<dyn Awaited> = self.me.clone();
            places.push((me, place));
            false
        });
        if leads { Boarding::Lead } else { Boarding::Waiting(waiter) }
    }

    /// Tells everybody who waits for the key.
    ///
    /// # Errors
    /// This owner does not lead it.
    pub fn land(&self, key: &str, owner: Owner, result: &T) -> Result<usize, NotHeld> {
        let mut inner = self.inner.lock();
        if inner.by_key.get(key).is_none_or(|flight| flight.leader != owner) {
            return Err(NotHeld { held: 0 });
        }
        let mut told = Vec::new();
        if let Some(mut flight) = inner.by_key.remove(key) {
            while let Some(seat) = flight.line.pop() {
                inner.places.remove(&seat.place);
                if seat.waiter.win() {
                    told.push(seat.waiter);
                }
            }
        }
        drop(inner);
        for waiter in &told {
            waiter.finish();
            waiter.target().landed(waiter.token(), result.clone());
        }
        Ok(told.len())
    }

    /// Whether a thread computes a key.
    #[must_use]
    pub fn concerns(&self, owner: Owner) -> bool {
        self.inner.lock().by_key.values().any(|flight| flight.leader == owner)
    }

    /// A thread is gone: its waits are cancelled, and what it led somebody else leads.
    pub fn release_owner(&self, owner: Owner) {
        let mut inner = self.inner.lock();
        let waits = inner.by_key.values().flat_map(|flight| flight.line.iter());
        let gone: Vec<_> =
            waits.filter(|seat| seat.owner == owner).map(|seat| Arc::clone(&seat.waiter)).collect();
        drop(inner);
        for waiter in gone {
            waiter.cancel();
        }
        inner = self.inner.lock();
        let Flights { by_key, places, .. } = &mut *inner;
        let mut promoted = Vec::new();
        by_key.retain(|_, flight| {
            if flight.leader != owner {
                return true;
            }
            while let Some(seat) = flight.line.pop() {
                places.remove(&seat.place);
                if seat.waiter.win() {
                    flight.leader = seat.owner;
                    promoted.push(seat.waiter);
                    return true;
                }
            }
            false
        });
        drop(inner);
        for waiter in promoted {
            waiter.finish();
            waiter.target().lead(waiter.token());
        }
    }

    /// Shows each that waits, key by key, under the lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        let inner = self.inner.lock();
        inner.by_key.values().flat_map(|flight| flight.line.iter()).for_each(|seat| see(&seat.waiter));
    }

    /// The keys that somebody computes, and how many wait for each.
    #[must_use]
    pub fn flights(&self) -> Vec<(String, usize)> {
        let inner = self.inner.lock();
        inner.by_key.iter().map(|(key, flight)| (key.to_string(), flight.line.len())).collect()
    }
}

impl<T, W> Flights<T, W> {
    fn lead(&mut self, key: &str, owner: Owner) -> bool {
        if self.by_key.contains_key(key) {
            return false;
        }
        self.by_key.insert(Arc::from(key), Flight { leader: owner, line: WaitList::default() });
        true
    }

    fn queue(&mut self, key: &str, owner: Owner, waiter: &Arc<Waiter<W>>) -> u64 {
        let place = self.next_place;
        self.next_place += 1;
        let Some((key, _)) = self.by_key.get_key_value(key) else { return 0 };
        let key = Arc::clone(key);
        let Some(flight) = self.by_key.get_mut(&key) else { return 0 };
        let seat = flight.line.push(Seat { owner, place, waiter: Arc::clone(waiter) });
        self.places.insert(place, (key, seat));
        place
    }
}

impl<T: Send + 'static, W: WakeTarget> Awaited for Singleflight<T, W> {
    fn leave(&self, place: u64) {
        let mut inner = self.inner.lock();
        if let Some((key, seat)) = inner.places.remove(&place)
            && let Some(flight) = inner.by_key.get_mut(&key)
        {
            flight.line.remove(seat);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::WaitOutcome;

    #[derive(Debug, PartialEq, Clone)]
    enum News {
        Landed(u32),
        Leads,
        GaveUp(WaitOutcome),
    }

    #[derive(Default, Debug)]
    struct Ears(Mutex<Vec<(u64, News)>>);

    impl WakeTarget for Ears {
        fn wake(&self, token: u64, outcome: WaitOutcome) {
            self.0.lock().push((token, News::GaveUp(outcome)));
        }
    }

    impl Passenger<u32> for Arc<Ears> {
        fn landed(&self, token: u64, result: u32) {
            self.0.lock().push((token, News::Landed(result)));
        }
        fn lead(&self, token: u64) {
            self.0.lock().push((token, News::Leads));
        }
    }

    type Flown = Singleflight<u32, Arc<Ears>>;

    fn waits(flights: &Flown, ears: &Arc<Ears>, owner: u64, token: u64) -> Arc<Waiter<Arc<Ears>>> {
        match flights.board("k", Owner(owner), || Waiter::new(Arc::clone(ears), token)) {
            Boarding::Waiting(waiter) => waiter,
            Boarding::Lead => panic!("nobody leads"),
        }
    }

    fn leads(flights: &Flown, key: &str, owner: u64) -> bool {
        matches!(flights.board(key, Owner(owner), || Waiter::new(Arc::default(), 0)), Boarding::Lead)
    }

    #[test]
    fn one_leads_and_the_others_get_its_result() {
        let (flights, ears) = (Flown::new(), Arc::<Ears>::default());
        assert!(leads(&flights, "k", 1) && leads(&flights, "other", 1));
        let _waiting = [waits(&flights, &ears, 1, 1), waits(&flights, &ears, 2, 2)];
        assert_eq!(flights.land("k", Owner(2), &5), Err(NotHeld { held: 0 }));
        assert_eq!(flights.land("k", Owner(1), &7), Ok(2));
        assert_eq!(*ears.0.lock(), [(1, News::Landed(7)), (2, News::Landed(7))]);
        assert!(leads(&flights, "k", 2));
        assert_eq!(flights.inner.lock().places.len(), 0);
    }

    #[test]
    fn when_the_leader_dies_the_one_who_waited_longest_leads() {
        let (flights, ears) = (Flown::new(), Arc::<Ears>::default());
        assert!(leads(&flights, "k", 1));
        let own = waits(&flights, &ears, 1, 1);
        let gone = waits(&flights, &ears, 2, 2);
        let _next = waits(&flights, &ears, 3, 3);
        let _last = waits(&flights, &ears, 4, 4);
        assert!(gone.cancel());
        assert!(flights.concerns(Owner(1)) && !flights.concerns(Owner(3)));
        flights.release_owner(Owner(1));
        assert_eq!(own.outcome(), Some(WaitOutcome::Cancelled));
        assert_eq!(ears.0.lock().last(), Some(&(3, News::Leads)));
        assert_eq!(flights.land("k", Owner(3), &9), Ok(1));
        assert_eq!(ears.0.lock().last(), Some(&(4, News::Landed(9))));
        assert!(flights.flights().is_empty());
    }
}

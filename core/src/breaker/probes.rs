//! The probes of a half-open breaker: leases, so that one which never comes back keeps its place for a while and not for ever.

use crate::clock::Nanos;
use crate::lock::Owner;

/// One probe in flight.
#[derive(Debug)]
struct Lease {
    id: u32,
    owner: Owner,
    until: Nanos,
}

/// Those of one generation.
#[derive(Debug, Default)]
pub(super) struct Probes {
    generation: u32,
    leases: Vec<Lease>,
    /// How many came back well.
    successes: u32,
    last: u32,
    /// Generations of probes that failed since the breaker was last closed.
    pub(super) failed: u32,
}

impl Probes {
    /// Makes them those of that generation.
    pub(super) fn begin(&mut self, generation: u32) {
        if self.generation != generation {
            self.generation = generation;
            self.leases.clear();
            self.successes = 0;
        }
    }

    /// Gives one of `limit` places, or says how long the first of them is kept at most.
    pub(super) fn take(&mut self, limit: u32, owner: Owner, now: Nanos, lease: Nanos) -> Result<u32, Nanos> {
        if self.leases.len() >= limit as usize {
            // Of those that began at once, the first.
            let first = self.leases.iter().enumerate().map(|(at, lease)| (lease.until, lease.id, at)).min();
            match first {
                Some((until, _, at)) if until <= now => drop(self.leases.swap_remove(at)),
                first => return Err(first.map_or(0, |(until, ..)| until - now)),
            }
        }
        // Never 0, which is no lease.
        self.last = self.last.wrapping_add(1).max(1);
        self.leases.push(Lease { id: self.last, owner, until: now.saturating_add(lease) });
        Ok(self.last)
    }

    /// Takes a place back; false if it was given to somebody else meanwhile. One whose lease has ended may still come back if nobody has
    /// asked for its place: a breaker whose probes are slow must close too.
    pub(super) fn give_back(&mut self, id: u32) -> bool {
        let at = self.leases.iter().position(|lease| lease.id == id);
        at.map(|at| self.leases.swap_remove(at)).is_some()
    }

    /// One more came back well; how many that makes.
    pub(super) const fn success(&mut self) -> u32 {
        self.successes = self.successes.saturating_add(1);
        self.successes
    }

    /// How many are in flight.
    pub(super) fn in_flight(&self, generation: u32, now: Nanos) -> usize {
        if self.generation == generation {
            self.leases.iter().filter(|lease| lease.until > now).count()
        } else {
            0
        }
    }

    /// Its thread is gone.
    pub(super) fn forget(&mut self, owner: Owner) {
        self.leases.retain(|lease| lease.owner != owner);
    }

    /// Whether that thread has one.
    pub(super) fn concerns(&self, owner: Owner) -> bool {
        self.leases.iter().any(|lease| lease.owner == owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Owner = Owner(1);

    #[test]
    fn a_place_is_given_again_when_its_lease_ends_and_its_late_holder_has_none() {
        let mut probes = Probes::default();
        let first = probes.take(1, ME, 0, 10).unwrap();
        assert_eq!(probes.take(1, ME, 4, 10), Err(6));
        let second = probes.take(1, ME, 10, 10).unwrap();
        assert!(!probes.give_back(first));
        assert_eq!(probes.in_flight(0, 11), 1);
        assert!(probes.give_back(second));
        assert!(!probes.give_back(second));
    }

    #[test]
    fn one_that_is_late_comes_back_if_nobody_has_its_place_and_the_latest_loses_it_first() {
        let mut probes = Probes::default();
        let first = probes.take(2, ME, 0, 10).unwrap();
        let second = probes.take(2, ME, 1, 10).unwrap();
        probes.take(2, ME, 20, 10).unwrap();
        assert!(!probes.give_back(first));
        assert!(probes.give_back(second));
        assert_eq!(probes.in_flight(0, 20), 1);
    }

    #[test]
    fn the_places_of_a_dead_thread_are_free() {
        let mut probes = Probes::default();
        probes.take(2, ME, 0, 10).unwrap();
        probes.take(2, Owner(2), 0, 10).unwrap();
        assert!(probes.concerns(ME));
        probes.forget(ME);
        assert!(!probes.concerns(ME));
        assert!(probes.take(2, ME, 0, 10).is_ok());
        assert!(probes.take(2, ME, 0, 10).is_err());
    }
}

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
mod tests {
    use std::num::{NonZeroU32, NonZeroU64};

    use super::super::{Limit, Limits, List, OnFull};
    use super::*;
    use crate::lock::told::Told;
    use crate::timer::{ManualTimers, Timers};
    use crate::wait::WaitOutcome::{Cancelled, Closed, TimedOut};

    struct Test {
        limiter: Arc<KeyedLimiter<Arc<Told>>>,
        timers: Arc<ManualTimers>,
        told: Arc<Told>,
    }

    /// Ten per hundred nanoseconds and key.
    fn test() -> Test {
        test_with(10_000)
    }

    fn test_with(max_waiting: usize) -> Test {
        let timers = Arc::new(ManualTimers::default());
        timers.advance(1000);
        let limit = Limit::sliding(NonZeroU32::new(10).unwrap(), NonZeroU64::new(100).unwrap());
        let limits = Limits::new(vec![limit]).unwrap();
        let own: Arc<dyn Timers> = timers.clone();
        let limiter = KeyedLimiter::new(limits, None, OnFull::Refuse, max_waiting, timers.clock.clone(), own);
        Test { limiter, timers, told: Arc::default() }
    }

    impl Test {
        fn acquire(&self, token: u64, key: &str, cost: u64) -> Acquire<Arc<Told>> {
            self.limiter.acquire(key.as_bytes(), cost, None, self.told.make(token))
        }

        fn waits(&self, token: u64, key: &str, cost: u64) -> Arc<Waiter<Arc<Told>>> {
            let Acquire::Waiting(waiter) = self.acquire(token, key, cost) else { panic!("it does not wait") };
            waiter
        }

        fn drain(&self, key: &str) {
            assert!(matches!(self.acquire(0, key, 10), Acquire::Now));
        }

        fn advance(&self, span: Nanos) -> Vec<u64> {
            self.timers.advance(span);
            self.told.won()
        }
    }

    #[test]
    fn each_is_served_in_its_time_and_a_large_one_is_not_overtaken() {
        let test = test();
        test.drain("a");
        let _first = test.waits(1, "a", 5);
        let _second = test.waits(2, "a", 1);
        assert_eq!(test.limiter.ask(b"a", 1, Ask::Take), Verdict::Behind);
        assert!(matches!(test.acquire(3, "b", 1), Acquire::Now));
        assert_eq!((test.timers.armed(), test.advance(149)), (1, vec![]));
        assert_eq!((test.advance(1), test.timers.armed()), (vec![1], 1));
        assert_eq!((test.advance(9), test.advance(1)), (vec![], vec![2]));
        assert_eq!((test.timers.armed(), test.limiter.stats().waiting), (0, 0));
        assert_eq!(test.limiter.ask_all(b"a", 1, Ask::Look).verdict, Verdict::Limited(Some(1170)));
    }

    #[test]
    fn one_who_gives_up_takes_nothing_and_those_behind_it_come_sooner() {
        let test = test();
        test.drain("a");
        let large = test.waits(1, "a", 10);
        let _small = test.waits(2, "a", 1);
        let late = test.waits(3, "a", 1);
        let timers: Arc<dyn Timers> = test.timers.clone();
        late.arm(&timers, 1050);
        test.timers.advance(100);
        assert_eq!(test.told.news(), [(3, TimedOut)]);
        assert!(large.cancel() && !large.cancel());
        assert_eq!(test.told.news(), [(1, Cancelled)]);
        assert_eq!(test.advance(10), [2]);
        assert_eq!(test.limiter.ask_all(b"a", 0, Ask::Look).standing.remaining, 0);
    }

    #[test]
    fn a_wait_that_cannot_end_in_time_is_not_begun() {
        let test = test();
        test.drain("a");
        let _first = test.waits(1, "a", 5);
        let ask = |limit| test.limiter.acquire(b"a", 1, Some(limit), test.told.make(2));
        assert!(matches!(ask(159), Acquire::Late(160)));
        assert!(matches!(ask(160), Acquire::Waiting(_)));
        let never = Acquire::<Arc<Told>>::Refused(Verdict::Limited(None));
        for key in ["a", "new"] {
            assert_eq!(format!("{:?}", test.acquire(3, key, 11)), format!("{never:?}"));
        }
    }

    #[test]
    fn so_many_wait_over_all_keys_and_each_that_leaves_makes_room_for_another() {
        let test = test_with(2);
        for key in ["a", "b", "c"] {
            test.drain(key);
        }
        let first = test.waits(1, "a", 5);
        let _second = test.waits(2, "b", 1);
        assert!(matches!(test.acquire(3, "c", 1), Acquire::Queue(110)));
        assert!(matches!(test.acquire(3, "a", 1), Acquire::Queue(160)));
        // What is never allowed is no matter of room, and what passes needs none.
        assert!(matches!(test.acquire(3, "a", 11), Acquire::Refused(Verdict::Limited(None))));
        assert!(matches!(test.acquire(3, "d", 1), Acquire::Now));
        assert_eq!((test.limiter.stats().waiting, test.limiter.stats().refused), (2, 3));
        assert!(first.cancel());
        assert_eq!(test.told.news(), [(1, Cancelled)]);
        let _third = test.waits(4, "c", 1);
        assert!(matches!(test.acquire(5, "a", 1), Acquire::Queue(110)));
        assert_eq!(test.advance(110), [2, 4]);
        test.drain("d2");
        let _fourth = test.waits(6, "d2", 1);
        let _fifth = test.waits(7, "d2", 1);
        assert!(matches!(test.acquire(8, "d2", 1), Acquire::Queue(_)));
        test.limiter.close();
        assert!(test.limiter.common.seats.take().is_some());
        let none = test_with(0);
        none.drain("a");
        assert!(matches!(none.acquire(1, "a", 1), Acquire::Queue(110)));
    }

    #[test]
    fn configured_anew_those_who_wait_keep_their_order_and_one_who_asks_for_too_much_is_told() {
        let test = test();
        test.drain("a");
        let _waits = [test.waits(1, "a", 1), test.waits(2, "a", 8), test.waits(3, "a", 1)];
        let limits = |limit| {
            let limit = Limit::sliding(NonZeroU32::new(limit).unwrap(), NonZeroU64::new(100).unwrap());
            Limits::new(vec![limit]).unwrap()
        };
        test.limiter.configure(&limits(11));
        assert_eq!((test.told.won(), test.timers.armed()), (vec![1], 1));
        test.limiter.configure(&limits(5));
        assert_eq!((test.told.news(), test.timers.armed()), (vec![(2, Closed)], 1));
        assert_eq!(test.advance(200), [3]);
        assert_eq!((test.timers.armed(), test.limiter.stats().waiting), (0, 0));
    }

    #[test]
    fn a_reward_a_reset_or_other_limits_let_those_pass_who_wait() {
        let test = test();
        test.drain("a");
        let _one = test.waits(1, "a", 2);
        test.limiter.give_back(b"a", None, 2);
        assert_eq!(test.told.won(), [1]);
        let _two = test.waits(2, "a", 2);
        assert!(test.limiter.reset(b"a"));
        assert_eq!(test.told.won(), [2]);
        let _three = test.waits(3, "a", 10);
        test.limiter.set_list(b"a", Some(List::Allow));
        assert_eq!(test.told.won(), [3]);
        test.limiter.set_list(b"a", None);
        test.limiter.block(b"a", 500);
        let _four = test.waits(4, "a", 1);
        test.limiter.reset_all();
        assert_eq!((test.told.won(), test.timers.armed()), (vec![4], 0));
        test.limiter.block(b"a", 500);
        let _five = test.waits(5, "a", 1);
        test.limiter.set_list(b"a", Some(List::Deny));
        assert_eq!(test.told.news(), [(5, Closed)]);
    }

    #[test]
    fn a_block_is_waited_for() {
        let test = test();
        test.limiter.block(b"a", 500);
        let _one = test.waits(1, "a", 1);
        assert_eq!((test.advance(499), test.advance(1)), (vec![], vec![1]));
    }

    #[test]
    fn closing_ends_all_waits_and_the_dead_wait_no_more() {
        let test = test();
        test.drain("a");
        test.drain("b");
        let _waits = [test.waits(1, "a", 1), test.waits(2, "b", 1), test.waits(3, "a", 1)];
        let other = Arc::<Told>::default();
        let Acquire::Waiting(_theirs) = test.limiter.acquire(b"a", 1, None, other.make(4)) else { panic!() };
        test.limiter.forget(|target| Arc::ptr_eq(target, &other));
        assert_eq!((other.news(), test.told.news()), (vec![(4, Cancelled)], vec![]));
        test.limiter.close();
        let mut news = test.told.news();
        news.sort_unstable_by_key(|(token, _)| *token);
        assert_eq!(news, [(1, Closed), (2, Closed), (3, Closed)]);
        assert!(matches!(test.acquire(5, "a", 1), Acquire::Refused(Verdict::Closed)));
        assert_eq!(test.timers.armed(), 0);
    }

    #[test]
    fn ten_thousand_in_one_line_are_served_by_one_alarm_at_a_time_in_order() {
        let test = test();
        test.drain("a");
        let waits: Vec<_> = (0..10_000).map(|token| test.waits(token, "a", 1)).collect();
        assert_eq!(test.timers.armed(), 1);
        assert_eq!(test.advance(200_000), (0..10_000).collect::<Vec<_>>());
        drop(waits);
    }
}

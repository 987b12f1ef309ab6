//! The leaky bucket as a queue: what is put in leaves one after the other, at a constant rate.
//!
//! The first leaves one drop's time after it came, and each of the others one drop's time after the one before it, as long as there are any. Times keep to
//! that schedule: an alarm that rings late does not delay the next. The bucket holds so many; more are refused.

use std::fmt::Debug;

use super::line::OneAlarm;
use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, Mutex, MutexGuard, Weak};
use crate::timer::{Alarm, Timers};
use crate::wait::{Awaited, WaitList, Waiter, Wake, WakeTarget};

/// What came of putting something in.
#[derive(Debug)]
#[must_use]
pub enum Enqueue<W> {
    /// It is in; the waiter's target is told when it leaves. The waiter was made if, and only if, this is the answer.
    Waiting(Arc<Waiter<W>>),
    /// The bucket is full. There is room again in so long.
    Full(Nanos),
    /// It would leave only in so long.
    Late(Nanos),
    /// It is closed.
    Closed,
}

/// A leaky bucket.
pub struct LeakyQueue<W: WakeTarget> {
    clock: Arc<dyn Clock>,
    timers: Arc<dyn Timers>,
    me: Weak<Self>,
    inner: Mutex<Inner<W>>,
}

struct Inner<W> {
    capacity: usize,
    /// A drop's time.
    drop: Nanos,
    line: WaitList<Arc<Waiter<W>>>,
    /// Those that are in and do not stand in line yet.
    coming: usize,
    /// When the first leaves, if there is one.
    next: Nanos,
    closed: bool,
    alarm: OneAlarm,
    left: u64,
    refused: u64,
    taken_out: u64,
}

impl<W: WakeTarget> LeakyQueue<W> {
    /// A bucket that holds `capacity`, of which one leaves each `drop`.
    pub fn new(capacity: usize, drop: Nanos, clock: Arc<dyn Clock>, timers: Arc<dyn Timers>) -> Arc<Self> {
        let inner = Inner {
            capacity,
            drop: drop.max(1),
            line: WaitList::default(),
            coming: 0,
            next: 0,
            closed: false,
            alarm: OneAlarm::default(),
            left: 0,
            refused: 0,
            taken_out: 0,
        };
        Arc::new_cyclic(|me| Self { clock, timers, me: Weak::clone(me), inner: Mutex::new(inner) })
    }

    /// Puts one in, if it leaves within `within`. A waiter that gives up is taken out, and those behind it move up.
    pub fn enqueue(&self, within: Option<Nanos>, make: impl FnOnce() -> Arc<Waiter<W>>) -> Enqueue<W> {
        {
            let now = self.clock.now();
            let mut inner = self.inner.lock();
            if inner.closed {
                return Enqueue::Closed;
            }
            if inner.line.len() + inner.coming >= inner.capacity {
                inner.refused += 1;
                return Enqueue::Full(inner.next.saturating_sub(now));
            }
            let before = (inner.line.len() + inner.coming) as u64;
            let first = if inner.line.is_empty() { inner.drop } else { inner.next.saturating_sub(now) };
            let after = inner.drop.saturating_mul(before).saturating_add(first);
            if within.is_some_and(|within| after > within) {
                inner.refused += 1;
                return Enqueue::Late(after);
            }
            inner.coming += 1;
        }
        let waiter = make();
        let is_in = waiter.enlist(|places| {
            let now = self.clock.now();
            let mut inner = self.inner.lock();
            inner.coming -= 1;
            if inner.closed {
                return false;
            }
            if inner.line.is_empty() {
                inner.next = now.saturating_add(inner.drop);
            }
            let place = inner.line.push(Arc::clone(&waiter));
            if place != 0 {
                let me: Weak<dyn Awaited> = self.me.clone();
                places.push((me, place));
                self.arm(&mut inner);
            }
            place != 0
        });
        if !is_in {
            waiter.close();
        }
        Enqueue::Waiting(waiter)
    }

    fn arm(&self, inner: &mut MutexGuard<'_, Inner<W>>) {
        let (empty, next) = (inner.line.is_empty(), inner.next);
        if empty {
            inner.alarm.unset(&*self.timers);
        } else {
            inner.alarm.set(&*self.timers, next, &self.me);
        }
    }

    /// How many are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        let inner = self.inner.lock();
        inner.line.len() + inner.coming
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many it holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inner.lock().capacity
    }

    /// How many have left in their turn, were refused, and were taken out before their turn.
    #[must_use]
    pub fn figures(&self) -> [u64; 3] {
        let inner = self.inner.lock();
        [inner.left, inner.refused, inner.taken_out]
    }

    /// Holds so many from here on, of which one leaves each `drop`. What is in it stays, and the first leaves when it would have, or sooner.
    pub fn configure(&self, capacity: usize, drop: Nanos) {
        let now = self.clock.now();
        let mut inner = self.inner.lock();
        inner.capacity = capacity;
        inner.drop = drop.max(1);
        inner.next = inner.next.min(now.saturating_add(inner.drop));
        self.arm(&mut inner);
    }

    /// Tells all that are in it, and all who would come, `Closed`.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        inner.alarm.unset(&*self.timers);
        let mut line = std::mem::take(&mut inner.line);
        drop(inner);
        while let Some(waiter) = line.pop() {
            waiter.close();
        }
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }

    /// Shows each that is in it, in order, under the lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        self.inner.lock().line.each_waiter(see);
    }
}

impl<W: WakeTarget> Alarm for LeakyQueue<W> {
    fn ring(&self, now: Nanos) {
        let mut inner = self.inner.lock();
        let mut woken = Vec::new();
        while !inner.line.is_empty() && inner.next <= now {
            let Some(waiter) = inner.line.pop() else { break };
            // One who has given up takes no drop's time.
            if waiter.win() {
                woken.push(Wake::new(waiter));
                inner.left += 1;
                inner.next = inner.next.saturating_add(inner.drop);
            } else {
                inner.taken_out += 1;
            }
        }
        self.arm(&mut inner);
        drop(inner);
        drop(woken);
    }
}

impl<W: WakeTarget> Awaited for LeakyQueue<W> {
    fn leave(&self, place: u64) {
        let mut inner = self.inner.lock();
        let left = inner.line.remove(place);
        if left.is_some() {
            inner.taken_out += 1;
            self.arm(&mut inner);
        }
        drop(inner);
        drop(left);
    }
}

impl<W: WakeTarget> Drop for LeakyQueue<W> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<W: WakeTarget> Debug for LeakyQueue<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeakyQueue").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::told::Told;
    use crate::timer::ManualTimers;
    use crate::wait::WaitOutcome;

    type Target = Arc<Told>;

    fn bucket(capacity: usize, drop: Nanos) -> (Arc<LeakyQueue<Target>>, Arc<ManualTimers>, Target) {
        let timers = Arc::new(ManualTimers::default());
        (LeakyQueue::new(capacity, drop, timers.clock.clone(), timers.clone()), timers, Arc::default())
    }

    fn put(bucket: &Arc<LeakyQueue<Target>>, told: &Target, token: u64) -> Arc<Waiter<Target>> {
        let Enqueue::Waiting(waiter) = bucket.enqueue(None, told.make(token)) else {
            panic!("it is refused")
        };
        waiter
    }

    #[test]
    fn what_is_in_leaves_in_order_and_evenly_spaced() {
        let (bucket, timers, told) = bucket(3, 10);
        for token in 0..3 {
            put(&bucket, &told, token);
        }
        assert!(matches!(bucket.enqueue(None, || unreachable!()), Enqueue::Full(10)));
        for token in 0..3 {
            timers.advance(9);
            assert_eq!(told.won(), []);
            timers.advance(1);
            assert_eq!(told.won(), [token]);
        }
        assert_eq!((bucket.len(), timers.armed(), bucket.figures()), (0, 0, [3, 1, 0]));
    }

    #[test]
    fn one_that_is_taken_out_makes_room_and_those_behind_it_move_up() {
        let (bucket, timers, told) = bucket(2, 10);
        let first = put(&bucket, &told, 0);
        put(&bucket, &told, 1);
        timers.advance(5);
        assert!(first.cancel());
        assert_eq!((told.news(), bucket.len()), (vec![(0, WaitOutcome::Cancelled)], 1));
        timers.advance(5);
        assert_eq!(told.won(), [1]);
    }

    #[test]
    fn an_alarm_that_rings_late_delays_nobody() {
        let (bucket, timers, told) = bucket(5, 10);
        for token in 0..4 {
            put(&bucket, &told, token);
        }
        timers.clock.advance(25);
        bucket.ring(25);
        assert_eq!(told.won(), [0, 1]);
        timers.advance(5);
        assert_eq!(told.won(), [2]);
    }

    #[test]
    fn one_that_would_not_leave_in_time_is_refused_at_once() {
        let (bucket, timers, told) = bucket(5, 10);
        assert!(matches!(bucket.enqueue(Some(9), || unreachable!()), Enqueue::Late(10)));
        put(&bucket, &told, 0);
        timers.advance(4);
        assert!(matches!(bucket.enqueue(Some(15), || unreachable!()), Enqueue::Late(16)));
        assert!(matches!(bucket.enqueue(Some(16), told.make(1)), Enqueue::Waiting(_)));
        timers.advance(16);
        assert_eq!(told.won(), [0, 1]);
    }

    #[test]
    fn an_idle_bucket_saves_nothing_up() {
        let (bucket, timers, told) = bucket(5, 10);
        timers.advance(1000);
        put(&bucket, &told, 0);
        put(&bucket, &told, 1);
        timers.advance(10);
        assert_eq!(told.won(), [0]);
        timers.advance(10);
        assert_eq!(told.won(), [1]);
    }

    #[test]
    fn configured_anew_it_keeps_what_is_in_it() {
        let (bucket, timers, told) = bucket(5, 1000);
        put(&bucket, &told, 0);
        put(&bucket, &told, 1);
        bucket.configure(1, 10);
        assert!(matches!(bucket.enqueue(None, || unreachable!()), Enqueue::Full(10)));
        timers.advance(20);
        assert_eq!(told.won(), [0, 1]);
    }

    #[test]
    fn closing_tells_all_that_are_in_it() {
        let (bucket, timers, told) = bucket(5, 10);
        put(&bucket, &told, 0);
        bucket.close();
        bucket.close();
        assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
        assert!(matches!(bucket.enqueue(None, || unreachable!()), Enqueue::Closed));
        assert_eq!(timers.armed(), 0);
    }
}

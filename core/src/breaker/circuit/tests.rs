//! The rules of a breaker over a clock that stands still, by name of where others fell, and of what gobreaker promises.

use super::*;
use crate::breaker::{Backoff, Rates};
use crate::clock::{MILLI, ManualClock};
use crate::sync::Weak;

const ME: Owner = Owner(1);
const SECOND: Nanos = 1000 * MILLI;

struct Rig {
    breaker: Arc<Breaker>,
    clock: Arc<ManualClock>,
    told: Arc<Mutex<Vec<(Phase, Phase)>>>,
}

fn rig(rules: Rules) -> Rig {
    let clock = Arc::new(ManualClock::default());
    clock.advance(7 * SECOND);
    let told = Arc::<Mutex<Vec<_>>>::default();
    let seen = Arc::clone(&told);
    let breaker =
        Breaker::new(rules, clock.clone(), move |change| seen.lock().push((change.from, change.to.phase)));
    Rig { breaker: Arc::new(breaker), clock, told }
}

/// Three failures in a row open it for a second.
fn three() -> Rules {
    Rules { failures: Some(3), recovery: SECOND, lease: 10 * SECOND, ..Rules::default() }
}

fn rates(window: WindowKind, minimum_calls: u32, failure: f64) -> Rules {
    Rules {
        failures: None,
        rates: Some(Rates { window, minimum_calls, failure: Some(failure), slow: None }),
        ..three()
    }
}

impl Rig {
    fn enter(&self) -> Permit {
        match self.breaker.enter(ME) {
            Entry::Passed(permit) => permit,
            Entry::Rejected { .. } => panic!("rejected"),
        }
    }

    fn rejected(&self) -> (Phase, Nanos) {
        match self.breaker.enter(ME) {
            Entry::Passed(_) => panic!("passed"),
            Entry::Rejected { phase, retry_after } => (phase, retry_after),
        }
    }

    fn call(&self, end: End) {
        let permit = self.enter();
        self.breaker.leave(permit, ME, end);
    }

    fn calls(&self, count: u32, end: End) {
        (0..count).for_each(|_| self.call(end));
    }

    fn phase(&self) -> Phase {
        self.breaker.phase()
    }
}

/// Open, and its time is up.
fn to_be_tried(rules: Rules) -> Rig {
    let rig = rig(rules);
    rig.breaker.force_open();
    rig.clock.advance(SECOND);
    assert_eq!(rig.phase(), Phase::HalfOpen);
    rig
}

#[test]
fn ready_to_trip_the_last_failure_of_the_row_opens_it_and_one_fewer_does_not() {
    let rig = rig(three());
    rig.calls(2, End::Failure);
    rig.call(End::Success);
    rig.calls(2, End::Failure);
    assert_eq!(rig.phase(), Phase::Closed);
    rig.call(End::TimedOut);
    assert_eq!((rig.phase(), rig.rejected()), (Phase::Open, (Phase::Open, SECOND)));
}

#[test]
fn the_time_to_retry_shrinks_as_time_passes() {
    let rig = rig(three());
    rig.calls(3, End::Failure);
    rig.clock.advance(SECOND - 1);
    assert_eq!(rig.rejected(), (Phase::Open, 1));
    rig.clock.advance(1);
    rig.enter();
}

#[test]
fn max_requests_as_many_successful_probes_as_are_let_in_close_it() {
    let rig = to_be_tried(Rules { probes: 3, successes: 3, ..three() });
    let permits = [rig.enter(), rig.enter(), rig.enter()];
    assert_eq!(rig.rejected().0, Phase::HalfOpen);
    for permit in permits {
        assert_eq!(rig.phase(), Phase::HalfOpen);
        rig.breaker.leave(permit, ME, End::Success);
    }
    assert_eq!(rig.phase(), Phase::Closed);
}

#[test]
fn more_successes_than_probes_at_once_are_probed_one_after_the_other() {
    let rig = to_be_tried(Rules { probes: 1, successes: 2, ..three() });
    rig.call(End::Success);
    assert_eq!(rig.phase(), Phase::HalfOpen);
    rig.call(End::Success);
    assert_eq!(rig.phase(), Phase::Closed);
}

#[test]
fn interval_failures_that_are_older_than_the_window_open_nothing() {
    let rig = rig(rates(WindowKind::Time { size: 10 * SECOND, buckets: 10 }, 4, 0.5));
    rig.calls(3, End::Failure);
    rig.clock.advance(10 * SECOND);
    rig.call(End::Failure);
    assert_eq!(rig.phase(), Phase::Closed);
    rig.calls(3, End::Failure);
    assert_eq!(rig.phase(), Phase::Open);
}

#[test]
fn interval_without_a_window_a_row_of_failures_does_not_grow_old() {
    let rig = rig(three());
    rig.calls(2, End::Failure);
    rig.clock.advance(3600 * SECOND);
    rig.call(End::Failure);
    assert_eq!(rig.phase(), Phase::Open);
}

#[test]
fn state_change_each_is_told_once_and_in_order() {
    let rig = rig(three());
    rig.calls(3, End::Failure);
    rig.clock.advance(SECOND);
    rig.call(End::Failure);
    rig.clock.advance(SECOND);
    rig.call(End::Success);
    let (closed, open, half) = (Phase::Closed, Phase::Open, Phase::HalfOpen);
    let expected = [(closed, open), (open, half), (half, open), (open, half), (half, closed)];
    assert_eq!(*rig.told.lock(), expected);
}

#[test]
fn generation_a_late_success_of_the_closed_state_does_not_close_a_half_open_breaker() {
    let rig = rig(three());
    let late = rig.enter();
    rig.calls(3, End::Failure);
    rig.clock.advance(SECOND);
    assert_eq!(rig.phase(), Phase::HalfOpen);
    rig.breaker.leave(late, ME, End::Success);
    assert_eq!((rig.phase(), rig.breaker.probes()), (Phase::HalfOpen, 0));
}

#[test]
fn generation_late_failures_neither_open_it_again_nor_count_in_a_later_closed_state() {
    let rig = rig(three());
    let late = [rig.enter(), rig.enter(), rig.enter(), rig.enter()];
    rig.calls(3, End::Failure);
    rig.clock.advance(SECOND);
    assert_eq!(rig.phase(), Phase::HalfOpen);
    rig.breaker.leave(late[0], ME, End::Failure);
    assert_eq!(rig.phase(), Phase::HalfOpen);
    rig.call(End::Success);
    late[1..].iter().for_each(|permit| _ = rig.breaker.leave(*permit, ME, End::Failure));
    assert_eq!((rig.phase(), rig.breaker.figures().row), (Phase::Closed, 0));
}

#[test]
fn generation_late_calls_do_not_count_in_a_later_window() {
    let rig = rig(rates(WindowKind::Count(10), 2, 0.5));
    let late = [rig.enter(), rig.enter()];
    rig.breaker.force_close();
    late.iter().for_each(|permit| _ = rig.breaker.leave(*permit, ME, End::Failure));
    assert_eq!((rig.phase(), rig.breaker.figures().window.calls), (Phase::Closed, 0));
}

#[test]
fn a_probe_of_an_earlier_half_open_state_changes_nothing() {
    let rig = to_be_tried(Rules { probes: 2, successes: 2, ..three() });
    let late = rig.enter();
    rig.call(End::Failure);
    rig.clock.advance(SECOND);
    assert_eq!(rig.phase(), Phase::HalfOpen);
    rig.enter();
    rig.breaker.leave(late, ME, End::Failure);
    assert_eq!((rig.phase(), rig.breaker.probes()), (Phase::HalfOpen, 1));
}

#[test]
fn a_probe_that_never_comes_back_does_not_keep_the_breaker_half_open_for_ever() {
    let rig = to_be_tried(three());
    let hung = rig.enter();
    rig.clock.advance(4 * SECOND);
    assert_eq!(rig.rejected(), (Phase::HalfOpen, 6 * SECOND));
    rig.clock.advance(6 * SECOND);
    let next = rig.enter();
    rig.breaker.leave(hung, ME, End::Success);
    assert_eq!(rig.phase(), Phase::HalfOpen);
    rig.breaker.leave(next, ME, End::Success);
    assert_eq!(rig.phase(), Phase::Closed);
}

#[test]
fn a_probe_whose_thread_died_gives_its_place_back() {
    let rig = to_be_tried(three());
    assert!(matches!(rig.breaker.enter(Owner(2)), Entry::Passed(_)));
    assert!(rig.breaker.concerns(Owner(2)) && !rig.breaker.concerns(ME));
    rig.rejected();
    rig.breaker.release_owner(Owner(2));
    rig.call(End::Success);
    assert_eq!(rig.phase(), Phase::Closed);
}

#[test]
fn a_cancelled_probe_gives_its_place_back_and_neither_closes_nor_opens() {
    let rig = to_be_tried(three());
    for _ in 0..3 {
        rig.call(End::Ignored);
        assert_eq!((rig.phase(), rig.breaker.probes()), (Phase::HalfOpen, 0));
    }
}

#[test]
fn a_permit_given_back_twice_counts_once() {
    let rig = to_be_tried(Rules { probes: 1, successes: 2, ..three() });
    let permit = rig.enter();
    rig.breaker.leave(permit, ME, End::Success);
    rig.breaker.leave(permit, ME, End::Success);
    assert_eq!(rig.phase(), Phase::HalfOpen);
}

#[test]
fn each_failed_probe_makes_the_next_recovery_time_longer_until_the_breaker_closes() {
    let rules = Rules { backoff: Some(Backoff { factor: 2.0, max: 3 * SECOND }), ..three() };
    let rig = rig(rules);
    rig.calls(3, End::Failure);
    for seconds in [1, 2, 3, 3] {
        assert_eq!(rig.rejected().1, seconds * SECOND);
        rig.clock.advance(seconds * SECOND);
        rig.call(End::Failure);
    }
    rig.clock.advance(3 * SECOND);
    rig.call(End::Success);
    rig.calls(3, End::Failure);
    assert_eq!(rig.rejected().1, SECOND);
}

#[test]
fn rejected_and_ignored_calls_are_not_in_the_denominator() {
    let rig = rig(Rules { metrics: true, ..rates(WindowKind::Count(10), 4, 0.5) });
    rig.calls(50, End::Ignored);
    rig.calls(2, End::Success);
    rig.call(End::Failure);
    assert_eq!(rig.phase(), Phase::Closed);
    rig.call(End::Failure);
    assert_eq!(rig.phase(), Phase::Open);
    (0..20).for_each(|_| _ = rig.rejected());
    rig.breaker.force_close();
    rig.calls(2, End::Success);
    rig.calls(2, End::Failure);
    assert_eq!(rig.phase(), Phase::Open);
    let figures = rig.breaker.figures();
    let counted = (figures.successes, figures.failures, figures.ignored, figures.rejections);
    assert_eq!(counted, (4, 4, 50, 20));
}

#[test]
fn a_success_can_be_the_call_that_makes_them_enough() {
    let rig = rig(rates(WindowKind::Count(10), 3, 0.5));
    rig.calls(2, End::Failure);
    rig.call(End::Success);
    assert_eq!(rig.phase(), Phase::Open);
}

#[test]
fn slow_calls_open_it_and_a_slow_probe_does_not_close_it() {
    let slow = Rates { window: WindowKind::Count(10), minimum_calls: 2, failure: None, slow: Some(1.0) };
    let rules = Rules { failures: None, rates: Some(slow), slow_after: Some(SECOND), ..three() };
    let rig = rig(rules);
    let slow_call = || {
        let permit = rig.enter();
        rig.clock.advance(SECOND + MILLI);
        rig.breaker.leave(permit, ME, End::Success);
    };
    slow_call();
    assert_eq!(rig.phase(), Phase::Closed);
    slow_call();
    assert_eq!(rig.phase(), Phase::Open);
    rig.clock.advance(SECOND);
    slow_call();
    assert_eq!(rig.phase(), Phase::Open);
    rig.clock.advance(SECOND);
    let permit = rig.enter();
    rig.clock.advance(SECOND);
    rig.breaker.leave(permit, ME, End::Success);
    assert_eq!(rig.phase(), Phase::Closed);
}

#[test]
fn a_breaker_that_is_isolated_stays_so_until_somebody_closes_it() {
    let rig = rig(three());
    rig.breaker.isolate();
    rig.clock.advance(3600 * SECOND);
    assert_eq!(rig.rejected(), (Phase::Isolated, Nanos::MAX));
    assert!(!rig.breaker.recover());
    rig.breaker.reset();
    rig.call(End::Success);
}

#[test]
fn a_breaker_that_is_opened_by_force_recovers() {
    let rig = rig(three());
    rig.breaker.force_open();
    assert_eq!(rig.rejected(), (Phase::Open, SECOND));
    assert!(rig.breaker.recover());
    assert_eq!(rig.phase(), Phase::HalfOpen);
    rig.breaker.force_close();
    rig.calls(2, End::Failure);
    rig.breaker.force_close();
    rig.calls(2, End::Failure);
    assert_eq!(rig.phase(), Phase::Closed);
}

#[test]
fn a_breaker_that_is_shut_stays_so() {
    let rig = rig(three());
    rig.breaker.shut();
    rig.breaker.reset();
    rig.breaker.force_close();
    rig.breaker.isolate();
    assert_eq!(rig.rejected(), (Phase::Shut, Nanos::MAX));
    assert_eq!(*rig.told.lock(), [(Phase::Closed, Phase::Shut)]);
}

#[test]
fn a_listener_may_call_the_breaker_and_sees_the_state_that_it_is_told_of() {
    let clock = Arc::new(ManualClock::default());
    let seen = Arc::<Mutex<Vec<_>>>::default();
    let told = Arc::clone(&seen);
    let breaker = Arc::new_cyclic(|breaker: &Weak<Breaker>| {
        let breaker = Weak::clone(breaker);
        Breaker::new(three(), clock, move |change| {
            let breaker = breaker.upgrade().unwrap();
            told.lock().push((change.to.phase, breaker.phase(), breaker.figures().changes));
            if change.to.phase == Phase::Open {
                breaker.force_close();
            }
        })
    });
    breaker.force_open();
    let (open, closed) = (Phase::Open, Phase::Closed);
    assert_eq!(*seen.lock(), [(open, open, 1), (closed, closed, 2)]);
}

#[test]
fn figures_tell_the_time_in_each_state_and_reset_forgets_them() {
    let rig = rig(Rules { metrics: true, ..three() });
    rig.clock.advance(2 * SECOND);
    rig.calls(2, End::Failure);
    rig.call(End::TimedOut);
    rig.breaker.fallback(ME);
    rig.clock.advance(3 * SECOND);
    let figures = rig.breaker.figures();
    assert_eq!((figures.failures, figures.timeouts, figures.fallbacks), (3, 1, 1));
    assert_eq!(figures.times, [2 * SECOND, 3 * SECOND, 0, 0, 0]);
    let history: Vec<_> = figures.history.iter().map(|change| (change.to.phase, change.at)).collect();
    assert_eq!(history, [(Phase::Open, 9 * SECOND), (Phase::HalfOpen, 12 * SECOND)]);
    rig.breaker.reset();
    let figures = rig.breaker.figures();
    assert_eq!((figures.failures, figures.changes, figures.times), (0, 0, [0; Phase::COUNT]));
}

#[test]
fn a_call_that_began_unasked_counts_in_the_state_that_it_saw_and_in_no_other() {
    let rig = rig(Rules { metrics: true, ..three() });
    let unasked = |generation| rig.breaker.leave(Permit::unasked(generation), ME, End::Failure);
    (0..3).for_each(|_| _ = unasked(0));
    assert_eq!(rig.phase(), Phase::Open);
    rig.clock.advance(SECOND);
    assert_eq!(rig.phase(), Phase::HalfOpen);
    (0..5).for_each(|_| _ = unasked(0));
    (0..5).for_each(|_| _ = unasked(2));
    let figures = rig.breaker.figures();
    assert_eq!((rig.phase(), figures.failures, figures.latency.count()), (Phase::HalfOpen, 13, 0));
}

#[test]
fn calls_that_follow_one_another_at_once_need_not_be_timed_each_unless_slow_ones_are_looked_for() {
    let clock_of = |rules| {
        let rig = rig(rules);
        rig.call(End::Success);
        let permit = rig.enter();
        let soon = rig.breaker.leave(permit, ME, End::Success);
        rig.clock.advance(MILLI);
        let permit = rig.enter();
        (soon, rig.breaker.leave(permit, ME, End::Success), rig.breaker.place().is_some())
    };
    assert_eq!(clock_of(Rules { metrics: true, ..three() }), (true, false, true));
    let slow = Rules { metrics: true, slow_after: Some(SECOND), ..three() };
    assert!(!clock_of(slow).2);
}

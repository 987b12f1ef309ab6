//! Generations of a barrier: met, broken, reset, closed.

use super::super::told::Told;
use super::*;
use crate::wait::WaitOutcome;

fn of(parties: u32) -> (Arc<Barrier<Arc<Told>>>, Arc<Told>) {
    (Barrier::new(NonZeroU32::new(parties).unwrap()), Arc::default())
}

fn waits(arrival: Arrival<Arc<Told>>) -> Arc<Waiter<Arc<Told>>> {
    let Arrival::Waiting(waiter) = arrival else { panic!("it does not wait: {arrival:?}") };
    waiter
}

#[test]
fn the_last_of_each_generation_leads_and_all_go_on() {
    let (barrier, told) = of(3);
    for generation in 0..3 {
        let _waiters = [0, 1].map(|token| waits(barrier.arrive(Owner(token), told.make(token))));
        assert_eq!((told.won(), barrier.waiting(), barrier.generation()), (vec![], 2, generation));
        assert!(matches!(barrier.arrive(Owner(2), || unreachable!()), Arrival::Leader));
        assert_eq!((told.won(), barrier.waiting()), (vec![0, 1], 0));
    }
}

#[test]
fn a_barrier_of_one_never_waits() {
    let (barrier, _) = of(1);
    assert!(matches!(barrier.arrive(Owner(0), || unreachable!()), Arrival::Leader));
    assert!(matches!(barrier.arrive(Owner(0), || unreachable!()), Arrival::Leader));
}

#[test]
fn one_who_gives_up_breaks_it_for_all_until_it_is_reset() {
    let (barrier, told) = of(3);
    let waiters = [0, 1].map(|token| waits(barrier.arrive(Owner(token), told.make(token))));
    assert!(waiters[0].cancel());
    assert_eq!(told.news(), [(1, WaitOutcome::Closed), (0, WaitOutcome::Cancelled)]);
    assert!(barrier.is_broken() && !barrier.is_closed());
    assert!(matches!(barrier.arrive(Owner(2), || unreachable!()), Arrival::Broken));
    barrier.reset();
    let _waiters = [0, 1].map(|token| waits(barrier.arrive(Owner(token), told.make(token))));
    assert!(matches!(barrier.arrive(Owner(2), || unreachable!()), Arrival::Leader));
    assert_eq!(told.won(), [0, 1]);
}

#[test]
fn one_who_dies_waiting_breaks_it_and_one_who_dies_elsewhere_does_not() {
    let (barrier, told) = of(3);
    let _waiter = waits(barrier.arrive(Owner(0), told.make(0)));
    barrier.release_owner(Owner(1));
    assert!(!barrier.is_broken());
    barrier.release_owner(Owner(0));
    assert!(barrier.is_broken());
    assert_eq!(told.news(), [(0, WaitOutcome::Cancelled)]);
}

#[test]
fn a_generation_that_ends_while_the_waiter_of_one_counted_is_made_tells_it() {
    let (barrier, told) = of(2);
    let make = told.make(0);
    let _met = waits(barrier.arrive(Owner(0), || {
        assert!(matches!(barrier.arrive(Owner(1), || unreachable!()), Arrival::Leader));
        make()
    }));
    assert_eq!(told.won(), [0]);
    let make = told.make(1);
    let _broken = waits(barrier.arrive(Owner(0), || {
        barrier.reset();
        let other = waits(barrier.arrive(Owner(1), told.make(2)));
        assert!(other.cancel());
        make()
    }));
    assert_eq!(told.news(), [(2, WaitOutcome::Cancelled), (1, WaitOutcome::Closed)]);
}

#[test]
fn closing_is_for_good() {
    let (barrier, told) = of(2);
    let _waiter = waits(barrier.arrive(Owner(0), told.make(0)));
    barrier.close();
    barrier.reset();
    assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
    assert!(matches!(barrier.arrive(Owner(0), told.make(1)), Arrival::Closed));
}

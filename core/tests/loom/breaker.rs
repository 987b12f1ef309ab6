//! Breakers: the word that holds the state, failures in a row and probes, while threads come, go and die. At most three preemptions: a
//! second each.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use millrace_core::breaker::{Breaker, End, Entry, Permit, Phase, Rules};
use millrace_core::clock::{Clock, Nanos};
use millrace_core::lock::Owner;
use millrace_core::words::Words;

/// It stands still: time is what `Rules` make of it.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Nanos {
        1_000_000
    }
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

fn breaker(rules: Rules) -> (Arc<Breaker>, Arc<AtomicU32>) {
    let told = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&told);
    // One decimal each: the order is seen too.
    let breaker = Breaker::new(rules, Arc::new(Still), move |change| {
        let before = seen.load(Ordering::Relaxed);
        seen.store(before * 10 + change.to.phase as u32, Ordering::Relaxed);
    });
    (Arc::new(breaker), told)
}

fn rules() -> Rules {
    Rules { failures: Some(2), recovery: 1_000_000_000, lease: 1_000_000_000, ..Rules::default() }
}

fn passed(breaker: &Breaker, owner: u64) -> Option<Permit> {
    match breaker.enter(Owner(owner)) {
        Entry::Passed(permit) => Some(permit),
        Entry::Rejected { .. } => None,
    }
}

/// Runs it in another thread.
fn aside<T: Send + 'static>(breaker: &Arc<Breaker>, work: fn(&Breaker) -> T) -> thread::JoinHandle<T> {
    let breaker = Arc::clone(breaker);
    thread::spawn(move || work(&breaker))
}

#[test]
fn failures_of_two_threads_are_one_row() {
    model(|| {
        let (breaker, told) = breaker(rules());
        let fail = |breaker: &Breaker| {
            passed(breaker, 1)
                .into_iter()
                .for_each(|permit| _ = breaker.leave(permit, Owner(1), End::Failure));
        };
        let other = aside(&breaker, fail);
        fail(&breaker);
        other.join().unwrap();
        assert_eq!(breaker.phase(), Phase::Open);
        assert_eq!(told.load(Ordering::Relaxed), Phase::Open as u32);
    });
}

#[test]
fn one_probe_of_two_threads_is_let_in() {
    model(|| {
        let (breaker, _told) = breaker(rules());
        breaker.force_open();
        breaker.recover();
        let enter = |breaker: &Breaker| passed(breaker, 1).is_some();
        let other = aside(&breaker, enter);
        let mine = enter(&breaker);
        assert!(mine != other.join().unwrap());
        assert_eq!(breaker.probes(), 1);
    });
}

#[test]
fn a_place_goes_from_one_probe_to_the_next_and_never_to_two() {
    model(|| {
        let (breaker, _told) = breaker(rules());
        breaker.force_open();
        breaker.recover();
        let inside = Arc::new(AtomicU32::new(0));
        let probe = |breaker: &Breaker, inside: &AtomicU32| {
            let Some(permit) = passed(breaker, 1) else { return };
            assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
            inside.fetch_sub(1, Ordering::Relaxed);
            breaker.leave(permit, Owner(1), End::Ignored);
        };
        let other = {
            let (breaker, inside) = (Arc::clone(&breaker), Arc::clone(&inside));
            thread::spawn(move || probe(&breaker, &inside))
        };
        probe(&breaker, &inside);
        other.join().unwrap();
        assert_eq!(breaker.probes(), 0);
    });
}

#[test]
fn a_probe_s_success_and_a_force_open_leave_one_of_two_states_and_tell_it_last() {
    model(|| {
        let (breaker, told) = breaker(rules());
        breaker.force_open();
        breaker.recover();
        let permit = passed(&breaker, 1).unwrap();
        let other = aside(&breaker, Breaker::force_open);
        breaker.leave(permit, Owner(1), End::Success);
        other.join().unwrap();
        // Opened, tried, and then either closed and opened or only opened.
        assert!([121, 1201].contains(&told.load(Ordering::Relaxed)));
        assert_eq!((breaker.phase(), breaker.probes()), (Phase::Open, 0));
    });
}

#[test]
fn a_late_failure_counts_in_its_own_generation_or_not_at_all() {
    model(|| {
        let (breaker, _told) = breaker(rules());
        let (first, late) = (passed(&breaker, 1).unwrap(), passed(&breaker, 1).unwrap());
        let other = aside(&breaker, |breaker| {
            breaker.force_close();
            let permit = passed(breaker, 2).unwrap();
            breaker.leave(permit, Owner(2), End::Failure);
        });
        breaker.leave(first, Owner(1), End::Failure);
        breaker.leave(late, Owner(1), End::Failure);
        other.join().unwrap();
        let state = breaker.figures();
        // Two in a row before it was closed opened it; otherwise only the one after counts.
        match state.state.phase {
            Phase::Closed => assert_eq!(state.row, 1),
            phase => panic!("{phase:?}"),
        }
    });
}

#[test]
fn a_thread_that_dies_while_another_asks_leaves_the_place_free() {
    model(|| {
        let (breaker, _told) = breaker(rules());
        breaker.force_open();
        breaker.recover();
        let _hung = passed(&breaker, 2).unwrap();
        let other = aside(&breaker, |breaker| breaker.release_owner(Owner(2)));
        let mine = passed(&breaker, 1).is_some();
        other.join().unwrap();
        assert_eq!(mine, breaker.concerns(Owner(1)));
        assert!(mine || passed(&breaker, 1).is_some());
    });
}

#[test]
fn the_word_that_the_host_sees_shows_the_last_state_however_threads_come_to_it() {
    model(|| {
        let words = Arc::<Words>::default();
        let word = words.take();
        let place = word.place() as usize;
        let breaker = Arc::new(Breaker::with_word(rules(), Arc::new(Still), word, |_| ()));
        let other = aside(&breaker, Breaker::force_open);
        breaker.force_close();
        other.join().unwrap();
        let state = breaker.figures().state;
        let shown = words.chunk(0).unwrap().words()[place].load(Ordering::Acquire);
        assert_eq!(shown, state.generation << 2 | u32::from(state.phase == Phase::Closed));
    });
}

#[test]
fn a_row_that_stands_is_shown_to_those_whose_success_would_end_it() {
    model(|| {
        let words = Arc::<Words>::default();
        let word = words.take();
        let place = word.place() as usize;
        let rules = Rules { failures: Some(9), ..rules() };
        let breaker = Arc::new(Breaker::with_word(rules, Arc::new(Still), word, |_| ()));
        let end = |breaker: &Breaker, end: End| {
            let permit = passed(breaker, 1).unwrap();
            breaker.leave(permit, Owner(1), end);
        };
        end(&breaker, End::Failure);
        let other = {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || end(&breaker, End::Success))
        };
        end(&breaker, End::Failure);
        other.join().unwrap();
        let row = breaker.figures().row;
        let shown = words.chunk(0).unwrap().words()[place].load(Ordering::Acquire);
        assert!(row == 0 || shown & 2 == 2, "{row} in a row, {shown}");
    });
}

//! Singleflight: the leader lands or dies as others board, give up or die. Two or three threads and two followers at most; at most
//! three preemptions, as for the other locks. All together take less than a second.

use std::sync::{Arc, Mutex};

use loom::thread;
use millrace_core::lock::{Boarding, NotHeld, Owner, Passenger, Singleflight};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};

const LEADER: Owner = Owner(1);
const FIRST: Owner = Owner(2);
const SECOND: Owner = Owner(3);
const RESULT: u32 = 7;

#[derive(Debug, Clone, PartialEq)]
enum News {
    Landed(u32),
    Leads,
    GaveUp(WaitOutcome),
}

/// What followers were told, outside the model.
#[derive(Clone, Default)]
pub(crate) struct Ears(Arc<Mutex<Vec<(u64, News)>>>);

impl WakeTarget for Ears {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0.lock().unwrap().push((token, News::GaveUp(outcome)));
    }
}

impl Passenger<u32> for Ears {
    fn landed(&self, token: u64, result: u32) {
        self.0.lock().unwrap().push((token, News::Landed(result)));
    }
    fn lead(&self, token: u64) {
        self.0.lock().unwrap().push((token, News::Leads));
    }
}

impl Ears {
    fn told(&self, owner: Owner) -> Vec<News> {
        let all = self.0.lock().unwrap();
        all.iter().filter(|(token, _)| *token == owner.0).map(|(_, news)| news.clone()).collect()
    }

    /// What the follower was told that has landed, if it has.
    pub(crate) fn result(&self, owner: Owner) -> Option<u32> {
        match *self.told(owner) {
            [News::Landed(result)] => Some(result),
            _ => None,
        }
    }
}

pub(crate) type Flown = Singleflight<u32, Ears>;

/// Boards, told as its owner.
pub(crate) fn board(flights: &Flown, owner: Owner, ears: &Ears) -> Boarding<Ears> {
    flights.board("k", owner, || Waiter::new(ears.clone(), owner.0))
}

fn waits(flights: &Flown, owner: Owner, ears: &Ears) -> Arc<Waiter<Ears>> {
    match board(flights, owner, ears) {
        Boarding::Waiting(waiter) => waiter,
        Boarding::Lead => panic!("nobody leads"),
    }
}

/// A flight that [`LEADER`] leads.
fn led() -> (Arc<Flown>, Ears) {
    let (flights, ears) = (Flown::new(), Ears::default());
    assert!(matches!(board(&flights, LEADER, &ears), Boarding::Lead));
    (flights, ears)
}

fn dies(flights: &Arc<Flown>, owner: Owner) -> thread::JoinHandle<()> {
    let flights = Arc::clone(flights);
    thread::spawn(move || flights.release_owner(owner))
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

#[test]
fn one_who_boards_as_the_leader_lands_gets_its_result_or_leads() {
    model(|| {
        let (flights, ears) = led();
        let boarding = {
            let (flights, ears) = (Arc::clone(&flights), ears.clone());
            thread::spawn(move || matches!(board(&flights, FIRST, &ears), Boarding::Lead))
        };
        let told = flights.land("k", LEADER, &RESULT).unwrap();
        let leads = boarding.join().unwrap();
        assert_eq!((told, ears.result(FIRST)), if leads { (0, None) } else { (1, Some(RESULT)) });
        assert_eq!(ears.told(FIRST).len(), told);
        assert_eq!(flights.land("k", FIRST, &RESULT).is_ok(), leads);
        assert!(flights.flights().is_empty());
    });
}

#[test]
fn one_who_gives_up_as_the_leader_lands_is_told_once_and_the_other_its_result() {
    model(|| {
        let (flights, ears) = led();
        let first = waits(&flights, FIRST, &ears);
        let _second = waits(&flights, SECOND, &ears);
        let cancelling = thread::spawn(move || first.cancel());
        let told = flights.land("k", LEADER, &RESULT).unwrap();
        let cancelled = cancelling.join().unwrap();
        let wants = if cancelled { News::GaveUp(WaitOutcome::Cancelled) } else { News::Landed(RESULT) };
        assert_eq!((ears.told(FIRST), ears.told(SECOND)), (vec![wants], vec![News::Landed(RESULT)]));
        assert_eq!((told, flights.flights().len()), (2 - usize::from(cancelled), 0));
    });
}

#[test]
fn one_who_boards_as_the_leader_dies_leads() {
    model(|| {
        let (flights, ears) = led();
        let dying = dies(&flights, LEADER);
        let now = matches!(board(&flights, FIRST, &ears), Boarding::Lead);
        dying.join().unwrap();
        assert_eq!(ears.told(FIRST), if now { vec![] } else { vec![News::Leads] });
        assert_eq!(flights.land("k", FIRST, &RESULT), Ok(0));
    });
}

#[test]
fn of_two_who_board_as_the_leader_dies_one_leads_and_the_other_gets_its_result() {
    model(|| {
        let (flights, ears) = led();
        let dying = dies(&flights, LEADER);
        let boarding = {
            let (flights, ears) = (Arc::clone(&flights), ears.clone());
            thread::spawn(move || matches!(board(&flights, SECOND, &ears), Boarding::Lead))
        };
        let now = [matches!(board(&flights, FIRST, &ears), Boarding::Lead), boarding.join().unwrap()];
        dying.join().unwrap();
        let leads = |at: usize, owner| now[at] || ears.told(owner) == [News::Leads];
        let (leader, other) = match (leads(0, FIRST), leads(1, SECOND)) {
            (true, false) => (FIRST, SECOND),
            (false, true) => (SECOND, FIRST),
            both => panic!("{both:?} lead"),
        };
        assert_eq!(flights.land("k", leader, &RESULT), Ok(1));
        assert_eq!(ears.told(other), [News::Landed(RESULT)]);
    });
}

#[test]
fn when_the_one_who_is_to_lead_gives_up_as_the_leader_dies_the_next_one_leads() {
    model(|| {
        let (flights, ears) = led();
        let first = waits(&flights, FIRST, &ears);
        let _second = waits(&flights, SECOND, &ears);
        let dying = dies(&flights, LEADER);
        let cancelled = first.cancel();
        dying.join().unwrap();
        let gave_up = vec![News::GaveUp(WaitOutcome::Cancelled)];
        let (leader, wants) = if cancelled {
            (SECOND, (gave_up, vec![News::Leads]))
        } else {
            (FIRST, (vec![News::Leads], vec![]))
        };
        assert_eq!((ears.told(FIRST), ears.told(SECOND)), wants);
        assert_eq!(flights.land("k", leader, &RESULT), Ok(usize::from(!cancelled)));
        assert!(flights.flights().is_empty());
    });
}

#[test]
fn when_the_leader_and_the_one_who_is_to_lead_die_at_once_the_next_one_leads() {
    model(|| {
        let (flights, ears) = led();
        let _first = waits(&flights, FIRST, &ears);
        let _second = waits(&flights, SECOND, &ears);
        let dying = dies(&flights, LEADER);
        flights.release_owner(FIRST);
        dying.join().unwrap();
        // One who is dead may have been told to lead, which nobody hears.
        assert_eq!((ears.told(FIRST).len(), ears.told(SECOND)), (1, vec![News::Leads]));
        assert_eq!((flights.concerns(LEADER), flights.concerns(FIRST)), (false, false));
        assert_eq!(flights.land("k", SECOND, &RESULT), Ok(0));
    });
}

#[test]
fn a_result_that_comes_as_its_thread_dies_is_landed_or_refused_and_nobody_waits_for_ever() {
    model(|| {
        let (flights, ears) = led();
        let _first = waits(&flights, FIRST, &ears);
        let dying = dies(&flights, LEADER);
        let landed = flights.land("k", LEADER, &RESULT);
        dying.join().unwrap();
        match landed {
            Ok(told) => assert_eq!((told, ears.told(FIRST)), (1, vec![News::Landed(RESULT)])),
            Err(NotHeld { .. }) => {
                assert_eq!(ears.told(FIRST), [News::Leads]);
                assert_eq!(flights.land("k", FIRST, &RESULT), Ok(0));
            }
        }
        assert!(flights.flights().is_empty());
    });
}

//! The list of waiters beside the obvious version: a plain queue of numbers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use millrace_core::clock::Clock;
use millrace_core::timer::{ManualTimers, Timers};
use millrace_core::wait::{Awaited, WaitList, WaitOutcome, Waiter, WakeTarget};
use proptest::prelude::*;

#[derive(Default)]
struct Line(Mutex<WaitList<Arc<Waiter<Arc<Told>>>>>);

impl Awaited for Line {
    fn leave(&self, place: u64) {
        self.0.lock().unwrap().remove(place);
    }
}

/// Everything that was told, in order.
#[derive(Default)]
struct Told(Mutex<Vec<(u64, WaitOutcome)>>);

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0.lock().unwrap().push((token, outcome));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Wait { within: Option<u64> },
    Cancel(prop::sample::Index),
    WakeOne,
    WakeAll,
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::option::of(1u64..50).prop_map(|within| Step::Wait { within }),
        3 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        3 => Just(Step::WakeOne),
        1 => Just(Step::WakeAll),
        2 => (1u64..20).prop_map(Step::Advance),
    ]
}

proptest! {
    #[test]
    fn waiters_win_in_the_order_of_their_coming_and_each_is_told_once(
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let (line, told, timers) = (Arc::new(Line::default()), Arc::new(Told::default()), Arc::new(ManualTimers::default()));
        let service = Arc::clone(&timers) as Arc<dyn Timers>;
        let awaited: Weak<dyn Awaited> = Arc::downgrade(&(Arc::clone(&line) as Arc<dyn Awaited>));
        let mut waiters = Vec::new();
        let mut queue: VecDeque<(u64, Option<u64>)> = VecDeque::new();
        let mut expected = Vec::new();
        for step in steps {
            match step {
                Step::Wait { within } => {
                    let token = waiters.len() as u64;
                    let waiter = Waiter::new(told.clone(), token);
                    waiter.enlist(|places| {
                        let place = line.0.lock().unwrap().push(Arc::clone(&waiter));
                        places.push((awaited.clone(), place));
                    });
                    let at = within.map(|within| timers.clock.now() + within);
                    if let Some(at) = at {
                        waiter.arm(&service, at);
                    }
                    waiters.push(waiter);
                    queue.push_back((token, at));
                }
                Step::Cancel(index) if !waiters.is_empty() => {
                    let token = index.index(waiters.len());
                    let place = queue.iter().position(|entry| entry.0 == token as u64);
                    prop_assert_eq!(waiters[token].cancel(), place.is_some());
                    if let Some(place) = place {
                        queue.remove(place);
                        expected.push((token as u64, WaitOutcome::Cancelled));
                    }
                }
                Step::Cancel(_) => {}
                Step::WakeOne => {
                    let woken = line.0.lock().unwrap().wake_one();
                    prop_assert_eq!(woken.as_ref().map(|wake| wake.token()), queue.front().map(|entry| entry.0));
                    drop(woken);
                    expected.extend(queue.pop_front().map(|entry| (entry.0, WaitOutcome::Won)));
                }
                Step::WakeAll => {
                    let woken = line.0.lock().unwrap().wake_all();
                    drop(woken);
                    expected.extend(queue.drain(..).map(|entry| (entry.0, WaitOutcome::Won)));
                }
                Step::Advance(span) => {
                    timers.advance(span);
                    let now = timers.clock.now();
                    let mut due: Vec<_> = queue.iter().filter_map(|(token, at)| Some(((*at)?, *token))).collect();
                    due.retain(|(at, _)| *at <= now);
                    due.sort_unstable();
                    queue.retain(|(_, at)| at.is_none_or(|at| at > now));
                    expected.extend(due.into_iter().map(|(_, token)| (token, WaitOutcome::TimedOut)));
                }
            }
            prop_assert_eq!(&*told.0.lock().unwrap(), &expected);
            prop_assert_eq!(line.0.lock().unwrap().len(), queue.len());
            // What has ended leaves no deadline behind.
            prop_assert_eq!(timers.armed(), queue.iter().filter(|entry| entry.1.is_some()).count());
        }
    }
}

//! A bulkhead beside its obvious version: counters, and a list that is searched for whoever is to go first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use millrace_core::bulkhead::{AGEING, Bulkhead, Enter};
use millrace_core::clock::ManualClock;
use millrace_core::lock::Owner;
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};
use millrace_core::words::Word;
use proptest::prelude::*;
use proptest::sample::Index;

/// Everything that was told, in order.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<(u64, WaitOutcome)>>);

type Target = Arc<Told>;

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0.lock().unwrap().push((token, outcome));
    }
}

struct Waiting {
    token: u64,
    owner: u64,
    priority: i64,
    since: i64,
}

#[derive(Default)]
struct Model {
    most: u32,
    room: usize,
    inside: BTreeMap<u64, u32>,
    line: Vec<Waiting>,
    told: Vec<(u64, WaitOutcome)>,
    calls: u64,
    rejections: u64,
    peak: u32,
}

impl Model {
    fn count(&self) -> u32 {
        self.inside.values().sum()
    }

    fn let_in(&mut self, owner: u64) {
        *self.inside.entry(owner).or_default() += 1;
        self.calls += 1;
        self.peak = self.peak.max(self.count());
    }

    /// Whoever has waited longest goes first, each priority counting as so much more waiting.
    fn admit(&mut self) {
        while self.count() < self.most && !self.line.is_empty() {
            let mut first = 0;
            for at in 1..self.line.len() {
                let rank = |at: usize| self.line[at].since - self.line[at].priority * AGEING as i64;
                if rank(at) < rank(first) {
                    first = at;
                }
            }
            let Waiting { token, owner, .. } = self.line.remove(first);
            self.told.push((token, WaitOutcome::Won));
            self.let_in(owner);
        }
    }

    fn exit(&mut self, owner: u64) -> bool {
        let Some(count) = self.inside.get_mut(&owner).filter(|count| **count > 0) else { return false };
        *count -= 1;
        self.admit();
        true
    }
}

#[derive(Debug, Clone)]
enum Event {
    Enter { owner: u64, priority: i32 },
    Try { owner: u64 },
    Exit { owner: u64 },
    Cancel(Index),
    Die { owner: u64 },
    Most(u32),
    Pass(u64),
    Close,
}

fn event() -> impl Strategy<Value = Event> {
    let owner = || 1_u64..4;
    prop_oneof![
        8 => (owner(), -2..3).prop_map(|(owner, priority)| Event::Enter { owner, priority }),
        2 => owner().prop_map(|owner| Event::Try { owner }),
        6 => owner().prop_map(|owner| Event::Exit { owner }),
        2 => any::<Index>().prop_map(Event::Cancel),
        1 => owner().prop_map(|owner| Event::Die { owner }),
        2 => (1_u32..5).prop_map(Event::Most),
        2 => (0..3 * AGEING).prop_map(Event::Pass),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    (prop::collection::vec(event(), 0..80), any::<bool>()).prop_map(|(mut events, closes)| {
        if closes {
            events.push(Event::Close);
            events.push(Event::Enter { owner: 1, priority: 0 });
        }
        events
    })
}

proptest! {
    #[test]
    fn a_bulkhead_does_what_the_obvious_one_does(most in 1_u32..4, room in 0_usize..5, events in events()) {
        let (clock, told) = (Arc::new(ManualClock::default()), Target::default());
        let bulkhead = Bulkhead::new(most, room, Word::default(), clock.clone(), Arc::new(()));
        let mut model = Model { most, room, ..Model::default() };
        let mut waiters: Vec<Arc<Waiter<Target>>> = Vec::new();
        let (mut token, mut now, mut closed) = (0, 0_i64, false);
        for event in events {
            match event {
                Event::Enter { owner, priority } => {
                    let target = Arc::clone(&told);
                    let answer = bulkhead.enter(Owner(owner), priority, || Waiter::new(target, token));
                    if closed {
                        prop_assert!(matches!(answer, Enter::Closed));
                    } else if model.count() < model.most {
                        model.let_in(owner);
                        let inside = model.count();
                        prop_assert!(matches!(answer, Enter::Now(number) if number == inside));
                    } else if model.line.len() >= model.room {
                        model.rejections += 1;
                        prop_assert!(matches!(answer, Enter::Full));
                    } else {
                        let Enter::Waiting(waiter) = answer else { panic!("{answer:?}") };
                        waiters.push(waiter);
                        model.line.push(Waiting { token, owner, priority: priority.into(), since: now });
                    }
                    token += 1;
                }
                Event::Try { owner } => {
                    let may = model.count() < model.most;
                    prop_assert_eq!(bulkhead.try_enter(Owner(owner)).is_some(), may);
                    if may { model.let_in(owner) } else { model.rejections += 1 }
                }
                Event::Exit { owner } => {
                    prop_assert_eq!(bulkhead.exit(Owner(owner)).is_ok(), model.exit(owner));
                }
                Event::Cancel(index) => {
                    let Some(waiter) = (!waiters.is_empty()).then(|| index.get(&waiters)) else { continue };
                    let place = model.line.iter().position(|waiting| waiting.token == waiter.token());
                    prop_assert_eq!(waiter.cancel(), place.is_some());
                    if let Some(place) = place {
                        model.line.remove(place);
                        model.told.push((waiter.token(), WaitOutcome::Cancelled));
                    }
                }
                Event::Die { owner } => {
                    let mut its: Vec<_> = model.line.iter().filter(|waiting| waiting.owner == owner).collect();
                    its.sort_by_key(|waiting| waiting.since - waiting.priority * AGEING as i64);
                    model.told.extend(its.iter().map(|waiting| (waiting.token, WaitOutcome::Cancelled)));
                    model.line.retain(|waiting| waiting.owner != owner);
                    let count = model.inside.remove(&owner).unwrap_or_default();
                    prop_assert_eq!(bulkhead.release_owner(Owner(owner)), count);
                    model.admit();
                }
                Event::Most(most) => {
                    model.most = most;
                    bulkhead.set_most(most);
                    model.admit();
                }
                Event::Pass(span) => {
                    clock.advance(span);
                    now += span as i64;
                }
                Event::Close => {
                    closed = true;
                    bulkhead.close();
                    model.line.sort_by_key(|waiting| waiting.since - waiting.priority * AGEING as i64);
                    let line = model.line.drain(..);
                    model.told.extend(line.map(|waiting| (waiting.token, WaitOutcome::Closed)));
                }
            }
            let figures = bulkhead.figures();
            prop_assert_eq!((figures.inside, figures.waiting), (model.count(), model.line.len()));
            prop_assert_eq!((figures.calls, figures.rejections), (model.calls, model.rejections));
            prop_assert_eq!((figures.most, figures.peak), (model.most, model.peak));
            let held: u32 = bulkhead.holders().iter().map(|holder| holder.1).sum();
            prop_assert_eq!(held, figures.inside);
            prop_assert_eq!(&*told.0.lock().unwrap(), &model.told);
        }
    }
}

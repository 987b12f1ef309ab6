//! A channel that goes by rank, beside the obvious one: a list that is searched for the highest rank and the earliest message.

use std::sync::{Arc, Mutex};

use millrace_core::channel::{Channel, ChannelTarget, Happened, Received, Sent, TrySendError};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};
use proptest::prelude::*;

/// A rank, and which message it is.
type Ranked = (i32, u64);

/// What waits were told, by token; what a receiver got, or nothing.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<News>>>);

/// The end of a wait, with what came of it.
type News = (u64, Option<Ranked>);

impl WakeTarget for Ear {
    fn wake(&self, _token: u64, outcome: WaitOutcome) {
        assert_eq!(outcome, WaitOutcome::Cancelled);
    }
}

impl ChannelTarget<Ranked> for Ear {
    fn happened(&self, token: u64, _: u32, _: &Arc<Channel<Ranked, Self>>, what: Happened<Ranked>) {
        let got = if let Happened::Received(message) = what { Some(message) } else { None };
        self.0.lock().unwrap().push((token, got));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Push(i32),
    TryPush(i32),
    Pop,
    TryPop,
    Peek,
    Clear,
    GiveBack,
    Cancel(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let rank = prop_oneof![4 => -2i32..3, 1 => Just(i32::MIN), 1 => Just(i32::MAX)];
    prop_oneof![
        6 => rank.clone().prop_map(Step::Push),
        3 => rank.prop_map(Step::TryPush),
        5 => Just(Step::Pop),
        4 => Just(Step::TryPop),
        2 => Just(Step::Peek),
        1 => Just(Step::Clear),
        2 => Just(Step::GiveBack),
        3 => any::<prop::sample::Index>().prop_map(Step::Cancel),
    ]
}

/// The obvious queue.
#[derive(Default)]
struct Model {
    capacity: usize,
    /// In the order of their coming.
    inside: Vec<Ranked>,
    pushers: Vec<(u64, Ranked)>,
    poppers: Vec<u64>,
    told: Vec<(u64, Option<Ranked>)>,
}

impl Model {
    fn first(&self) -> Option<usize> {
        let highest = self.inside.iter().map(|(rank, _)| *rank).max()?;
        self.inside.iter().position(|(rank, _)| *rank == highest)
    }

    fn let_in(&mut self) {
        while self.inside.len() < self.capacity && !self.pushers.is_empty() {
            let (token, message) = self.pushers.remove(0);
            self.inside.push(message);
            self.told.push((token, None));
        }
    }

    fn push(&mut self, message: Ranked) -> bool {
        if !self.poppers.is_empty() {
            let token = self.poppers.remove(0);
            self.told.push((token, Some(message)));
        } else if self.inside.len() < self.capacity {
            self.inside.push(message);
        } else {
            return false;
        }
        true
    }

    fn pop(&mut self) -> Option<Ranked> {
        let message = self.inside.remove(self.first()?);
        self.let_in();
        Some(message)
    }

    fn give_back(&mut self, message: Ranked) {
        if self.poppers.is_empty() {
            self.inside.insert(0, message);
        } else {
            assert!(self.push(message));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn it_does_what_the_obvious_queue_does(
        capacity in 1u32..5,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let queue = Channel::<Ranked, Ear>::by_rank(capacity, |(rank, _)| *rank);
        let mut model = Model { capacity: capacity as usize, ..Model::default() };
        let ear = Ear::default();
        let mut waiters = Vec::new();
        let mut last = None;
        for (number, step) in steps.into_iter().enumerate() {
            let token = number as u64;
            let waiter = || Waiter::new(ear.clone(), token);
            match step {
                Step::Push(rank) => {
                    let message = (rank, token);
                    match queue.send(message, waiter) {
                        Sent::Done => prop_assert!(model.push(message)),
                        Sent::Waiting(waiter) => {
                            prop_assert!(!model.push(message));
                            model.pushers.push((token, message));
                            waiters.push(waiter);
                        }
                        Sent::Closed(_) => unreachable!(),
                    }
                }
                Step::TryPush(rank) => {
                    let message = (rank, token);
                    match queue.try_send(message) {
                        Ok(()) => prop_assert!(model.push(message)),
                        Err(TrySendError::Full(back)) => {
                            prop_assert_eq!(back, message);
                            prop_assert!(!model.push(message));
                        }
                        Err(TrySendError::Closed(_)) => unreachable!(),
                    }
                }
                Step::Pop => match queue.receive(waiter) {
                    Received::Message(message) => {
                        prop_assert_eq!(model.pop(), Some(message));
                        last = Some(message);
                    }
                    Received::Waiting(waiter) => {
                        prop_assert_eq!(model.pop(), None);
                        model.poppers.push(token);
                        waiters.push(waiter);
                    }
                    Received::Closed => unreachable!(),
                },
                Step::TryPop => {
                    let got = match queue.try_receive() {
                        Some(Received::Message(message)) => Some(message),
                        _ => None,
                    };
                    prop_assert_eq!(model.pop(), got);
                    last = got.or(last);
                }
                Step::Peek => {
                    prop_assert_eq!(queue.peek(|message| *message), model.first().map(|at| model.inside[at]));
                }
                Step::Clear => {
                    let mut removed = queue.clear();
                    removed.sort_unstable();
                    let mut expected = std::mem::take(&mut model.inside);
                    expected.sort_unstable();
                    prop_assert_eq!(removed, expected);
                    model.let_in();
                }
                // The message taken last has not reached its receiver.
                Step::GiveBack => if let Some(message) = last.take() {
                    queue.give_back(message);
                    model.give_back(message);
                },
                Step::Cancel(index) => if !waiters.is_empty() {
                    let waiter = waiters.swap_remove(index.index(waiters.len()));
                    let token = waiter.token();
                    if waiter.cancel() {
                        model.pushers.retain(|(waits, _)| *waits != token);
                        model.poppers.retain(|waits| *waits != token);
                    }
                },
            }
            prop_assert_eq!(queue.len(), model.inside.len());
            prop_assert_eq!(queue.waiting(), (model.pushers.len(), model.poppers.len()));
            prop_assert_eq!(&*ear.0.lock().unwrap(), &model.told);
        }
        queue.close();
        // Those who wait to push are refused.
        model.pushers.clear();
        while let Some(message) = model.pop() {
            let Some(Received::Message(got)) = queue.try_receive() else { panic!("one is missing") };
            prop_assert_eq!(got, message);
        }
        prop_assert_eq!(queue.len(), 0);
    }
}

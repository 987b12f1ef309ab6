//! Any interleaving of sends, receives, selects, cancellations, time-outs and a close: each message that was sent reaches exactly one
//! receiver, in the order of its sender, and nobody who waits is forgotten.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use millrace_core::channel::{Case, Channel, ChannelTarget, Happened, Received, Selected, Sent, select};
use millrace_core::clock::Clock;
use millrace_core::timer::{ManualTimers, Timers};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};
use proptest::prelude::*;

/// What one wait was told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Sent(u32),
    Received(u32, u64),
    Closed(u32),
    GaveUp(WaitOutcome),
}

#[derive(Default)]
struct Ears(Mutex<Vec<(u64, Told)>>);

#[derive(Clone)]
struct Ear(Arc<Ears>);

impl WakeTarget for Ear {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0.0.lock().unwrap().push((token, Told::GaveUp(outcome)));
    }
}

impl ChannelTarget<u64> for Ear {
    fn happened(&self, token: u64, case: u32, _: &Arc<Channel<u64, Self>>, what: Happened<u64>) {
        let told = match what {
            Happened::Sent => Told::Sent(case),
            Happened::Received(message) => Told::Received(case, message),
            Happened::Closed => Told::Closed(case),
        };
        self.0.0.lock().unwrap().push((token, told));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Send { on: usize, by: usize },
    Receive { on: usize },
    TrySend { on: usize, by: usize },
    TryReceive { on: usize },
    Select { cases: Vec<(usize, bool)>, wait: bool, chance: usize },
    SendBatch { on: usize, by: usize, count: usize },
    ReceiveBatch { on: usize, max: usize },
    Cancel(prop::sample::Index),
    Advance(u64),
    Ring { on: usize },
    Close(usize),
}

const CHANNELS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let on = 0..CHANNELS;
    prop_oneof![
        6 => (on.clone(), 0usize..3).prop_map(|(on, by)| Step::Send { on, by }),
        6 => on.clone().prop_map(|on| Step::Receive { on }),
        3 => (on.clone(), 0usize..3).prop_map(|(on, by)| Step::TrySend { on, by }),
        3 => on.clone().prop_map(|on| Step::TryReceive { on }),
        6 => (prop::collection::vec((on.clone(), any::<bool>()), 1..4), any::<bool>(), 0usize..8)
            .prop_map(|(cases, wait, chance)| Step::Select { cases, wait, chance }),
        2 => (on.clone(), 0usize..3, 1usize..5).prop_map(|(on, by, count)| Step::SendBatch { on, by, count }),
        2 => (on.clone(), 1usize..5).prop_map(|(on, max)| Step::ReceiveBatch { on, max }),
        4 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        2 => (1u64..5).prop_map(Step::Advance),
        2 => on.clone().prop_map(|on| Step::Ring { on }),
        1 => on.prop_map(Step::Close),
    ]
}

/// What somebody who waits has asked for.
struct Open {
    waiter: Arc<Waiter<Ear>>,
    /// The message of each case that sends.
    messages: Vec<Option<(usize, u64)>>,
    channels: Vec<usize>,
}

#[derive(Default)]
struct World {
    channels: Vec<Arc<Channel<u64, Ear>>>,
    ears: Arc<Ears>,
    timers: Arc<ManualTimers>,
    heard: usize,
    next_message: u64,
    next_token: u64,
    open: HashMap<u64, Open>,
    closed: HashSet<usize>,
    /// Messages that were sent, by channel, and those that were received.
    sent: HashMap<u64, usize>,
    received: Vec<(usize, u64)>,
    sender_of: HashMap<u64, usize>,
}

impl World {
    fn message(&mut self, by: usize) -> u64 {
        self.next_message += 1;
        self.sender_of.insert(self.next_message, by);
        self.next_message
    }

    fn waiter(&mut self) -> Arc<Waiter<Ear>> {
        self.next_token += 1;
        Waiter::new(Ear(Arc::clone(&self.ears)), self.next_token)
    }

    fn wait(&mut self, waiter: Arc<Waiter<Ear>>, messages: Vec<Option<(usize, u64)>>, channels: Vec<usize>) {
        if waiter.token().is_multiple_of(3) {
            let timers = Arc::clone(&self.timers) as Arc<dyn Timers>;
            waiter.arm(&timers, self.timers.clock.now() + 3);
        }
        self.open.insert(waiter.token(), Open { waiter, messages, channels });
    }

    fn was_sent(&mut self, on: usize, message: u64) {
        assert!(self.sent.insert(message, on).is_none(), "{message} was sent twice");
    }

    fn was_received(&mut self, on: usize, message: u64) {
        self.received.push((on, message));
    }

    /// Takes in what waiters have been told.
    fn hear(&mut self) {
        loop {
            let next = self.ears.0.lock().unwrap().get(self.heard).cloned();
            let Some((token, told)) = next else { break };
            self.heard += 1;
            let open = self.open.remove(&token).expect("a wait is told once, and only one that is open");
            match told {
                Told::Sent(case) => {
                    let (on, message) = open.messages[case as usize].unwrap();
                    self.was_sent(on, message);
                }
                Told::Received(case, message) => self.was_received(open.channels[case as usize], message),
                Told::Closed(case) => assert!(self.closed.contains(&open.channels[case as usize])),
                Told::GaveUp(outcome) => assert_ne!(outcome, WaitOutcome::Won),
            }
        }
    }

    fn happen(&mut self, step: &Step) {
        match step {
            Step::Send { on, by } => {
                let message = self.message(*by);
                let waiter = self.waiter();
                match self.channels[*on].clone().send(message, || waiter) {
                    Sent::Done => self.was_sent(*on, message),
                    Sent::Closed(back) => assert_eq!(back, message),
                    Sent::Waiting(waiter) => self.wait(waiter, vec![Some((*on, message))], vec![*on]),
                }
            }
            Step::Receive { on } => {
                let waiter = self.waiter();
                match self.channels[*on].clone().receive(|| waiter) {
                    Received::Message(message) => self.was_received(*on, message),
                    Received::Closed => assert!(self.closed.contains(on)),
                    Received::Waiting(waiter) => self.wait(waiter, vec![None], vec![*on]),
                }
            }
            Step::TrySend { on, by } => {
                let message = self.message(*by);
                if self.channels[*on].try_send(message).is_ok() {
                    self.was_sent(*on, message);
                }
            }
            Step::TryReceive { on } => {
                if let Some(Received::Message(message)) = self.channels[*on].try_receive() {
                    self.was_received(*on, message);
                }
            }
            Step::Select { cases, wait, chance } => {
                let mut messages = Vec::new();
                let mut list = Vec::new();
                for (on, send) in cases {
                    let channel = Arc::clone(&self.channels[*on]);
                    if *send {
                        let message = self.message(0);
                        messages.push(Some((*on, message)));
                        list.push(Case::Send(channel, message));
                    } else {
                        messages.push(None);
                        list.push(Case::Receive(channel));
                    }
                }
                let channels: Vec<_> = cases.iter().map(|(on, _)| *on).collect();
                let waiter = wait.then(|| self.waiter());
                match select(list, waiter, |below| chance % below) {
                    Selected::Received(case, message) => self.was_received(channels[case as usize], message),
                    Selected::Sent(case) => {
                        let (on, message) = messages[case as usize].unwrap();
                        self.was_sent(on, message);
                    }
                    Selected::Closed(case) => assert!(self.closed.contains(&channels[case as usize])),
                    Selected::Nothing => assert!(!wait),
                    Selected::Waiting(waiter) => self.wait(waiter, messages, channels),
                }
            }
            Step::SendBatch { on, by, count } => {
                let mut batch: std::collections::VecDeque<_> =
                    (0..*count).map(|_| self.message(*by)).collect();
                let all = batch.clone();
                let left = self.channels[*on].try_send_batch(&mut batch).unwrap_or(*count);
                for message in all.iter().take(count - left) {
                    self.was_sent(*on, *message);
                }
            }
            Step::ReceiveBatch { on, max } => {
                let mut into = Vec::new();
                self.channels[*on].try_receive_batch(*max, &mut into);
                for message in into {
                    self.was_received(*on, message);
                }
            }
            Step::Cancel(index) if !self.open.is_empty() => {
                let mut tokens: Vec<_> = self.open.keys().copied().collect();
                tokens.sort_unstable();
                let waiter = Arc::clone(&self.open[&tokens[index.index(tokens.len())]].waiter);
                assert!(waiter.cancel());
            }
            Step::Cancel(_) => {}
            Step::Advance(span) => self.timers.advance(*span),
            // Some messages are numbers, which then go through the ring.
            Step::Ring { on } => {
                let number_of = |message: &u64| (!message.is_multiple_of(3)).then_some(*message as f64);
                let ring = self.channels[*on].ring(number_of, |number| number as u64);
                assert_eq!(ring.is_some(), self.channels[*on].capacity() > 0);
            }
            Step::Close(on) => {
                self.closed.insert(*on);
                self.channels[*on].close();
            }
        }
        self.hear();
    }

    /// In this order of events, nobody can wait for what is there.
    fn check(&self) {
        for (on, channel) in self.channels.iter().enumerate() {
            let (senders, receivers) = channel.waiting();
            let open = self.open.values().filter(|open| open.channels.contains(&on));
            assert!(senders + receivers <= open.map(|open| open.channels.len()).sum());
            assert!(channel.len() <= channel.capacity() as usize);
            assert!(receivers == 0 || channel.is_empty(), "somebody waits for a message that is there");
            let full = channel.len() == channel.capacity() as usize;
            assert!(senders == 0 || full, "somebody waits for room that is there");
            assert!(!channel.is_closed() || senders + receivers == 0, "somebody waits for a closed channel");
        }
        assert_eq!(
            self.timers.armed(),
            self.open.values().filter(|open| open.waiter.token().is_multiple_of(3)).count()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn each_message_that_is_sent_reaches_one_receiver_in_order(
        capacities in prop::collection::vec(0u32..3, CHANNELS),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World {
            channels: capacities.iter().map(|capacity| Channel::new(*capacity)).collect(),
            ..World::default()
        };
        for step in &steps {
            world.happen(step);
            world.check();
        }
        for on in 0..CHANNELS {
            world.happen(&Step::Close(on));
            world.happen(&Step::ReceiveBatch { on, max: 1000 });
        }
        prop_assert!(world.open.is_empty());
        let received: HashSet<_> = world.received.iter().map(|(_, message)| *message).collect();
        prop_assert_eq!(received.len(), world.received.len(), "a message was received twice");
        prop_assert_eq!(received, world.sent.keys().copied().collect::<HashSet<_>>());
        for on in 0..CHANNELS {
            for by in 1..3 {
                // Sender 0 uses selects, whose messages may overtake those of its other waits.
                let own: Vec<_> = world
                    .received
                    .iter()
                    .filter(|(from, message)| *from == on && world.sender_of[message] == by)
                    .map(|(_, message)| *message)
                    .collect();
                prop_assert!(own.is_sorted(), "{own:?} of sender {by}");
            }
        }
    }
}

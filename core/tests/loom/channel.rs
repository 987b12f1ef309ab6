//! Channels in every order of events: hand-over against cancelling, close against both sides, selects that face each other. Two or
//! three threads with an operation or two each; at most three preemptions.

use std::sync::{Arc, Mutex};

use loom::thread;
use millrace_core::channel::{Case, Channel, ChannelTarget, Happened, Received, Selected, Sent, select};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};

/// What waits were told, outside the model.
#[derive(Default)]
struct Ears(Mutex<Vec<(u64, Told)>>);

#[derive(Debug, Clone, PartialEq)]
enum Told {
    Sent(u32),
    Received(u32, u64),
    Closed(u32),
    GaveUp,
}

#[derive(Clone, Default)]
struct Ear(Arc<Ears>);

impl Ear {
    fn told(&self, token: u64) -> Vec<Told> {
        let all = self.0.0.lock().unwrap();
        all.iter().filter(|(of, _)| *of == token).map(|(_, told)| told.clone()).collect()
    }
}

impl WakeTarget for Ear {
    fn wake(&self, token: u64, _outcome: WaitOutcome) {
        self.0.0.lock().unwrap().push((token, Told::GaveUp));
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

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

/// Receives once, and gives what came of it once all threads are done.
fn received(outcome: Received<u64, Ear>, ear: &Ear, token: u64) -> Vec<Told> {
    match outcome {
        Received::Message(message) => vec![Told::Received(0, message)],
        Received::Closed => vec![Told::Closed(0)],
        Received::Waiting(_) => ear.told(token),
    }
}

fn sent(outcome: Sent<u64, Ear>, ear: &Ear, token: u64) -> Vec<Told> {
    match outcome {
        Sent::Done => vec![Told::Sent(0)],
        Sent::Closed(_) => vec![Told::Closed(0)],
        Sent::Waiting(_) => ear.told(token),
    }
}

#[test]
fn two_messages_through_one_place_arrive_in_order() {
    model(|| {
        let (channel, ear) = (Channel::new(1), Ear::default());
        let sending = {
            let (channel, ear) = (Arc::clone(&channel), ear.clone());
            thread::spawn(move || {
                let first = channel.send(1, || Waiter::new(ear.clone(), 1));
                let second = channel.send(2, || Waiter::new(ear.clone(), 2));
                (first, second)
            })
        };
        let one = channel.receive(|| Waiter::new(ear.clone(), 3));
        let (first, second) = sending.join().unwrap();
        let two = channel.receive(|| Waiter::new(ear.clone(), 4));
        assert_eq!(received(one, &ear, 3), [Told::Received(0, 1)]);
        assert_eq!(received(two, &ear, 4), [Told::Received(0, 2)]);
        assert_eq!(sent(first, &ear, 1), [Told::Sent(0)]);
        assert_eq!(sent(second, &ear, 2), [Told::Sent(0)]);
    });
}

#[test]
fn a_message_handed_to_one_who_is_being_cancelled_is_not_lost() {
    model(|| {
        let (channel, ear) = (Channel::new(0), Ear::default());
        let Received::Waiting(first) = channel.receive(|| Waiter::new(ear.clone(), 1)) else { panic!() };
        let cancelling = thread::spawn(move || first.cancel());
        let outcome = channel.send(7, || Waiter::new(ear.clone(), 2));
        let cancelled = cancelling.join().unwrap();
        let second = channel.receive(|| Waiter::new(ear.clone(), 3));
        if cancelled {
            assert_eq!(ear.told(1), [Told::GaveUp]);
            assert_eq!(received(second, &ear, 3), [Told::Received(0, 7)]);
        } else {
            assert_eq!(ear.told(1), [Told::Received(0, 7)]);
            assert_eq!(channel.waiting(), (0, 1));
        }
        assert_eq!(sent(outcome, &ear, 2), [Told::Sent(0)]);
    });
}

#[test]
fn a_close_loses_no_message_that_was_sent_and_no_waiter() {
    model(|| {
        let (channel, ear) = (Channel::new(1), Ear::default());
        let sending = {
            let (channel, ear) = (Arc::clone(&channel), ear.clone());
            thread::spawn(move || channel.send(1, || Waiter::new(ear.clone(), 1)))
        };
        let closing = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.close())
        };
        let one = channel.receive(|| Waiter::new(ear.clone(), 2));
        let outcome = sending.join().unwrap();
        assert!(closing.join().unwrap());
        let was_sent = sent(outcome, &ear, 1) == [Told::Sent(0)];
        let mut got = received(one, &ear, 2);
        let two = channel.receive(|| Waiter::new(ear.clone(), 3));
        got.extend(received(two, &ear, 3));
        assert_eq!(
            got.iter().filter(|told| matches!(told, Told::Received(..))).count(),
            usize::from(was_sent)
        );
        assert_eq!(channel.waiting(), (0, 0));
    });
}

#[test]
fn selects_that_face_each_other_meet_once() {
    model(|| {
        let (a, b, ear) = (Channel::new(0), Channel::new(0), Ear::default());
        let facing = {
            let (a, b, ear) = (Arc::clone(&a), Arc::clone(&b), ear.clone());
            thread::spawn(move || {
                select(vec![Case::Send(a, 1), Case::Receive(b)], Some(Waiter::new(ear, 1)), |_| 0)
            })
        };
        let cases = vec![Case::Send(Arc::clone(&b), 2), Case::Receive(Arc::clone(&a))];
        let here = select(cases, Some(Waiter::new(ear.clone(), 2)), |_| 0);
        let there = facing.join().unwrap();
        let result = |outcome, token| match outcome {
            Selected::Sent(case) => vec![Told::Sent(case)],
            Selected::Received(case, message) => vec![Told::Received(case, message)],
            _ => ear.told(token),
        };
        match (result(there, 1).as_slice(), result(here, 2).as_slice()) {
            ([Told::Sent(0)], [Told::Received(1, 1)]) | ([Told::Received(1, 2)], [Told::Sent(0)]) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!((a.waiting(), b.waiting()), ((0, 0), (0, 0)));
    });
}

#[test]
fn a_select_that_is_won_twice_takes_one_and_leaves_the_other() {
    model(|| {
        let (a, b, ear) = (Channel::new(1), Channel::new(1), Ear::default());
        let cases = vec![Case::Receive(Arc::clone(&a)), Case::Receive(Arc::clone(&b))];
        let selecting = select(cases, Some(Waiter::new(ear.clone(), 1)), |_| 0);
        assert!(matches!(selecting, Selected::Waiting(_)));
        let sending = {
            let a = Arc::clone(&a);
            thread::spawn(move || a.try_send(1).is_ok())
        };
        assert!(b.try_send(2).is_ok());
        assert!(sending.join().unwrap());
        assert_eq!(ear.told(1).len(), 1);
        assert_eq!(a.len() + b.len(), 1);
        assert_eq!((a.waiting(), b.waiting()), ((0, 0), (0, 0)));
    });
}

/// A channel of one place whose numbers go through a ring.
fn with_ring() -> Arc<Channel<u64, Ear>> {
    let channel = Channel::new(1);
    assert!(channel.ring(|message| Some(*message as f64), |number| number as u64).is_some());
    channel
}

#[test]
fn a_number_that_the_host_puts_in_reaches_one_who_begins_to_wait() {
    model(|| {
        let (channel, ear) = (with_ring(), Ear::default());
        let sending = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.try_send(7).unwrap())
        };
        let outcome = channel.receive(|| Waiter::new(ear.clone(), 1));
        sending.join().unwrap();
        assert_eq!(received(outcome, &ear, 1), [Told::Received(0, 7)]);
        assert_eq!((channel.len(), channel.waiting()), (0, (0, 0)));
        channel.try_send(8).unwrap();
        assert!(matches!(channel.try_receive(), Some(Received::Message(8))));
    });
}

#[test]
fn one_who_waits_for_room_gets_it_when_the_host_takes_a_number_out() {
    model(|| {
        let (channel, ear) = (with_ring(), Ear::default());
        channel.try_send(1).unwrap();
        let taking = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || assert!(matches!(channel.try_receive(), Some(Received::Message(1)))))
        };
        let outcome = channel.send(2, || Waiter::new(ear.clone(), 1));
        taking.join().unwrap();
        assert_eq!(sent(outcome, &ear, 1), [Told::Sent(0)]);
        assert!(matches!(channel.try_receive(), Some(Received::Message(2))));
    });
}

#[test]
fn a_close_loses_no_number_that_the_host_has_put_in() {
    model(|| {
        let channel = with_ring();
        let sending = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || channel.try_send(7).is_ok())
        };
        channel.close();
        let early = channel.try_receive();
        let was_sent = sending.join().unwrap();
        match early {
            Some(Received::Message(7)) => assert!(was_sent),
            _ => assert!(!was_sent, "the channel was closed and empty"),
        }
        assert!(matches!(channel.try_receive(), Some(Received::Closed)));
    });
}

#[test]
fn two_of_the_host_take_two_numbers_once_each() {
    model(|| {
        let channel: Arc<Channel<u64, Ear>> = Channel::new(2);
        channel.ring(|message| Some(*message as f64), |number| number as u64);
        channel.try_send(1).unwrap();
        channel.try_send(2).unwrap();
        let take = |channel: &Channel<u64, Ear>| match channel.try_receive() {
            Some(Received::Message(message)) => message,
            _ => panic!("two are there for two"),
        };
        let other = {
            let channel = Arc::clone(&channel);
            thread::spawn(move || take(&channel))
        };
        let mine = take(&channel);
        assert_eq!(mine + other.join().unwrap(), 3);
        assert!(channel.try_receive().is_none() && channel.try_send(3).is_ok());
    });
}

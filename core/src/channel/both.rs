//! A channel with both locks held: the rules for who gets what.

use std::collections::VecDeque;

use super::messages::Messages;
use super::ring::Ring;
use super::{Channel, ChannelTarget, Happened};
use crate::sync::{Arc, MutexGuard};
use crate::wait::{WaitList, Waiter};

/// What receivers touch.
pub(super) struct Front<T> {
    pub(super) messages: Messages<T>,
    /// Places that receivers have emptied and senders have not yet heard of.
    pub(super) freed: i64,
    /// The back's `senders` is not empty.
    pub(super) senders_wait: bool,
    /// The ring is open, or has numbers in it.
    pub(super) ring: bool,
}

/// What senders touch.
pub(super) struct Back<T, W> {
    pub(super) messages: VecDeque<T>,
    /// Places that senders may still fill; below zero when messages that were given back exceed the capacity.
    pub(super) room: i64,
    /// `receivers` is not empty.
    pub(super) receivers_wait: bool,
    pub(super) closed: bool,
    /// The ring is open, or has numbers in it.
    pub(super) ring: bool,
    /// The message that was sent last is a number.
    pub(super) numbers: bool,
    pub(super) senders: WaitList<Sender<T, W>>,
    pub(super) receivers: WaitList<Receiver<W>>,
}

/// One who waits with a message in his hands.
pub(super) struct Sender<T, W> {
    pub(super) message: T,
    pub(super) case: u32,
    pub(super) waiter: Arc<Waiter<W>>,
}

/// One who waits for a message.
pub(super) struct Receiver<W> {
    pub(super) case: u32,
    pub(super) waiter: Arc<Waiter<W>>,
}

/// One who has won and is to be told once the locks are given back.
#[must_use]
pub(super) struct Tell<T, W> {
    waiter: Arc<Waiter<W>>,
    case: u32,
    what: Happened<T>,
}

impl<T, W: ChannelTarget<T>> Tell<T, W> {
    pub(super) fn run(self, channel: &Arc<Channel<T, W>>) {
        self.waiter.finish();
        self.waiter.target().happened(self.waiter.token(), self.case, channel, self.what);
    }
}

/// How a receive ended.
pub(super) enum Taken<T, W> {
    Message(T, Option<Tell<T, W>>),
    Closed,
    Empty,
}

/// How a send ended.
pub(super) enum Put<T, W> {
    Done(Option<Tell<T, W>>),
    Closed(T),
    Full(T),
}

/// What numbers are among the messages.
pub(super) struct Numbers<T> {
    pub(super) ring: Ring,
    /// The number that a message is, if it is one.
    pub(super) number_of: fn(&T) -> Option<f64>,
    /// The message that a number is.
    pub(super) message_of: fn(f64) -> T,
}

/// Both sides of a channel, and its ring, frozen. What is in the ring was sent before what is in the queues.
pub(super) struct Both<'a, T, W> {
    pub(super) front: MutexGuard<'a, Front<T>>,
    pub(super) back: MutexGuard<'a, Back<T, W>>,
    numbers: Option<&'a Numbers<T>>,
}

/// The ring is open to the host as long as it alone holds messages, nobody waits, and numbers are sent.
impl<T, W> Drop for Both<'_, T, W> {
    fn drop(&mut self) {
        let Some(Numbers { ring, .. }) = self.numbers else { return };
        let Self { front, back, .. } = self;
        let open = back.numbers
            && !back.closed
            && back.senders.is_empty()
            && back.receivers.is_empty()
            && back.messages.is_empty()
            && front.messages.len() == 0;
        let used = open || ring.len() > 0;
        front.ring = used;
        back.ring = used;
        if open {
            ring.thaw();
        }
    }
}

impl<'a, T, W: ChannelTarget<T>> Both<'a, T, W> {
    pub(super) fn new(
        front: MutexGuard<'a, Front<T>>,
        back: MutexGuard<'a, Back<T, W>>,
        numbers: Option<&'a Numbers<T>>,
    ) -> Self {
        if let Some(Numbers { ring, .. }) = numbers
            && front.ring
        {
            ring.freeze();
        }
        Self { front, back, numbers }
    }

    fn in_ring(&self) -> u32 {
        self.numbers.map_or(0, |numbers| numbers.ring.len())
    }

    pub(super) fn length(&self) -> usize {
        self.in_ring() as usize + self.front.messages.len() + self.back.messages.len()
    }

    /// Places left.
    fn room(&self) -> i64 {
        self.back.room - i64::from(self.in_ring())
    }

    /// Puts a message last, where there is room for it.
    fn store(&mut self, message: T) {
        if let Some(Numbers { ring, number_of, .. }) = self.numbers {
            let number = number_of(&message);
            self.back.numbers = number.is_some();
            if let Some(number) = number
                && self.back.messages.is_empty()
                && self.front.messages.len() == 0
                && ring.put(number)
            {
                return;
            }
        }
        self.back.room -= 1;
        self.back.messages.push_back(message);
    }

    /// Takes what is in the ring into the queues.
    fn unload(&mut self) {
        let Some(Numbers { ring, message_of, .. }) = self.numbers else { return };
        let numbers: Vec<_> = std::iter::from_fn(|| ring.take()).collect();
        self.back.room -= numbers.len() as i64;
        for number in numbers.into_iter().rev() {
            self.front.messages.put_back(message_of(number));
        }
    }

    fn take_stored(&mut self) -> Option<T> {
        if let Some(Numbers { ring, message_of, .. }) = self.numbers
            && let Some(number) = ring.take()
        {
            return Some(message_of(number));
        }
        self.refill();
        let message = self.front.messages.pop();
        self.front.freed += i64::from(message.is_some());
        message
    }

    /// Lets the fast paths know who waits. To be called before the locks are given back.
    pub(super) fn publish(&mut self) {
        self.front.senders_wait = !self.back.senders.is_empty();
        self.back.receivers_wait = !self.back.receivers.is_empty();
    }

    fn collect_room(&mut self) {
        self.back.room += self.front.freed;
        self.front.freed = 0;
    }

    /// The first receiver that still waits, now told to have won.
    fn win_receiver(&mut self) -> Option<Receiver<W>> {
        while let Some(receiver) = self.back.receivers.pop() {
            if receiver.waiter.win() {
                return Some(receiver);
            }
        }
        None
    }

    fn win_sender(&mut self) -> Option<Sender<T, W>> {
        while let Some(sender) = self.back.senders.pop() {
            if sender.waiter.win() {
                return Some(sender);
            }
        }
        None
    }

    /// Lets in the first sender that waits, if there is room.
    fn let_in(&mut self) -> Option<Tell<T, W>> {
        let Sender { message, case, waiter } = if self.room() > 0 { self.win_sender() } else { None }?;
        self.store(message);
        Some(Tell { waiter, case, what: Happened::Sent })
    }

    fn refill(&mut self) {
        let Self { front, back, .. } = self;
        front.messages.refill(&mut back.messages);
    }

    /// The message that a receive would take out of the channel.
    pub(super) fn first(&mut self) -> Option<&T> {
        self.unload();
        self.refill();
        self.front.messages.first()
    }

    /// Takes all messages out; those who wait with others come in.
    pub(super) fn clear(&mut self) -> (Vec<T>, Vec<Tell<T, W>>) {
        self.unload();
        let mut removed = self.front.messages.take_all();
        removed.extend(self.back.messages.drain(..));
        self.front.freed += removed.len() as i64;
        self.collect_room();
        let told = std::iter::from_fn(|| self.let_in()).collect();
        self.publish();
        (removed, told)
    }

    pub(super) fn put(&mut self, message: T) -> Put<T, W> {
        if self.back.closed {
            return Put::Closed(message);
        }
        let done = match self.win_receiver() {
            Some(Receiver { case, waiter }) => {
                Put::Done(Some(Tell { waiter, case, what: Happened::Received(message) }))
            }
            None => {
                self.collect_room();
                if self.room() > 0 {
                    self.store(message);
                    Put::Done(None)
                } else {
                    Put::Full(message)
                }
            }
        };
        self.publish();
        done
    }

    pub(super) fn take(&mut self) -> Taken<T, W> {
        let taken = if let Some(message) = self.take_stored() {
            self.collect_room();
            // Somebody waits only while there was no room, so one place lets in one sender.
            let tell = self.let_in();
            Taken::Message(message, tell)
        } else if let Some(Sender { message, case, waiter }) = self.win_sender() {
            Taken::Message(message, Some(Tell { waiter, case, what: Happened::Sent }))
        } else if self.back.closed {
            Taken::Closed
        } else {
            Taken::Empty
        };
        self.publish();
        taken
    }

    /// Whether a receive would end at once, as far as can be seen.
    pub(super) fn can_take(&self) -> bool {
        self.length() > 0
            || self.back.closed
            || self.back.senders.iter().any(|sender| sender.waiter.outcome().is_none())
    }

    /// Whether a send would end at once, as far as can be seen.
    pub(super) fn can_put(&self) -> bool {
        self.back.closed
            || self.room() + self.front.freed > 0
            || self.back.receivers.iter().any(|receiver| receiver.waiter.outcome().is_none())
    }

    /// A message comes back from a receiver that it did not reach: it is the next one again.
    pub(super) fn put_back(&mut self, message: T) -> Option<Tell<T, W>> {
        let tell = match self.win_receiver() {
            Some(Receiver { case, waiter }) => Some(Tell { waiter, case, what: Happened::Received(message) }),
            None => {
                self.collect_room();
                self.unload();
                self.back.room -= 1;
                self.front.messages.put_back(message);
                None
            }
        };
        self.publish();
        tell
    }

    /// No more messages; everyone who waits is told.
    pub(super) fn close(&mut self) -> Vec<Tell<T, W>> {
        let mut told = Vec::new();
        self.back.closed = true;
        while let Some(Receiver { case, waiter }) = self.win_receiver() {
            told.push(Tell { waiter, case, what: Happened::Closed });
        }
        while let Some(Sender { case, waiter, .. }) = self.win_sender() {
            told.push(Tell { waiter, case, what: Happened::Closed });
        }
        self.publish();
        told
    }
}

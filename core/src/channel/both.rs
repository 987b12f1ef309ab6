//! A channel with both locks held: the rules for who gets what.

use std::collections::VecDeque;

use super::messages::Messages;
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
}

/// What senders touch.
pub(super) struct Back<T, W> {
    pub(super) messages: VecDeque<T>,
    /// Places that senders may still fill; below zero when messages that were given back exceed the capacity.
    pub(super) room: i64,
    /// `receivers` is not empty.
    pub(super) receivers_wait: bool,
    pub(super) closed: bool,
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

/// Both sides of a channel.
pub(super) struct Both<'a, T, W> {
    pub(super) front: MutexGuard<'a, Front<T>>,
    pub(super) back: MutexGuard<'a, Back<T, W>>,
}

impl<T, W: ChannelTarget<T>> Both<'_, T, W> {
    pub(super) fn length(&self) -> usize {
        self.front.messages.len() + self.back.messages.len()
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
        let Sender { message, case, waiter } = if self.back.room > 0 { self.win_sender() } else { None }?;
        self.back.room -= 1;
        self.back.messages.push_back(message);
        Some(Tell { waiter, case, what: Happened::Sent })
    }

    fn refill(&mut self) {
        let Self { front, back } = self;
        front.messages.refill(&mut back.messages);
    }

    /// The message that a receive would take out of the channel.
    pub(super) fn first(&mut self) -> Option<&T> {
        self.refill();
        self.front.messages.first()
    }

    /// Takes all messages out; those who wait with others come in.
    pub(super) fn clear(&mut self) -> (Vec<T>, Vec<Tell<T, W>>) {
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
                if self.back.room > 0 {
                    self.back.room -= 1;
                    self.back.messages.push_back(message);
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
        self.refill();
        let taken = if let Some(message) = self.front.messages.pop() {
            self.front.freed += 1;
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
            || self.back.room + self.front.freed > 0
            || self.back.receivers.iter().any(|receiver| receiver.waiter.outcome().is_none())
    }

    /// A message comes back from a receiver that it did not reach: it is the next one again.
    pub(super) fn put_back(&mut self, message: T) -> Option<Tell<T, W>> {
        let tell = match self.win_receiver() {
            Some(Receiver { case, waiter }) => Some(Tell { waiter, case, what: Happened::Received(message) }),
            None => {
                self.collect_room();
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

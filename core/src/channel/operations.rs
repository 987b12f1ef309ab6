//! A channel's operations, each for one who does not wait and for one who does.

use std::collections::VecDeque;
use std::fmt::{self, Debug};

use crossbeam_utils::CachePadded;

use super::ChannelTarget;
use super::both::{Back, Both, Front, Numbers, Put, Receiver, Sender, Taken, Tell};
use super::messages::{Messages, Ranks};
use super::ring::{Ring, Tried};
use crate::sync::{Arc, Mutex, OnceLock, Weak};
use crate::wait::{Awaited, WaitList, Waiter};

/// Set in the place of a waiting sender; a place itself has 53 bits.
const SENDER: u64 = 1 << 62;

/// A channel of messages `T` whose waits are told to `W`.
///
/// Receivers get messages in the order in which they were sent, and come in the order in which they began to wait; so do
/// senders. A message is given to exactly one receiver. In one that goes by [rank](Self::by_rank) a message overtakes those of
/// lower rank in the channel, though not those whose senders still wait for room.
pub struct Channel<T, W> {
    capacity: u32,
    pub(super) me: Weak<Self>,
    front: CachePadded<Mutex<Front<T>>>,
    back: CachePadded<Mutex<Back<T, W>>>,
    /// Where numbers go, once it has been asked for.
    numbers: OnceLock<Box<Numbers<T>>>,
}

/// How a receive ended.
#[derive(Debug)]
pub enum Received<T, W> {
    /// A message was there.
    Message(T),
    /// The channel is closed and empty.
    Closed,
    /// The waiter will be told.
    Waiting(Arc<Waiter<W>>),
}

/// How a send ended.
#[derive(Debug)]
pub enum Sent<T, W> {
    /// It is in the channel, or in a receiver's hands.
    Done,
    /// The channel is closed; the message comes back.
    Closed(T),
    /// The waiter will be told.
    Waiting(Arc<Waiter<W>>),
}

/// Nothing can be sent to a closed channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// A message that cannot be sent at once, given back.
#[derive(Debug, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// No room, and nobody waits for a message.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

impl<T, W> Debug for Channel<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl<T: Send + 'static, W: ChannelTarget<T>> Channel<T, W> {
    /// A channel that holds up to `capacity` messages; with 0 each message goes from hand to hand.
    #[must_use]
    pub fn new(capacity: u32) -> Arc<Self> {
        Self::with(capacity, Messages::Line(VecDeque::new()))
    }

    /// A channel whose receivers get the message of the highest rank, and of those the one that was sent first. Each receive
    /// takes both locks.
    #[must_use]
    pub fn by_rank(capacity: u32, rank_of: fn(&T) -> i32) -> Arc<Self> {
        Self::with(capacity, Messages::Ranks(Ranks::new(rank_of)))
    }

    fn with(capacity: u32, messages: Messages<T>) -> Arc<Self> {
        let front = Front { messages, freed: 0, senders_wait: false, ring: false };
        let back = Back {
            messages: VecDeque::new(),
            room: i64::from(capacity),
            receivers_wait: false,
            closed: false,
            ring: false,
            numbers: false,
            senders: WaitList::default(),
            receivers: WaitList::default(),
        };
        Arc::new_cyclic(|me| Self {
            capacity,
            me: me.clone(),
            front: CachePadded::new(Mutex::new(front)),
            back: CachePadded::new(Mutex::new(back)),
            numbers: OnceLock::new(),
        })
    }

    pub(super) fn both(&self) -> Both<'_, T, W> {
        let front = self.front.lock();
        Both::new(front, self.back.lock(), self.numbers.get().map(|numbers| &**numbers))
    }

    /// The ring that numbers go through while nobody waits, which the host may fill and empty by itself; made when it is first asked for.
    /// The functions say which messages are numbers. A channel without a buffer, or one that goes by rank, has none.
    pub fn ring(&self, number_of: fn(&T) -> Option<f64>, message_of: fn(f64) -> T) -> Option<&Ring> {
        if self.capacity == 0 || self.front.lock().messages.is_ranked() {
            return None;
        }
        if self.numbers.get().is_none() {
            let ring = Ring::new(self.capacity);
            // Another may have been quicker.
            let _mine = self.numbers.set(Box::new(Numbers { ring, number_of, message_of }));
            let mut both = self.both();
            both.back.numbers = true;
        }
        self.numbers.get().map(|numbers| &numbers.ring)
    }

    pub(super) fn tell(&self, tell: impl IntoIterator<Item = Tell<T, W>>) {
        for tell in tell {
            if let Some(me) = self.me.upgrade() {
                tell.run(&me);
            }
        }
    }

    /// Sends, if that can be done at once.
    ///
    /// # Errors
    /// There is no room and nobody waits, or the channel is closed; the message comes back.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut number = None;
        if let Some(numbers) = self.numbers.get() {
            number = (numbers.number_of)(&message);
            if number.is_some_and(|number| numbers.ring.push(number) == Tried::Done(())) {
                return Ok(());
            }
        }
        let mut back = self.back.lock();
        if !back.ring && !back.closed && !back.receivers_wait && back.room > 0 {
            back.numbers = number.is_some();
            back.room -= 1;
            back.messages.push_back(message);
            return Ok(());
        }
        drop(back);
        // Not matched on directly: the locks would be held until the match ends.
        let put = self.both().put(message);
        match put {
            Put::Done(tell) => {
                self.tell(tell);
                Ok(())
            }
            Put::Closed(message) => Err(TrySendError::Closed(message)),
            Put::Full(message) => Err(TrySendError::Full(message)),
        }
    }

    /// Sends; if that must wait, a waiter is made and queued.
    pub fn send(&self, message: T, waiter: impl FnOnce() -> Arc<Waiter<W>>) -> Sent<T, W> {
        let message = match self.try_send(message) {
            Ok(()) => return Sent::Done,
            Err(TrySendError::Closed(message)) => return Sent::Closed(message),
            Err(TrySendError::Full(message)) => message,
        };
        let waiter = waiter();
        let put = waiter.enlist(|places| {
            let mut both = self.both();
            match both.put(message) {
                Put::Full(message) => {
                    self.queue_sender(
                        &mut both,
                        Sender { message, case: 0, waiter: Arc::clone(&waiter) },
                        places,
                    );
                    None
                }
                put => Some(put),
            }
        });
        match put {
            None => Sent::Waiting(waiter),
            Some(Put::Done(tell)) => {
                self.tell(tell);
                Sent::Done
            }
            Some(Put::Closed(message) | Put::Full(message)) => Sent::Closed(message),
        }
    }

    pub(super) fn queue_sender(&self, both: &mut Both<'_, T, W>, sender: Sender<T, W>, places: &mut Places) {
        let place = both.back.senders.push(sender) | SENDER;
        both.publish();
        places.push((self.me.clone(), place));
    }

    pub(super) fn queue_receiver(
        &self,
        both: &mut Both<'_, T, W>,
        receiver: Receiver<W>,
        places: &mut Places,
    ) {
        let place = both.back.receivers.push(receiver);
        both.publish();
        places.push((self.me.clone(), place));
    }

    /// Receives, if that can be done at once: `None` if nothing is there.
    pub fn try_receive(&self) -> Option<Received<T, W>> {
        if let Some(numbers) = self.numbers.get()
            && let Tried::Done(number) = numbers.ring.pop()
        {
            return Some(Received::Message((numbers.message_of)(number)));
        }
        let mut front = self.front.lock();
        if !front.ring
            && !front.senders_wait
            && let Some(message) = front.messages.pop_unseen()
        {
            front.freed += 1;
            return Some(Received::Message(message));
        }
        drop(front);
        let taken = self.both().take();
        self.received(taken)
    }

    fn received(&self, taken: Taken<T, W>) -> Option<Received<T, W>> {
        match taken {
            Taken::Message(message, tell) => {
                self.tell(tell);
                Some(Received::Message(message))
            }
            Taken::Closed => Some(Received::Closed),
            Taken::Empty => None,
        }
    }

    /// Receives; if that must wait, a waiter is made and queued.
    pub fn receive(&self, waiter: impl FnOnce() -> Arc<Waiter<W>>) -> Received<T, W> {
        if let Some(received) = self.try_receive() {
            return received;
        }
        let waiter = waiter();
        let taken = waiter.enlist(|places| {
            let mut both = self.both();
            let taken = both.take();
            if matches!(taken, Taken::Empty) {
                self.queue_receiver(&mut both, Receiver { case: 0, waiter: Arc::clone(&waiter) }, places);
            }
            taken
        });
        self.received(taken).unwrap_or(Received::Waiting(waiter))
    }

    /// Sends as many of the messages as there is room for, in order, with one look at the locks; how many are left.
    ///
    /// # Errors
    /// The channel is closed.
    pub fn try_send_batch(&self, messages: &mut VecDeque<T>) -> Result<usize, Closed> {
        let mut told = Vec::new();
        let mut both = self.both();
        while let Some(message) = messages.pop_front() {
            match both.put(message) {
                Put::Done(tell) => told.extend(tell),
                Put::Full(message) => {
                    messages.push_front(message);
                    break;
                }
                Put::Closed(message) => {
                    messages.push_front(message);
                    drop(both);
                    self.tell(told);
                    return Err(Closed);
                }
            }
        }
        drop(both);
        self.tell(told);
        Ok(messages.len())
    }

    /// Takes up to `max` messages that are there, with one look at the locks. Says whether the channel is closed and empty.
    pub fn try_receive_batch(&self, max: usize, into: &mut impl Extend<T>) -> (usize, bool) {
        let mut told = Vec::new();
        let mut count = 0;
        let mut closed = false;
        let mut both = self.both();
        while count < max {
            match both.take() {
                Taken::Message(message, tell) => {
                    into.extend(Some(message));
                    told.extend(tell);
                    count += 1;
                }
                Taken::Closed => {
                    closed = true;
                    break;
                }
                Taken::Empty => break,
            }
        }
        drop(both);
        self.tell(told);
        (count, closed)
    }

    /// Takes messages that are there as long as `take` accepts them, up to `max`; the one it refuses stays the next.
    pub fn receive_while(&self, max: usize, mut take: impl FnMut(&T) -> bool) {
        let mut told = Vec::new();
        let mut both = self.both();
        for _ in 0..max {
            match both.take() {
                Taken::Message(message, tell) => {
                    told.extend(tell);
                    if !take(&message) {
                        told.extend(both.put_back(message));
                        break;
                    }
                }
                Taken::Closed | Taken::Empty => break,
            }
        }
        drop(both);
        self.tell(told);
    }

    /// Looks at the message that a receive would take out of the channel.
    pub fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.both().first().map(look)
    }

    /// Takes all messages out; those who wait with others come in.
    pub fn clear(&self) -> Vec<T> {
        let (removed, told) = self.both().clear();
        self.tell(told);
        removed
    }

    /// A message that did not reach the receiver it was given to: it is the next one again, or the next of its rank.
    pub fn give_back(&self, message: T) {
        let tell = self.both().put_back(message);
        self.tell(tell);
    }

    /// Closes: nothing more is sent, what is there is still received, and everyone who waits is told. Says whether it was open.
    pub fn close(&self) -> bool {
        let mut both = self.both();
        let open = !both.back.closed;
        let told = both.close();
        drop(both);
        self.tell(told);
        open
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.back.lock().closed
    }

    /// Messages in the channel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.both().length()
    }

    /// Whether no message is in the channel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages it holds at most.
    #[must_use]
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Whether messages come by their [rank](Self::by_rank).
    #[must_use]
    pub fn goes_by_rank(&self) -> bool {
        matches!(self.front.lock().messages, Messages::Ranks(_))
    }

    /// Those who wait: senders and receivers.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        let back = self.back.lock();
        (back.senders.len(), back.receivers.len())
    }

    /// Shows each that waits, senders first, under the lock: `see` must not come back here.
    pub fn each_waiter(&self, see: &mut dyn FnMut(&Waiter<W>)) {
        let back = self.back.lock();
        back.senders.iter().for_each(|sender| see(&sender.waiter));
        back.receivers.iter().for_each(|receiver| see(&receiver.waiter));
    }

    /// Cancels the waits of targets that are gone.
    pub fn forget(&self, gone: impl Fn(&W) -> bool) {
        let back = self.back.lock();
        let senders = back.senders.iter().map(|sender| &sender.waiter);
        let receivers = back.receivers.iter().map(|receiver| &receiver.waiter);
        let waiters: Vec<_> =
            senders.chain(receivers).filter(|waiter| gone(waiter.target())).map(Arc::clone).collect();
        drop(back);
        for waiter in waiters {
            waiter.cancel();
        }
    }
}

/// The places that a waiter is about to stand at.
pub(super) type Places = Vec<(Weak<dyn Awaited>, u64)>;

impl<T: Send + 'static, W: ChannelTarget<T>> Awaited for Channel<T, W> {
    fn leave(&self, place: u64) {
        let mut both = self.both();
        // The message of a sender that gave up is dropped with the entry, after the locks.
        let sender = if place & SENDER == 0 { None } else { both.back.senders.remove(place & !SENDER) };
        let receiver = if place & SENDER == 0 { both.back.receivers.remove(place) } else { None };
        both.publish();
        drop(both);
        drop((sender, receiver));
    }
}

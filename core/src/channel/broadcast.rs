//! Broadcast: every message to every subscriber, each with a buffer of its own.
//!
//! A subscriber's buffer is a channel. One that is full is treated as its subscriber has chosen ([`Slow`]); the others get the message
//! in any case. Messages of one sender come to each subscriber in order.

use std::collections::VecDeque;

use super::operations::Received;
use super::{Channel, ChannelTarget, TrySendError};
use crate::lock::Owner;
use crate::sync::{Arc, Mutex};

/// What happens to a message for which a subscriber has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slow {
    /// Its sender waits.
    Block,
    /// The oldest message in the buffer makes room.
    DropOldest,
    /// It is dropped.
    DropNewest,
    /// It is dropped, and its sender is told.
    Error,
    /// The subscriber is disconnected: it gets what is in its buffer, and then the end.
    Disconnect,
}

/// What became of a message.
#[derive(Debug)]
pub struct Published<T, W> {
    /// Subscribers that have it.
    pub delivered: u32,
    /// Subscribers that are to be waited for, with their copy of it.
    pub blocked: Vec<(Arc<Channel<T, W>>, T)>,
    /// Subscribers that had no room and want the sender to know.
    pub refused: Vec<String>,
}

/// Subscribers, and the messages they share.
#[derive(Debug)]
pub struct Broadcast<T, W> {
    keep: usize,
    inner: Mutex<Inner<T, W>>,
}

#[derive(Debug)]
struct Inner<T, W> {
    subscribers: Vec<Subscriber<T, W>>,
    /// The last messages, for those who come late.
    history: VecDeque<T>,
    closed: bool,
}

#[derive(Debug)]
struct Subscriber<T, W> {
    id: String,
    owner: Owner,
    channel: Arc<Channel<T, W>>,
    slow: Slow,
    dropped: u64,
}

/// Why nobody is subscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscribeError {
    /// There is a subscriber of that name.
    Taken,
    /// It is closed.
    Closed,
}

impl<T: Clone + Send + 'static, W: ChannelTarget<T>> Broadcast<T, W> {
    /// A broadcast without subscribers that keeps its last `keep` messages for those who come late.
    #[must_use]
    pub fn new(keep: u32) -> Self {
        let inner = Inner { subscribers: Vec::new(), history: VecDeque::new(), closed: false };
        Self { keep: keep as usize, inner: Mutex::new(inner) }
    }

    /// Adds a subscriber with room for `capacity` messages, who first gets up to `last` of those that were kept, as far as there is
    /// room.
    ///
    /// # Errors
    /// The name is taken, or the broadcast is closed.
    pub fn subscribe(
        &self,
        id: String,
        owner: Owner,
        capacity: u32,
        slow: Slow,
        last: u32,
    ) -> Result<Arc<Channel<T, W>>, SubscribeError> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(SubscribeError::Closed);
        }
        inner.forget_closed();
        if inner.subscribers.iter().any(|subscriber| subscriber.id == id) {
            return Err(SubscribeError::Taken);
        }
        let channel = Channel::new(capacity);
        let past = inner.history.len().saturating_sub(last.min(capacity) as usize);
        for message in inner.history.iter().skip(past) {
            // There is room for so many, and nobody else knows the channel.
            let _sent = channel.try_send(message.clone());
        }
        inner.subscribers.push(Subscriber { id, owner, channel: Arc::clone(&channel), slow, dropped: 0 });
        Ok(channel)
    }

    /// Removes a subscriber, whose channel is closed. Says whether there was one.
    pub fn unsubscribe(&self, id: &str) -> bool {
        let mut inner = self.inner.lock();
        inner.forget_closed();
        let at = inner.subscribers.iter().position(|subscriber| subscriber.id == id);
        let gone = at.map(|at| inner.subscribers.remove(at));
        drop(inner);
        gone.map(|subscriber| subscriber.channel.close()).is_some()
    }

    /// Whether a thread has subscribers here.
    #[must_use]
    pub fn concerns(&self, owner: Owner) -> bool {
        self.inner.lock().subscribers.iter().any(|subscriber| subscriber.owner == owner)
    }

    /// A thread is gone: its subscribers are.
    pub fn release_owner(&self, owner: Owner) {
        let mut gone = Vec::new();
        let mut inner = self.inner.lock();
        inner.subscribers.retain(|subscriber| {
            if subscriber.owner == owner {
                gone.push(Arc::clone(&subscriber.channel));
            }
            subscriber.owner != owner
        });
        drop(inner);
        for channel in gone {
            channel.close();
        }
    }

    /// Gives a message to every subscriber. `None` if the broadcast is closed.
    pub fn publish(&self, message: &T) -> Option<Published<T, W>> {
        let mut published = Published { delivered: 0, blocked: Vec::new(), refused: Vec::new() };
        let mut gone = Vec::new();
        let mut inner = self.inner.lock();
        if inner.closed {
            return None;
        }
        if self.keep > 0 {
            inner.history.push_back(message.clone());
            if inner.history.len() > self.keep {
                inner.history.pop_front();
            }
        }
        inner.subscribers.retain_mut(|subscriber| {
            let stays = subscriber.give(message, &mut published);
            if !stays {
                gone.push(Arc::clone(&subscriber.channel));
            }
            stays
        });
        drop(inner);
        for channel in gone {
            channel.close();
        }
        Some(published)
    }

    /// No more messages and no more subscribers: those there are get what is in their buffers, and then the end.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        inner.history.clear();
        let subscribers = std::mem::take(&mut inner.subscribers);
        drop(inner);
        for subscriber in subscribers {
            subscriber.channel.close();
        }
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }

    /// Each subscriber, with what waits in its buffer and how many messages it has missed.
    #[must_use]
    pub fn subscribers(&self) -> Vec<(String, usize, u64)> {
        let mut inner = self.inner.lock();
        inner.forget_closed();
        let tell = |it: &Subscriber<T, W>| (it.id.clone(), it.channel.len(), it.dropped);
        inner.subscribers.iter().map(tell).collect()
    }
}

impl<T: Clone + Send + 'static, W: ChannelTarget<T>> Inner<T, W> {
    /// One who closes its channel subscribes no more.
    fn forget_closed(&mut self) {
        self.subscribers.retain(|subscriber| !subscriber.channel.is_closed());
    }
}

impl<T: Clone + Send + 'static, W: ChannelTarget<T>> Subscriber<T, W> {
    /// Says whether it stays a subscriber.
    fn give(&mut self, message: &T, published: &mut Published<T, W>) -> bool {
        let message = match self.channel.try_send(message.clone()) {
            Ok(()) => {
                published.delivered += 1;
                return true;
            }
            // Its reader has closed it.
            Err(TrySendError::Closed(_)) => return false,
            Err(TrySendError::Full(message)) => message,
        };
        match self.slow {
            Slow::Block => published.blocked.push((Arc::clone(&self.channel), message)),
            Slow::Disconnect => return false,
            Slow::DropNewest => self.dropped += 1,
            Slow::Error => {
                self.dropped += 1;
                published.refused.push(self.id.clone());
            }
            Slow::DropOldest => {
                if let Some(Received::Message(_)) = self.channel.try_receive() {
                    self.dropped += 1;
                }
                match self.channel.try_send(message) {
                    Ok(()) => published.delivered += 1,
                    // A buffer of no room, and nobody there.
                    Err(_) => self.dropped += 1,
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Happened;
    use crate::wait::{WaitOutcome, WakeTarget};

    struct Nobody;

    impl WakeTarget for Nobody {
        fn wake(&self, _token: u64, _outcome: WaitOutcome) {}
    }

    impl ChannelTarget<u32> for Nobody {
        fn happened(&self, _: u64, _: u32, _: &Arc<Channel<u32, Self>>, _: Happened<u32>) {}
    }

    type Sent = Broadcast<u32, Nobody>;

    fn drain(channel: &Channel<u32, Nobody>) -> Vec<u32> {
        let mut got = Vec::new();
        channel.try_receive_batch(100, &mut got);
        got
    }

    fn filled(slow: Slow) -> (Sent, Arc<Channel<u32, Nobody>>, Published<u32, Nobody>) {
        let broadcast = Sent::new(0);
        let channel = broadcast.subscribe("a".into(), Owner(1), 2, slow, 0).unwrap();
        broadcast.publish(&1).unwrap();
        broadcast.publish(&2).unwrap();
        let published = broadcast.publish(&3).unwrap();
        (broadcast, channel, published)
    }

    #[test]
    fn a_slow_subscriber_is_treated_as_it_has_chosen() {
        let (broadcast, channel, published) = filled(Slow::DropOldest);
        assert_eq!((published.delivered, drain(&channel)), (1, vec![2, 3]));
        assert_eq!(broadcast.subscribers(), [("a".to_owned(), 0, 1)]);

        let (broadcast, channel, published) = filled(Slow::DropNewest);
        assert_eq!((published.delivered, drain(&channel)), (0, vec![1, 2]));
        assert_eq!(broadcast.subscribers(), [("a".to_owned(), 0, 1)]);

        let (_, channel, published) = filled(Slow::Error);
        assert_eq!((published.refused, drain(&channel)), (vec!["a".to_owned()], vec![1, 2]));

        let (broadcast, channel, _) = filled(Slow::Disconnect);
        assert!(channel.is_closed() && broadcast.subscribers().is_empty());
        assert_eq!(drain(&channel), [1, 2]);

        let (_, _, published) = filled(Slow::Block);
        assert_eq!(published.blocked.len(), 1);
    }

    #[test]
    fn the_late_get_the_last_messages_as_far_as_they_have_room() {
        let broadcast = Sent::new(3);
        for message in 1..=5 {
            broadcast.publish(&message).unwrap();
        }
        for (capacity, last, expected) in
            [(10, 2, vec![4, 5]), (10, 9, vec![3, 4, 5]), (1, 3, vec![5]), (0, 3, vec![])]
        {
            let id = format!("{capacity} {last}");
            let late = broadcast.subscribe(id, Owner(1), capacity, Slow::Block, last).unwrap();
            assert_eq!(drain(&late), expected);
        }
    }

    #[test]
    fn subscribers_go_by_name_with_their_thread_or_with_the_broadcast() {
        let broadcast = Sent::new(0);
        let subscribe = |id: &str, owner| broadcast.subscribe(id.into(), Owner(owner), 1, Slow::Block, 0);
        let [a, b, c] = [("a", 1), ("b", 2), ("c", 1)].map(|(id, owner)| subscribe(id, owner).unwrap());
        assert_eq!(subscribe("a", 3).unwrap_err(), SubscribeError::Taken);
        assert!(broadcast.unsubscribe("a") && a.is_closed() && !broadcast.unsubscribe("a"));
        assert!(broadcast.concerns(Owner(1)));
        broadcast.release_owner(Owner(1));
        assert!(!broadcast.concerns(Owner(1)) && broadcast.concerns(Owner(2)));
        assert!(c.is_closed() && !b.is_closed());
        broadcast.close();
        assert!(b.is_closed() && broadcast.publish(&1).is_none());
        assert_eq!(subscribe("d", 1).unwrap_err(), SubscribeError::Closed);
    }

    #[test]
    fn one_who_closes_its_channel_subscribes_no_more() {
        let broadcast = Sent::new(0);
        let subscribe = || broadcast.subscribe("a".into(), Owner(1), 1, Slow::Block, 0);
        subscribe().unwrap().close();
        assert!(broadcast.subscribers().is_empty() && !broadcast.unsubscribe("a"));
        subscribe().unwrap().close();
        let again = subscribe().unwrap();
        assert_eq!(broadcast.publish(&1).map(|published| published.delivered), Some(1));
        assert_eq!(drain(&again), [1]);
    }
}

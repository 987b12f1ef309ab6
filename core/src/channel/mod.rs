//! Channels with Go's semantics, between any threads.
//!
//! [`Channel`] hands messages over, buffered or not, first in first out among messages, receivers and senders; [`select`] does
//! exactly one of several operations on any mix of channels. [`Broadcast`] gives every message to every subscriber; a [`Ticker`]
//! sends when its time has come.
//!
//! A channel is two queues with a lock each: senders fill the back one, receivers empty the front one and swap the two when it
//! is empty, so that a stream of messages seldom meets on one lock. Whatever concerns waiting takes both locks, front before
//! back; whether somebody waits stands on either side, so the fast paths see it under the one lock they hold. Numbers may go through
//! a ring that the host's threads fill and empty without any lock; whoever holds both locks has frozen it. Where messages have
//! ranks, receivers sort what the back queue has into lines, one for each rank, before they take the first.

mod both;
mod broadcast;
mod messages;
mod operations;
mod ring;
mod select;
mod ticker;

pub use broadcast::{Broadcast, Published, Slow, SubscribeError};
pub use operations::{Channel, Closed, Received, Sent, TrySendError};
pub use ring::{HEAD, Ring, STAMPS, TAIL, Tried};
pub use select::{Case, Selected, select};
pub use ticker::Ticker;

use crate::sync::Arc;
use crate::wait::WakeTarget;

/// What has happened to one who waited.
#[derive(Debug)]
pub enum Happened<T> {
    /// The message was taken.
    Sent,
    /// A message came.
    Received(T),
    /// The channel was closed: nothing was sent, or nothing is left to receive.
    Closed,
}

/// Whom the end of a wait on channels is told: of a cancellation or time-out by [`WakeTarget::wake`], of anything else here.
pub trait ChannelTarget<T>: WakeTarget + Sized {
    /// Called once, with no lock held, if the wait was won. `case` is which of a select's it was. A message that cannot reach its
    /// receiver any more is to be [given back](Channel::give_back) to `channel`.
    fn happened(&self, token: u64, case: u32, channel: &Arc<Channel<T, Self>>, what: Happened<T>);
}

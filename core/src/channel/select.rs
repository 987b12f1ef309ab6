//! Select: exactly one of several operations, on any mix of channels.
//!
//! As in Go: all channels are locked in one order, a ready case is picked by chance, and if there is none the waiter is queued at
//! all of them before any lock is given back. So two selects that face each other meet in one step, and nothing is tried twice.

use super::both::{Both, Put, Receiver, Sender, Taken, Tell};
use super::operations::Places;
use super::{Channel, ChannelTarget};
use crate::sync::Arc;
use crate::wait::Waiter;

/// One of a select's operations.
#[derive(Debug)]
pub enum Case<T, W> {
    /// Receive from this channel.
    Receive(Arc<Channel<T, W>>),
    /// Send this message to this channel.
    Send(Arc<Channel<T, W>>, T),
}

impl<T, W> Case<T, W> {
    /// The channel concerned.
    #[must_use]
    pub const fn channel(&self) -> &Arc<Channel<T, W>> {
        match self {
            Self::Receive(channel) | Self::Send(channel, _) => channel,
        }
    }
}

/// How a select ended.
#[derive(Debug)]
pub enum Selected<T, W> {
    /// Case so-and-so has received a message.
    Received(u32, T),
    /// Case so-and-so has sent its message.
    Sent(u32),
    /// The channel of case so-and-so is closed: nothing is left to receive, or nothing can be sent.
    Closed(u32),
    /// No case is ready.
    Nothing,
    /// The waiter will be told.
    Waiting(Arc<Waiter<W>>),
}

/// Does one of the cases that are ready, each as likely as the others: `chance(n)` is to give a random number below n. If none
/// is ready, `waiter` is queued for all of them; without one nothing happens.
pub fn select<T: Send + 'static, W: ChannelTarget<T>>(
    cases: Vec<Case<T, W>>,
    waiter: Option<Arc<Waiter<W>>>,
    mut chance: impl FnMut(usize) -> usize,
) -> Selected<T, W> {
    let channels: Vec<_> = cases.iter().map(|case| Arc::clone(case.channel())).collect();
    let mut order: Vec<&Arc<Channel<T, W>>> = channels.iter().collect();
    order.sort_unstable_by_key(|channel| Arc::as_ptr(channel));
    order.dedup_by_key(|channel| Arc::as_ptr(channel));
    let attempt = |places: Option<(&mut Places, &Arc<Waiter<W>>)>| {
        let mut table =
            Table { locked: order.iter().map(|channel| (Arc::as_ptr(channel), channel.both())).collect() };
        let mut cases = cases;
        match table.pick(&mut cases, &mut chance) {
            Some(done) => Some(done),
            None => {
                if let Some((places, waiter)) = places {
                    table.queue(cases, places, waiter);
                }
                None
            }
        }
    };
    let done = match &waiter {
        None => attempt(None),
        Some(waiter) => waiter.enlist(|places| attempt(Some((places, waiter)))),
    };
    match (done, waiter) {
        (Some((case, selected, tell)), _) => {
            if let (Some(channel), Some(tell)) = (channels.get(case), tell) {
                channel.tell(Some(tell));
            }
            selected
        }
        (None, Some(waiter)) => Selected::Waiting(waiter),
        (None, None) => Selected::Nothing,
    }
}

type Done<T, W> = (usize, Selected<T, W>, Option<Tell<T, W>>);

type Locked<'a, T, W> = (*const Channel<T, W>, Both<'a, T, W>);

/// Every channel of a select, locked, in the order of their addresses.
struct Table<'a, T, W> {
    locked: Vec<Locked<'a, T, W>>,
}

impl<'a, T: Send + 'static, W: ChannelTarget<T>> Table<'a, T, W> {
    fn of(&mut self, channel: &Arc<Channel<T, W>>) -> Option<&mut Both<'a, T, W>> {
        let address = Arc::as_ptr(channel);
        let at = self.locked.binary_search_by_key(&address, |(known, _)| *known).ok()?;
        self.locked.get_mut(at).map(|(_, both)| both)
    }

    /// Does one of the cases that are ready.
    fn pick(
        &mut self,
        cases: &mut [Case<T, W>],
        chance: &mut impl FnMut(usize) -> usize,
    ) -> Option<Done<T, W>> {
        let mut ready: Vec<usize> = Vec::new();
        for (at, case) in cases.iter().enumerate() {
            let both = self.of(case.channel())?;
            let can = match case {
                Case::Receive(_) => both.can_take(),
                Case::Send(..) => both.can_put(),
            };
            if can {
                ready.push(at);
            }
        }
        // One that looked ready is not if whoever waited there has given up in this instant.
        while !ready.is_empty() {
            let at = ready.swap_remove(chance(ready.len()).min(ready.len() - 1));
            if let Some(done) = self.perform(cases, at) {
                return Some(done);
            }
        }
        None
    }

    fn perform(&mut self, cases: &mut [Case<T, W>], at: usize) -> Option<Done<T, W>> {
        let number = at as u32;
        let channel = Arc::clone(cases.get(at)?.channel());
        // The message is taken out, so that it can be sent, and put back if that fails.
        let case = std::mem::replace(cases.get_mut(at)?, Case::Receive(Arc::clone(&channel)));
        let both = self.of(&channel)?;
        match case {
            Case::Receive(_) => match both.take() {
                Taken::Message(message, tell) => Some((at, Selected::Received(number, message), tell)),
                Taken::Closed => Some((at, Selected::Closed(number), None)),
                Taken::Empty => None,
            },
            Case::Send(_, message) => match both.put(message) {
                Put::Done(tell) => Some((at, Selected::Sent(number), tell)),
                Put::Closed(_) => Some((at, Selected::Closed(number), None)),
                Put::Full(message) => {
                    *cases.get_mut(at)? = Case::Send(channel, message);
                    None
                }
            },
        }
    }

    fn queue(&mut self, cases: Vec<Case<T, W>>, places: &mut Places, waiter: &Arc<Waiter<W>>) {
        for (at, case) in cases.into_iter().enumerate() {
            let channel = Arc::clone(case.channel());
            let Some(both) = self.of(&channel) else { continue };
            let (case_number, waiter) = (at as u32, Arc::clone(waiter));
            match case {
                Case::Receive(_) => {
                    channel.queue_receiver(both, Receiver { case: case_number, waiter }, places);
                }
                Case::Send(_, message) => {
                    channel.queue_sender(both, Sender { message, case: case_number, waiter }, places);
                }
            }
        }
    }
}

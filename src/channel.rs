//! The fast calls of channels.

use std::collections::VecDeque;
use std::sync::Arc;

use millrace_core::channel::{Received, Sent, TrySendError};
use millrace_core::lock::Owner;

use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, fast_calls};
use crate::page::{Area, PAGE_NUMBERS, PAGE_TASK_RECORD};
use crate::port::PortRef;
use crate::port_calls::Writer;
use crate::shared::Kind;
use crate::waiting::{JsChannel, JsWaiter};
use crate::waits::{attend, block, waiter};

/// What the sending calls answer.
pub(crate) mod sent {
    pub(crate) const DONE: i32 = 0;
    pub(crate) const WAITING: i32 = 1;
    pub(crate) const CLOSED: i32 = 2;
}

/// The kind of a number.
pub(crate) const NUMBER: u8 = 3;

/// Puts a received value where JavaScript finds it. A number is the answer itself.
pub(crate) fn give(isolate: &Isolate, payload: Payload) -> Answer {
    if let Payload::Scalar { kind: NUMBER, num } = payload {
        return Answer::Number(num);
    }
    describe(isolate, payload, 0.0, 0.0);
    Answer::Bool(true)
}

/// The same for one who cannot wait for a value of the side path: that goes back to its channel.
fn give_now(isolate: &Isolate, channel: &JsChannel, payload: Payload) -> Result<Answer, Fault> {
    if matches!(payload, Payload::Side { .. }) {
        channel.give_back(payload);
        return Err(NOT_NOW);
    }
    Ok(give(isolate, payload))
}

pub(crate) const NOT_NOW: Fault = Fault {
    code: crate::error::code::UNSUPPORTED,
    message: std::borrow::Cow::Borrowed(
        "the next message can be cloned by the platform alone and must be fetched from its sender: take it with await",
    ),
};

/// Writes a value into the task's record, behind two numbers.
pub(crate) fn describe(isolate: &Isolate, payload: Payload, first: f64, second: f64) {
    let value = Writer::new(isolate, Area::TASK).write_wanted(payload);
    let record = [first, second, value.kind, value.num, value.offset, value.held, 0.0, 0.0];
    isolate.page.write_record(PAGE_TASK_RECORD, &record);
}

fn send(isolate: &Isolate, channel: &JsChannel, wait: u32, payload: Payload) -> (i32, Option<Arc<JsWaiter>>) {
    match channel.send(payload, || waiter(isolate, wait)) {
        Sent::Done => (sent::DONE, None),
        Sent::Closed(_) => (sent::CLOSED, None),
        Sent::Waiting(waiter) => (sent::WAITING, Some(waiter)),
    }
}

fn try_send(channel: &JsChannel, payload: Payload) -> Answer {
    Answer::Code(match channel.try_send(payload) {
        Ok(()) => sent::DONE,
        Err(TrySendError::Full(_)) => sent::WAITING,
        Err(TrySendError::Closed(_)) => sent::CLOSED,
    })
}

pub(crate) const fn number(num: f64) -> Payload {
    Payload::Scalar { kind: NUMBER, num }
}

impl Kind for Arc<JsChannel> {
    fn kind(&self) -> &'static str {
        "channel"
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        JsChannel::each_waiter(self, see);
    }

    fn held(&self) -> f64 {
        self.len() as f64
    }

    fn forget(&self, isolate: PortRef, _owner: Owner) {
        JsChannel::forget(self, |target| target.is_of(isolate));
    }
}

fast_calls! {
    /// `(channel, wait, tag, number)`: sends; a wait is begun if there is no room.
    c"channelSend" Send(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(2)? as u8, arguments.number(3)?)?;
        let wait = arguments.whole(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(Answer::Code(send(isolate, channel, wait, payload).0)))
    }

    /// `(channel, wait, number)`: the same for a number.
    c"channelSendNumber" SendNumber(isolate, arguments) {
        let (wait, payload) = (arguments.whole(1)?, number(arguments.number(2)?));
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(Answer::Code(send(isolate, channel, wait, payload).0)))
    }

    /// `(channel, wait, tag, number, limit in ms or 0, cancellable)`.
    c"channelSendWith" SendWith(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(2)? as u8, arguments.number(3)?)?;
        let wait = arguments.whole(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| {
            let (code, waiter) = send(isolate, channel, wait, payload);
            if let Some(waiter) = waiter {
                attend(isolate, arguments, 4, &waiter)?;
            }
            Ok(Answer::Code(code))
        })
    }

    /// `(channel, tag, number)`: sends if that needs no waiting.
    c"channelTrySend" TrySend(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(try_send(channel, payload)))
    }

    /// `(channel, number)`: the same for a number.
    c"channelTrySendNumber" TrySendNumber(isolate, arguments) {
        let payload = number(arguments.number(1)?);
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(try_send(channel, payload)))
    }

    /// `(channel, count)`: sends numbers that stand in the page as far as there is room; how many, or -1 if it is closed.
    c"channelSendNumbers" SendNumbers(isolate, arguments) {
        let count = arguments.whole(1)? as usize;
        let mut numbers: VecDeque<_> = (0..count).map(|at| number(isolate.page.read_number(at))).collect();
        isolate.with_channel(arguments.wide(0)?, |channel| {
            Ok(Answer::Code(channel.try_send_batch(&mut numbers).map_or(-1, |left| (count - left) as i32)))
        })
    }

    /// `(channel, max)`: receives up to so many numbers into the page, as far as numbers are there; how many.
    c"channelReceiveNumbers" ReceiveNumbers(isolate, arguments) {
        let max = (arguments.whole(1)? as usize).min(PAGE_NUMBERS);
        isolate.with_channel(arguments.wide(0)?, |channel| {
            let mut at = 0;
            channel.receive_while(max, |payload| {
                let Payload::Scalar { kind: NUMBER, num } = *payload else { return false };
                isolate.page.write_number(at, num);
                at += 1;
                true
            });
            Ok(Answer::Code(at as i32))
        })
    }

    /// `(channel, wait)`: a number that was received; true if something else was, which the task's record describes; false if
    /// a wait was begun; nothing if the channel is closed and empty.
    c"channelReceive" Receive(isolate, arguments) {
        let wait = arguments.whole(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| {
            Ok(match channel.receive(|| waiter(isolate, wait)) {
                Received::Message(payload) => give(isolate, payload),
                Received::Closed => Answer::Nothing,
                Received::Waiting(_) => Answer::Bool(false),
            })
        })
    }

    /// `(channel, wait, limit in ms or 0, cancellable)`: the same.
    c"channelReceiveWith" ReceiveWith(isolate, arguments) {
        let wait = arguments.whole(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| {
            Ok(match channel.receive(|| waiter(isolate, wait)) {
                Received::Message(payload) => give(isolate, payload),
                Received::Closed => Answer::Nothing,
                Received::Waiting(waiter) => {
                    attend(isolate, arguments, 2, &waiter)?;
                    Answer::Bool(false)
                }
            })
        })
    }

    /// `(channel, quiet)`: the same, without waiting. A message that must be fetched from its sender stays; `quiet` says that there
    /// is nothing then, otherwise it is an error.
    c"channelTryReceive" TryReceive(isolate, arguments) {
        let quiet = arguments.flag(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| match channel.try_receive() {
            Some(Received::Message(payload)) => match give_now(isolate, channel, payload) {
                Err(_) if quiet => Ok(Answer::Bool(false)),
                answer => answer,
            },
            Some(Received::Closed) => Ok(Answer::Nothing),
            Some(Received::Waiting(_)) | None => Ok(Answer::Bool(false)),
        })
    }

    /// `(channel, limit in ms or 0)`: as `channelReceive`; false: call `blockedPark` until it has an answer.
    c"channelReceiveBlocking" ReceiveBlocking(isolate, arguments) {
        isolate.with_channel(arguments.wide(0)?, |channel| {
            // Without waiting first: what blocks needs a waiter and a place to block at.
            match channel.try_receive() {
                Some(Received::Message(payload)) => return give_now(isolate, channel, payload),
                Some(_) => return Ok(Answer::Nothing),
                None => {}
            }
            let mut answer = Ok(Answer::Bool(false));
            block(isolate, arguments.number(1)?, |waiter| match channel.receive(|| waiter) {
                Received::Message(payload) => {
                    answer = give_now(isolate, channel, payload);
                    false
                }
                Received::Closed => {
                    answer = Ok(Answer::Nothing);
                    false
                }
                Received::Waiting(_) => true,
            });
            answer
        })
    }

    /// `(channel, limit in ms or 0, tag, number)`: as `channelSend`; waiting: call `blockedPark` until it has an answer.
    c"channelSendBlocking" SendBlocking(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(2)? as u8, arguments.number(3)?)?;
        isolate.with_channel(arguments.wide(0)?, |channel| {
            let payload = match channel.try_send(payload) {
                Ok(()) => return Ok(Answer::Code(sent::DONE)),
                Err(TrySendError::Closed(_)) => return Ok(Answer::Code(sent::CLOSED)),
                Err(TrySendError::Full(payload)) => payload,
            };
            let mut answer = sent::WAITING;
            block(isolate, arguments.number(1)?, |waiter| match channel.send(payload, || waiter) {
                Sent::Done => {
                    answer = sent::DONE;
                    false
                }
                Sent::Closed(_) => {
                    answer = sent::CLOSED;
                    false
                }
                Sent::Waiting(_) => true,
            });
            Ok(Answer::Code(answer))
        })
    }

    /// `(channel)`: whether it was open.
    c"channelClose" Close(isolate, arguments) {
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(Answer::Bool(channel.close())))
    }

    /// `(channel)`: how many messages it holds.
    c"channelCapacity" Capacity(isolate, arguments) {
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(Answer::Number(f64::from(channel.capacity()))))
    }

    /// `(channel)`: messages in it.
    c"channelLength" Length(isolate, arguments) {
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(Answer::Number(channel.len() as f64)))
    }

    /// `(channel)`.
    c"channelClosed" IsClosed(isolate, arguments) {
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(Answer::Bool(channel.is_closed())))
    }
}

//! The fast calls of channels.

use std::collections::VecDeque;
use std::sync::Arc;

use millrace_core::lock::Owner;

use crate::codec::Payload;
use crate::fast::{Answer, fast_calls};
use crate::messages::{
    NUMBER, number, receive, receive_blocking, send, send_blocking, try_receive, try_send,
};
use crate::page::PAGE_NUMBERS;
use crate::port::PortRef;
use crate::shared::Kind;
use crate::waiting::{JsChannel, JsWaiter};
use crate::waits::attend;

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
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(receive(isolate, channel, wait).0))
    }

    /// `(channel, wait, limit in ms or 0, cancellable)`: the same.
    c"channelReceiveWith" ReceiveWith(isolate, arguments) {
        let wait = arguments.whole(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| {
            let (answer, waiter) = receive(isolate, channel, wait);
            if let Some(waiter) = waiter {
                attend(isolate, arguments, 2, &waiter)?;
            }
            Ok(answer)
        })
    }

    /// `(channel, quiet)`: the same, without waiting. A message that must be fetched from its sender stays; `quiet` says that there
    /// is nothing then, otherwise it is an error.
    c"channelTryReceive" TryReceive(isolate, arguments) {
        let quiet = arguments.flag(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| try_receive(isolate, channel, quiet))
    }

    /// `(channel, limit in ms or 0)`: as `channelReceive`; false: call `blockedPark` until it has an answer.
    c"channelReceiveBlocking" ReceiveBlocking(isolate, arguments) {
        let limit = arguments.number(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| receive_blocking(isolate, channel, limit))
    }

    /// `(channel, limit in ms or 0, tag, number)`: as `channelSend`; waiting: call `blockedPark` until it has an answer.
    c"channelSendBlocking" SendBlocking(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(2)? as u8, arguments.number(3)?)?;
        let limit = arguments.number(1)?;
        isolate.with_channel(arguments.wide(0)?, |channel| Ok(send_blocking(isolate, channel, limit, payload)))
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

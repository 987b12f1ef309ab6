//! Messages of channels and queues: into the core's channel, and out of it to where JavaScript finds them.

use std::sync::Arc;

use millrace_core::channel::{Channel, ChannelTarget, Received, Sent, TrySendError};

use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::{Fault, code};
use crate::fast::Answer;
use crate::page::{Area, PAGE_TASK_RECORD};
use crate::port_calls::Writer;
use crate::waiting::{JsWaiter, Target};
use crate::waits::{block, waiter};

/// What the sending calls answer.
pub(crate) mod sent {
    pub(crate) const DONE: i32 = 0;
    pub(crate) const WAITING: i32 = 1;
    pub(crate) const CLOSED: i32 = 2;
}

/// The kind of a number.
pub(crate) const NUMBER: u8 = 3;

pub(crate) const fn number(num: f64) -> Payload {
    Payload::Scalar { kind: NUMBER, num }
}

/// What travels: a value, with or without something about it.
pub(crate) trait Message: Send + Sized + 'static {
    /// The value.
    fn payload(&self) -> &Payload;
    /// The value alone.
    fn into_payload(self) -> Payload;
}

impl Message for Payload {
    fn payload(&self) -> &Payload {
        self
    }

    fn into_payload(self) -> Payload {
        self
    }
}

/// A channel of such messages.
type Line<M> = Arc<Channel<M, Target>>;

/// Puts a received value where JavaScript finds it. A number is the answer itself.
pub(crate) fn give(isolate: &Isolate, payload: Payload) -> Answer {
    if let Payload::Scalar { kind: NUMBER, num } = payload {
        return Answer::Number(num);
    }
    describe(isolate, payload, 0.0, 0.0);
    Answer::Bool(true)
}

/// The same for one who cannot wait for a value of the side path: that goes back to its channel.
fn give_now<M: Message>(isolate: &Isolate, line: &Line<M>, message: M) -> Result<Answer, Fault>
where
    Target: ChannelTarget<M>,
{
    if matches!(message.payload(), Payload::Side { .. }) {
        line.give_back(message);
        return Err(NOT_NOW);
    }
    Ok(give(isolate, message.into_payload()))
}

pub(crate) const NOT_NOW: Fault = Fault {
    code: code::UNSUPPORTED,
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

/// Sends; a wait is begun if there is no room.
pub(crate) fn send<M: Message>(
    isolate: &Isolate,
    line: &Line<M>,
    wait: u32,
    message: M,
) -> (i32, Option<Arc<JsWaiter>>)
where
    Target: ChannelTarget<M>,
{
    match line.send(message, || waiter(isolate, wait)) {
        Sent::Done => (sent::DONE, None),
        Sent::Closed(_) => (sent::CLOSED, None),
        Sent::Waiting(waiter) => (sent::WAITING, Some(waiter)),
    }
}

/// Sends if that needs no waiting.
pub(crate) fn try_send<M: Message>(line: &Line<M>, message: M) -> Answer
where
    Target: ChannelTarget<M>,
{
    Answer::Code(match line.try_send(message) {
        Ok(()) => sent::DONE,
        Err(TrySendError::Full(_)) => sent::WAITING,
        Err(TrySendError::Closed(_)) => sent::CLOSED,
    })
}

/// Sends; this thread is to block if there is no room, for so many milliseconds at most, 0 for no limit.
pub(crate) fn send_blocking<M: Message>(isolate: &Isolate, line: &Line<M>, limit: f64, message: M) -> Answer
where
    Target: ChannelTarget<M>,
{
    // Without waiting first: what blocks needs a waiter and a place to block at.
    let message = match line.try_send(message) {
        Ok(()) => return Answer::Code(sent::DONE),
        Err(TrySendError::Closed(_)) => return Answer::Code(sent::CLOSED),
        Err(TrySendError::Full(message)) => message,
    };
    let mut answer = sent::WAITING;
    block(isolate, limit, |waiter| {
        answer = match line.send(message, || waiter) {
            Sent::Done => sent::DONE,
            Sent::Closed(_) => sent::CLOSED,
            Sent::Waiting(_) => sent::WAITING,
        };
        answer == sent::WAITING
    });
    Answer::Code(answer)
}

/// Receives: a number; true if something else was, which the task's record describes; false if a wait was begun; nothing if the channel
/// is closed and empty.
pub(crate) fn receive<M: Message>(
    isolate: &Isolate,
    line: &Line<M>,
    wait: u32,
) -> (Answer, Option<Arc<JsWaiter>>)
where
    Target: ChannelTarget<M>,
{
    match line.receive(|| waiter(isolate, wait)) {
        Received::Message(message) => (give(isolate, message.into_payload()), None),
        Received::Closed => (Answer::Nothing, None),
        Received::Waiting(waiter) => (Answer::Bool(false), Some(waiter)),
    }
}

/// The same without waiting. A message that must be fetched from its sender stays; `quiet` says that there is nothing then, otherwise it is
/// an error.
pub(crate) fn try_receive<M: Message>(isolate: &Isolate, line: &Line<M>, quiet: bool) -> Result<Answer, Fault>
where
    Target: ChannelTarget<M>,
{
    match line.try_receive() {
        Some(Received::Message(message)) => match give_now(isolate, line, message) {
            Err(_) if quiet => Ok(Answer::Bool(false)),
            answer => answer,
        },
        Some(Received::Closed) => Ok(Answer::Nothing),
        Some(Received::Waiting(_)) | None => Ok(Answer::Bool(false)),
    }
}

/// The same; this thread is to block if nothing is there, for so many milliseconds at most, 0 for no limit.
pub(crate) fn receive_blocking<M: Message>(
    isolate: &Isolate,
    line: &Line<M>,
    limit: f64,
) -> Result<Answer, Fault>
where
    Target: ChannelTarget<M>,
{
    match line.try_receive() {
        Some(Received::Message(message)) => return give_now(isolate, line, message),
        Some(_) => return Ok(Answer::Nothing),
        None => {}
    }
    let mut answer = Ok(Answer::Bool(false));
    block(isolate, limit, |waiter| match line.receive(|| waiter) {
        Received::Message(message) => {
            answer = give_now(isolate, line, message);
            false
        }
        Received::Closed => {
            answer = Ok(Answer::Nothing);
            false
        }
        Received::Waiting(_) => true,
    });
    answer
}

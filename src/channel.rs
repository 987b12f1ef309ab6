//! The fast calls of channels.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use millrace_core::channel::{Case, Received, Selected, Sent, TrySendError, select};
use millrace_core::clock::{Clock, MILLI};

use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::page::{Area, PAGE_NUMBERS, PAGE_TASK_RECORD};
use crate::port_calls::Writer;
use crate::runtime;
use crate::waiting::{Blocked, Delivery, JsChannel, JsWaiter, Target};

/// What the sending calls answer.
pub(crate) mod sent {
    pub(crate) const DONE: i32 = 0;
    pub(crate) const WAITING: i32 = 1;
    pub(crate) const CLOSED: i32 = 2;
}

/// What `channelSelect` answers, beside a case's number times 4.
mod selected {
    pub(super) const RECEIVED: u32 = 0;
    pub(super) const SENT: u32 = 1;
    pub(super) const CLOSED: u32 = 2;
    pub(super) const NOTHING: i32 = -1;
    pub(super) const WAITING: i32 = -2;
}

/// The kind of a number.
pub(crate) const NUMBER: u8 = 3;

/// Numbers in one case of a select: its channel, 1 if it sends, and the value's tag and number.
const CASE: usize = 4;

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

/// The waiter of a wait that begins now.
pub(crate) fn waiter(isolate: &Isolate, wait: u32) -> Arc<JsWaiter> {
    let waiter = JsWaiter::new(Target::Port(isolate.port), u64::from(wait));
    waiter.begin(runtime::clock().now());
    waiter
}

/// The time limit (in milliseconds, 0 for none) and whether it may be cancelled, from argument `at` on.
pub(crate) fn attend(
    isolate: &Isolate,
    arguments: &Arguments,
    at: usize,
    waiter: &Arc<JsWaiter>,
) -> Result<(), Fault> {
    let limit = arguments.number(at)?;
    if arguments.flag(at + 1)? {
        isolate.waits.borrow_mut().insert(waiter.token() as u32, Arc::clone(waiter));
    }
    arm(waiter, limit);
    Ok(())
}

pub(crate) fn arm(waiter: &Arc<JsWaiter>, limit: f64) {
    if limit > 0.0 {
        let at = runtime::clock().now().saturating_add((limit * MILLI as f64) as u64);
        waiter.arm(&runtime::timers(), at);
    }
}

pub(crate) fn block(isolate: &Isolate, limit: f64, begin: impl FnOnce(Arc<JsWaiter>) -> bool) {
    let blocked = Arc::new(Blocked::default());
    let waiter = JsWaiter::new(Target::Thread(isolate.port, Arc::clone(&blocked)), 0);
    if begin(Arc::clone(&waiter)) {
        waiter.begin(runtime::clock().now());
        arm(&waiter, limit);
        *isolate.blocked.borrow_mut() = Some((waiter, blocked));
    }
}

/// Reads `count` cases out of the page's records; the values of those that send were handed over one by one.
fn cases(isolate: &Isolate, count: u32) -> Result<Vec<Case<Payload, Target>>, Fault> {
    let mut values: VecDeque<Payload> = std::mem::take(&mut *isolate.case_values.borrow_mut()).into();
    (0..count as usize)
        .map(|at| {
            let [handle, sends] = [0, 1].map(|number| isolate.page.read_number(at * CASE + number));
            let channel = isolate.with_channel(handle as u64, |channel| Ok(Arc::clone(channel)))?;
            if sends == 0.0 {
                return Ok(Case::Receive(channel));
            }
            let missing = const { Fault::stale("a select's case has no value") };
            Ok(Case::Send(channel, values.pop_front().ok_or(missing)?))
        })
        .collect()
}

/// A number below `below`, as good as any: a select is fair if it does not prefer a case.
fn chance(isolate: &Isolate, below: usize) -> usize {
    // xorshift64*
    let mut state = isolate.chance.get();
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    isolate.chance.set(state);
    ((state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % below.max(1)
}

fn answer(isolate: &Isolate, outcome: Selected<Payload, Target>) -> Answer {
    let case = |number: u32, what: u32| Answer::Number(f64::from(number) * 4.0 + f64::from(what));
    match outcome {
        Selected::Received(number, payload) => {
            describe(isolate, payload, 0.0, 0.0);
            case(number, selected::RECEIVED)
        }
        Selected::Sent(number) => case(number, selected::SENT),
        Selected::Closed(number) => case(number, selected::CLOSED),
        Selected::Nothing => Answer::Code(selected::NOTHING),
        Selected::Waiting(_) => Answer::Code(selected::WAITING),
    }
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

    /// `(tag, number)`: hands over the value of a select's next case that sends.
    c"channelCaseValue" CaseValue(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(0)? as u8, arguments.number(1)?)?;
        isolate.case_values.borrow_mut().push(payload);
        Ok(Answer::Nothing)
    }

    /// `(count, wait, waits, limit in ms or 0, cancellable)`: does one of the cases that stand in the page.
    c"channelSelect" Select(isolate, arguments) {
        let cases = cases(isolate, arguments.whole(0)?)?;
        let target = Target::Port(isolate.port);
        let waiter =
            if arguments.flag(2)? { Some(JsWaiter::new(target, u64::from(arguments.whole(1)?))) } else { None };
        let outcome = select(cases, waiter, |below| chance(isolate, below));
        if let Selected::Waiting(waiter) = &outcome {
            waiter.begin(runtime::clock().now());
            attend(isolate, arguments, 3, waiter)?;
        }
        Ok(answer(isolate, outcome))
    }

    /// `(count, limit in ms or 0)`: the same for a thread that blocks.
    c"channelSelectBlocking" SelectBlocking(isolate, arguments) {
        let cases = cases(isolate, arguments.whole(0)?)?;
        let channels: Vec<_> = cases.iter().map(|case| Arc::clone(case.channel())).collect();
        let mut given = Ok(Answer::Code(selected::WAITING));
        block(isolate, arguments.number(1)?, |waiter| {
            let outcome = select(cases, Some(waiter), |below| chance(isolate, below));
            let waits = matches!(outcome, Selected::Waiting(_));
            given = match outcome {
                Selected::Received(number, payload @ Payload::Side { .. }) => {
                    if let Some(channel) = channels.get(number as usize) {
                        channel.give_back(payload);
                    }
                    Err(NOT_NOW)
                }
                outcome => Ok(answer(isolate, outcome)),
            };
            waits
        });
        given
    }

    /// `(ms)`: blocks this thread for a moment; true once its wait has ended, as the task's record says: status, case, value.
    c"blockedPark" Park(isolate, arguments) {
        let limit = Duration::from_secs_f64((arguments.number(0)? / 1e3).clamp(0.0, 1.0));
        let waits = isolate.blocked.borrow().as_ref().map(|(_, blocked)| Arc::clone(blocked));
        let nothing = const { Fault::stale("this thread does not wait for anything") };
        let waits = waits.ok_or(nothing)?;
        let mut patience = isolate.blocking.get();
        if patience.wants() {
            patience.tell(waits.spin());
        }
        isolate.blocking.set(patience);
        let Some(mut ending) = waits.park(limit) else { return Ok(Answer::Bool(false)) };
        *isolate.blocked.borrow_mut() = None;
        if ending.delivery.as_ref().is_some_and(Delivery::is_side) {
            return Err(NOT_NOW);
        }
        let payload = ending.delivery.as_mut().map_or(Payload::UNDEFINED, Delivery::take);
        describe(isolate, payload, f64::from(ending.status as u8), f64::from(ending.case));
        Ok(Answer::Bool(true))
    }

    /// Gives up what this thread blocks for; false if it has ended, and `blockedPark` will say how.
    c"blockedCancel" CancelBlocked(isolate, _arguments) {
        let waiter = isolate.blocked.borrow().as_ref().map(|(waiter, _)| Arc::clone(waiter));
        Ok(Answer::Bool(waiter.is_some_and(|waiter| waiter.cancel())))
    }

    /// `(wait)`: cancels a wait; whether it was still open.
    c"waitCancel" Cancel(isolate, arguments) {
        let waiter = isolate.waits.borrow_mut().remove(&arguments.whole(0)?);
        Ok(Answer::Bool(waiter.is_some_and(|waiter| waiter.cancel())))
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

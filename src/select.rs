//! The fast calls of select.

use std::collections::VecDeque;
use std::sync::Arc;

use millrace_core::channel::{Case, Selected, select};
use millrace_core::clock::Clock;

use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, fast_calls};
use crate::messages::{NOT_NOW, describe};
use crate::runtime;
use crate::waiting::{JsWaiter, Target};
use crate::waits::{attend, block};

/// What `channelSelect` answers, beside a case's number times 4.
mod selected {
    pub(super) const RECEIVED: u32 = 0;
    pub(super) const SENT: u32 = 1;
    pub(super) const CLOSED: u32 = 2;
    pub(super) const NOTHING: i32 = -1;
    pub(super) const WAITING: i32 = -2;
}

/// Numbers in one case of a select: its channel, 1 if it sends, and the value's tag and number.
const CASE: usize = 4;

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

/// A random number below `below`, by which a select picks among the cases that are ready.
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

fast_calls! {
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
        let waiter = if arguments.flag(2)? { Some(JsWaiter::new(target, u64::from(arguments.whole(1)?))) } else { None };
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
}

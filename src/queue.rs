//! The fast calls of shared queues: a channel of messages with ranks, which one fills without a receiver.

use std::sync::Arc;

use millrace_core::channel::Channel;
use millrace_core::lock::Owner;

use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::messages::{
    self, NOT_NOW, give, receive, receive_blocking, send, send_blocking, try_receive, try_send,
};
use crate::pool::options::Options;
use crate::port::Message;
use crate::port::PortRef;
use crate::shared::Kind;
use crate::waiting::JsWaiter;
use crate::waiting::Target;
use crate::waits::attend;

/// A queue of JavaScript's values.
pub(crate) type JsQueue = Channel<Ranked, Target>;

/// A value, and how urgent it is.
pub(crate) struct Ranked {
    pub(crate) payload: Payload,
    /// Larger comes first; 0 in a queue that does not go by rank.
    pub(crate) rank: i32,
}

impl messages::Message for Ranked {
    fn payload(&self) -> &Payload {
        &self.payload
    }

    fn into_payload(self) -> Payload {
        self.payload
    }
}

/// The capacity of a queue without bounds.
const UNBOUNDED: u32 = u32::MAX;

/// The thread that asks for a value which nobody wants any more.
const NOBODY: u32 = u32::MAX;

/// What may be read of a queue.
mod reading {
    pub(super) const LENGTH: u32 = 0;
    pub(super) const CAPACITY: u32 = 1;
    pub(super) const CLOSED: u32 = 2;
    pub(super) const BY_RANK: u32 = 3;
    pub(super) const PUSHERS: u32 = 4;
    pub(super) const POPPERS: u32 = 5;
}

pub(crate) fn make(options: &mut Options<'_>) -> Result<Arc<JsQueue>, Fault> {
    let capacity = options.whole("capacity", 1, 1 << 30)?.unwrap_or(UNBOUNDED);
    Ok(if options.flag("priority")?.unwrap_or(false) {
        JsQueue::by_rank(capacity, |message| message.rank)
    } else {
        JsQueue::new(capacity)
    })
}

impl Isolate {
    fn with_queue<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&Arc<JsQueue>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.with_object(handle, |shared| work(shared.get()?))
    }
}

impl Kind for Arc<JsQueue> {
    fn kind(&self) -> &'static str {
        "queue"
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        JsQueue::each_waiter(self, see);
    }

    fn held(&self) -> f64 {
        self.len() as f64
    }

    fn forget(&self, isolate: PortRef, _owner: Owner) {
        JsQueue::forget(self, |target| target.is_of(isolate));
    }
}

/// The message in the arguments `at` (tag), `at + 1` (number) and `at + 2` (rank).
fn message(isolate: &Isolate, arguments: &Arguments, at: usize) -> Result<Ranked, Fault> {
    let payload = isolate.take_payload(arguments.whole(at)? as u8, arguments.number(at + 1)?)?;
    Ok(Ranked { payload, rank: arguments.number(at + 2)? as i32 })
}

fast_calls! {
    /// `(queue, wait, tag, number, rank, limit in ms or 0, cancellable)`: pushes; a wait is begun if there is no room.
    c"queuePush" Push(isolate, arguments) {
        let message = message(isolate, arguments, 2)?;
        let wait = arguments.whole(1)?;
        isolate.with_queue(arguments.wide(0)?, |queue| {
            let (code, waiter) = send(isolate, queue, wait, message);
            if let Some(waiter) = waiter {
                attend(isolate, arguments, 5, &waiter)?;
            }
            Ok(Answer::Code(code))
        })
    }

    /// `(queue, tag, number, rank)`: pushes if that needs no waiting.
    c"queueTryPush" TryPush(isolate, arguments) {
        let message = message(isolate, arguments, 1)?;
        isolate.with_queue(arguments.wide(0)?, |queue| Ok(try_send(queue, message)))
    }

    /// `(queue, limit in ms or 0, tag, number, rank)`: as `queuePush`; waiting: call `blockedPark` until it has an answer.
    c"queuePushBlocking" PushBlocking(isolate, arguments) {
        let message = message(isolate, arguments, 2)?;
        let limit = arguments.number(1)?;
        isolate.with_queue(arguments.wide(0)?, |queue| Ok(send_blocking(isolate, queue, limit, message)))
    }

    /// `(queue, wait, limit in ms or 0, cancellable)`: pops, and answers as `channelReceive`.
    c"queuePop" Pop(isolate, arguments) {
        let wait = arguments.whole(1)?;
        isolate.with_queue(arguments.wide(0)?, |queue| {
            let (answer, waiter) = receive(isolate, queue, wait);
            if let Some(waiter) = waiter {
                attend(isolate, arguments, 2, &waiter)?;
            }
            Ok(answer)
        })
    }

    /// `(queue, quiet)`: pops if that needs no waiting, and answers as `channelTryReceive`.
    c"queueTryPop" TryPop(isolate, arguments) {
        let quiet = arguments.flag(1)?;
        isolate.with_queue(arguments.wide(0)?, |queue| try_receive(isolate, queue, quiet))
    }

    /// `(queue, limit in ms or 0)`: as `queuePop`; false: call `blockedPark` until it has an answer.
    c"queuePopBlocking" PopBlocking(isolate, arguments) {
        let limit = arguments.number(1)?;
        isolate.with_queue(arguments.wide(0)?, |queue| receive_blocking(isolate, queue, limit))
    }

    /// `(queue)`: a copy of the next message, as `queueTryPop` answers.
    c"queuePeek" Peek(isolate, arguments) {
        isolate.with_queue(arguments.wide(0)?, |queue| {
            match queue.peek(|message| message.payload.clone()) {
                None => Ok(Answer::Bool(false)),
                Some(Payload::Side { .. }) => Err(NOT_NOW),
                Some(payload) => Ok(give(isolate, payload)),
            }
        })
    }

    /// `(queue)`: removes all messages; how many.
    c"queueClear" Clear(isolate, arguments) {
        let removed = isolate.with_queue(arguments.wide(0)?, |queue| Ok(queue.clear()))?;
        for message in &removed {
            if let Payload::Side { id, origin } = message.payload {
                origin.push(Message::SideWanted { id, thread: NOBODY });
            }
        }
        Ok(Answer::Number(removed.len() as f64))
    }

    /// `(queue)`: whether it was open.
    c"queueClose" Close(isolate, arguments) {
        isolate.with_queue(arguments.wide(0)?, |queue| Ok(Answer::Bool(queue.close())))
    }

    /// `(queue, what)`: see `reading`; a capacity of -1 is none.
    c"queueRead" Read(isolate, arguments) {
        let what = arguments.whole(1)?;
        isolate.with_queue(arguments.wide(0)?, |queue| {
            Ok(Answer::Number(match what {
                reading::LENGTH => queue.len() as f64,
                reading::CAPACITY if queue.capacity() == UNBOUNDED => -1.0,
                reading::CAPACITY => f64::from(queue.capacity()),
                reading::CLOSED => f64::from(u8::from(queue.is_closed())),
                reading::BY_RANK => f64::from(u8::from(queue.goes_by_rank())),
                reading::PUSHERS => queue.waiting().0 as f64,
                reading::POPPERS => queue.waiting().1 as f64,
                _ => return Err(Fault::internal("a queue has nothing of that kind to read")),
            }))
        })
    }
}

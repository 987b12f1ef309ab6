//! The fast calls of the port and of values: emptying, keeping the loop alive, bodies that travel apart.

use millrace_core::clock::Clock;

use crate::body::Body;
use crate::codec::{Large, Payload, kind};
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, fast_calls};
use crate::page::{Area, PAGE_DRAIN_RECORDS, PAGE_RECORD};
use crate::pool::message::Status;
use crate::port::Message;

/// One record of the page.
pub(crate) type Record = [f64; PAGE_RECORD as usize];

/// A side value is named by its thread, times this, plus its number in that thread.
const SIDE_THREAD: f64 = 4_294_967_296.0;

/// The first number of a drained record.
mod record {
    pub(super) const SETTLED: f64 = 0.0;
    pub(super) const ITEM: f64 = 1.0;
    pub(super) const NUDGED: f64 = 2.0;
    pub(super) const ORDERED: f64 = 3.0;
    pub(super) const SIDE_WANTED: f64 = 4.0;
    pub(super) const TOLD: f64 = 5.0;
}

/// Writes values into one byte area of the page, one behind the other, and says how each is described in its record.
pub(crate) struct Writer<'a> {
    isolate: &'a Isolate,
    area: Area,
    offset: usize,
}

/// How a value stands in a record: kind, number or length, offset in the area, ticket of a body apart (0: none).
pub(crate) struct Described {
    pub(crate) kind: f64,
    pub(crate) num: f64,
    pub(crate) offset: f64,
    pub(crate) held: f64,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(isolate: &'a Isolate, area: Area) -> Self {
        Self { isolate, area, offset: 0 }
    }

    /// Describes a value, with its bytes in the area or, when they do not fit there, held to be fetched.
    pub(crate) fn write(&mut self, payload: Payload) -> Described {
        let flat = |kind: u8, num: f64| Described { kind: f64::from(kind), num, offset: 0.0, held: 0.0 };
        match payload {
            Payload::Scalar { kind, num } => flat(kind, num),
            Payload::Side { id, origin } => {
                flat(kind::SIDE, f64::from(origin.thread()) * SIDE_THREAD + f64::from(id))
            }
            Payload::Bytes { kind, bytes } => {
                let at = self.offset;
                if self.isolate.page.write_bytes(self.area, at, &bytes) {
                    self.offset += bytes.len();
                    return Described {
                        kind: f64::from(kind),
                        num: bytes.len() as f64,
                        offset: at as f64,
                        held: 0.0,
                    };
                }
                self.hold(Box::new(Large { kind, parts: vec![bytes.into()] }))
            }
            Payload::Large(body) => self.hold(body),
        }
    }

    /// The same, for a value that its sender has not been asked for yet if it is one of the side path.
    pub(crate) fn write_wanted(&mut self, payload: Payload) -> Described {
        if let Payload::Side { id, origin } = &payload {
            if origin.is_gone() {
                return Described { kind: f64::from(kind::LOST), num: 0.0, offset: 0.0, held: 0.0 };
            }
            origin.push(Message::SideWanted { id: *id, thread: self.isolate.thread });
        }
        self.write(payload)
    }

    fn hold(&self, body: Box<Large>) -> Described {
        let kind = f64::from(body.kind);
        let held = f64::from(self.isolate.held.borrow_mut().keep(body));
        Described { kind, num: 0.0, offset: 0.0, held }
    }
}

fast_calls! {
    /// Empties the port into the page: how many records it wrote, 0 when the port is empty.
    c"portDrain" PortDrain(isolate, _arguments) {
        let mut inbox = isolate.inbox.borrow_mut();
        let mut writer = Writer::new(isolate, Area::DRAIN);
        let mut count = 0;
        while count < PAGE_DRAIN_RECORDS {
            // Also after nothing but calls, whose answers may have brought messages here: 0 says that the port is empty.
            if inbox.is_empty() && count == 0 {
                isolate.port.drain(&mut inbox);
            }
            let Some(message) = inbox.pop_front() else { break };
            let Some(record) = describe(&mut writer, message) else { continue };
            isolate.page.write_record(count, &record);
            count += 1;
        }
        Ok(Answer::Code(count as i32))
    }

    /// Looks for a moment whether a message comes: -1 if one has, else before how many waits not to look again.
    c"portLinger" PortLinger(isolate, _arguments) {
        let mut patience = isolate.lingering.get();
        let seen = isolate.port.linger();
        let pause = patience.tell(seen);
        isolate.lingering.set(patience);
        Ok(Answer::Code(if seen { -1 } else { pause as i32 }))
    }

    /// Wakes this isolate again, after what the event loop has waiting.
    c"portWake" PortWake(isolate, _arguments) {
        isolate.port.wake();
        Ok(Answer::Nothing)
    }

    /// Keeps the event loop alive (true) or lets it end (false).
    c"portRef" PortRefer(isolate, arguments) {
        isolate.set_ref(arguments.flag(0)?);
        Ok(Answer::Nothing)
    }

    /// Hands over one part of the next value: its bytes first, then the bodies it refers to.
    c"stage" Stage(isolate, arguments) {
        let part = Body::copy_of(arguments.bytes(0)?);
        isolate.staged.borrow_mut().push(part);
        Ok(Answer::Nothing)
    }

    /// Drops what was staged for a value that will not be sent after all.
    c"unstage" Unstage(isolate, _arguments) {
        isolate.staged.borrow_mut().clear();
        Ok(Answer::Nothing)
    }

    /// The length of part n of a held body, or -1 where there is none.
    c"heldLength" HeldLength(isolate, arguments) {
        let held = isolate.held.borrow();
        let length = held.part(arguments.whole(0)?, arguments.whole(1)?).map_or(-1.0, |part| part.len() as f64);
        Ok(Answer::Number(length))
    }

    /// Copies part n of a held body into an array of its length.
    c"heldCopy" HeldCopy(isolate, arguments) {
        let held = isolate.held.borrow();
        let part = held
            .part(arguments.whole(0)?, arguments.whole(1)?)
            .ok_or(const { Fault::stale("a part of a value was fetched that is not there") })?;
        let target = arguments.bytes_mut(2)?;
        if target.len() != part.len() {
            return Err(Fault::internal("a part of a value was fetched into an array of another length"));
        }
        target.copy_from_slice(part);
        Ok(Answer::Nothing)
    }

    /// Lets go of a held body.
    c"heldDrop" HeldDrop(isolate, arguments) {
        isolate.held.borrow_mut().let_go(arguments.whole(0)?);
        Ok(Answer::Nothing)
    }

    /// Panics: for the test that shows what becomes of a defect of ours.
    c"panic" Panics(_isolate, _arguments) {
        std::panic::resume_unwind(Box::new(()))
    }

    /// Milliseconds on the clock that every rule of the engine reads.
    c"now" Now(_isolate, _arguments) {
        Ok(Answer::Number(crate::runtime::clock().now() as f64 / 1e6))
    }
}

/// What JavaScript is told; nothing of what concerns native code alone.
fn describe(writer: &mut Writer<'_>, message: Message) -> Option<Record> {
    Some(match message {
        Message::Called(call) => {
            call.answer();
            return None;
        }
        Message::Delivered(mut delivery) => {
            writer.isolate.forget_wait(delivery.wait);
            let value = writer.write_wanted(delivery.take());
            [
                record::SETTLED,
                f64::from(delivery.wait),
                f64::from(Status::Fulfilled as u8),
                value.kind,
                value.num,
                value.offset,
                value.held,
                f64::from(delivery.case),
            ]
        }
        Message::Settled(settled) => {
            let (wait, status, detail) = (settled.wait, settled.status, settled.detail);
            writer.isolate.forget_wait(wait);
            let value = writer.write(settled.payload);
            [
                record::SETTLED,
                f64::from(wait),
                f64::from(status as u8),
                value.kind,
                value.num,
                value.offset,
                value.held,
                detail,
            ]
        }
        Message::Item { wait, payload } => {
            let value = writer.write(payload);
            [record::ITEM, f64::from(wait), 0.0, value.kind, value.num, value.offset, value.held, 0.0]
        }
        Message::Nudged(nudged) => {
            let [a, b] = nudged.detail;
            [record::NUDGED, f64::from(nudged.worker), f64::from(nudged.what as u8), a, b, 0.0, 0.0, 0.0]
        }
        Message::Ordered(ordered) => {
            let [a, b] = ordered.detail;
            let value = writer.write(ordered.payload);
            [
                record::ORDERED,
                f64::from(ordered.pool) * 256.0 + f64::from(ordered.what as u8),
                a,
                b,
                value.kind,
                value.num,
                value.offset,
                value.held,
            ]
        }
        Message::Told(told) => {
            let [a, b, c, d] = told.detail;
            [record::TOLD, f64::from(told.key), f64::from(told.what), a, b, c, d, 0.0]
        }
        Message::SideWanted { id, thread } => {
            [record::SIDE_WANTED, f64::from(id), f64::from(thread), 0.0, 0.0, 0.0, 0.0, 0.0]
        }
    })
}

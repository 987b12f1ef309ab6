//! What a pool of the engine asks of the world outside, answered with ports.

use std::sync::Arc;

use millrace_core::pool::{Event, Failure, Host, Nudge, Order, Outcome, WorkerId};
use parking_lot::RwLock;

use super::message::{NudgeKind, Nudged, OrderKind, Ordered, Settled, Status};
use crate::codec::Payload;
use crate::port::{Message, PortRef};

/// Added to a processor's number when the submitter reads a stream.
pub(crate) const STREAMS: u32 = 65_536;

/// What a task carries to its worker.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) payload: Payload,
    /// Which of the pool's processors runs it, plus [`STREAMS`] if its submitter reads a stream: as the record has it.
    pub(crate) processor: u32,
    /// The thread that submitted it.
    pub(crate) from: u32,
}

/// Where a task's outcome goes.
pub(crate) struct Reply {
    pub(crate) port: PortRef,
    pub(crate) wait: u32,
}

/// One pool's isolates: its owner and its workers.
pub(crate) struct JsHost {
    pub(crate) pool: u32,
    pub(crate) owner: PortRef,
    workers: RwLock<Vec<(WorkerId, PortRef)>>,
}

impl JsHost {
    pub(crate) const fn new(pool: u32, owner: PortRef) -> Self {
        Self { pool, owner, workers: RwLock::new(Vec::new()) }
    }

    pub(crate) fn attach(&self, worker: WorkerId, port: PortRef) {
        self.workers.write().push((worker, port));
    }

    pub(crate) fn detach(&self, worker: WorkerId) {
        self.workers.write().retain(|(id, _)| *id != worker);
    }

    /// The runtime's number of a worker's thread.
    pub(crate) fn thread(&self, worker: WorkerId) -> Option<u32> {
        self.workers.read().iter().find(|(id, _)| *id == worker).map(|(_, port)| port.thread())
    }

    fn tell_owner(&self, what: OrderKind, detail: [f64; 2], payload: Payload) {
        self.owner.push(Message::Ordered(Ordered { pool: self.pool, what, detail, payload }));
    }
}

/// Text as a string value of the codec.
fn text(json: &serde_json::Value) -> Payload {
    const UTF16: u8 = 5;
    let bytes: Vec<u8> = json.to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
    Payload::Bytes { kind: UTF16, bytes: bytes.into() }
}

/// The cause of a crash, as the owner reported it.
fn cause(bytes: Option<&Arc<[u8]>>) -> Payload {
    const GRAPH: u8 = 6;
    bytes.map_or(Payload::UNDEFINED, |bytes| Payload::Bytes { kind: GRAPH, bytes: Box::from(&**bytes) })
}

/// A failure as status, detail and payload.
fn describe(failure: &Failure) -> (Status, f64, Payload) {
    // Worker and exit code share one number: code + 1 (0: none known) beside the worker's id.
    let crashed = |crash: &millrace_core::pool::Crash| {
        f64::from(crash.worker.0) * 65_536.0
            + crash.exit_code.map_or(0.0, |code| f64::from(code & 0x7fff) + 1.0)
    };
    match failure {
        Failure::Aborted => (Status::Aborted, 0.0, Payload::UNDEFINED),
        Failure::TimedOut { running, after } => {
            let status = if *running { Status::TimedOutRunning } else { Status::TimedOutWaiting };
            (status, *after as f64 / 1e6, Payload::UNDEFINED)
        }
        Failure::Crashed(crash) => (Status::Crashed, crashed(crash), cause(crash.cause.as_ref())),
        Failure::Replaced { worker, why } => {
            (Status::Replaced, f64::from(worker.0) * 4.0 + f64::from(*why as u8), Payload::UNDEFINED)
        }
        Failure::Closed => (Status::Closed, 0.0, Payload::UNDEFINED),
        Failure::Broken(crash) => (Status::Broken, crashed(crash), cause(crash.cause.as_ref())),
    }
}

/// Ends a wait with a failure.
pub(crate) fn fail(reply: &Reply, failure: &Failure) {
    let (status, detail, payload) = describe(failure);
    reply.port.push(Message::Settled(Settled { wait: reply.wait, status, detail, payload }));
}

/// Ends a wait because there is no room.
pub(crate) fn refuse_full(reply: &Reply, limit: u32) {
    let settled = Settled {
        wait: reply.wait,
        status: Status::Full,
        detail: f64::from(limit),
        payload: Payload::UNDEFINED,
    };
    reply.port.push(Message::Settled(settled));
}

impl Host for JsHost {
    type Input = Input;
    type Output = Payload;
    type Reply = Reply;

    fn settle(&self, reply: Reply, outcome: Outcome<Payload>) {
        let (status, payload) = match outcome {
            Outcome::Done { ok: true, output } => (Status::Fulfilled, output),
            Outcome::Done { ok: false, output } => (Status::Rejected, output),
            Outcome::Failed(failure) => return fail(&reply, &failure),
            Outcome::Signal => (Status::Signal, Payload::UNDEFINED),
        };
        reply.port.push(Message::Settled(Settled { wait: reply.wait, status, detail: 0.0, payload }));
    }

    fn item(&self, reply: &Reply, payload: Payload) {
        reply.port.push(Message::Item { wait: reply.wait, payload });
    }

    fn nudge(&self, worker: WorkerId, nudge: Nudge) {
        let port = self.workers.read().iter().find(|(id, _)| *id == worker).map(|(_, port)| *port);
        let Some(port) = port else { return };
        let (what, detail) = match nudge {
            Nudge::Wake => (NudgeKind::Wake, [0.0; 2]),
            Nudge::Abort { slot, timed_out, .. } => {
                (NudgeKind::Abort, [slot.to_bits() as f64, f64::from(u8::from(timed_out))])
            }
            Nudge::Ping => (NudgeKind::Ping, [0.0; 2]),
            Nudge::Retire => (NudgeKind::Retire, [0.0; 2]),
            Nudge::Credit { slot, count } => (NudgeKind::Credit, [slot.to_bits() as f64, f64::from(count)]),
        };
        port.push(Message::Nudged(Nudged { worker: worker.0, what, detail }));
    }

    fn order(&self, order: Order) {
        match order {
            Order::Spawn { worker } => {
                self.tell_owner(OrderKind::Spawn, [f64::from(worker.0), 0.0], Payload::UNDEFINED);
            }
            Order::Terminate { worker } => {
                self.tell_owner(OrderKind::Terminate, [f64::from(worker.0), 0.0], Payload::UNDEFINED);
            }
            Order::Consult(sample) => {
                self.tell_owner(OrderKind::Consult, [0.0; 2], text(&super::json::sample_json(&sample)));
            }
            Order::Event(Event::Error(crash)) => {
                // The error itself travels as the crash's cause, so that listeners get a real error.
                let (_, detail, payload) = describe(&Failure::Crashed(crash));
                self.tell_owner(OrderKind::Error, [detail, 0.0], payload);
            }
            Order::Event(event) => {
                self.tell_owner(OrderKind::Event, [0.0; 2], text(&super::json::event_json(&event)));
            }
        }
    }
}

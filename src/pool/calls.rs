//! The fast calls of pools: submitting and cancelling from any thread, and a worker's side of the work.

use millrace_core::clock::Nanos;
use millrace_core::pool::{Beat, Begun, Next, Refusal, Refused, Slot, TaskId, TaskOptions, WorkerId};

use super::host::{self, Input, JsHost, Reply};
use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::page::{Area, PAGE_TASK_RECORD};
use crate::port::Message;
use crate::port_calls::Writer;

/// What `workerNext` answers.
mod next {
    pub(super) const EMPTY: i32 = 0;
    pub(super) const TASK: i32 = 1;
    pub(super) const RETIRE: i32 = 2;
}

/// Bits of a submit's flags.
mod flag {
    pub(super) const IDEMPOTENT: u32 = 1;
    pub(super) const STREAMS: u32 = 2;
    pub(super) const CANCELLABLE: u32 = 4;
}

fn nanos(millis: f64) -> Nanos {
    (millis * 1e6) as Nanos
}

/// What a submitted task carries, and whom its outcome goes to.
fn task(isolate: &Isolate, arguments: &Arguments, streams: bool) -> Result<(Input, Reply), Fault> {
    let payload = isolate.take_payload(arguments.whole(2)? as u8, arguments.number(3)?)?;
    let reply = Reply { port: isolate.port, wait: arguments.whole(1)? };
    let processor = arguments.whole(4)? + if streams { host::STREAMS } else { 0 };
    Ok((Input { payload, processor, from: isolate.thread }, reply))
}

/// `(pool, wait, tag, number, processor, …)`: takes up the value and submits it. The answer is the task's id, or 0
/// when the pool refused it; either way the wait ends through the port.
fn submit(
    isolate: &Isolate,
    arguments: &Arguments,
    options: &TaskOptions,
    streams: bool,
) -> Result<Answer, Fault> {
    let (input, reply) = task(isolate, arguments, streams)?;
    let holdings = isolate.pools.borrow();
    let pool = holdings.pool(arguments.wide(0)?)?;
    match pool.engine.submit(input, reply, options) {
        Ok(id) => Ok(Answer::Number(id.0 as f64)),
        Err(refused) => Ok(refuse(refused)),
    }
}

fn refuse(refused: Refused<JsHost>) -> Answer {
    match refused.why {
        Refusal::Full { limit } => host::refuse_full(&refused.reply, limit),
        Refusal::Failed(failure) => host::fail(&refused.reply, &failure),
    }
    Answer::Code(0)
}

/// Priority, time limit and flags, from the fifth argument on; and whether the submitter reads a stream.
fn options(arguments: &Arguments) -> Result<(TaskOptions, bool), Fault> {
    let timeout = arguments.number(6)?;
    let flags = arguments.whole(7)?;
    let options = TaskOptions {
        priority: arguments.number(5)? as i8,
        timeout: (timeout > 0.0).then(|| nanos(timeout)),
        idempotent: flags & flag::IDEMPOTENT != 0,
        cancellable: flags & flag::CANCELLABLE != 0,
    };
    Ok((options, flags & flag::STREAMS != 0))
}

fn begun(isolate: &Isolate, task: Begun<Input>) -> i32 {
    let input = task.input;
    if let (Payload::Side { id, origin }, false) = (&input.payload, task.bound) {
        let id = *id;
        origin.push(Message::SideWanted { id, thread: isolate.thread });
    }
    let value = Writer::new(isolate, Area::TASK).write(input.payload);
    let processor = f64::from(input.processor);
    let attempt_and_from = f64::from(input.from) * 256.0 + f64::from(task.attempt.min(255));
    let record = [
        task.slot.to_bits() as f64,
        task.id.0 as f64,
        attempt_and_from,
        processor,
        value.kind,
        value.num,
        value.held,
        0.0,
    ];
    isolate.page.write_record(PAGE_TASK_RECORD, &record);
    next::TASK
}

fn answer(isolate: &Isolate, next: Next<Input>) -> Answer {
    Answer::Code(match next {
        Next::Task(task) => begun(isolate, task),
        Next::Empty => next::EMPTY,
        Next::Retire => next::RETIRE,
    })
}

/// `(worker, slot, ok, tag, number)`: a task's end.
fn ended(isolate: &Isolate, arguments: &Arguments) -> Result<(Slot, bool, Payload), Fault> {
    let payload = isolate.take_payload(arguments.whole(3)? as u8, arguments.number(4)?)?;
    Ok((Slot::from_bits(arguments.wide(1)?), arguments.flag(2)?, payload))
}

fast_calls! {
    /// `(pool, wait, tag, number, processor)`: submits with the defaults.
    c"poolSubmit" Submit(isolate, arguments) {
        submit(isolate, arguments, &TaskOptions { cancellable: false, ..TaskOptions::default() }, false)
    }

    /// `(pool, wait, tag, number, processor, priority, timeout in ms or 0, flags)`.
    c"poolSubmitWith" SubmitWith(isolate, arguments) {
        let (options, streams) = options(arguments)?;
        submit(isolate, arguments, &options, streams)
    }

    /// The same, for a value of the side path: the task's record says which thread and worker the value is to be sent to
    /// before `poolWake`, or 0 if a worker will ask for it.
    c"poolSubmitNear" SubmitNear(isolate, arguments) {
        let (options, streams) = options(arguments)?;
        let (input, reply) = task(isolate, arguments, streams)?;
        let holdings = isolate.pools.borrow();
        let pool = holdings.pool(arguments.wide(0)?)?;
        match pool.engine.submit_near(input, reply, &options) {
            Ok((id, worker)) => {
                let thread = worker.and_then(|worker| pool.engine.host().thread(worker)).unwrap_or(0);
                let worker = worker.map_or(0, |worker| worker.0);
                let record = [f64::from(thread), f64::from(worker), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
                isolate.page.write_record(PAGE_TASK_RECORD, &record);
                Ok(Answer::Number(id.0 as f64))
            }
            Err(refused) => Ok(refuse(refused)),
        }
    }

    /// `(pool, worker)`: the worker's input is on its way.
    c"poolWake" Wake(isolate, arguments) {
        let engine = isolate.pools.borrow().pool(arguments.wide(0)?)?.engine.clone();
        engine.wake(WorkerId(arguments.whole(1)?));
        Ok(Answer::Nothing)
    }

    /// `(pool)`: whether a task submitted now would find an idle worker.
    c"poolIdles" Idles(isolate, arguments) {
        let holdings = isolate.pools.borrow();
        Ok(Answer::Bool(holdings.pool(arguments.wide(0)?)?.engine.idles()))
    }

    /// `(pool, task)`: cancels; whether it was still there to be cancelled.
    c"poolCancel" Cancel(isolate, arguments) {
        let engine = isolate.pools.borrow().pool(arguments.wide(0)?)?.engine.clone();
        Ok(Answer::Bool(engine.cancel(TaskId(arguments.wide(1)?))))
    }

    /// `(pool, task)`: cancels unless a worker has begun it; whether it did.
    c"poolWithdraw" Withdraw(isolate, arguments) {
        let engine = isolate.pools.borrow().pool(arguments.wide(0)?)?.engine.clone();
        Ok(Answer::Bool(engine.withdraw(TaskId(arguments.wide(1)?))))
    }

    /// `(pool, task, count)`: the reader of a stream takes this many more items.
    c"poolCredit" Credit(isolate, arguments) {
        let engine = isolate.pools.borrow().pool(arguments.wide(0)?)?.engine.clone();
        engine.credit(TaskId(arguments.wide(1)?), arguments.whole(2)?);
        Ok(Answer::Nothing)
    }

    /// `(pool)`: tasks that wait.
    c"poolQueued" Queued(isolate, arguments) {
        let holdings = isolate.pools.borrow();
        Ok(Answer::Number(f64::from(holdings.pool(arguments.wide(0)?)?.engine.counts().queued)))
    }

    /// `(worker)`: begins the next task, described in the page.
    c"workerNext" WorkerNext(isolate, arguments) {
        let holdings = isolate.pools.borrow();
        let attached = holdings.worker(arguments.wide(0)?)?;
        Ok(answer(isolate, attached.worker.next()))
    }

    /// `(worker, slot, ok, tag, number)`: ends a task.
    c"workerFinish" WorkerFinish(isolate, arguments) {
        let (slot, ok, payload) = ended(isolate, arguments)?;
        let holdings = isolate.pools.borrow();
        Ok(Answer::Bool(holdings.worker(arguments.wide(0)?)?.worker.finish(slot, ok, payload)))
    }

    /// `(worker, slot, ok, tag, number)`: ends a task and begins the next.
    c"workerFinishNext" WorkerFinishNext(isolate, arguments) {
        let (slot, ok, payload) = ended(isolate, arguments)?;
        let holdings = isolate.pools.borrow();
        let attached = holdings.worker(arguments.wide(0)?)?;
        Ok(answer(isolate, attached.worker.finish_and_next(slot, ok, payload)))
    }

    /// `(worker, slot, ok, tag, number)`: one item of a stream; false when nobody reads it any more.
    c"workerItem" WorkerItem(isolate, arguments) {
        let (slot, _, payload) = ended(isolate, arguments)?;
        let holdings = isolate.pools.borrow();
        Ok(Answer::Bool(holdings.worker(arguments.wide(0)?)?.worker.item(slot, payload)))
    }

    /// `(worker, ms)`: waits in Rust for work, at most so long; whether to look again.
    c"workerPark" WorkerPark(isolate, arguments) {
        let worker = isolate.pools.borrow().worker(arguments.wide(0)?)?.worker.clone();
        Ok(Answer::Bool(worker.park(nanos(arguments.number(1)?))))
    }

    /// `(worker)`: announces sleep in the event loop; false when work has come meanwhile.
    c"workerRest" WorkerRest(isolate, arguments) {
        let holdings = isolate.pools.borrow();
        Ok(Answer::Bool(holdings.worker(arguments.wide(0)?)?.worker.rest()))
    }

    /// `(worker, slot)`: whether the task was cancelled, for synchronous code that asks.
    c"workerAborted" WorkerAborted(isolate, arguments) {
        let holdings = isolate.pools.borrow();
        let worker = &holdings.worker(arguments.wide(0)?)?.worker;
        Ok(Answer::Bool(worker.is_aborted(Slot::from_bits(arguments.wide(1)?))))
    }

    /// `(worker, event-loop utilisation, heap used, heap limit)`: the answer to a ping.
    c"workerBeat" WorkerBeat(isolate, arguments) {
        let beat = Beat {
            utilisation: arguments.number(1)?,
            heap_used: arguments.number(2)? as u64,
            heap_limit: arguments.number(3)? as u64,
        };
        isolate.pools.borrow().worker(arguments.wide(0)?)?.worker.beat(beat);
        Ok(Answer::Nothing)
    }
}

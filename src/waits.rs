//! The fast calls of waits: their limits, their cancelling, and blocking for their end.

use std::sync::Arc;
use std::time::Duration;

use millrace_core::clock::{Clock, MILLI};

use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::messages::{NOT_NOW, describe};
use crate::runtime;
use crate::waiting::{Blocked, Delivery, JsWaiter, Target};

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

fast_calls! {
    /// `(ms)`: blocks this thread for a moment; true once its wait has ended, as the task's record says: status, case, value.
    c"blockedPark" Park(isolate, arguments) {
        let limit = (arguments.number(0)? / 1e3).clamp(0.0, 1.0);
        // What is no number is no time.
        let limit = Duration::try_from_secs_f64(limit).unwrap_or_default();
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
}

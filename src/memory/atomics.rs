//! Atomics as objects, and the fast calls by which threads wait for them. Their values are JavaScript's to read and write, but for
//! whole values, which stand in `reference.rs`.

use std::sync::Arc;

use millrace_core::memory::{Futex, Reference, Watch};

use super::cells::Slot;
use super::reference::same;
use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::shared::{Kind, Shared};
use crate::waiting::{JsWaiter, Target};
use crate::waits::{attend, block, waiter};

/// An atomic, and those who wait for it to change.
pub(crate) struct JsAtomic {
    kind: &'static str,
    pub(super) value: Value,
    futex: Arc<Futex<Target>>,
}

/// Where a kind has its value.
pub(super) enum Value {
    /// In the 32 bits of a cell.
    Narrow(Slot),
    /// In the 64 bits of a cell.
    Wide(Slot),
    /// Encoded.
    Whole(Reference<Arc<Payload>>),
}

/// What `atomicWait` answers.
mod watched {
    pub(super) const WAITING: i32 = 0;
    pub(super) const CHANGED: i32 = 1;
    pub(super) const CLOSED: i32 = 2;
}

/// What may be read of an atomic.
mod reading {
    pub(super) const WAITING: u32 = 0;
    pub(super) const CLOSED: u32 = 1;
}

/// A value that somebody has seen: the halves of its bits, or the value itself.
struct Seen {
    bits: u64,
    whole: Payload,
}

impl JsAtomic {
    /// Makes an atomic of a kind, with the value that was handed over, or nothing if there is no such kind.
    pub(crate) fn make(kind: &str) -> Result<Option<Self>, Fault> {
        Isolate::with_current(|isolate| {
            let bits = isolate.atomic_bits.get();
            let (kind, value) = match kind {
                "atomic-i32" => ("atomic-i32", Value::Narrow(Slot::new(bits)?)),
                "atomic-bool" => ("atomic-bool", Value::Narrow(Slot::new(bits)?)),
                "atomic-i64" => ("atomic-i64", Value::Wide(Slot::new(bits)?)),
                "atomic-f64" => ("atomic-f64", Value::Wide(Slot::new(bits)?)),
                "atomic-ref" => {
                    let whole = isolate.atomic_whole.borrow_mut().take().unwrap_or(Payload::UNDEFINED);
                    ("atomic-ref", Value::Whole(Reference::new(Arc::new(whole))))
                }
                _ => return Ok(None),
            };
            Ok(Some(Self { kind, value, futex: Futex::new() }))
        })
    }

    pub(crate) const fn kind(&self) -> &'static str {
        self.kind
    }

    /// How many wait.
    fn waiting(&self) -> usize {
        self.futex.waiting()
    }

    pub(crate) fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        self.futex.each_waiter(see);
    }

    pub(super) const fn slot(&self) -> Option<&Slot> {
        match &self.value {
            Value::Narrow(slot) | Value::Wide(slot) => Some(slot),
            Value::Whole(_) => None,
        }
    }

    fn still(&self, seen: &Seen) -> bool {
        match &self.value {
            Value::Narrow(slot) => slot.narrow() == seen.bits as u32,
            Value::Wide(slot) => slot.wide() == seen.bits,
            Value::Whole(reference) => reference.is(|value| same(value, &seen.whole)),
        }
    }

    fn wait(&self, seen: &Seen, make: impl FnOnce() -> Arc<JsWaiter>) -> (i32, Option<Arc<JsWaiter>>) {
        match self.futex.wait(|| self.still(seen), make) {
            Watch::Waiting(waiter) => (watched::WAITING, Some(waiter)),
            Watch::Changed => (watched::CHANGED, None),
            Watch::Closed => (watched::CLOSED, None),
        }
    }
}

// Its waits are the isolate's to cancel.
impl Kind for JsAtomic {
    fn kind(&self) -> &'static str {
        JsAtomic::kind(self)
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        JsAtomic::each_waiter(self, see);
    }
}

pub(super) fn atomic_of(shared: &Shared) -> Result<&JsAtomic, Fault> {
    shared.get()
}

/// The bits whose lower half is argument `at` and whose upper half is the next.
fn bits(arguments: &Arguments, at: usize) -> Result<u64, Fault> {
    Ok(u64::from(arguments.whole(at)?) | u64::from(arguments.whole(at + 1)?) << 32)
}

fn seen(isolate: &Isolate, arguments: &Arguments, at: usize) -> Result<Seen, Fault> {
    let whole = isolate.atomic_whole.borrow_mut().take().unwrap_or(Payload::UNDEFINED);
    Ok(Seen { bits: bits(arguments, at)?, whole })
}

fast_calls! {
    /// `(lower, upper)`: the bits of the next atomic that is made.
    c"atomicBits" Bits(isolate, arguments) {
        isolate.atomic_bits.set(bits(arguments, 0)?);
        Ok(Answer::Nothing)
    }

    /// `(tag, number)`: the value of the next reference that is made, or what the next wait for one expects.
    c"atomicWhole" Whole(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(0)? as u8, arguments.number(1)?)?;
        *isolate.atomic_whole.borrow_mut() = Some(payload);
        Ok(Answer::Nothing)
    }

    /// `(atomic, wait, lower, upper, limit in ms or 0, cancellable)`: waits while the value is that.
    c"atomicWait" Wait(isolate, arguments) {
        let (wait, seen) = (arguments.whole(1)?, seen(isolate, arguments, 2)?);
        let _limit = (arguments.number(4)?, arguments.flag(5)?);
        isolate.with_object(arguments.wide(0)?, |shared| {
            let (how, waiting) = atomic_of(shared)?.wait(&seen, || waiter(isolate, wait));
            if let Some(waiting) = waiting {
                attend(isolate, arguments, 4, &waiting)?;
                // Known here in any case: it leaves the line when its thread ends.
                isolate.waits.borrow_mut().insert(wait, waiting);
            }
            Ok(Answer::Code(how))
        })
    }

    /// `(atomic, limit in ms or 0, lower, upper)`: the same; waiting: call `blockedPark` until it has an answer.
    c"atomicWaitBlocking" WaitBlocking(isolate, arguments) {
        let (limit, seen) = (arguments.number(1)?, seen(isolate, arguments, 2)?);
        isolate.with_object(arguments.wide(0)?, |shared| {
            let atomic = atomic_of(shared)?;
            let mut how = watched::WAITING;
            block(isolate, limit, |waiter| {
                how = atomic.wait(&seen, || waiter).0;
                how == watched::WAITING
            });
            Ok(Answer::Code(how))
        })
    }

    /// `(atomic, count)`: notifies so many; how many there were.
    c"atomicNotify" Notify(isolate, arguments) {
        // Saturates: infinity is all.
        let count = arguments.number(1)? as usize;
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Number(atomic_of(shared)?.futex.notify(count) as f64))
        })
    }

    /// `(atomic, what)`: see `reading`.
    c"atomicRead" Read(isolate, arguments) {
        let what = arguments.whole(1)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            let atomic = atomic_of(shared)?;
            Ok(Answer::Number(match what {
                reading::WAITING => atomic.waiting() as f64,
                reading::CLOSED => f64::from(u8::from(atomic.futex.is_closed())),
                _ => 0.0,
            }))
        })
    }

    /// `(atomic)`: those who wait are told, and nobody waits any more.
    c"atomicClose" Close(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            atomic_of(shared)?.futex.close();
            Ok(Answer::Nothing)
        })
    }
}

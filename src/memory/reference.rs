//! The fast calls of `AtomicRef`: values as their encodings, which are compared byte by byte.

use std::sync::Arc;

use millrace_core::memory::Reference;

use super::atomics::{Value, atomic_of};
use crate::codec::Payload;
use crate::error::Fault;
use crate::fast::{Answer, fast_calls};
use crate::messages::{describe, give};
use crate::shared::{STALE, Shared};

fn reference_of(shared: &Shared) -> Result<&Reference<Arc<Payload>>, Fault> {
    match &atomic_of(shared)?.value {
        Value::Whole(reference) => Ok(reference),
        _ => Err(STALE),
    }
}

/// Whether two values have one encoding. As with `Object.is`, NaN is itself, and 0 is not -0.
pub(super) fn same(a: &Payload, b: &Payload) -> bool {
    match (a, b) {
        (Payload::Scalar { kind, num }, Payload::Scalar { kind: other, num: its }) => {
            kind == other && (num.to_bits() == its.to_bits() || num.is_nan() && its.is_nan())
        }
        (Payload::Bytes { kind, bytes }, Payload::Bytes { kind: other, bytes: its }) => {
            kind == other && bytes == its
        }
        (Payload::Large(large), Payload::Large(other)) => {
            let same = || large.parts.iter().zip(&other.parts).all(|(part, its)| **part == **its);
            large.kind == other.kind && large.parts.len() == other.parts.len() && same()
        }
        _ => false,
    }
}

fast_calls! {
    /// `(reference)`: its value, as `channelReceive` answers.
    c"referenceLoad" Load(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            let (value, _) = reference_of(shared)?.load();
            Ok(give(isolate, (*value).clone()))
        })
    }

    /// `(reference)`: the version of its value, which the task's record has.
    c"referenceLook" Look(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            let (value, version) = reference_of(shared)?.load();
            describe(isolate, (*value).clone(), 0.0, 0.0);
            Ok(Answer::Number(version as f64))
        })
    }

    /// `(reference, tag, number)`: replaces the value.
    c"referenceStore" Store(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            drop(reference_of(shared)?.exchange(Arc::new(payload)));
            Ok(Answer::Nothing)
        })
    }

    /// `(reference, tag, number)`: replaces the value; the one before, as `channelReceive` answers.
    c"referenceExchange" Exchange(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            let before = reference_of(shared)?.exchange(Arc::new(payload));
            Ok(give(isolate, (*before).clone()))
        })
    }

    /// `(tag, number)`: what the next `referenceCompareExchange` expects. Calls nest: encoding the other value may run
    /// the user's code.
    c"referenceExpect" Expect(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(0)? as u8, arguments.number(1)?)?;
        isolate.expected.borrow_mut().push(payload);
        Ok(Answer::Nothing)
    }

    /// That call will not come.
    c"referenceUnexpect" Unexpect(isolate, _arguments) {
        drop(isolate.expected.borrow_mut().pop());
        Ok(Answer::Nothing)
    }

    /// `(reference, tag, number)`: replaces the value if it is what was expected; whether it did.
    c"referenceCompareExchange" CompareExchange(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        let expected = isolate.expected.borrow_mut().pop().unwrap_or(Payload::UNDEFINED);
        isolate.with_object(arguments.wide(0)?, |shared| {
            let reference = reference_of(shared)?;
            Ok(Answer::Bool(reference.compare_exchange(|value| same(value, &expected), Arc::new(payload))))
        })
    }

    /// `(reference, tag, number, version)`: replaces the value if its version is still that; whether it did.
    c"referenceSetIf" SetIf(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        let version = arguments.wide(3)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Bool(reference_of(shared)?.set_if(version, Arc::new(payload))))
        })
    }
}

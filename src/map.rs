//! The fast calls of shared maps.

use std::sync::Arc;

use millrace_core::clock::{MILLI, Nanos};
use millrace_core::map::{Limits, SharedMap};
use napi_derive::napi;

use crate::channel::{describe, give};
use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::object::{NativeObject, Object, STALE, Shared};
use crate::pool::options::Options;
use crate::runtime;
use crate::singleflight::JsSingleflight;

/// A map of JavaScript's values, and the computations that are on their way for it.
pub(crate) struct JsMap {
    pub(crate) map: SharedMap<Arc<Payload>>,
    pub(crate) flights: Arc<JsSingleflight>,
}

/// A map's entries at one moment, on their way to JavaScript one by one.
pub(crate) type Snapshot = std::vec::IntoIter<(Arc<[u8]>, Arc<Payload>)>;

impl JsMap {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let entries = options.whole("maxEntries", 1, u32::MAX)?.map(u64::from);
        let weight = options.whole("maxBytes", 1, u32::MAX)?.map(u64::from);
        let ttl = options.millis("ttl", f64::MIN_POSITIVE, false)?.map(nanos);
        let limits = Limits { entries, weight, ttl };
        Ok(Self { map: SharedMap::new(limits, runtime::clock().clone()), flights: JsSingleflight::new() })
    }
}

fn nanos(millis: f64) -> Nanos {
    ((millis * MILLI as f64) as Nanos).max(1)
}

/// A key as bytes: its kind, then its text or the bits of its number.
fn key_of(payload: &Payload) -> Result<Box<[u8]>, Fault> {
    let (kind, rest): (u8, &[u8]) = match payload {
        Payload::Scalar { kind, num } => {
            // As in a Map: 0 is -0, and NaN is itself.
            let num = if *num == 0.0 { 0.0 } else { *num };
            return Ok([&[*kind][..], &num.to_bits().to_le_bytes()].concat().into());
        }
        Payload::Bytes { kind, bytes } => (*kind, bytes),
        Payload::Large(large) => (large.kind, large.parts.first().map_or(&[], |bytes| bytes)),
        Payload::Side { .. } => {
            return Err(Fault::invalid("key", "an object", "a text, number, bigint or boolean"));
        }
    };
    Ok([&[kind][..], rest].concat().into())
}

/// The payload of a key's bytes.
fn payload_of(key: &[u8]) -> Payload {
    const LAST_SCALAR: u8 = crate::codec::kind::LAST_SCALAR;
    match key.split_first() {
        Some((&kind, rest)) if kind <= LAST_SCALAR => {
            let bits = <[u8; 8]>::try_from(rest).unwrap_or_default();
            Payload::Scalar { kind, num: f64::from_bits(u64::from_le_bytes(bits)) }
        }
        Some((&kind, rest)) => Payload::Bytes { kind, bytes: Box::from(rest) },
        None => Payload::UNDEFINED,
    }
}

/// What a value takes, about, in bytes.
fn weight_of(key: &[u8], payload: &Payload) -> u64 {
    let value = match payload {
        Payload::Scalar { .. } | Payload::Side { .. } => 8,
        Payload::Bytes { bytes, .. } => bytes.len(),
        Payload::Large(large) => large.parts.iter().map(|part| part.len()).sum(),
    };
    (key.len() + value) as u64
}

fn map_of(shared: &Shared) -> Result<&JsMap, Fault> {
    match &shared.object {
        Object::Map(map) => Ok(map),
        _ => Err(STALE),
    }
}

/// The key in the arguments `at` (tag) and `at + 1` (number).
fn key(isolate: &Isolate, arguments: &Arguments, at: usize) -> Result<Box<[u8]>, Fault> {
    key_of(&isolate.take_payload(arguments.whole(at)? as u8, arguments.number(at + 1)?)?)
}

/// The time to live in argument `at`, in milliseconds; 0 for the map's own.
fn ttl(arguments: &Arguments, at: usize) -> Result<Option<Nanos>, Fault> {
    let millis = arguments.number(at)?;
    Ok((millis > 0.0).then(|| nanos(millis)))
}

/// What a map has counted.
#[napi(object)]
pub struct NativeMapStats {
    /// Entries.
    pub entries: f64,
    /// The bytes of their keys and values.
    pub bytes: f64,
    /// Reads that found something.
    pub hits: f64,
    /// Reads that found nothing.
    pub misses: f64,
    /// Entries that made room for others.
    pub evicted: f64,
    /// Entries whose time was up.
    pub expired: f64,
}

/// What a map has counted.
#[napi]
pub fn map_stats(object: &NativeObject) -> napi::Result<NativeMapStats> {
    let stats = map_of(object.shared())?.map.stats();
    Ok(NativeMapStats {
        entries: stats.entries as f64,
        bytes: stats.weight as f64,
        hits: stats.hits as f64,
        misses: stats.misses as f64,
        evicted: stats.evicted as f64,
        expired: stats.expired as f64,
    })
}

fast_calls! {
    /// `(map, tag, number)`: the value of a key, as `channelReceive` answers; nothing if there is none.
    c"mapGet" Get(isolate, arguments) {
        let key = key(isolate, arguments, 1)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(map_of(shared)?.map.get(&key).map_or(Answer::Nothing, |(value, _)| give(isolate, (*value).clone())))
        })
    }

    /// `(map, tag, number)`: the version of a key's value, which the task's record has; 0 if there is none.
    c"mapLook" Look(isolate, arguments) {
        let key = key(isolate, arguments, 1)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            let Some((value, version)) = map_of(shared)?.map.get(&key) else { return Ok(Answer::Number(0.0)) };
            describe(isolate, (*value).clone(), 0.0, 0.0);
            Ok(Answer::Number(version as f64))
        })
    }

    /// `(map, tag, number)`.
    c"mapHas" Has(isolate, arguments) {
        let key = key(isolate, arguments, 1)?;
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Bool(map_of(shared)?.map.contains(&key))))
    }

    /// `(map, tag, number)`: whether there was one.
    c"mapDelete" Delete(isolate, arguments) {
        let key = key(isolate, arguments, 1)?;
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Bool(map_of(shared)?.map.remove(&key))))
    }

    /// `(tag, number)`: the key of the next `mapSet` or `mapSetIf`.
    c"mapKey" Key(isolate, arguments) {
        *isolate.map_key.borrow_mut() = key(isolate, arguments, 0)?;
        Ok(Answer::Nothing)
    }

    /// `(map, tag, number, time to live in ms or 0)`: whether the key is new.
    c"mapSet" Set(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        let ttl = ttl(arguments, 3)?;
        let key = isolate.map_key.borrow();
        let weight = weight_of(&key, &payload);
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Bool(map_of(shared)?.map.set(&key, Arc::new(payload), weight, ttl)))
        })
    }

    /// `(map, tag, number, time to live in ms or 0, version)`: sets if the version is still that; whether it did.
    c"mapSetIf" SetIf(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        let (ttl, version) = (ttl(arguments, 3)?, arguments.wide(4)?);
        let key = isolate.map_key.borrow();
        let weight = weight_of(&key, &payload);
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Bool(map_of(shared)?.map.set_if(&key, version, Arc::new(payload), weight, ttl)))
        })
    }

    /// `(map)`.
    c"mapSize" Size(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Number(map_of(shared)?.map.len() as f64)))
    }

    /// `(map)`.
    c"mapClear" Clear(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            map_of(shared)?.map.clear();
            Ok(Answer::Nothing)
        })
    }

    /// `(map)`: takes a snapshot, which `mapNext` gives entry by entry; how many entries it has.
    c"mapSnapshot" TakeSnapshot(isolate, arguments) {
        let entries = isolate.with_object(arguments.wide(0)?, |shared| Ok(map_of(shared)?.map.snapshot()))?;
        let count = entries.len();
        let mut snapshots = isolate.snapshots.borrow_mut();
        let handle = snapshots.insert(entries.into_iter());
        drop(snapshots);
        describe(isolate, Payload::UNDEFINED, count as f64, 0.0);
        Ok(Answer::Number(handle as f64))
    }

    /// `(snapshot)`: puts the next key into the task's record; false, and it is let go of, when there is none.
    c"mapNext" Next(isolate, arguments) {
        let handle = arguments.wide(0)?;
        let mut snapshots = isolate.snapshots.borrow_mut();
        let next = snapshots.get_mut(handle).and_then(Iterator::next);
        let Some((key, value)) = next else {
            snapshots.remove(handle);
            return Ok(Answer::Bool(false));
        };
        drop(snapshots);
        *isolate.map_value.borrow_mut() = Some(value);
        describe(isolate, payload_of(&key), 0.0, 0.0);
        Ok(Answer::Bool(true))
    }

    /// Puts the value of that key into the task's record.
    c"mapNextValue" NextValue(isolate, _arguments) {
        let value = isolate.map_value.borrow_mut().take();
        describe(isolate, value.map_or(Payload::UNDEFINED, |value| (*value).clone()), 0.0, 0.0);
        Ok(Answer::Nothing)
    }

    /// `(snapshot)`: lets go of one that is not read to its end.
    c"mapLetGo" LetGo(isolate, arguments) {
        isolate.snapshots.borrow_mut().remove(arguments.wide(0)?);
        Ok(Answer::Nothing)
    }
}

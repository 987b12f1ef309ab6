//! The fast calls of shared maps.

use std::cell::RefMut;
use std::sync::Arc;

use millrace_core::clock::{MILLI, Nanos};
use millrace_core::lock::Owner;
use millrace_core::map::{Limits, SharedMap};
use napi_derive::napi;

use crate::codec::{Large, Payload, kind};
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::messages::describe;
use crate::object::NativeObject;
use crate::page::{Area, PAGE_TASK_RECORD};
use crate::pool::options::Options;
use crate::port::PortRef;
use crate::runtime;
use crate::shared::{Kind, Shared};
use crate::singleflight::JsSingleflight;
use crate::waiting::JsWaiter;

/// A map of JavaScript's values, and the computations that are on their way for it.
pub(crate) struct JsMap {
    pub(crate) map: SharedMap<Stored>,
    pub(crate) flights: Arc<JsSingleflight>,
}

/// A map's entries at one moment, on their way to JavaScript one by one.
pub(crate) type Snapshot = std::vec::IntoIter<(Arc<[u8]>, Stored)>;

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

/// A value in a map. Copied by counting.
#[derive(Clone)]
pub(crate) enum Stored {
    Scalar { kind: u8, num: f64 },
    Bytes { kind: u8, bytes: Arc<[u8]> },
    Large(Arc<Large>),
}

impl Stored {
    /// What JavaScript hands over as (kind, number).
    fn take(isolate: &Isolate, tag: u8, num: f64) -> Result<Self, Fault> {
        if (kind::LAST_SCALAR + 1..kind::SIDE).contains(&tag) {
            let bytes = isolate.page.read_out(num as usize, |bytes| Arc::from(bytes)).ok_or_else(too_long)?;
            return Ok(Self::Bytes { kind: tag, bytes });
        }
        match isolate.take_payload(tag, num)? {
            Payload::Scalar { kind, num } => Ok(Self::Scalar { kind, num }),
            Payload::Bytes { kind, bytes } => Ok(Self::Bytes { kind, bytes: bytes.into() }),
            Payload::Large(large) => Ok(Self::Large(large.into())),
            Payload::Side { .. } => {
                Err(Fault::invalid("value", "one that the platform alone can clone", "any other"))
            }
        }
    }

    /// Writes it into the task's record.
    fn show(&self, isolate: &Isolate) {
        let payload = match self {
            Self::Scalar { kind, num } => Payload::Scalar { kind: *kind, num: *num },
            Self::Bytes { kind, bytes } if isolate.page.write_bytes(Area::TASK, 0, bytes) => {
                let record = [0.0, 0.0, f64::from(*kind), bytes.len() as f64, 0.0, 0.0, 0.0, 0.0];
                return isolate.page.write_record(PAGE_TASK_RECORD, &record);
            }
            Self::Bytes { kind, bytes } => Payload::Bytes { kind: *kind, bytes: Box::from(&**bytes) },
            Self::Large(large) => Payload::Large(Box::new((**large).clone())),
        };
        describe(isolate, payload, 0.0, 0.0);
    }

    /// What it takes with its key, about, in bytes.
    fn weight(&self, key: &[u8]) -> u64 {
        let value = match self {
            Self::Scalar { .. } => 8,
            Self::Bytes { bytes, .. } => bytes.len(),
            Self::Large(large) => large.parts.iter().map(|part| part.len()).sum(),
        };
        (key.len() + value) as u64
    }
}

fn too_long() -> Fault {
    Fault::internal("a key or value is longer than the page that should hold it")
}

fn no_value() -> Fault {
    Fault::internal("no value was handed over for this entry")
}

/// A number is the last of the scalars.
const NUMBER: u8 = kind::LAST_SCALAR;
/// A key's memory is kept for the next one up to so many bytes.
const KEPT_KEY: usize = 4096;

/// The key in the arguments `at` (tag) and `at + 1` (number), as bytes: its kind, then its text or the bits of its number.
pub(crate) fn key<'a>(
    isolate: &'a Isolate,
    arguments: &Arguments,
    at: usize,
) -> Result<RefMut<'a, Vec<u8>>, Fault> {
    let (tag, num) = (arguments.whole(at)? as u8, arguments.number(at + 1)?);
    let mut key = isolate.map_key.borrow_mut();
    key.clear();
    key.shrink_to(KEPT_KEY);
    key.push(tag & !kind::STAGED);
    if tag <= kind::LAST_SCALAR {
        // As in a Map: 0 is -0, and NaN is itself.
        let num = if num == 0.0 {
            0.0
        } else if num.is_nan() {
            f64::NAN
        } else {
            num
        };
        key.extend_from_slice(&num.to_bits().to_le_bytes());
    } else if tag < kind::SIDE {
        isolate.page.read_out(num as usize, |bytes| key.extend_from_slice(bytes)).ok_or_else(too_long)?;
    } else if let Payload::Large(large) = isolate.take_payload(tag, num)? {
        key.extend_from_slice(large.parts.first().map_or(&[], |bytes| bytes));
    } else {
        return Err(Fault::invalid("key", "an object", "a text, number, bigint or boolean"));
    }
    Ok(key)
}

/// The payload of a key's bytes.
fn payload_of(key: &[u8]) -> Payload {
    match key.split_first() {
        Some((&kind, rest)) if kind <= kind::LAST_SCALAR => {
            let bits = <[u8; 8]>::try_from(rest).unwrap_or_default();
            Payload::Scalar { kind, num: f64::from_bits(u64::from_le_bytes(bits)) }
        }
        Some((&kind, rest)) => Payload::Bytes { kind, bytes: Box::from(rest) },
        None => Payload::UNDEFINED,
    }
}

impl Kind for JsMap {
    fn kind(&self) -> &'static str {
        "map"
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        self.flights.each_waiter(see);
    }

    fn held(&self) -> f64 {
        self.map.len() as f64
    }

    fn forget(&self, _isolate: PortRef, owner: Owner) {
        self.flights.release_owner(owner);
    }

    fn concerns(&self, owner: Owner) -> bool {
        self.flights.concerns(owner)
    }
}

fn map_of(shared: &Shared) -> Result<&JsMap, Fault> {
    shared.get()
}

/// The time to live in argument `at`, in milliseconds; 0 for the map's own.
fn ttl(arguments: &Arguments, at: usize) -> Result<Option<Nanos>, Fault> {
    let millis = arguments.number(at)?;
    Ok((millis > 0.0).then(|| nanos(millis)))
}

fn set(isolate: &Isolate, arguments: &Arguments, value: Stored) -> Result<Answer, Fault> {
    let ttl = ttl(arguments, 3)?;
    let key = key(isolate, arguments, 1)?;
    let weight = value.weight(&key);
    isolate.with_object(arguments.wide(0)?, |shared| {
        Ok(Answer::Bool(map_of(shared)?.map.set(&key, value, weight, ttl)))
    })
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
            Ok(match map_of(shared)?.map.get(&key) {
                None => Answer::Nothing,
                Some((Stored::Scalar { kind: NUMBER, num }, _)) => Answer::Number(num),
                Some((value, _)) => {
                    value.show(isolate);
                    Answer::Bool(true)
                }
            })
        })
    }

    /// `(map, tag, number)`: the version of a key's value, which the task's record has; 0 if there is none.
    c"mapLook" Look(isolate, arguments) {
        let key = key(isolate, arguments, 1)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            let Some((value, version)) = map_of(shared)?.map.get(&key) else { return Ok(Answer::Number(0.0)) };
            value.show(isolate);
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

    /// `(tag, number)`: the value of the next `mapSet` or `mapSetIf`. It comes before the key, as to encode it may call the user's code,
    /// which may use a map.
    c"mapValue" Value(isolate, arguments) {
        let value = Stored::take(isolate, arguments.whole(0)? as u8, arguments.number(1)?)?;
        *isolate.map_value.borrow_mut() = Some(value);
        Ok(Answer::Nothing)
    }

    /// `(map, tag, number, time to live in ms or 0)`: whether the key is new.
    c"mapSet" Set(isolate, arguments) {
        let value = isolate.map_value.take().ok_or_else(no_value)?;
        set(isolate, arguments, value)
    }

    /// `(map, tag, number, time to live in ms or 0, value's number)`: the same with a number as the value.
    c"mapSetNumber" SetNumber(isolate, arguments) {
        let num = arguments.number(4)?;
        set(isolate, arguments, Stored::Scalar { kind: NUMBER, num })
    }

    /// `(map, tag, number, time to live in ms or 0, version)`: sets if the version is still that; whether it did.
    c"mapSetIf" SetIf(isolate, arguments) {
        let value = isolate.map_value.take().ok_or_else(no_value)?;
        let (ttl, version) = (ttl(arguments, 3)?, arguments.wide(4)?);
        let key = key(isolate, arguments, 1)?;
        let weight = value.weight(&key);
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Bool(map_of(shared)?.map.set_if(&key, version, value, weight, ttl)))
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
        let value = isolate.map_value.take();
        value.unwrap_or(Stored::Scalar { kind: 0, num: 0.0 }).show(isolate);
        Ok(Answer::Nothing)
    }

    /// `(snapshot)`: lets go of one that is not read to its end.
    c"mapLetGo" LetGo(isolate, arguments) {
        isolate.snapshots.borrow_mut().remove(arguments.wide(0)?);
        Ok(Answer::Nothing)
    }
}

//! The ring of a channel's numbers, as an isolate sees it.

use std::sync::Arc;

use millrace_core::channel::{HEAD, Ring, STAMPS, TAIL};
use napi::Env;
use napi::bindgen_prelude::ArrayBuffer;
use napi_derive::napi;

use crate::codec::Payload;
use crate::error::Fault;
use crate::memory::{Region, array_buffer};
use crate::messages::{NUMBER, number};
use crate::object::NativeObject;
use crate::waiting::JsChannel;

/// Where the head stands among a ring's words.
#[napi]
pub const RING_HEAD: u32 = HEAD as u32;
/// Where the tail stands.
#[napi]
pub const RING_TAIL: u32 = TAIL as u32;
/// Where the stamps begin.
#[napi]
pub const RING_STAMPS: u32 = STAMPS as u32;

fn number_of(payload: &Payload) -> Option<f64> {
    match payload {
        Payload::Scalar { kind: NUMBER, num } => Some(*num),
        _ => None,
    }
}

/// One of a ring's two memories; keeps the channel.
struct Part {
    start: *mut u8,
    bytes: usize,
    _channel: Arc<JsChannel>,
}

// SAFETY: the pointer is only handed on; what it points to are atomics of the channel, which is kept.
unsafe impl Send for Part {}
// SAFETY: as above.
unsafe impl Sync for Part {}

impl Part {
    fn of<T>(channel: &Arc<JsChannel>, memory: &[T]) -> Arc<Self> {
        let start = memory.as_ptr().cast_mut().cast();
        Arc::new(Self { start, bytes: size_of_val(memory), _channel: Arc::clone(channel) })
    }
}

impl Region for Part {
    fn start(&self) -> *mut u8 {
        self.start
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

fn part<'env>(
    env: &'env Env,
    object: &NativeObject,
    part: impl FnOnce(&Arc<JsChannel>, &Ring) -> Arc<Part>,
) -> Result<Option<ArrayBuffer<'env>>, Fault> {
    let channel = object.shared().channel()?;
    let Some(ring) = channel.ring(number_of, number) else { return Ok(None) };
    array_buffer(env, part(channel, ring)).map(Some)
}

/// Head, tail and stamps of a channel's ring; none if it has no buffer. To be asked for once in each thread.
#[napi]
pub fn channel_ring_words<'env>(
    env: &'env Env,
    object: &NativeObject,
) -> napi::Result<Option<ArrayBuffer<'env>>> {
    Ok(part(env, object, |channel, ring| Part::of(channel, ring.words()))?)
}

/// The numbers of a channel's ring. To be asked for once in each thread.
#[napi]
pub fn channel_ring_values<'env>(
    env: &'env Env,
    object: &NativeObject,
) -> napi::Result<Option<ArrayBuffer<'env>>> {
    Ok(part(env, object, |channel, ring| Part::of(channel, ring.values()))?)
}

//! Memory that several isolates see at once.

mod block;
mod cells;
mod views;
pub(crate) mod words;

pub(crate) mod atomics;
pub(crate) mod reference;

pub(crate) use block::{Block, JsMemory};
pub(crate) use views::{Views, look};
pub(crate) use words::words;

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::ArrayBuffer;

use crate::error::{Fault, code};

/// Memory that stays where it is for as long as anybody holds it.
pub(crate) trait Region: Send + Sync + 'static {
    /// Where it begins.
    fn start(&self) -> *mut u8;
    /// How many bytes it has.
    fn bytes(&self) -> usize;
}

/// A region as an isolate sees it: an `ArrayBuffer` over the very bytes, which holds the region until it is collected. To be made
/// once for each isolate and region.
pub(crate) fn array_buffer<'env, R: Region>(
    env: &'env Env,
    region: Arc<R>,
) -> Result<ArrayBuffer<'env>, Fault> {
    let (start, bytes) = (region.start(), region.bytes());
    // SAFETY: the region's bytes stay where they are until the finalizer has dropped its reference.
    let made = unsafe { ArrayBuffer::from_external(env, start, bytes, region, |_, region| drop(region)) };
    let buffer = made.map_err(|error| Fault::internal(error.to_string()))?;
    // Where the runtime allows no memory but its own (Electron), what was made is a copy.
    if buffer.as_ptr() == start {
        Ok(buffer)
    } else {
        Err(Fault::new(code::UNSUPPORTED, "this runtime cannot share memory that is not its own".to_owned()))
    }
}

//! Memory that several isolates see at once.

use std::sync::{Arc, LazyLock};

use millrace_core::words::{Chunk, Words};
use napi::Env;
use napi::bindgen_prelude::ArrayBuffer;
use napi_derive::napi;

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

/// The words of all locks of the process.
pub(crate) fn words() -> &'static Arc<Words> {
    static WORDS: LazyLock<Arc<Words>> = LazyLock::new(Arc::default);
    &WORDS
}

impl Region for Chunk {
    fn start(&self) -> *mut u8 {
        self.words().as_ptr().cast_mut().cast()
    }

    fn bytes(&self) -> usize {
        size_of_val(self.words())
    }
}

/// Places in one chunk of words; each has a cache line.
#[napi]
pub const WORD_PLACES: u32 = millrace_core::words::CHUNK_PLACES;

/// The memory of a chunk of words, as this thread sees it. To be asked for once in each thread.
#[napi]
pub fn shared_words(env: &Env, chunk: u32) -> napi::Result<ArrayBuffer<'_>> {
    let missing = || Fault::internal(format!("there is no chunk {chunk} of words"));
    Ok(array_buffer(env, words().chunk(chunk).ok_or_else(missing)?)?)
}

//! The words that locks keep their state in, as isolates see them.

use std::sync::{Arc, LazyLock};

use millrace_core::words::{Chunk, Words};
use napi::Env;
use napi::bindgen_prelude::ArrayBuffer;
use napi_derive::napi;

use super::{Region, array_buffer};
use crate::error::Fault;

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

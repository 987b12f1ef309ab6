//! `SharedMemory`: bytes of its own that threads share.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::ArrayBuffer;
use napi_derive::napi;

use super::Region;
use super::views::movable_buffer;
use crate::error::{Fault, code};
use crate::object::NativeObject;
use crate::pool::options::Options;
use crate::shared::{Kind, STALE};

/// The bytes begin where no other object's cache line does.
const ALIGN: usize = 128;
/// What the system's allocator gives without being asked. For more than this Rust writes the zeros itself, and so touches every
/// page; up to this they are the system's, which gives a page at its first use.
const NATURAL: usize = 16;
/// Two gigabytes: what every runtime takes for one buffer.
const MOST: u32 = 1 << 31;

/// Zeroed bytes that stay where they are until the last one lets go.
pub(crate) struct Block {
    allocation: NonNull<u8>,
    layout: Layout,
    /// The first multiple of [`ALIGN`] in the allocation.
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: it owns its allocation, whose address never changes; the bytes are JavaScript's to write.
unsafe impl Send for Block {}
// SAFETY: as above; nothing here reads or writes the bytes.
unsafe impl Sync for Block {}

impl Block {
    pub(crate) fn new(bytes: usize) -> Result<Self, Fault> {
        let full =
            || Fault::new(code::OUT_OF_MEMORY, format!("the system has no {bytes} bytes of memory to give"));
        let layout = Layout::from_size_align(bytes + ALIGN, NATURAL).map_err(|_| full())?;
        // SAFETY: the layout has a size above 0.
        let allocation = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(full)?;
        let skip = allocation.align_offset(ALIGN);
        // SAFETY: `skip` is below `ALIGN`, by which the allocation is longer than its bytes.
        let start = unsafe { allocation.add(skip) };
        Ok(Self { allocation, layout, start, bytes })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout, and freed once.
        unsafe { dealloc(self.allocation.as_ptr(), self.layout) };
    }
}

impl Region for Block {
    fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Memory as an object: nothing more once this thread has closed it.
pub(crate) struct JsMemory(Option<Arc<Block>>);

impl JsMemory {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let bytes = options.whole("bytes", 1, MOST)?.unwrap_or(1);
        Ok(Self(Some(Arc::new(Block::new(bytes as usize)?))))
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |block| block.bytes)
    }
}

impl Kind for JsMemory {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn held(&self) -> f64 {
        self.bytes() as f64
    }
}

fn memory_of(object: &NativeObject) -> Result<&JsMemory, Fault> {
    object.shared().get()
}

/// How many bytes a memory has.
#[napi]
pub fn memory_bytes(object: &NativeObject) -> napi::Result<f64> {
    Ok(memory_of(object)?.bytes() as f64)
}

/// A memory as this isolate sees it; to be made once, or again if JavaScript has moved the bytes out of the one before.
#[napi]
pub fn memory_buffer<'env>(env: &'env Env, object: &NativeObject) -> napi::Result<ArrayBuffer<'env>> {
    let block = memory_of(object)?.0.as_ref().ok_or(STALE)?;
    Ok(movable_buffer(env, Arc::clone(block))?)
}

/// Lets go of a memory in this thread; buffers that were made of it keep it.
#[napi]
pub fn memory_close(object: &mut NativeObject) -> napi::Result<()> {
    memory_of(object)?;
    object.replace(JsMemory(None));
    Ok(())
}

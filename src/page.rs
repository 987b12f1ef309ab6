//! The memory that an isolate and native code both see, so that values cross without a call for each.
//!
//! JavaScript allocates one `ArrayBuffer` and views it as numbers and bytes; this side writes into it only while the
//! isolate is inside one of our calls, on the isolate's own thread, so the two never touch it at once.

use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::Fault;

/// Numbers in one record of the page.
#[napi]
pub const PAGE_RECORD: u32 = 8;
/// Records that one drain may fill.
#[napi]
pub const PAGE_DRAIN_RECORDS: u32 = 512;
/// Where the bytes of drained messages begin.
#[napi]
pub const PAGE_DRAIN_BYTES: u32 = (PAGE_DRAIN_RECORDS + 2) * PAGE_RECORD * 8;
/// Bytes in each of the three byte areas: drained messages, the task at hand, values on their way out.
#[napi]
pub const PAGE_AREA: u32 = 65_536;
/// Where the bytes of the task at hand begin.
#[napi]
pub const PAGE_TASK_BYTES: u32 = PAGE_DRAIN_BYTES + PAGE_AREA;
/// Where JavaScript puts the bytes of a value on its way out.
#[napi]
pub const PAGE_OUT_BYTES: u32 = PAGE_TASK_BYTES + PAGE_AREA;
/// The size of the page.
#[napi]
pub const PAGE_SIZE: u32 = PAGE_OUT_BYTES + PAGE_AREA;
/// The record that describes the task a worker has begun.
#[napi]
pub const PAGE_TASK_RECORD: u32 = PAGE_DRAIN_RECORDS;

/// Numbers that stand in the page where records do, but for the task's own.
pub(crate) const PAGE_NUMBERS: usize = (PAGE_DRAIN_RECORDS * PAGE_RECORD) as usize;

/// An area of the page that bytes are written to.
#[derive(Clone, Copy)]
pub(crate) struct Area(u32);

impl Area {
    pub(crate) const DRAIN: Self = Self(PAGE_DRAIN_BYTES);
    pub(crate) const TASK: Self = Self(PAGE_TASK_BYTES);
}

/// One isolate's page.
pub(crate) struct Page(*mut u8);

impl Page {
    /// Takes the memory of `buffer`, which the caller keeps referenced for as long as the page is used.
    pub(crate) fn new(buffer: &ArrayBuffer<'_>) -> std::result::Result<Self, Fault> {
        if buffer.len() != PAGE_SIZE as usize {
            return Err(Fault::internal("the page has another size than this build of the engine expects"));
        }
        Ok(Self(buffer.as_ptr().cast_mut()))
    }

    /// Writes one record of numbers. A record that does not exist is left alone.
    pub(crate) fn write_record(&self, index: u32, record: &[f64; PAGE_RECORD as usize]) {
        if index > PAGE_TASK_RECORD {
            return;
        }
        let at = (index * PAGE_RECORD * 8) as usize;
        // SAFETY: records end before `PAGE_DRAIN_BYTES`, which is inside the buffer, and the copy is bytewise.
        let to = unsafe { self.0.add(at) };
        // SAFETY: the target lies inside the buffer, is not aliased (only this thread is here), and does not overlap.
        unsafe { std::ptr::copy_nonoverlapping(record.as_ptr().cast::<u8>(), to, size_of_val(record)) };
    }

    /// Writes bytes at an offset of an area, or says that they do not fit.
    pub(crate) fn write_bytes(&self, area: Area, offset: usize, bytes: &[u8]) -> bool {
        if offset.saturating_add(bytes.len()) > PAGE_AREA as usize {
            return false;
        }
        // SAFETY: each area has `PAGE_AREA` bytes inside the buffer, and the end was checked above.
        let to = unsafe { self.0.add(area.0 as usize + offset) };
        // SAFETY: as for `write_record`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        true
    }

    /// One of the numbers that JavaScript has put where records stand.
    pub(crate) fn read_number(&self, index: usize) -> f64 {
        if index >= PAGE_NUMBERS {
            return 0.0;
        }
        // SAFETY: the numbers before `PAGE_TASK_RECORD` are inside the buffer.
        let from = unsafe { self.0.add(index * 8) };
        // SAFETY: eight initialised bytes, which nobody writes meanwhile.
        unsafe { from.cast::<f64>().read_unaligned() }
    }

    /// Writes one of those numbers. One that does not exist is left alone.
    pub(crate) fn write_number(&self, index: usize, number: f64) {
        if index >= PAGE_NUMBERS {
            return;
        }
        // SAFETY: as for `read_number`.
        let to = unsafe { self.0.add(index * 8) };
        // SAFETY: eight bytes inside the buffer, on the isolate's own thread.
        unsafe { to.cast::<f64>().write_unaligned(number) };
    }

    /// Copies what JavaScript has put into the outgoing area, in the way that `copy` does.
    pub(crate) fn read_out<B>(&self, length: usize, copy: impl FnOnce(&[u8]) -> B) -> Option<B> {
        if length > PAGE_AREA as usize {
            return None;
        }
        // SAFETY: the outgoing area is the last one and `PAGE_AREA` long.
        let from = unsafe { self.0.add(PAGE_OUT_BYTES as usize) };
        // SAFETY: `length` bytes of it are initialised (JavaScript zero-fills buffers) and nobody writes meanwhile: `copy` is ours,
        // and JavaScript does not run before it has returned.
        Some(copy(unsafe { std::slice::from_raw_parts(from, length) }))
    }
}

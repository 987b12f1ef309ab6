//! Cells of atomics: each has a stretch of memory of its own, so that two are never on one cache line, and many share a chunk, so
//! that an isolate needs one buffer for all of them. Chunks stay for good; a cell is used again when its atomic is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use napi::Env;
use napi::bindgen_prelude::ArrayBuffer;
use napi_derive::napi;
use parking_lot::Mutex;

use super::{Region, array_buffer};
use crate::error::Fault;
use crate::object::NativeObject;
use crate::shared::STALE;

/// Cells in a chunk of 64 kB.
const CELLS: u32 = 512;

/// One atomic's memory: two neighbouring cache lines, as processors fetch them in pairs.
#[repr(C, align(128))]
#[derive(Default)]
struct Cell {
    /// A 32-bit value, at byte 0.
    narrow: AtomicU32,
    /// A 64-bit value, at byte 8.
    wide: AtomicU64,
}

struct Chunk(Box<[Cell]>);

impl Region for Chunk {
    fn start(&self) -> *mut u8 {
        self.0.as_ptr().cast_mut().cast()
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

struct Slab {
    chunks: Vec<Arc<Chunk>>,
    /// Cells that no atomic has.
    free: Vec<u32>,
}

static SLAB: Mutex<Slab> = Mutex::new(Slab { chunks: Vec::new(), free: Vec::new() });

/// An atomic's hold on its cell.
pub(crate) struct Slot {
    chunk: Arc<Chunk>,
    /// Its number among all cells.
    number: u32,
}

impl Slot {
    /// A cell with a value; which half of the cell has it is the kind's affair.
    pub(super) fn new(value: u64) -> Result<Self, Fault> {
        let missing = const { Fault::stale("there is no such cell") };
        let mut slab = SLAB.lock();
        if slab.free.is_empty() {
            let first = slab.chunks.len() as u32 * CELLS;
            slab.chunks.push(Arc::new(Chunk((0..CELLS).map(|_| Cell::default()).collect())));
            slab.free.extend((first..first + CELLS).rev());
        }
        let number = slab.free.pop().ok_or(missing)?;
        let chunk = slab.chunks.get((number / CELLS) as usize).map(Arc::clone);
        drop(slab);
        let slot = Self { chunk: chunk.ok_or(const { Fault::stale("there is no such cell") })?, number };
        if let Some(cell) = slot.cell() {
            cell.narrow.store(value as u32, Ordering::SeqCst);
            cell.wide.store(value, Ordering::SeqCst);
        }
        Ok(slot)
    }

    fn cell(&self) -> Option<&Cell> {
        self.chunk.0.get((self.number % CELLS) as usize)
    }

    /// The 32-bit value.
    pub(super) fn narrow(&self) -> u32 {
        self.cell().map_or(0, |cell| cell.narrow.load(Ordering::SeqCst))
    }

    /// The 64-bit value.
    pub(super) fn wide(&self) -> u64 {
        self.cell().map_or(0, |cell| cell.wide.load(Ordering::SeqCst))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        SLAB.lock().free.push(self.number);
    }
}

/// Where an atomic's cell is.
#[napi(object)]
pub struct NativeCell {
    /// The number of its chunk.
    pub chunk: u32,
    /// At which byte of the chunk it begins.
    pub offset: u32,
}

/// Where an atomic's cell is.
#[napi]
pub fn atomic_cell(object: &NativeObject) -> napi::Result<NativeCell> {
    let slot = super::atomics::atomic_of(object.shared())?.slot().ok_or(STALE)?;
    Ok(NativeCell { chunk: slot.number / CELLS, offset: slot.number % CELLS * size_of::<Cell>() as u32 })
}

/// A chunk of cells as this isolate sees it; to be made once.
#[napi]
pub fn atomic_chunk(env: &Env, chunk: u32) -> napi::Result<ArrayBuffer<'_>> {
    let found = SLAB.lock().chunks.get(chunk as usize).map(Arc::clone);
    Ok(array_buffer(env, found.ok_or(STALE)?)?)
}

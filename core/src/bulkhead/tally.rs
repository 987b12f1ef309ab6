//! What a bulkhead counts.
//!
//! A thread that passes by itself counts so in the words beside its purse, which nobody else changes: how many calls, in 64 bits, and how
//! many were inside at most. When the thread gives its purse up, or dies, that is added to the rest.

use crate::clock::Nanos;
use crate::metrics::Histogram;
use crate::sync::Ordering;
use crate::words::Word;

/// Where, beside the purse.
const CALLS_LOW: usize = 1;
const CALLS_HIGH: usize = 2;
const PEAK: usize = 3;

/// How a bulkhead stands, and what it has counted since it was made.
#[derive(Debug, Clone)]
pub struct Figures {
    /// How many may be inside.
    pub most: u32,
    /// How many are.
    pub inside: u32,
    /// How many wait.
    pub waiting: usize,
    /// How many got in.
    pub calls: u64,
    /// How many found neither a place nor room in the line.
    pub rejections: u64,
    /// How many waited in vain, until their time was up.
    pub timeouts: u64,
    /// How many gave up waiting.
    pub cancelled: u64,
    /// How many had to wait.
    pub queued: u64,
    /// How many were inside at once at most.
    pub peak: u32,
    /// How long those waited who got in after waiting.
    pub waits: Histogram,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) rejections: u64,
    pub(super) timeouts: u64,
    pub(super) cancelled: u64,
    pub(super) queued: u64,
    pub(super) peak: u32,
    /// Made when somebody has waited: most bulkheads have room.
    waits: Option<Box<Histogram>>,
}

impl Tally {
    pub(super) fn waited(&mut self, time: Nanos) {
        self.waits.get_or_insert_default().record(time);
    }

    pub(super) fn waits(&self) -> Histogram {
        self.waits.as_deref().cloned().unwrap_or_default()
    }

    /// Takes over what a thread has counted by itself. By the thread, or after its death.
    pub(super) fn collect(&mut self, purse: &Word) {
        let take = |at| purse.beside(at).map_or(0, |cell| cell.swap(0, Ordering::Relaxed));
        self.calls += u64::from(take(CALLS_LOW)) | u64::from(take(CALLS_HIGH)) << 32;
        self.peak = self.peak.max(take(PEAK));
    }
}

/// What a thread has counted by itself: calls, and the most that were inside.
pub(super) fn counted(purse: &Word) -> (u64, u32) {
    let read = |at| purse.beside(at).map_or(0, |cell| cell.load(Ordering::Acquire));
    let high = read(CALLS_HIGH);
    let low = read(CALLS_LOW);
    // Between the two the low half may have begun anew.
    let low = if read(CALLS_HIGH) == high { low } else { u32::MAX };
    (u64::from(low) | u64::from(high) << 32, read(PEAK))
}

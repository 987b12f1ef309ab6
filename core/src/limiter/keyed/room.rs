//! How many keys, and how many who wait, there may be over all shards.

use super::OnFull;
use crate::sync::{Arc, AtomicU64, Ordering};

/// How many keys there may be.
#[derive(Debug)]
pub(super) struct Room {
    most: u64,
    pub(super) on_full: OnFull,
    taken: AtomicU64,
}

impl Room {
    pub(super) fn new(most: u64, on_full: OnFull) -> Self {
        Self { most, on_full, taken: AtomicU64::new(0) }
    }

    /// Whether there is room for one more, which it is then.
    pub(super) fn enter(&self) -> bool {
        enter(&self.taken, self.most)
    }

    pub(super) fn leave(&self, keys: usize) {
        self.taken.fetch_sub(keys as u64, Ordering::Relaxed);
    }
}

fn enter(taken: &AtomicU64, most: u64) -> bool {
    // Relaxed, as it only counts; whoever counts too many takes it back.
    let fits = taken.fetch_add(1, Ordering::Relaxed) < most;
    if !fits {
        taken.fetch_sub(1, Ordering::Relaxed);
    }
    fits
}

/// How many may wait, whatever their keys.
#[derive(Debug)]
pub(super) struct Seats {
    most: u64,
    taken: Arc<AtomicU64>,
}

/// A place of one who waits, or is about to; dropped, it is another's.
#[derive(Debug)]
pub(super) struct Seat(Arc<AtomicU64>);

impl Seats {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most as u64, taken: Arc::new(AtomicU64::new(0)) }
    }

    pub(super) fn take(&self) -> Option<Seat> {
        enter(&self.taken, self.most).then(|| Seat(Arc::clone(&self.taken)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

//! How a worker's thread waits for work without its event loop.
//!
//! A flag under a lock with a condition: an unpark before the park is not lost, it ends the next park at once. A short
//! spin comes first, because work that comes while work flows mostly comes within microseconds, and waking a thread that
//! sleeps costs ten times as much. Only so many threads of the process spin that a processor is left for the others.

use std::time::Duration;

use crate::clock::Nanos;
use crate::spin::{LONG, spin};
use crate::sync::{AtomicBool, Condvar, Mutex, Ordering};

/// One thread's parking place.
#[derive(Debug, Default)]
pub struct Parker {
    notified: AtomicBool,
    lock: Mutex<()>,
    condition: Condvar,
}

impl Parker {
    /// Waits until [`unpark`](Self::unpark) is called, or was called since the last wait, or the time has passed.
    pub fn park(&self, limit: Nanos, processors: u32) {
        // Looked at before it is taken: taking moves the cache line, which the one who unparks wants.
        let seen = || self.notified.load(Ordering::Relaxed) && self.notified.swap(false, Ordering::Acquire);
        if spin(LONG, processors.saturating_sub(1) as usize, seen) {
            return;
        }
        let mut guard = self.lock.lock();
        if !self.notified.load(Ordering::Acquire) {
            self.condition.wait_for(&mut guard, Duration::from_nanos(limit));
        }
        self.notified.store(false, Ordering::Relaxed);
    }

    /// Ends the wait, or the next one.
    pub fn unpark(&self) {
        self.notified.store(true, Ordering::Release);
        // The lock orders this against a thread between its last look at the flag and its sleep.
        drop(self.lock.lock());
        self.condition.notify_one();
    }
}

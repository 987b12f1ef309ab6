//! How a worker's thread waits for work without its event loop.
//!
//! A flag under a lock with a condition: an unpark before the park is not lost, it ends the next park at once. A short
//! spin comes first, because work that comes while work flows mostly comes within microseconds, and waking a thread that
//! sleeps costs ten times as much. Only so many threads of the process spin that a processor is left for the others.

use std::time::Duration;

use crate::clock::Nanos;
use crate::sync::{AtomicBool, Condvar, Mutex, Ordering, StaticCounter, spin_loop};

/// Looks at the flag this often before the thread sleeps: some tens of microseconds.
const SPINS: u32 = if cfg!(loom) { 1 } else { 3000 };

/// Threads of this process that spin now.
static SPINNING: Spinning = Spinning(StaticCounter::new(0));

struct Spinning(StaticCounter);

impl Spinning {
    /// Spins on `notified`, if a processor is left over for that. Says whether the flag was seen, and takes it.
    fn spin(&self, notified: &AtomicBool, processors: u32) -> bool {
        let others = self.0.fetch_add(1, Ordering::Relaxed);
        let spins = if others + 1 < processors as usize { SPINS } else { 1 };
        let mut seen = false;
        for _ in 0..spins {
            // Looked at before it is taken: taking moves the cache line, which the one who unparks wants.
            if notified.load(Ordering::Relaxed) && notified.swap(false, Ordering::Acquire) {
                seen = true;
                break;
            }
            spin_loop();
        }
        self.0.fetch_sub(1, Ordering::Relaxed);
        seen
    }
}

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
        if SPINNING.spin(&self.notified, processors) {
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

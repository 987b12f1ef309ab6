//! Time as a parameter.
//!
//! Every rule of the engine that reads a clock is given one. [`MonotonicClock`] is the real one; [`ManualClock`]
//! moves only when a test moves it. Both count nanoseconds from an origin of their own and never run backwards, so a
//! jump of the wall clock changes nothing.

use std::fmt::Debug;
use std::time::Instant;

use crate::sync::{AtomicU64, Ordering};

/// Nanoseconds: a point in time of one clock, or a span between two.
pub type Nanos = u64;

/// One millisecond, the unit of every public option.
pub const MILLI: Nanos = 1_000_000;

/// A source of monotonic time.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Nanoseconds since the clock's origin. Never less than an earlier answer.
    fn now(&self) -> Nanos;
}

/// The machine's monotonic clock.
#[derive(Debug)]
pub struct MonotonicClock {
    origin: Instant,
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Nanos {
        // 584 years of nanoseconds fit in 64 bits.
        self.origin.elapsed().as_nanos() as Nanos
    }
}

/// A clock that stands still until it is moved.
///
/// ```
/// use millrace_core::clock::{Clock, ManualClock, MILLI};
///
/// let clock = ManualClock::default();
/// clock.advance(5 * MILLI);
/// assert_eq!(clock.now(), 5 * MILLI);
/// ```
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicU64,
}

impl ManualClock {
    /// Moves the clock forward by `span`.
    pub fn advance(&self, span: Nanos) {
        self.now.fetch_add(span, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Nanos {
        self.now.load(Ordering::SeqCst)
    }
}

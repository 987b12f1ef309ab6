//! The numbers that stand for what passes between limiters and JavaScript, which `ts/rate-limiters/limiter.ts` mirrors.

use millrace_core::clock::{MILLI, Nanos};
use millrace_core::limiter::Refused;

/// How passing, or asking to, went. Below zero: refused, with the time until it could.
pub(super) mod passed {
    pub(in crate::limiter) const WAITING: f64 = 0.0;
    pub(in crate::limiter) const NOW: f64 = 1.0;
    pub(in crate::limiter) const CLOSED: f64 = 2.0;
    pub(in crate::limiter) const TOO_MUCH: f64 = 3.0;
    /// Further below zero by this: refused because too many wait.
    pub(in crate::limiter) const FULL: f64 = (1_u64 << 52) as f64;
}

/// What may be read of a limiter.
pub(super) mod reading {
    pub(in crate::limiter) const CLOSED: u32 = 0;
    pub(in crate::limiter) const WAITING: u32 = 1;
    pub(in crate::limiter) const ALLOWED: u32 = 2;
    pub(in crate::limiter) const REFUSED: u32 = 3;
    pub(in crate::limiter) const WAITED: u32 = 4;
    pub(in crate::limiter) const CANCELLED: u32 = 5;
    pub(in crate::limiter) const WAITED_SUM: u32 = 6;
    pub(in crate::limiter) const WAITED_MAX: u32 = 7;
    /// Of a window.
    pub(in crate::limiter) const TAKEN: u32 = 8;
    pub(in crate::limiter) const WINDOW: u32 = 9;
    /// The configuration: the most at once, …
    pub(in crate::limiter) const LIMIT: u32 = 10;
    /// … how long a window or interval is, in ms, …
    pub(in crate::limiter) const SPAN: u32 = 11;
    /// … how many come back in it, or how many sub-windows it has, …
    pub(in crate::limiter) const RATE: u32 = 12;
    /// … and whether what is saved up may be taken at once.
    pub(in crate::limiter) const BURST: u32 = 13;
}

/// What changes a limiter.
pub(super) mod change {
    pub(in crate::limiter) const PENALTY: u32 = 0;
    pub(in crate::limiter) const REWARD: u32 = 1;
    pub(in crate::limiter) const BLOCK: u32 = 2;
    pub(in crate::limiter) const RESET: u32 = 3;
}

pub(crate) fn millis(span: Nanos) -> f64 {
    span as f64 / MILLI as f64
}

pub(crate) fn nanos(millis: f64) -> Nanos {
    (millis * MILLI as f64) as Nanos
}

pub(super) fn refused(why: Refused) -> f64 {
    match why {
        Refused::Closed => passed::CLOSED,
        Refused::TooMuch => passed::TOO_MUCH,
        Refused::Late(after) => -millis(after) - 1.0,
        Refused::Full(after) => -millis(after).ceil() - 1.0 - passed::FULL,
    }
}

/// A limit in ms, of which 0 is none.
pub(crate) fn within(limit: f64) -> Option<Nanos> {
    (limit > 0.0).then(|| nanos(limit))
}

//! A limiter for each of many keys: addresses, users, tenants.
//!
//! Keys are cut into shards with a lock each, and stand in tables of their own ([`KeyedLimiter`]); keys are compared whole, so two with one
//! hash are two. A key may have several limits at once ([`Limits`]): it takes from all of them or from none. A key whose limits have all
//! come back is as good as unknown, and is dropped by a hand that moves on with each insertion; one that still owes something never is,
//! whatever comes, so that nobody resets its own limit by flooding. When there are as many keys as there may be, [`OnFull`] says what
//! happens to new ones.
//!
//! Those who wait for a key stand in a line that is there only while somebody does, with one deadline: that of its first.

mod fixed;
mod limit;
mod limiter;
mod line;
mod room;
mod shard;
mod sliding;
mod slots;
mod special;
mod waiting;

pub use fixed::FixedWindow;
pub use limit::{Limit, Limits};
pub use limiter::KeyedLimiter;
pub use shard::{Ask, Verdict};
pub use sliding::SlidingWindow;
pub use special::List;
pub use waiting::Acquire;

use super::Standing;
use crate::clock::Nanos;

/// What happens to a new key when there are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// It may not pass.
    Refuse,
    /// It may pass, uncounted.
    Allow,
}

/// What was decided about a request, and how the key stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// Of the limit of which the least remains.
    pub standing: Standing,
    /// When it was decided.
    pub now: Nanos,
}

impl Default for Decision {
    fn default() -> Self {
        let standing = Standing { limit: 0, remaining: 0, reset_at: 0 };
        Self { verdict: Verdict::Closed, standing, now: 0 }
    }
}

/// What a limiter has counted, and how large it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyedStats {
    /// Keys that it knows.
    pub keys: u64,
    /// The memory of its tables.
    pub bytes: u64,
    /// Who waits.
    pub waiting: u64,
    /// Requests that were allowed.
    pub allowed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests of new keys for which there was no room.
    pub turned_away: u64,
    /// Keys that were dropped as all had come back.
    pub dropped: u64,
}

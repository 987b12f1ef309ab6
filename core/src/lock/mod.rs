//! Locks and meeting points: who may go on, and who waits for whom.
//!
//! All of them wait as [`wait`](crate::wait) says: first in, first out, each wait told its end once, and what is handed to
//! one who has given up in the same instant goes to the next. Each has its whole state under one lock; what passes at once
//! takes that lock once and makes no waiter. Nothing is told under a lock. Closing one, or dropping the last reference to
//! it, tells all who wait `Closed`; those who hold may still give back. So is told who finds 2^24 in line.
//!
//! Holders are [`Owner`]s, the host's threads. When one has died, `release_owner` cancels its waits, gives back what it
//! held, and marks what it may have left half done as poisoned, until somebody clears that.
//!
//! | file | what |
//! | --- | --- |
//! | `gate` | the line before a rule: the waiting of all but `barrier` and `cond` |
//! | `semaphore`, `mutex`, `rwlock` | what is held and given back |
//! | `waitgroup`, `latch`, `once`, `singleflight` | what is waited for until it is done |
//! | `barrier`, `cond` | meeting points |
//! | `deadlock` | who waits for whom, for a debug mode |

mod barrier;
mod cond;
mod deadlock;
mod gate;
mod latch;
mod mutex;
mod once;
mod owner;
mod rwlock;
mod semaphore;
mod singleflight;
#[cfg(test)]
pub(crate) mod told;
mod waitgroup;

pub use barrier::{Arrival, Barrier};
pub use cond::Cond;
pub use deadlock::{Claim, Link, Share, WaitGraph};
pub use gate::{GUARDED, Wait};
pub use latch::Latch;
pub use mutex::{Busy, Lock, Poisoned};
pub use once::{Begin, Once};
pub(crate) use owner::Holdings;
pub use owner::{NotHeld, Owner};
pub use rwlock::RwLock;
pub use semaphore::{Acquire, Semaphore};
pub use singleflight::{Boarding, Passenger, Singleflight};
pub use waitgroup::{Negative, WaitGroup};

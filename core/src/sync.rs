//! The one place that chooses between the real synchronisation types and loom's.
//!
//! No other file of the crate names `std::sync::atomic`, `parking_lot` or `loom`. Under `--cfg loom` the same code runs
//! inside loom's model checker.

#[cfg(not(loom))]
pub use std::hint::spin_loop;
#[cfg(not(loom))]
pub use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(not(loom))]
pub use std::sync::{Arc, Weak};

#[cfg(not(loom))]
pub use parking_lot::{Condvar, Mutex, MutexGuard};

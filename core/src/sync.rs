//! The one place that chooses between the real synchronisation types and loom's.
//!
//! No other file of the crate names `std::sync`, `parking_lot` or `loom`. Under `--cfg loom` the same code runs inside loom's
//! model checker. `Arc`, `Weak` and `OnceLock` are the real ones in both: loom has no `Weak` and no `OnceLock`, and counting references is not what the
//! models are about.

pub use std::sync::atomic::Ordering;
pub use std::sync::{Arc, OnceLock, Weak};

/// A counter that may be a `static`: the real one in both, as loom's atomics live in one model only. It may guide, never
/// decide.
pub type StaticCounter = std::sync::atomic::AtomicUsize;

/// Whether loom runs it: it has no cache, and counts every word.
pub const MODEL: bool = cfg!(loom);

#[cfg(not(loom))]
mod chosen {
    pub use parking_lot::{Condvar, Mutex, MutexGuard};
    pub use std::hint::spin_loop;
    pub use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64};
    pub use std::thread::yield_now;
}

#[cfg(loom)]
mod chosen {
    //! Loom's types in `parking_lot`'s shape.

    use std::ops::{Deref, DerefMut};
    use std::time::Duration;

    pub use loom::hint::spin_loop;
    pub use loom::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64};
    pub use loom::thread::yield_now;

    /// A mutex without poisoning.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(loom::sync::Mutex<T>);

    /// A held mutex.
    #[derive(Debug)]
    pub struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

    impl<T> Mutex<T> {
        /// A mutex around a value.
        pub fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        /// Waits for the mutex.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(self.0.lock().ok())
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            self.0.as_ref().unwrap()
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().unwrap()
        }
    }

    /// A condition variable.
    #[derive(Debug, Default)]
    pub struct Condvar(loom::sync::Condvar);

    impl Condvar {
        /// Waits until woken.
        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            guard.0 = guard.0.take().and_then(|held| self.0.wait(held).ok());
        }

        /// Waits, for ever: a model in which a wait ends by its time-out would hide a lost wake-up.
        pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _limit: Duration) {
            self.wait(guard);
        }

        /// Wakes one.
        pub fn notify_one(&self) {
            self.0.notify_one();
        }
    }
}

pub use chosen::{
    AtomicBool, AtomicI32, AtomicU32, AtomicU64, Condvar, Mutex, MutexGuard, spin_loop, yield_now,
};

//! The machine's monotonic clock, read as directly as the system lets.
//!
//! `std`'s `Instant` gives a pair of numbers to be checked and subtracted, which costs a quarter of what the reading costs; limiters and breakers read it in
//! each decision.

#[cfg(all(unix, not(target_vendor = "apple")))]
pub(crate) use unix::MachineClock;

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub(crate) use millrace_core::clock::MonotonicClock as MachineClock;

#[cfg(all(unix, not(target_vendor = "apple")))]
mod unix {
    use millrace_core::clock::{Clock, Nanos};

    /// `CLOCK_MONOTONIC`, from when it was made on.
    #[derive(Debug)]
    pub(crate) struct MachineClock {
        origin: Nanos,
    }

    fn since_boot() -> Nanos {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: an out-pointer to a local. This clock is always there, so the call does not fail.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
        time.tv_sec as Nanos * 1_000_000_000 + time.tv_nsec as Nanos
    }

    impl Default for MachineClock {
        fn default() -> Self {
            Self { origin: since_boot() }
        }
    }

    impl Clock for MachineClock {
        fn now(&self) -> Nanos {
            since_boot() - self.origin
        }
    }
}

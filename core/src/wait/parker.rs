//! A thread that blocks until its wait has ended.

use super::{WaitOutcome, WakeTarget};
use crate::sync::{Condvar, Mutex};

/// The target of a wait that blocks a thread. One for each wait.
#[derive(Debug, Default)]
pub struct ThreadParker {
    outcome: Mutex<Option<WaitOutcome>>,
    told: Condvar,
}

impl ThreadParker {
    /// Blocks the thread until its wait has ended, and says how.
    pub fn park(&self) -> WaitOutcome {
        let mut outcome = self.outcome.lock();
        loop {
            if let Some(outcome) = *outcome {
                return outcome;
            }
            self.told.wait(&mut outcome);
        }
    }
}

impl WakeTarget for ThreadParker {
    fn wake(&self, _token: u64, outcome: WaitOutcome) {
        *self.outcome.lock() = Some(outcome);
        self.told.notify_one();
    }
}

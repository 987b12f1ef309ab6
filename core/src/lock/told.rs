//! What the unit tests listen with.

use super::gate::Wait;
use crate::sync::{Arc, Mutex};
use crate::wait::{WaitOutcome, Waiter, WakeTarget};

/// Everything that was told, in order.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<(u64, WaitOutcome)>>);

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0.lock().push((token, outcome));
    }
}

impl Told {
    /// What makes the waiter of a token.
    pub(crate) fn make(self: &Arc<Self>, token: u64) -> impl FnOnce() -> Arc<Waiter<Arc<Told>>> {
        let target = Arc::clone(self);
        move || Waiter::new(target, token)
    }

    /// What was told since this was last asked.
    pub(crate) fn news(&self) -> Vec<(u64, WaitOutcome)> {
        std::mem::take(&mut *self.0.lock())
    }

    /// The same, when all of it was success.
    pub(crate) fn won(&self) -> Vec<u64> {
        let news = self.news();
        assert!(news.iter().all(|news| news.1 == WaitOutcome::Won), "{news:?}");
        news.into_iter().map(|news| news.0).collect()
    }
}

impl<W, T> Wait<W, T> {
    /// The waiter of one that has to wait.
    pub(crate) fn waiter(self) -> Arc<Waiter<W>> {
        let Self::Waiting(waiter) = self else { panic!("it does not wait") };
        waiter
    }
}

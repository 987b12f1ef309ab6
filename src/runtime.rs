//! The one timer thread of the process: a single-threaded tokio runtime that serves the engine's deadlines.
//!
//! It starts with the first deadline and is never dropped. It sleeps until the earliest deadline and is woken early
//! only by an earlier one, so a process without deadlines makes no wake-ups.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock, OnceLock, Weak};
use std::time::Duration;

use millrace_core::clock::{Clock, Nanos};
use millrace_core::timer::{Alarm, TimerKey, TimerQueue, Timers};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::MachineClock;

/// The clock of every object in this process.
pub(crate) fn clock() -> &'static Arc<MachineClock> {
    static CLOCK: LazyLock<Arc<MachineClock>> = LazyLock::new(Arc::default);
    &CLOCK
}

/// How many threads can run at once.
pub(crate) fn processors() -> usize {
    static PROCESSORS: LazyLock<usize> =
        LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get));
    *PROCESSORS
}

/// The timer service of every object in this process.
pub(crate) fn timers() -> Arc<dyn Timers> {
    Arc::clone(service()) as Arc<dyn Timers>
}

fn service() -> &'static Arc<Service> {
    static SERVICE: LazyLock<Arc<Service>> = LazyLock::new(Arc::default);
    &SERVICE
}

#[derive(Debug, Default)]
struct Service {
    queue: Mutex<TimerQueue>,
    /// Tells the thread that the earliest deadline has moved forward.
    sooner: Notify,
    thread: OnceLock<()>,
}

impl Service {
    /// A process that cannot start one more thread serves no deadlines; the next one asked for tries nothing again.
    fn ensure_thread(&self) {
        self.thread.get_or_init(|| {
            let _started =
                std::thread::Builder::new().name("millrace-timer".into()).spawn(|| service().run());
        });
    }

    fn run(&self) {
        // Without a runtime no deadline can be served; the builder fails only when the kernel refuses a poll handle.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
        runtime.block_on(async {
            loop {
                let next = self.ring_due();
                match next {
                    None => self.sooner.notified().await,
                    Some(at) => {
                        let wait = Duration::from_nanos(at.saturating_sub(clock().now()));
                        let _woken = tokio::time::timeout(wait, self.sooner.notified()).await;
                    }
                }
            }
        });
    }

    /// Rings what is due, outside the lock, and says when the next one is.
    fn ring_due(&self) -> Option<Nanos> {
        loop {
            let now = clock().now();
            let due = {
                let mut queue = self.queue.lock();
                match queue.next_deadline() {
                    Some(at) if at <= now => queue.take_due(now),
                    next => return next,
                }
            };
            for alarm in due {
                if let Some(alarm) = alarm.upgrade() {
                    // A panic in one alarm must not end the deadlines of all the others.
                    let _rung = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| alarm.ring(now)));
                }
            }
        }
    }
}

impl Timers for Service {
    fn arm(&self, at: Nanos, alarm: Weak<dyn Alarm>) -> TimerKey {
        self.ensure_thread();
        let mut queue = self.queue.lock();
        let earliest = queue.next_deadline();
        let key = queue.arm(at, alarm);
        drop(queue);
        if earliest.is_none_or(|e| at < e) {
            self.sooner.notify_one();
        }
        key
    }

    fn disarm(&self, key: TimerKey) {
        self.queue.lock().disarm(key);
    }
}

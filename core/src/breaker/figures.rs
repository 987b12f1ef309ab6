//! What a breaker has counted. Threads count in stripes of their own, so that they do not fight for a cache line.

use crossbeam_utils::CachePadded;

use super::changes::Change;
use super::circuit::End;
use super::state::{Phase, State};
use super::window::Sum;
use crate::clock::Nanos;
use crate::lock::Owner;
use crate::metrics::{Histogram, SharedHistogram};
use crate::sync::{AtomicU64, OnceLock, Ordering};

/// Calls that are timed one after the other within so long are too many to be timed each: 100,000 a second.
const SOON: Nanos = 10_000;
/// Threads beyond so many share a stripe.
const STRIPES: usize = 8;

/// All that is known of a breaker.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Where it stands.
    pub state: State,
    /// Calls that returned and did not fail.
    pub successes: u64,
    /// Calls that failed, those included that took too long.
    pub failures: u64,
    /// Calls that took longer than they may.
    pub timeouts: u64,
    /// Calls that were slow, failed or not.
    pub slow: u64,
    /// Calls that ended and count as nothing.
    pub ignored: u64,
    /// Calls that were not let in.
    pub rejections: u64,
    /// Calls whose caller got something else instead.
    pub fallbacks: u64,
    /// How long successes and failures took that were timed.
    pub latency: Histogram,
    /// Failures in a row.
    pub row: u32,
    /// What the window counts now.
    pub window: Sum,
    /// Probes in flight.
    pub probes: usize,
    /// How often the state has changed.
    pub changes: u64,
    /// The last changes, oldest first.
    pub history: Vec<Change>,
    /// How long it stood in each state, by the numbers of [`Phase`].
    pub times: [Nanos; Phase::COUNT],
    /// When this was read.
    pub now: Nanos,
}

/// The counters of a few threads.
#[derive(Debug, Default)]
struct Stripe {
    successes: AtomicU64,
    failures: AtomicU64,
    timeouts: AtomicU64,
    slow: AtomicU64,
    ignored: AtomicU64,
    rejections: AtomicU64,
    fallbacks: AtomicU64,
    latency: SharedHistogram,
    /// When its last call ended that was timed.
    last: AtomicU64,
}

/// The counters of all threads.
#[derive(Debug, Default)]
pub(super) struct Counters([OnceLock<Box<CachePadded<Stripe>>>; STRIPES]);

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    fn with(&self, owner: Owner, work: impl FnOnce(&Stripe)) {
        if let Some(place) = self.0.get(owner.0 as usize % STRIPES) {
            work(place.get_or_init(Box::default));
        }
    }

    /// A call has ended. Whether it came so soon after the last one that was timed that the next few need not be.
    pub(super) fn end(&self, owner: Owner, end: End, took: Option<Nanos>, now: Nanos, slow: bool) -> bool {
        let mut fast = false;
        self.with(owner, |stripe| {
            match end {
                End::Success => add(&stripe.successes),
                End::Failure => add(&stripe.failures),
                End::TimedOut => {
                    add(&stripe.failures);
                    add(&stripe.timeouts);
                }
                End::Ignored => return add(&stripe.ignored),
            }
            if slow {
                add(&stripe.slow);
            }
            if let Some(took) = took {
                stripe.latency.record(took);
                let last = stripe.last.load(Ordering::Relaxed);
                stripe.last.store(now, Ordering::Relaxed);
                fast = now.saturating_sub(last) < SOON;
            }
        });
        fast
    }

    pub(super) fn rejection(&self, owner: Owner) {
        self.with(owner, |stripe| add(&stripe.rejections));
    }

    pub(super) fn fallback(&self, owner: Owner) {
        self.with(owner, |stripe| add(&stripe.fallbacks));
    }

    /// Adds all that was counted.
    pub(super) fn read(&self, figures: &mut Figures) {
        for stripe in self.0.iter().filter_map(OnceLock::get) {
            figures.successes += read(&stripe.successes);
            figures.failures += read(&stripe.failures);
            figures.timeouts += read(&stripe.timeouts);
            figures.slow += read(&stripe.slow);
            figures.ignored += read(&stripe.ignored);
            figures.rejections += read(&stripe.rejections);
            figures.fallbacks += read(&stripe.fallbacks);
            figures.latency.merge(&stripe.latency.read());
        }
    }

    pub(super) fn clear(&self) {
        for stripe in self.0.iter().filter_map(OnceLock::get) {
            let Stripe {
                successes, failures, timeouts, slow, ignored, rejections, fallbacks, latency, ..
            } = &***stripe;
            for counter in [successes, failures, timeouts, slow, ignored, rejections, fallbacks] {
                counter.store(0, Ordering::Relaxed);
            }
            latency.clear();
        }
    }
}

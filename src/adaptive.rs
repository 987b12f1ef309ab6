//! The fast calls of adaptive limiters.

use std::sync::Arc;

use millrace_core::adaptive::{Acquire, AdaptiveLimiter, Aimd, Algorithm, Bounds, Gradient, Outcome};
use millrace_core::clock::MILLI;
use millrace_core::lock::Owner;
use napi_derive::napi;
use serde_json::{Value, json};

use crate::bulkhead::{Heard, entered, figures_json, line, not_inside, priority, told};
use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, fast_calls};
use crate::object::NativeObject;
use crate::pool::options::Options;
use crate::port::PortRef;
use crate::runtime::clock;
use crate::shared::Kind;
use crate::waiting::{JsWaiter, Target};
use crate::waits::{attend, waiter};
use crate::watchers::Watchers;

/// What may be read of a limiter.
mod reading {
    pub(super) const LIMIT: u32 = 0;
    pub(super) const IN_FLIGHT: u32 = 1;
    pub(super) const WAITING: u32 = 2;
    pub(super) const CLOSED: u32 = 3;
    pub(super) const MAX_WAIT: u32 = 4;
}

/// An adaptive limiter of JavaScript's, and how long its calls wait at most, in milliseconds.
pub(crate) struct JsAdaptive {
    limiter: Arc<AdaptiveLimiter<Target>>,
    max_wait: Option<f64>,
    heard: Arc<Heard>,
}

impl JsAdaptive {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let most = 1 << 20;
        let max = options.whole("maxLimit", 1, most)?.unwrap_or(200);
        let min = options.whole("minLimit", 1, max)?.unwrap_or(1);
        let initial = options.whole("initialLimit", min, max)?.unwrap_or_else(|| 20.clamp(min, max));
        let bounds = Bounds { initial, min, max };
        let backoff = options.share("backoff")?.unwrap_or(0.9);
        if backoff >= 1.0 {
            return Err(Fault::invalid("backoff", "1", "a number above 0 and below 1"));
        }
        let algorithm = match options.word("algorithm", &[("gradient", true), ("aimd", false)])? {
            None | Some(true) => {
                let smoothing = options.share("smoothing")?.unwrap_or(0.2);
                let tolerance = options.factor("rttTolerance")?.unwrap_or(1.5);
                Algorithm::Gradient(Gradient { bounds, smoothing, tolerance, backoff })
            }
            Some(false) => {
                let timeout = options.millis("timeout", f64::MIN_POSITIVE, false)?.unwrap_or(5000.0);
                Algorithm::Aimd(Aimd { bounds, backoff, timeout: (timeout * MILLI as f64) as u64 })
            }
        };
        let (room, max_wait) = line(options)?;
        let heard = Arc::new(Heard::default());
        let limiter = AdaptiveLimiter::new(algorithm, room, clock().clone(), heard.clone());
        Ok(Self { limiter, max_wait, heard })
    }
}

impl Kind for JsAdaptive {
    fn kind(&self) -> &'static str {
        "adaptive"
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        self.limiter.bulkhead().each_waiter(see);
    }

    fn held(&self) -> f64 {
        f64::from(self.limiter.bulkhead().inside())
    }

    fn forget(&self, _isolate: PortRef, owner: Owner) {
        self.limiter.release_owner(owner);
    }

    fn concerns(&self, owner: Owner) -> bool {
        self.limiter.bulkhead().holders().iter().any(|(holder, _)| *holder == owner)
    }

    fn watchers(&self) -> Option<&Watchers> {
        Some(&self.heard.0)
    }
}

impl Isolate {
    fn with_adaptive<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&JsAdaptive) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.with_object(handle, |shared| work(shared.get()?))
    }
}

/// What a limiter has counted.
#[napi]
pub fn adaptive_metrics(object: &NativeObject) -> napi::Result<Value> {
    let limiter = &object.shared().get::<JsAdaptive>()?.limiter;
    let mut figures = figures_json(&limiter.figures());
    let (dropped, ignored) = limiter.outcomes();
    if let Some(figures) = figures.as_object_mut() {
        figures.insert("limit".into(), json!(limiter.limit()));
        figures.insert("dropped".into(), json!(dropped));
        figures.insert("ignored".into(), json!(ignored));
    }
    Ok(figures)
}

/// A permit's number, or minus how it went.
fn refused(how: i32) -> Answer {
    Answer::Number(-f64::from(how))
}

fast_calls! {
    /// `(limiter)`: a permit, or minus how it went.
    c"adaptiveTry" Try(isolate, arguments) {
        let owner = isolate.owner();
        isolate.with_adaptive(arguments.wide(0)?, |it| {
            Ok(match it.limiter.try_acquire(owner) {
                Some(permit) => Answer::Number(permit as f64),
                None if it.limiter.bulkhead().is_closed() => refused(entered::CLOSED),
                None => refused(entered::FULL),
            })
        })
    }

    /// `(limiter, wait, priority, limit in ms or 0, cancellable)`: a permit, or minus how it went; 0: it waits.
    c"adaptiveAcquire" Acquires(isolate, arguments) {
        let (wait, priority) = (arguments.whole(1)?, priority(arguments.number(2)?));
        let owner = isolate.owner();
        isolate.with_adaptive(arguments.wide(0)?, |it| {
            Ok(match it.limiter.acquire(owner, priority, || waiter(isolate, wait)) {
                Acquire::Now(permit) => Answer::Number(permit as f64),
                Acquire::Full => refused(entered::FULL),
                Acquire::Closed => refused(entered::CLOSED),
                Acquire::Waiting(waiter) => {
                    attend(isolate, arguments, 3, &waiter)?;
                    refused(entered::WAITING)
                }
            })
        })
    }

    /// `(limiter)`: the permit of a wait that was won.
    c"adaptiveClaim" Claim(isolate, arguments) {
        let owner = isolate.owner();
        isolate.with_adaptive(arguments.wide(0)?, |it| Ok(Answer::Number(it.limiter.claim(owner) as f64)))
    }

    /// `(limiter, permit, outcome)`: 0 served, 1 dropped, 2 ignored.
    c"adaptiveEnd" End(isolate, arguments) {
        let permit = arguments.wide(1)?;
        let outcome = match arguments.whole(2)? {
            0 => Outcome::Served,
            1 => Outcome::Dropped,
            _ => Outcome::Ignored,
        };
        let owner = isolate.owner();
        isolate.with_adaptive(arguments.wide(0)?, |it| {
            if let Some(change) = it.limiter.end(owner, permit, outcome).map_err(not_inside)? {
                it.heard.0.tell(told::LIMIT, [f64::from(change.from), f64::from(change.to), 0.0, 0.0]);
            }
            Ok(Answer::Nothing)
        })
    }

    /// `(limiter, what)`: see `reading`; -1 for a wait without limit.
    c"adaptiveRead" Read(isolate, arguments) {
        let what = arguments.whole(1)?;
        isolate.with_adaptive(arguments.wide(0)?, |it| {
            let bulkhead = it.limiter.bulkhead();
            Ok(Answer::Number(match what {
                reading::LIMIT => f64::from(it.limiter.limit()),
                reading::IN_FLIGHT => f64::from(bulkhead.inside()),
                reading::WAITING => bulkhead.waiting() as f64,
                reading::CLOSED => f64::from(u8::from(bulkhead.is_closed())),
                reading::MAX_WAIT => it.max_wait.unwrap_or(-1.0),
                _ => 0.0,
            }))
        })
    }

    /// `(limiter)`: those who wait are told, and there are no permits any more.
    c"adaptiveClose" Close(isolate, arguments) {
        isolate.with_adaptive(arguments.wide(0)?, |it| {
            it.limiter.bulkhead().close();
            it.heard.0.close();
            Ok(Answer::Nothing)
        })
    }
}

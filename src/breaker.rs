//! The calls of circuit breakers.

use std::sync::Arc;

use millrace_core::breaker::{
    Backoff, Breaker, Change, End, Entry, GENERATIONS, LONGEST, Permit, Phase, Rates, Rules, WindowKind,
};
use millrace_core::clock::{MILLI, Nanos};
use millrace_core::lock::Owner;
use napi_derive::napi;

use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::memory::words::words;
use crate::object::NativeObject;
use crate::pool::options::Options;
use crate::port::PortRef;
use crate::runtime;
use crate::shared::Kind;
use crate::watchers::Watchers;

/// A breaker, and who listens to it.
pub(crate) struct JsBreaker {
    breaker: Breaker,
    /// What each call may take, in milliseconds, or 0: kept for the threads that open it.
    timeout: f64,
    watchers: Arc<Watchers>,
}

/// The change that listeners are told, beside the end.
const CHANGED: u8 = 0;

/// What `breakerForce` does.
mod force {
    pub(super) const OPEN: u32 = 0;
    pub(super) const CLOSE: u32 = 1;
    pub(super) const ISOLATE: u32 = 2;
    pub(super) const RECOVER: u32 = 3;
    pub(super) const RESET: u32 = 4;
    pub(super) const SHUT: u32 = 5;
}

/// How `breakerEnter` refuses: a number below 0, which is this and the milliseconds to wait, negated. Without an end: infinite.
mod refused {
    pub(super) const OPEN: f64 = 1.0;
    pub(super) const HALF_OPEN: f64 = 1e15;
    pub(super) const SHUT: f64 = f64::NAN;
}

fn nanos(millis: f64) -> Nanos {
    ((millis * MILLI as f64) as Nanos).max(1)
}

fn millis(nanos: Nanos) -> f64 {
    nanos as f64 / MILLI as f64
}

/// A length of time that a state may last.
fn span(options: &mut Options<'_>, name: &str) -> Result<Option<Nanos>, Fault> {
    let Some(given) = options.millis(name, 1.0, false)? else { return Ok(None) };
    if nanos(given) > LONGEST {
        return Err(Fault::invalid(name, &given.to_string(), "milliseconds of ten years at most"));
    }
    Ok(Some(nanos(given)))
}

/// An option that means nothing without another one.
fn needs(there: bool, name: &str, other: &str) -> Result<(), Fault> {
    if there {
        Ok(())
    } else {
        Err(Fault::invalid(name, &format!("no {other}"), &format!("{other} with it")))
    }
}

/// More calls than these in a window are a mistake.
const MOST_CALLS: u32 = 1_000_000;
const CALLS: u32 = 100;
const MINIMUM_CALLS: u32 = 10;
const BUCKETS: u32 = 10;

fn window(options: &mut Options<'_>) -> Result<Option<(WindowKind, u32)>, Fault> {
    let timed = options.word("window.type", &[("count", false), ("time", true)])?;
    let minimum = options.whole("window.minimumCalls", 1, MOST_CALLS)?;
    let buckets = options.whole("window.buckets", 1, 1000)?;
    let Some(timed) = timed else {
        needs(minimum.is_none() && buckets.is_none(), "window", "type")?;
        return Ok(None);
    };
    if timed {
        let size = span(options, "window.size")?
            .ok_or_else(|| Fault::invalid("window.size", "undefined", "milliseconds"))?;
        let kind = WindowKind::Time { size, buckets: buckets.unwrap_or(BUCKETS) };
        return Ok(Some((kind, minimum.unwrap_or(MINIMUM_CALLS))));
    }
    needs(buckets.is_none(), "window.buckets", "type: 'time'")?;
    let size = options.whole("window.size", 1, MOST_CALLS)?.unwrap_or(CALLS);
    if minimum.is_some_and(|minimum| minimum > size) {
        let got = minimum.unwrap_or_default().to_string();
        return Err(Fault::invalid("window.minimumCalls", &got, "at most window.size"));
    }
    Ok(Some((WindowKind::Count(size), minimum.unwrap_or(MINIMUM_CALLS).min(size))))
}

fn rates(options: &mut Options<'_>) -> Result<Option<Rates>, Fault> {
    let (failure, slow) = (options.share("failureRate")?, options.share("slowCallRate")?);
    let window = window(options)?;
    if failure.is_none() && slow.is_none() {
        needs(window.is_none(), "window", "failureRate or slowCallRate")?;
        return Ok(None);
    }
    let (window, minimum_calls) = window.unwrap_or((WindowKind::Count(CALLS), MINIMUM_CALLS));
    Ok(Some(Rates { window, minimum_calls, failure, slow }))
}

fn backoff(options: &mut Options<'_>, recovery: Nanos) -> Result<Option<Backoff>, Fault> {
    let factor = options.between("recoveryBackoff.factor", 1.0, 1000.0)?;
    let max = span(options, "recoveryBackoff.max")?;
    match (factor, max) {
        (None, None) => Ok(None),
        (Some(_), Some(max)) if max < recovery => {
            Err(Fault::invalid("recoveryBackoff.max", &millis(max).to_string(), "at least recoveryTimeout"))
        }
        (Some(factor), Some(max)) => Ok(Some(Backoff { factor, max })),
        _ => Err(Fault::invalid("recoveryBackoff", "a part of it", "factor and max")),
    }
}

/// A breaker's rules, and its calls' time limit in milliseconds, or 0.
fn rules(options: &mut Options<'_>) -> Result<(Rules, f64), Fault> {
    let known = Rules::default();
    let rates = rates(options)?;
    let failures = options.whole("failureThreshold", 1, u32::MAX)?;
    let slow_after = options.millis("slowCallDuration", f64::MIN_POSITIVE, false)?.map(nanos);
    let metrics = options.flag("enableMetrics")?.unwrap_or(true);
    let slow_rate = rates.is_some_and(|rates| rates.slow.is_some());
    needs(slow_after.is_some() || !slow_rate, "slowCallRate", "slowCallDuration")?;
    needs(slow_after.is_none() || slow_rate || metrics, "slowCallDuration", "slowCallRate or enableMetrics")?;
    let recovery = span(options, "recoveryTimeout")?.unwrap_or(known.recovery);
    let probes = options.whole("halfOpenMaxRequests", 1, 100_000)?.unwrap_or(known.probes);
    let timeout = options.millis("timeout", f64::MIN_POSITIVE, true)?.unwrap_or(0.0);
    let rules = Rules {
        failures: failures.or(if rates.is_none() { known.failures } else { None }),
        rates,
        slow_after,
        recovery,
        backoff: backoff(options, recovery)?,
        probes,
        successes: options.whole("halfOpenSuccesses", 1, u32::MAX)?.unwrap_or(probes),
        lease: span(options, "probeLease")?.unwrap_or_else(|| recovery.max(nanos(timeout)).max(known.lease)),
        metrics,
    };
    Ok((rules, timeout))
}

impl JsBreaker {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let watchers = Arc::<Watchers>::default();
        let told = Arc::clone(&watchers);
        let listener = move |change: &Change| {
            let left = millis(change.to.left(change.at)).ceil();
            told.tell(CHANGED, [f64::from(change.from as u8), f64::from(change.to.phase as u8), left, 0.0]);
            if change.to.phase == Phase::Shut {
                told.close();
            }
        };
        let (rules, timeout) = rules(options)?;
        let breaker = Breaker::with_word(rules, runtime::clock().clone(), words().take(), listener);
        Ok(Self { breaker, timeout, watchers })
    }
}

impl Kind for JsBreaker {
    fn kind(&self) -> &'static str {
        "breaker"
    }

    fn held(&self) -> f64 {
        self.breaker.probes() as f64
    }

    fn forget(&self, _isolate: PortRef, owner: Owner) {
        self.breaker.release_owner(owner);
    }

    fn concerns(&self, owner: Owner) -> bool {
        self.breaker.concerns(owner)
    }

    fn close_words(&self, owner: Owner) {
        self.breaker.close_tally(owner);
    }

    fn watchers(&self) -> Option<&Watchers> {
        Some(&self.watchers)
    }
}

fn with_breaker(
    isolate: &Isolate,
    arguments: &Arguments,
    work: impl FnOnce(&Breaker) -> Result<Answer, Fault>,
) -> Result<Answer, Fault> {
    isolate.with_object(arguments.wide(0)?, |shared| work(&shared.get::<JsBreaker>()?.breaker))
}

/// One change of a breaker's state.
#[napi(object)]
pub struct NativeBreakerChange {
    /// The state before.
    pub from: u32,
    /// The state after.
    pub to: u32,
    /// How long ago, in milliseconds.
    pub age: f64,
}

/// How long a breaker's calls took, in milliseconds.
#[napi(object)]
pub struct NativeBreakerLatency {
    /// The shortest.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The longest.
    pub max: f64,
    /// What half of them did not exceed, and so on.
    pub p50: f64,
    /// 90 of 100.
    pub p90: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1000.
    pub p999: f64,
}

/// All that is known of a breaker.
#[napi(object)]
pub struct NativeBreakerMetrics {
    /// Where it stands.
    pub phase: u32,
    /// Milliseconds until it is tried again.
    pub retry_after: f64,
    /// Calls that returned and did not fail.
    pub successes: f64,
    /// Calls that failed.
    pub failures: f64,
    /// Those of them that took too long.
    pub timeouts: f64,
    /// Slow calls.
    pub slow: f64,
    /// Calls that count as nothing.
    pub ignored: f64,
    /// Calls that were not let in.
    pub rejections: f64,
    /// Calls that got something else.
    pub fallbacks: f64,
    /// Failures in a row.
    pub row: u32,
    /// The window's calls, failures and slow calls.
    pub window: Vec<f64>,
    /// Probes in flight.
    pub probes: u32,
    /// How often the state has changed.
    pub changes: f64,
    /// The last changes.
    pub history: Vec<NativeBreakerChange>,
    /// Milliseconds in each state.
    pub times: Vec<f64>,
    /// How long calls took.
    pub latency: NativeBreakerLatency,
}

/// Where the word stands that shows whether a call may begin unasked: a place in `sharedWords`.
#[napi]
pub fn breaker_word(object: &NativeObject) -> napi::Result<Option<u32>> {
    Ok(object.shared().get::<JsBreaker>()?.breaker.place())
}

/// What each call may take, in milliseconds; 0 for no limit.
#[napi]
pub fn breaker_timeout(object: &NativeObject) -> napi::Result<f64> {
    Ok(object.shared().get::<JsBreaker>()?.timeout)
}

/// Where this thread may count successes instead of telling them: a place in `sharedWords`. To be asked for once for each object.
#[napi]
pub fn breaker_tally(object: &NativeObject) -> napi::Result<Option<u32>> {
    let breaker = &object.shared().get::<JsBreaker>()?.breaker;
    let owner = Isolate::with_current(|isolate| Ok(isolate.owner()))?;
    Ok(breaker.open_tally(owner, || words().take()))
}

/// All that is known of a breaker.
#[napi]
pub fn breaker_metrics(object: &NativeObject) -> napi::Result<NativeBreakerMetrics> {
    let figures = object.shared().get::<JsBreaker>()?.breaker.figures();
    let latency = &figures.latency;
    let quantile = |q: f64| millis(latency.quantile(q));
    let change = |change: Change| NativeBreakerChange {
        from: change.from as u32,
        to: change.to.phase as u32,
        age: millis(figures.now.saturating_sub(change.at)),
    };
    let window = figures.window;
    Ok(NativeBreakerMetrics {
        phase: figures.state.phase as u32,
        retry_after: millis(figures.state.left(figures.now)).ceil(),
        successes: figures.successes as f64,
        failures: figures.failures as f64,
        timeouts: figures.timeouts as f64,
        slow: figures.slow as f64,
        ignored: figures.ignored as f64,
        rejections: figures.rejections as f64,
        fallbacks: figures.fallbacks as f64,
        row: figures.row,
        window: [window.calls, window.failures, window.slow].map(|count| count as f64).into(),
        probes: figures.probes as u32,
        changes: figures.changes as f64,
        times: figures.times.map(millis).into(),
        latency: NativeBreakerLatency {
            min: millis(latency.min()),
            mean: latency.mean() / MILLI as f64,
            max: millis(latency.max()),
            p50: quantile(0.5),
            p90: quantile(0.9),
            p95: quantile(0.95),
            p99: quantile(0.99),
            p999: quantile(0.999),
        },
        history: figures.history.into_iter().map(change).collect(),
    })
}

/// Keeps a permit until its call ends, and gives its number. One that finds no room counts for nothing.
fn keep(isolate: &Isolate, breaker: &Breaker, permit: Permit) -> Result<Answer, Fault> {
    let number = isolate.permits.borrow_mut().insert(permit);
    if number == 0 {
        breaker.leave(permit, isolate.owner(), End::Ignored);
        return Err(Fault::internal("more calls are in flight in this thread than can be counted"));
    }
    Ok(Answer::Number(number as f64))
}

fast_calls! {
    /// `(breaker)`: a permit's number, or a number of `refused`.
    c"breakerEnter" Enter(isolate, arguments) {
        with_breaker(isolate, arguments, |breaker| match breaker.enter(isolate.owner()) {
            Entry::Passed(permit) => keep(isolate, breaker, permit),
            Entry::Rejected { phase, retry_after } => {
                let wait = millis(retry_after).ceil();
                Ok(Answer::Number(match phase {
                    Phase::Shut => refused::SHUT,
                    Phase::Isolated => f64::NEG_INFINITY,
                    Phase::HalfOpen => -refused::HALF_OPEN - wait,
                    _ => -refused::OPEN - wait,
                }))
            }
        })
    }

    /// `(breaker, permit, end)`: gives a permit back, with what the call came to: success, failure, time-out, nothing. The permit of a call that
    /// began unasked is the generation that it saw. Whether the next calls may begin so too.
    c"breakerLeave" Leave(isolate, arguments) {
        let (number, end) = (arguments.wide(1)?, arguments.whole(2)?);
        with_breaker(isolate, arguments, |breaker| {
            let end = match end {
                0 => End::Success,
                1 => End::Failure,
                2 => End::TimedOut,
                _ => End::Ignored,
            };
            let permit = if number < u64::from(GENERATIONS) {
                Some(Permit::unasked(number as u32))
            } else {
                isolate.permits.borrow_mut().remove(number)
            };
            Ok(Answer::Bool(permit.is_some_and(|permit| breaker.leave(permit, isolate.owner(), end))))
        })
    }

    /// `(breaker)`: where it stands.
    c"breakerPhase" Look(isolate, arguments) {
        with_breaker(isolate, arguments, |breaker| Ok(Answer::Code(breaker.phase() as i32)))
    }

    /// `(breaker)`: a caller got something else instead of a result.
    c"breakerFallback" Fallback(isolate, arguments) {
        with_breaker(isolate, arguments, |breaker| {
            breaker.fallback(isolate.owner());
            Ok(Answer::Nothing)
        })
    }

    /// `(breaker)`: takes over what threads have counted by themselves.
    c"breakerTallied" Tallied(isolate, arguments) {
        with_breaker(isolate, arguments, |breaker| Ok(Answer::Number(breaker.read_tallies() as f64)))
    }

    /// `(breaker, what)`: changes the state by hand; whether it did.
    c"breakerForce" Force(isolate, arguments) {
        let what = arguments.whole(1)?;
        with_breaker(isolate, arguments, |breaker| {
            match what {
                force::OPEN => breaker.force_open(),
                force::CLOSE => breaker.force_close(),
                force::ISOLATE => breaker.isolate(),
                force::RECOVER => return Ok(Answer::Bool(breaker.recover())),
                force::RESET => breaker.reset(),
                force::SHUT => breaker.shut(),
                _ => return Ok(Answer::Bool(false)),
            }
            Ok(Answer::Bool(true))
        })
    }
}

/// The permits of the calls that this isolate has in flight.
pub(crate) type Permits = millrace_core::registry::Handles<Permit>;

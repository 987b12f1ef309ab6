//! The fast calls of rate limiters: one set for all rules, told apart by the object.

mod numbers;
mod rules;

use std::sync::Arc;

use millrace_core::limiter::{
    Acquire, Adapt, Composite, FixedWindow, Limiter, Limits, Part, Quota, Reserve, Rule, SlidingLog,
    SlidingWindow, TokenBucket,
};
use napi_derive::napi;

use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, fast_calls};
use crate::object::NativeObject;
use crate::page::PAGE_TASK_RECORD;
use crate::pool::options::Options;
use crate::runtime::{clock, timers};
use crate::shared::{Kind, STALE, names};
use crate::waiting::{JsWaiter, Target};
use crate::waits::{attend, block, waiter};
use crate::watchers::Watchers;

use numbers::{change, nanos, passed, reading, refused};
pub(crate) use numbers::{millis, within};
pub(crate) use rules::span;
use rules::{LEAK, TOKENS, Window, fixed, log, quota, sliding};

type Of<R> = Arc<Limiter<R, Target>>;
/// Who listens to each of several limiters.
type Listening = Vec<Arc<Watchers>>;

/// A limiter, and who listens to it.
pub(crate) struct JsLimiter {
    limiter: AnyLimiter,
    watchers: Arc<Watchers>,
    /// Who listens to those that a composite is made of: one that is closed closes it.
    members: Listening,
}

/// Every kind of limiter.
enum AnyLimiter {
    TokenBucket(Of<TokenBucket>),
    /// A bucket that is empty where the other is full.
    LeakyMeter(Of<TokenBucket>),
    FixedWindow(Of<FixedWindow>),
    SlidingWindow(Of<SlidingWindow>),
    SlidingLog(Of<SlidingLog>),
    Composite(Arc<Composite<Target>>),
}

/// The members, as `id:weight,id:weight`; and who listens to them.
fn parts(members: &str) -> Result<(Vec<Part<Target>>, Listening), Fault> {
    let (mut parts, mut listening) = (Vec::new(), Vec::new());
    for member in members.split(',') {
        let (id, weight) = member.split_once(':').unwrap_or((member, "1"));
        let (Ok(id), Ok(weight)) = (id.parse(), weight.parse::<u64>()) else {
            return Err(Fault::internal("a composite is made of numbers"));
        };
        let shared = names().by_id(id).ok_or(STALE)?;
        let JsLimiter { limiter, watchers, members } = shared.get()?;
        let weighted = |part: Part<Target>| Part { weight: part.weight * weight, ..part };
        parts.extend(limiter.parts().into_iter().map(weighted));
        listening.extend(if members.is_empty() { vec![watchers.clone()] } else { members.clone() });
    }
    Ok((parts, listening))
}

impl JsLimiter {
    /// Makes a limiter of a kind, or nothing if there is no such kind.
    pub(crate) fn make(kind: &str, options: &mut Options<'_>) -> Result<Option<Self>, Fault> {
        let (watchers, mut members) = (Arc::<Watchers>::default(), Vec::new());
        let limiter = AnyLimiter::make(kind, options, &mut members)?;
        for member in &members {
            watchers.close_with(member);
        }
        Ok(limiter.map(|limiter| Self { limiter, watchers, members }))
    }
}

impl AnyLimiter {
    /// The same; who listens to a composite's members goes into `members`.
    fn make(kind: &str, options: &mut Options<'_>, members: &mut Listening) -> Result<Option<Self>, Fault> {
        let most = options.whole("maxWaiting", 0, 1 << 24)?.unwrap_or(1 << 24) as usize;
        let (clock, timers) = (clock().clone(), timers());
        Ok(Some(match kind {
            "token-bucket" => {
                Self::TokenBucket(Limiter::new(quota(options, TOKENS, None)?, most, clock, timers))
            }
            "leaky-meter" => Self::LeakyMeter(Limiter::new(quota(options, LEAK, None)?, most, clock, timers)),
            "fixed-window" => Self::FixedWindow(Limiter::new(fixed(options, None)?, most, clock, timers)),
            "sliding-window" => {
                Self::SlidingWindow(Limiter::new(sliding(options, None)?, most, clock, timers))
            }
            "sliding-log" => Self::SlidingLog(Limiter::new(log(options, None)?, most, clock, timers)),
            "composite-limiter" => {
                let (parts, listening) = parts(&options.string("members")?.unwrap_or_default())?;
                *members = listening;
                Self::Composite(Composite::new(parts, most, clock, timers))
            }
            _ => return Ok(None),
        }))
    }

    fn limits(&self) -> &dyn Limits<Target> {
        match self {
            Self::TokenBucket(limiter) | Self::LeakyMeter(limiter) => &**limiter,
            Self::FixedWindow(limiter) => &**limiter,
            Self::SlidingWindow(limiter) => &**limiter,
            Self::SlidingLog(limiter) => &**limiter,
            Self::Composite(limiter) => &**limiter,
        }
    }

    /// What a composite takes of it.
    fn parts(&self) -> Vec<Part<Target>> {
        let limiter: Arc<dyn Limits<Target>> = match self {
            Self::TokenBucket(limiter) | Self::LeakyMeter(limiter) => limiter.clone(),
            Self::FixedWindow(limiter) => limiter.clone(),
            Self::SlidingWindow(limiter) => limiter.clone(),
            Self::SlidingLog(limiter) => limiter.clone(),
            Self::Composite(limiter) => return limiter.parts().to_vec(),
        };
        vec![Part { limiter, weight: 1 }]
    }

    fn reserve(&self, cost: u64) -> Reserve {
        match self {
            Self::TokenBucket(limiter) | Self::LeakyMeter(limiter) => limiter.reserve(cost),
            Self::FixedWindow(limiter) => limiter.reserve(cost),
            Self::SlidingWindow(limiter) => limiter.reserve(cost),
            Self::SlidingLog(limiter) => limiter.reserve(cost),
            Self::Composite(limiter) => limiter.reserve(cost),
        }
    }

    fn is_reserved(&self, place: u64) -> bool {
        match self {
            Self::TokenBucket(limiter) | Self::LeakyMeter(limiter) => limiter.is_reserved(place),
            Self::FixedWindow(limiter) => limiter.is_reserved(place),
            Self::SlidingWindow(limiter) => limiter.is_reserved(place),
            Self::SlidingLog(limiter) => limiter.is_reserved(place),
            Self::Composite(limiter) => limiter.is_reserved(place),
        }
    }

    fn give_up(&self, place: u64) -> bool {
        match self {
            Self::TokenBucket(limiter) | Self::LeakyMeter(limiter) => limiter.give_up(place),
            Self::FixedWindow(limiter) => limiter.give_up(place),
            Self::SlidingWindow(limiter) => limiter.give_up(place),
            Self::SlidingLog(limiter) => limiter.give_up(place),
            Self::Composite(limiter) => limiter.give_up(place),
        }
    }

    fn configure(&self, options: &mut Options<'_>) -> Result<(), Fault> {
        match self {
            Self::TokenBucket(it) => it.configure(quota(options, TOKENS, Some(it.rule().quota()))?),
            Self::LeakyMeter(it) => it.configure(quota(options, LEAK, Some(it.rule().quota()))?),
            Self::FixedWindow(it) => it.configure(fixed(options, Some(it.rule()))?),
            Self::SlidingWindow(it) => it.configure(sliding(options, Some(it.rule()))?),
            Self::SlidingLog(it) => it.configure(log(options, Some(it.rule()))?),
            Self::Composite(_) => return Err(NO_RULE),
        }
        Ok(())
    }

    /// The numbers that a rule has been given: most at once, span, rate, burst.
    fn configuration(&self) -> (f64, f64, f64, f64) {
        let flat = |numbers: Window| (numbers.0.get() as f64, millis(numbers.1.get()), 0.0, 0.0);
        match self {
            Self::TokenBucket(limiter) | Self::LeakyMeter(limiter) => {
                let Quota { capacity, tokens, interval, burst } = limiter.rule().quota();
                let burst = f64::from(u8::from(burst));
                (capacity.get() as f64, millis(interval.get()), tokens.get() as f64, burst)
            }
            Self::FixedWindow(limiter) => flat(limiter.rule().numbers()),
            Self::SlidingWindow(limiter) => {
                let (limit, size, precision) = limiter.rule().numbers();
                (limit.get() as f64, millis(size.get()), precision.get() as f64, 0.0)
            }
            Self::SlidingLog(limiter) => flat(limiter.rule().numbers()),
            Self::Composite(limiter) => (limiter.check().limit as f64, 0.0, 0.0, 0.0),
        }
    }

    fn read(&self, what: u32) -> Result<f64, Fault> {
        let figures = self.limits().figures();
        Ok(match what {
            reading::CLOSED => f64::from(u8::from(self.limits().is_closed())),
            reading::WAITING => figures.waiting as f64,
            reading::ALLOWED => figures.allowed as f64,
            reading::REFUSED => figures.refused as f64,
            reading::WAITED => figures.waited as f64,
            reading::CANCELLED => figures.cancelled as f64,
            reading::WAITED_SUM => millis(figures.waited_sum),
            reading::WAITED_MAX => millis(figures.waited_max),
            reading::TAKEN => match self {
                Self::TokenBucket(limiter) | Self::LeakyMeter(limiter) => taken(limiter),
                Self::FixedWindow(limiter) => taken(limiter),
                Self::SlidingWindow(limiter) => taken(limiter),
                Self::SlidingLog(limiter) => taken(limiter),
                Self::Composite(_) => 0.0,
            },
            reading::WINDOW => match self {
                Self::FixedWindow(limiter) => limiter.read(|rule, _, now| rule.window(now)) as f64,
                Self::SlidingWindow(limiter) => limiter.read(|rule, _, now| rule.number(now)) as f64,
                _ => 0.0,
            },
            reading::LIMIT => self.configuration().0,
            reading::SPAN => self.configuration().1,
            reading::RATE => self.configuration().2,
            reading::BURST => self.configuration().3,
            _ => return Err(Fault::internal("a limiter has nothing of that kind to read")),
        })
    }
}

fn taken<R: Adapt>(limiter: &Limiter<R, Target>) -> f64 {
    let standing = limiter.read(|rule, state, now| Rule::standing(rule, state, now));
    (standing.limit - standing.remaining) as f64
}

const NO_RULE: Fault = Fault::stale("limiters that act together have no rule of their own");

impl Kind for JsLimiter {
    fn kind(&self) -> &'static str {
        match self.limiter {
            AnyLimiter::TokenBucket(_) => "token-bucket",
            AnyLimiter::LeakyMeter(_) => "leaky-meter",
            AnyLimiter::FixedWindow(_) => "fixed-window",
            AnyLimiter::SlidingWindow(_) => "sliding-window",
            AnyLimiter::SlidingLog(_) => "sliding-log",
            AnyLimiter::Composite(_) => "composite-limiter",
        }
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        self.limiter.limits().each_waiter(see);
    }

    fn watchers(&self) -> Option<&Watchers> {
        Some(&self.watchers)
    }
}

impl Isolate {
    fn with_limiter<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&AnyLimiter) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.with_object(handle, |shared| work(&shared.get::<JsLimiter>()?.limiter))
    }
}

/// Decides by other numbers from here on; what `options` leave out stays.
#[napi(ts_args_type = "limiter: NativeObject, options: object")]
pub fn limiter_configure(
    limiter: &NativeObject,
    options: napi::bindgen_prelude::Object<'_>,
) -> napi::Result<()> {
    let mut options = Options::new(options)?;
    Ok(limiter.shared().get::<JsLimiter>()?.limiter.configure(&mut options)?)
}

fast_calls! {
    /// `(limiter, cost, by default 1)`: passes if that needs no waiting.
    c"limiterTry" Try(isolate, arguments) {
        let cost = u64::from(arguments.count_or_one(1)?);
        isolate.with_limiter(arguments.wide(0)?, |limiter| {
            Ok(Answer::Bool(match limiter {
                AnyLimiter::TokenBucket(limiter) | AnyLimiter::LeakyMeter(limiter) => limiter.try_acquire(cost),
                AnyLimiter::FixedWindow(limiter) => limiter.try_acquire(cost),
                AnyLimiter::SlidingWindow(limiter) => limiter.try_acquire(cost),
                AnyLimiter::SlidingLog(limiter) => limiter.try_acquire(cost),
                AnyLimiter::Composite(limiter) => limiter.try_acquire(cost),
            }))
        })
    }

    /// `(limiter, wait, cost, limit in ms or 0, cancellable)`: see `passed`; a wait is begun if it may not pass yet.
    c"limiterAcquire" Acquiring(isolate, arguments) {
        let (wait, cost) = (arguments.whole(1)?, u64::from(arguments.whole(2)?));
        let limit = within(arguments.number(3)?);
        isolate.with_limiter(arguments.wide(0)?, |limiter| {
            Ok(Answer::Number(match limiter.limits().acquire(cost, limit, &mut || waiter(isolate, wait)) {
                Acquire::Now => passed::NOW,
                Acquire::Refused(why) => refused(why),
                Acquire::Waiting(waiter) => {
                    attend(isolate, arguments, 3, &waiter)?;
                    // Cancelled with its isolate, too.
                    isolate.waits.borrow_mut().insert(wait, waiter);
                    passed::WAITING
                }
            }))
        })
    }

    /// `(limiter, limit in ms or 0, cost)`: the same; waiting: call `blockedPark` until it has an answer.
    c"limiterAcquireBlocking" AcquireBlocking(isolate, arguments) {
        let (limit, cost) = (arguments.number(1)?, u64::from(arguments.whole(2)?));
        isolate.with_limiter(arguments.wide(0)?, |limiter| {
            let mut how = passed::WAITING;
            block(isolate, limit, |waiter| {
                match limiter.limits().acquire(cost, within(limit), &mut || Arc::clone(&waiter)) {
                    Acquire::Now => how = passed::NOW,
                    Acquire::Refused(why) => how = refused(why),
                    Acquire::Waiting(_) => {}
                }
                how == passed::WAITING
            });
            Ok(Answer::Number(how))
        })
    }

    /// `(limiter, cost)`: see `passed`; waiting: the task's record has the time until it passes, in ms, and the place.
    c"limiterReserve" Reserving(isolate, arguments) {
        let cost = u64::from(arguments.whole(1)?);
        isolate.with_limiter(arguments.wide(0)?, |limiter| {
            Ok(Answer::Number(match limiter.reserve(cost) {
                Reserve::Now => passed::NOW,
                Reserve::Refused(why) => refused(why),
                Reserve::Later { after, place } => {
                    let record = [millis(after), place as f64, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
                    isolate.page.write_record(PAGE_TASK_RECORD, &record);
                    passed::WAITING
                }
            }))
        })
    }

    /// `(limiter, place)`: whether what is reserved still waits for its time.
    c"limiterReserved" Reserved(isolate, arguments) {
        let place = arguments.wide(1)?;
        isolate.with_limiter(arguments.wide(0)?, |limiter| Ok(Answer::Bool(limiter.is_reserved(place))))
    }

    /// `(limiter, place)`: gives up what is reserved; false if it has been taken.
    c"limiterGiveUp" GiveUp(isolate, arguments) {
        let place = arguments.wide(1)?;
        isolate.with_limiter(arguments.wide(0)?, |limiter| Ok(Answer::Bool(limiter.give_up(place))))
    }

    /// `(limiter)`: how it stands, in the task's record: allowed, limit, remaining, ms until 1, ms until all is as new.
    c"limiterCheck" Checking(isolate, arguments) {
        isolate.with_limiter(arguments.wide(0)?, |limiter| {
            let check = limiter.limits().check();
            let allowed = f64::from(u8::from(check.allowed));
            let (limit, remaining) = (check.limit as f64, check.remaining as f64);
            let (retry, reset) = (millis(check.retry_after), millis(check.reset_after));
            let record = [allowed, limit, remaining, retry, reset, 0.0, 0.0, 0.0];
            isolate.page.write_record(PAGE_TASK_RECORD, &record);
            Ok(Answer::Nothing)
        })
    }

    /// `(limiter, cost)`: how long until so much can be taken, in ms; below zero: never.
    c"limiterUntil" Until(isolate, arguments) {
        let cost = u64::from(arguments.whole(1)?);
        isolate.with_limiter(arguments.wide(0)?, |limiter| {
            Ok(Answer::Number(limiter.limits().until(cost).map_or(-1.0, millis)))
        })
    }

    /// `(limiter, what, amount)`: see `change`; the amount is a count or milliseconds.
    c"limiterChange" Change(isolate, arguments) {
        let (what, amount) = (arguments.whole(1)?, arguments.number(2)?);
        isolate.with_limiter(arguments.wide(0)?, |limiter| {
            let limiter = limiter.limits();
            match what {
                change::PENALTY => limiter.penalty(amount as u64),
                change::REWARD => limiter.reward(amount as u64),
                change::BLOCK => limiter.block(nanos(amount)),
                change::RESET => limiter.reset(),
                _ => return Err(Fault::internal("a limiter has nothing of that kind to change")),
            }
            Ok(Answer::Nothing)
        })
    }

    /// `(limiter, what)`: see `reading`.
    c"limiterRead" Read(isolate, arguments) {
        let what = arguments.whole(1)?;
        isolate.with_limiter(arguments.wide(0)?, |limiter| Ok(Answer::Number(limiter.read(what)?)))
    }

    /// `(limiter)`: those who wait are told, and nobody passes any more.
    c"limiterClose" Close(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            let JsLimiter { limiter, watchers, .. } = shared.get()?;
            limiter.limits().close();
            watchers.close();
            Ok(Answer::Nothing)
        })
    }
}

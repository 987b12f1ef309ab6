//! The fast calls of limiters of many keys.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use millrace_core::clock::{MILLI, Nanos};
use millrace_core::limiter::keyed::{
    Acquire, Ask, Decision, KeyedLimiter, Limit, Limits, List, OnFull, Verdict,
};
use millrace_core::limiter::{Quota, TokenBucket};
use millrace_core::lock::Owner;
use napi_derive::napi;

use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::map::key;
use crate::object::NativeObject;
use crate::page::PAGE_TASK_RECORD;
use crate::pool::options::Options;
use crate::port::PortRef;
use crate::runtime;
use crate::shared::{Kind, Shared};
use crate::waiting::{JsWaiter, Target};
use crate::waits::{attend, block, waiter};
use crate::watchers::Watchers;

type Limiter = Arc<KeyedLimiter<Target>>;

/// A limiter that JavaScript waits for.
pub(crate) struct JsKeyed {
    limiter: Limiter,
    watchers: Watchers,
}

/// How asking went.
mod answer {
    pub(super) const QUEUE: i32 = -3;
    pub(super) const LATE: i32 = -2;
    pub(super) const WAITING: i32 = -1;
    pub(super) const ALLOWED: i32 = 0;
    pub(super) const LIMITED: i32 = 1;
    pub(super) const BLOCKED: i32 = 2;
    pub(super) const DENIED: i32 = 3;
    pub(super) const FULL: i32 = 4;
    pub(super) const CLOSED: i32 = 5;
}

/// The algorithms, by their numbers.
mod algorithm {
    pub(super) const BUCKET: u32 = 0;
    pub(super) const FIXED: u32 = 1;
    pub(super) const SLIDING: u32 = 2;
}

/// Numbers that describe one limit.
const NUMBERS: usize = 5;

fn nanos(millis: f64) -> Nanos {
    ((millis * MILLI as f64) as Nanos).max(1)
}

fn millis(span: Nanos) -> f64 {
    span as f64 / MILLI as f64
}

/// One limit, as JavaScript describes it.
struct Described {
    algorithm: u32,
    limit: u32,
    window: f64,
    capacity: u32,
    burst: bool,
}

impl Described {
    fn make(&self) -> Result<Limit, Fault> {
        let wrong = || Fault::invalid("limit", "0", "a whole number from 1");
        let limit = NonZeroU32::new(self.limit).ok_or_else(wrong)?;
        let capacity = NonZeroU32::new(self.capacity).ok_or_else(wrong)?;
        let window = NonZeroU64::new(nanos(self.window)).ok_or_else(wrong)?;
        Ok(match self.algorithm {
            algorithm::FIXED => Limit::fixed(limit, window),
            algorithm::SLIDING => Limit::sliding(limit, window),
            _ => Limit::Bucket(TokenBucket::new(Quota {
                capacity: capacity.into(),
                tokens: limit.into(),
                interval: window,
                burst: self.burst,
            })),
        })
    }

    fn of(limit: &Limit) -> [f64; NUMBERS] {
        let window = |algorithm: u32, limit: NonZeroU32, window: NonZeroU64| {
            let limit = f64::from(limit.get());
            [f64::from(algorithm), limit, millis(window.get()), limit, 1.0]
        };
        match limit {
            Limit::Bucket(rule) => {
                let Quota { capacity, tokens, interval, burst } = rule.quota();
                let burst = f64::from(u8::from(burst));
                [
                    f64::from(algorithm::BUCKET),
                    tokens.get() as f64,
                    millis(interval.get()),
                    capacity.get() as f64,
                    burst,
                ]
            }
            Limit::Fixed(rule) => window(algorithm::FIXED, rule.limit, rule.window),
            Limit::Sliding(rule) => window(algorithm::SLIDING, rule.limit, rule.window),
        }
    }
}

fn limits(each: Vec<Limit>) -> Result<Limits, Fault> {
    let count = each.len();
    let want = format!("from 1 to {} limits", Limits::MOST);
    Limits::new(each).ok_or_else(|| Fault::invalid("limits", &format!("{count} of them"), &want))
}

/// Limits as options give them: each name has the limit's number behind it.
fn described(options: &mut Options<'_>) -> Result<Limits, Fault> {
    let algorithms = [
        ("token-bucket", algorithm::BUCKET),
        ("fixed-window", algorithm::FIXED),
        ("sliding-window", algorithm::SLIDING),
    ];
    let mut each = Vec::new();
    for at in 0..options.whole("count", 1, Limits::MOST as u32)?.unwrap_or(1) {
        let limit = options.whole(&format!("limit{at}"), 1, u32::MAX)?.unwrap_or(1);
        let described = Described {
            algorithm: options.word(&format!("algorithm{at}"), &algorithms)?.unwrap_or(algorithm::BUCKET),
            limit,
            window: options.millis(&format!("window{at}"), f64::MIN_POSITIVE, false)?.unwrap_or(1.0),
            capacity: options.whole(&format!("capacity{at}"), 1, u32::MAX)?.unwrap_or(limit),
            burst: options.flag(&format!("burst{at}"))?.unwrap_or(true),
        };
        each.push(described.make()?);
    }
    limits(each)
}

/// Makes one.
pub(crate) fn make(options: &mut Options<'_>) -> Result<JsKeyed, Fault> {
    let limits = described(options)?;
    let max_keys = options.whole("maxKeys", 1, u32::MAX)?.map(u64::from);
    let on_full = options.word("onFull", &[("refuse", OnFull::Refuse), ("allow", OnFull::Allow)])?;
    let on_full = on_full.unwrap_or(OnFull::Refuse);
    let max_waiting = options.whole("maxWaiting", 0, 1 << 24)?.unwrap_or(1 << 24) as usize;
    let (clock, timers) = (runtime::clock().clone(), runtime::timers());
    let limiter = KeyedLimiter::new(limits, max_keys, on_full, max_waiting, clock, timers);
    Ok(JsKeyed { limiter, watchers: Watchers::default() })
}

impl Kind for JsKeyed {
    fn kind(&self) -> &'static str {
        "keyed-rate-limiter"
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        self.limiter.each_waiter(see);
    }

    fn held(&self) -> f64 {
        self.limiter.len() as f64
    }

    fn forget(&self, isolate: PortRef, _owner: Owner) {
        self.limiter.forget(|target| target.is_of(isolate));
    }

    fn watchers(&self) -> Option<&Watchers> {
        Some(&self.watchers)
    }
}

fn keyed(shared: &Shared) -> Result<&Limiter, Fault> {
    Ok(&shared.get::<JsKeyed>()?.limiter)
}

/// Does something with the key in the arguments `at` and `at + 1`.
fn with_key<T>(
    isolate: &Isolate,
    arguments: &Arguments,
    at: usize,
    work: impl FnOnce(&Limiter, &[u8]) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let key = key(isolate, arguments, at)?;
    isolate.with_object(arguments.wide(0)?, |shared| work(keyed(shared)?, &key))
}

const fn code_of(verdict: Verdict) -> i32 {
    match verdict {
        Verdict::Allowed => answer::ALLOWED,
        Verdict::Limited(_) | Verdict::Behind => answer::LIMITED,
        Verdict::Blocked(_) => answer::BLOCKED,
        Verdict::Denied => answer::DENIED,
        Verdict::Full => answer::FULL,
        Verdict::Closed => answer::CLOSED,
    }
}

/// Writes a decision into the task's record: limit, what remains, ms until it may pass (-1: never), ms until all has come back, when it was
/// decided (ns).
fn show(isolate: &Isolate, decision: &Decision) -> Answer {
    let Decision { verdict, standing, now } = *decision;
    let until = |at: Nanos| millis(at.saturating_sub(now));
    let mut remaining = standing.remaining as f64;
    let retry_after = match verdict {
        Verdict::Allowed => 0.0,
        Verdict::Limited(Some(at)) => until(at),
        Verdict::Blocked(at) => {
            remaining = 0.0;
            until(at)
        }
        _ => {
            remaining = 0.0;
            -1.0
        }
    };
    let reset =
        until(standing.reset_at).max(if let Verdict::Blocked(at) = verdict { until(at) } else { 0.0 });
    let record = [standing.limit as f64, remaining, retry_after, reset, now as f64, 0.0, 0.0, 0.0];
    isolate.page.write_record(PAGE_TASK_RECORD, &record);
    Answer::Code(code_of(verdict))
}

fn ask(what: u32) -> Result<Ask, Fault> {
    match what {
        0 => Ok(Ask::Take),
        1 => Ok(Ask::Look),
        2 => Ok(Ask::Force),
        _ => Err(Fault::internal("a limiter cannot be asked in this way")),
    }
}

fn refused(isolate: &Isolate, acquire: &Acquire<Target>) -> i32 {
    match acquire {
        Acquire::Now => answer::ALLOWED,
        Acquire::Waiting(_) => answer::WAITING,
        Acquire::Late(span) | Acquire::Queue(span) => {
            isolate.page.write_record(PAGE_TASK_RECORD, &[millis(*span), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
            if matches!(acquire, Acquire::Late(_)) { answer::LATE } else { answer::QUEUE }
        }
        Acquire::Refused(verdict) => code_of(*verdict),
    }
}

fn limit_of(arguments: &Arguments, at: usize) -> Result<Option<Nanos>, Fault> {
    let limit = arguments.number(at)?;
    Ok((limit > 0.0).then(|| nanos(limit)))
}

/// What a limiter of many keys has counted.
#[napi(object)]
pub struct NativeKeyedStats {
    /// Keys that it knows.
    pub keys: f64,
    /// The bytes of its tables.
    pub bytes: f64,
    /// Who waits.
    pub waiting: f64,
    /// Requests that were allowed.
    pub allowed: f64,
    /// Requests that were refused.
    pub refused: f64,
    /// Requests of new keys for which there was no room.
    pub turned_away: f64,
    /// Keys that were dropped as all had come back.
    pub dropped: f64,
}

/// What a limiter of many keys has counted.
#[napi]
pub fn keyed_stats(object: &NativeObject) -> napi::Result<NativeKeyedStats> {
    let stats = keyed(object.shared())?.stats();
    Ok(NativeKeyedStats {
        keys: stats.keys as f64,
        bytes: stats.bytes as f64,
        waiting: stats.waiting as f64,
        allowed: stats.allowed as f64,
        refused: stats.refused as f64,
        turned_away: stats.turned_away as f64,
        dropped: stats.dropped as f64,
    })
}

/// Decides by other limits from here on, save for keys that have their own.
#[napi(ts_args_type = "object: NativeObject, options: object")]
pub fn keyed_configure(
    object: &NativeObject,
    options: napi::bindgen_prelude::Object<'_>,
) -> napi::Result<()> {
    let limits = described(&mut Options::new(options)?)?;
    keyed(object.shared())?.configure(&limits);
    Ok(())
}

fast_calls! {
    /// `(limiter, tag, number, cost)`: takes, if that is allowed; nothing if it is closed.
    c"keyedTry" Try(isolate, arguments) {
        let cost = u64::from(arguments.whole(3)?);
        with_key(isolate, arguments, 1, |limiter, key| Ok(match limiter.ask(key, cost, Ask::Take) {
            Verdict::Allowed => Answer::Bool(true),
            Verdict::Closed => Answer::Nothing,
            _ => Answer::Bool(false),
        }))
    }

    /// `(limiter, tag, number, cost, how)`: takes (0), looks (1), or takes allowed or not (2). See `answer`; the task's record says more.
    c"keyedAsk" AskAll(isolate, arguments) {
        let (cost, how) = (u64::from(arguments.whole(3)?), ask(arguments.whole(4)?)?);
        with_key(isolate, arguments, 1, |limiter, key| Ok(show(isolate, &limiter.ask_all(key, cost, how))))
    }

    /// `(limiter, tag, number)`: whether it knows anything of the key.
    c"keyedKnows" Knows(isolate, arguments) {
        with_key(isolate, arguments, 1, |limiter, key| Ok(Answer::Bool(limiter.knows(key))))
    }

    /// `(limiter, tag, number, cost, when it was taken in ns or -1)`: gives back.
    c"keyedGiveBack" GiveBack(isolate, arguments) {
        let (cost, taken) = (u64::from(arguments.whole(3)?), arguments.number(4)?);
        with_key(isolate, arguments, 1, |limiter, key| {
            limiter.give_back(key, (taken >= 0.0).then_some(taken as Nanos), cost);
            Ok(Answer::Nothing)
        })
    }

    /// `(limiter, tag, number, ms)`: blocks the key; 0: not any more.
    c"keyedBlock" Block(isolate, arguments) {
        let span = limit_of(arguments, 3)?.unwrap_or(0);
        with_key(isolate, arguments, 1, |limiter, key| {
            limiter.block(key, span);
            Ok(Answer::Nothing)
        })
    }

    /// `(limiter, tag, number, list)`: puts the key on none (0), the list of those that may (1) or may not pass (2), or only looks (3);
    /// the list that it stood on.
    c"keyedList" SetList(isolate, arguments) {
        let to = arguments.whole(3)?;
        with_key(isolate, arguments, 1, |limiter, key| {
            let before = match to {
                0 => limiter.set_list(key, None),
                1 => limiter.set_list(key, Some(List::Allow)),
                2 => limiter.set_list(key, Some(List::Deny)),
                _ => limiter.list(key),
            };
            Ok(Answer::Code(match before {
                None => 0,
                Some(List::Allow) => 1,
                Some(List::Deny) => 2,
            }))
        })
    }

    /// `(limiter, tag, number, count)`: gives the key limits of its own, which stand in the page, five numbers each; none: takes them away.
    c"keyedLimit" SetLimits(isolate, arguments) {
        let count = arguments.whole(3)? as usize;
        if count > Limits::MOST {
            return Err(Fault::internal("a key cannot have so many limits"));
        }
        let read = |at: usize| {
            let number = |of: usize| isolate.page.read_number(at * NUMBERS + of);
            Described {
                algorithm: number(0) as u32,
                limit: number(1) as u32,
                window: number(2),
                capacity: number(3) as u32,
                burst: number(4) != 0.0,
            }
        };
        let own = (count > 0).then(|| limits((0..count).map(|at| read(at).make()).collect::<Result<_, _>>()?));
        let own = own.transpose()?;
        with_key(isolate, arguments, 1, |limiter, key| {
            limiter.set_limits(key, own);
            Ok(Answer::Nothing)
        })
    }

    /// `(limiter, tag, number)`: writes the limits of a key into the page, five numbers each; how many they are.
    c"keyedLimitsOf" LimitsOf(isolate, arguments) {
        with_key(isolate, arguments, 1, |limiter, key| {
            let limits = limiter.limits_of(key);
            let each = limits.as_ref().map_or(&[][..], Limits::each);
            let numbers = each.iter().flat_map(Described::of);
            numbers.enumerate().for_each(|(at, number)| isolate.page.write_number(at, number));
            Ok(Answer::Number(each.len() as f64))
        })
    }

    /// `(limiter, tag, number)`: forgets what the key has taken, and how long it is blocked; whether there was anything of that.
    c"keyedReset" Reset(isolate, arguments) {
        with_key(isolate, arguments, 1, |limiter, key| Ok(Answer::Bool(limiter.reset(key))))
    }

    /// `(limiter)`: as `keyedReset` for all keys.
    c"keyedResetAll" ResetAll(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            keyed(shared)?.reset_all();
            Ok(Answer::Nothing)
        })
    }

    /// `(limiter)`: drops the keys whose limits have come back; how many.
    c"keyedSweep" Sweep(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Number(keyed(shared)?.sweep() as f64)))
    }

    /// `(limiter)`: how many keys it knows.
    c"keyedSize" Size(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Number(keyed(shared)?.len() as f64)))
    }

    /// `(limiter)`.
    c"keyedClosed" Closed(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Bool(keyed(shared)?.is_closed())))
    }

    /// `(limiter)`: whether it was open.
    c"keyedClose" Close(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            let JsKeyed { limiter, watchers } = shared.get()?;
            let open = limiter.close();
            watchers.close();
            Ok(Answer::Bool(open))
        })
    }

    /// `(limiter, wait, tag, number, cost, limit in ms or 0, cancellable)`: takes, now or later. See `answer`; too late: the record says how
    /// long it would take, in ms.
    c"keyedAcquire" Wait(isolate, arguments) {
        let (wait, cost) = (arguments.whole(1)?, u64::from(arguments.whole(4)?));
        let limit = limit_of(arguments, 5)?;
        let asked = with_key(isolate, arguments, 2, |limiter, key| {
            Ok(limiter.acquire(key, cost, limit, || waiter(isolate, wait)))
        })?;
        if let Acquire::Waiting(waiter) = &asked {
            attend(isolate, arguments, 5, waiter)?;
        }
        Ok(Answer::Code(refused(isolate, &asked)))
    }

    /// `(limiter, limit in ms or 0, tag, number, cost)`: as `keyedAcquire`; waiting: call `blockedPark` until it has an answer.
    c"keyedAcquireBlocking" WaitBlocking(isolate, arguments) {
        let (limit, cost) = (limit_of(arguments, 1)?, u64::from(arguments.whole(4)?));
        with_key(isolate, arguments, 2, |limiter, key| {
            let mut code = answer::WAITING;
            block(isolate, arguments.number(1)?, |waiter| {
                let asked = limiter.acquire(key, cost, limit, || waiter);
                code = refused(isolate, &asked);
                code == answer::WAITING
            });
            Ok(Answer::Code(code))
        })
    }
}

//! Trying again: back-off, budgets, hedging, and what came of it.

use millrace_core::clock::{Clock, MILLI, Nanos};
use millrace_core::retry::{
    Backoff, Begun, Budget, BudgetQuota, Counters, GaveUp, Hedging, Jitter, Late, Strategy,
};
use napi_derive::napi;

use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::object::NativeObject;
use crate::pool::options::Options;
use crate::runtime::clock;
use crate::shared::Kind;
use crate::watchers::Watchers;

/// What executors of one name have done.
#[derive(Default)]
pub(crate) struct JsRetry(Counters);

impl Kind for JsRetry {
    fn kind(&self) -> &'static str {
        "retry"
    }
}

/// A retry budget, and who listens to it.
pub(crate) struct JsBudget {
    budget: Budget,
    watchers: Watchers,
}

impl JsBudget {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let budget = Budget::new(BudgetQuota {
            ratio: options.between("ratio", 0.0, 1000.0)?.unwrap_or(0.2),
            per_second: options.between("minPerSecond", 0.0, 1e6)?.unwrap_or(10.0),
            ttl: nanos(options.millis("ttl", 1000.0, false)?.unwrap_or(10_000.0)),
        });
        Ok(Self { budget, watchers: Watchers::default() })
    }
}

impl Kind for JsBudget {
    fn kind(&self) -> &'static str {
        "retry-budget"
    }

    fn watchers(&self) -> Option<&Watchers> {
        Some(&self.watchers)
    }
}

/// Calls that get a second request when the first is late, and who listens to them.
pub(crate) struct JsHedge {
    hedging: Hedging,
    watchers: Watchers,
}

impl JsHedge {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let late = match options.share("quantile")? {
            Some(quantile) => Late::Quantile(quantile),
            None => Late::After(nanos(options.millis("after", 0.0, false)?.unwrap_or(0.0))),
        };
        Ok(Self { hedging: Hedging::new(late), watchers: Watchers::default() })
    }
}

impl Kind for JsHedge {
    fn kind(&self) -> &'static str {
        "hedge"
    }

    fn watchers(&self) -> Option<&Watchers> {
        Some(&self.watchers)
    }
}

fn nanos(ms: f64) -> Nanos {
    (ms * MILLI as f64) as Nanos
}

fn millis(span: Nanos) -> f64 {
    span as f64 / MILLI as f64
}

/// The numbers of `ts/retry/policy.ts`.
fn jitter(arguments: &Arguments, at: usize) -> Result<Jitter, Fault> {
    Ok(match arguments.whole(at)? {
        0 => Jitter::None,
        1 => Jitter::Full,
        2 => Jitter::Equal,
        3 => Jitter::Decorrelated,
        _ => return Err(Fault::internal("this number stands for no jitter")),
    })
}

fn strategy(arguments: &Arguments) -> Result<Strategy, Fault> {
    Ok(match arguments.whole(0)? {
        0 => Strategy::Fixed,
        1 => Strategy::Linear,
        2 => Strategy::Exponential(arguments.number(1)?),
        3 => Strategy::Fibonacci,
        _ => return Err(Fault::internal("this number stands for no strategy")),
    })
}

/// What executors of one name have done.
#[napi(object)]
pub struct NativeRetryCounts {
    /// How often functions were called.
    pub attempts: f64,
    /// Successes by attempt.
    pub successes: Vec<f64>,
    /// Those who gave up, by why.
    pub given_up: Vec<f64>,
    /// How many waits there were.
    pub waits: f64,
    /// How long they were together, in milliseconds.
    pub waited: f64,
}

/// What executors of one name have done.
#[napi]
pub fn retry_counts(object: &NativeObject) -> napi::Result<NativeRetryCounts> {
    let JsRetry(counters) = object.shared().get()?;
    let (waits, waited) = counters.waits();
    Ok(NativeRetryCounts {
        attempts: counters.attempts() as f64,
        successes: counters.successes().map(|count| count as f64).to_vec(),
        given_up: counters.given_up().map(|count| count as f64).to_vec(),
        waits: waits as f64,
        waited: millis(waited),
    })
}

/// How a budget stands, and what has come of it.
#[napi(object)]
pub struct NativeBudgetCounts {
    /// Retries that calls have earned.
    pub earned: f64,
    /// Retries that are free now.
    pub free: f64,
    /// Retries that had a token.
    pub retries: f64,
    /// Retries that had none.
    pub refused: f64,
    /// Tokens given back.
    pub given_back: f64,
}

/// How a budget stands, and what has come of it.
#[napi]
pub fn budget_counts(object: &NativeObject) -> napi::Result<NativeBudgetCounts> {
    let JsBudget { budget, .. } = object.shared().get()?;
    let (standing, counts) = (budget.standing(clock().now()), budget.counts());
    Ok(NativeBudgetCounts {
        earned: standing.earned,
        free: standing.free,
        retries: counts.retries as f64,
        refused: counts.refused as f64,
        given_back: counts.given_back as f64,
    })
}

/// What hedging has done.
#[napi(object)]
pub struct NativeHedgeCounts {
    /// Calls.
    pub calls: f64,
    /// Requests beside a late one.
    pub extra: f64,
    /// Calls that such a request answered.
    pub won: f64,
    /// Requests that the budget refused.
    pub refused: f64,
    /// When a request is late, in milliseconds; nothing while too little is known.
    pub late: Option<f64>,
}

/// What hedging has done.
#[napi]
pub fn hedge_counts(object: &NativeObject) -> napi::Result<NativeHedgeCounts> {
    let JsHedge { hedging, .. } = object.shared().get()?;
    let counts = hedging.counts();
    Ok(NativeHedgeCounts {
        calls: counts.calls as f64,
        extra: counts.extra as f64,
        won: counts.won as f64,
        refused: counts.refused as f64,
        late: hedging.late().map(millis),
    })
}

fast_calls! {
    /// `(strategy, factor, jitter, initial, most, attempt, random, last)`: how long to wait after so many failed attempts, in milliseconds.
    c"backoffDelay" Delay(_isolate, arguments) {
        let backoff = Backoff {
            strategy: strategy(arguments)?,
            jitter: jitter(arguments, 2)?,
            initial: nanos(arguments.number(3)?),
            most: nanos(arguments.number(4)?),
        };
        let (attempt, random, last) = (arguments.whole(5)?, arguments.number(6)?, arguments.number(7)?);
        Ok(Answer::Number(millis(backoff.delay(attempt, random, nanos(last)))))
    }

    /// `(jitter, most, delay, random)`: the same for a delay that the user's strategy gave.
    c"backoffSpread" Spread(_isolate, arguments) {
        let (delay, random) = (nanos(arguments.number(2)?), arguments.number(3)?);
        let most = nanos(arguments.number(1)?);
        let backoff =
            Backoff { strategy: Strategy::Fixed, jitter: jitter(arguments, 0)?, initial: delay, most };
        Ok(Answer::Number(millis(backoff.spread(delay, random))))
    }

    /// `(jitter, delay, after)`: the same when the other side has said when to come back.
    c"backoffNotBefore" NotBefore(_isolate, arguments) {
        let (delay, after) = (nanos(arguments.number(1)?), nanos(arguments.number(2)?));
        let backoff =
            Backoff { strategy: Strategy::Fixed, jitter: jitter(arguments, 0)?, initial: 0, most: Nanos::MAX };
        Ok(Answer::Number(millis(backoff.not_before(delay, after))))
    }

    /// `(retry, attempt)`: a call has succeeded at this attempt.
    c"retrySucceeded" Succeeded(isolate, arguments) {
        let attempt = arguments.whole(1)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.get::<JsRetry>()?.0.succeeded(attempt);
            Ok(Answer::Nothing)
        })
    }

    /// `(retry, why, attempts)`: a call has given up.
    c"retryGaveUp" Gave(isolate, arguments) {
        let why = GaveUp::ALL.get(arguments.whole(1)? as usize).copied();
        let why = why.ok_or_else(|| Fault::internal("this number stands for no reason"))?;
        let attempts = arguments.whole(2)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.get::<JsRetry>()?.0.gave_up(why, attempts);
            Ok(Answer::Nothing)
        })
    }

    /// `(retry, ms)`: a call has waited for its next attempt.
    c"retryWaited" Waited(isolate, arguments) {
        let ms = arguments.number(1)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.get::<JsRetry>()?.0.waited(nanos(ms));
            Ok(Answer::Nothing)
        })
    }

    /// `(retry)`: counts anew.
    c"retryReset" Reset(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.get::<JsRetry>()?.0.reset();
            Ok(Answer::Nothing)
        })
    }

    /// `(budget)`: a call that is none tried again.
    c"budgetDeposit" Deposit(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.get::<JsBudget>()?.budget.deposit(clock().now());
            Ok(Answer::Nothing)
        })
    }

    /// `(budget)`: whether there may be a retry.
    c"budgetWithdraw" Withdraw(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Bool(shared.get::<JsBudget>()?.budget.withdraw(clock().now())))
        })
    }

    /// `(budget)`: a retry was cancelled while it waited.
    c"budgetGiveBack" GiveBack(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.get::<JsBudget>()?.budget.give_back(clock().now());
            Ok(Answer::Nothing)
        })
    }

    /// `(budget)`: whether it is closed.
    c"budgetClosed" BudgetClosed(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Bool(shared.get::<JsBudget>()?.budget.is_closed()))
        })
    }

    /// `(budget)`: there are no retries any more.
    c"budgetClose" BudgetClose(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            let JsBudget { budget, watchers } = shared.get()?;
            budget.close();
            watchers.close();
            Ok(Answer::Nothing)
        })
    }

    /// `(hedge)`: a call begins; after how many milliseconds its request is late, -1 if it cannot be, -2 if the hedge is closed.
    c"hedgeBegin" Begin(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Number(match shared.get::<JsHedge>()?.hedging.begin() {
                Begun::LateAfter(late) => millis(late),
                Begun::NeverLate => -1.0,
                Begun::Closed => -2.0,
            }))
        })
    }

    /// `(hedge, sent)`: a request was late, and another is sent or was refused.
    c"hedgeLate" LateRequest(isolate, arguments) {
        let sent = arguments.flag(1)?;
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.get::<JsHedge>()?.hedging.late_request(sent);
            Ok(Answer::Nothing)
        })
    }

    /// `(hedge, ms, byExtra)`: a call was answered after so long.
    c"hedgeAnswered" Answered(isolate, arguments) {
        let (ms, by_extra) = (arguments.number(1)?, arguments.flag(2)?);
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.get::<JsHedge>()?.hedging.answered(nanos(ms), by_extra);
            Ok(Answer::Nothing)
        })
    }

    /// `(hedge)`: whether it is closed.
    c"hedgeClosed" HedgeClosed(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            Ok(Answer::Bool(shared.get::<JsHedge>()?.hedging.is_closed()))
        })
    }

    /// `(hedge)`: no calls are made any more.
    c"hedgeClose" HedgeClose(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            let JsHedge { hedging, watchers } = shared.get()?;
            hedging.close();
            watchers.close();
            Ok(Answer::Nothing)
        })
    }
}

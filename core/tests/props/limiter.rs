//! Each rule beside a slow, obviously right model, and the line beside a plain queue that is looked at again each nanosecond.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};

use millrace_core::clock::Clock;
use millrace_core::limiter::{
    Acquire, Adapt, FixedWindow, Limiter, Limits, Packed, Quota, Refused, Reserve, Rule, SlidingLog,
    SlidingWindow, TokenBucket,
};
use millrace_core::timer::ManualTimers;
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};
use proptest::prelude::*;

fn some(n: u64) -> NonZeroU64 {
    NonZeroU64::new(n).unwrap()
}

/// One request: how long after the one before, and for how much.
type Requests = Vec<(u64, u64)>;

fn requests() -> impl Strategy<Value = Requests> {
    let span = prop_oneof![4 => 0u64..20, 2 => 0u64..200, 1 => 0u64..5_000, 1 => Just(1_000_000)];
    prop::collection::vec((span, 1u64..12), 1..150)
}

/// When a rule says that it may, it may, and not before.
fn check_earliest<R: Rule>(rule: &R, state: &R::State, now: u64, cost: u64) -> Result<bool, TestCaseError> {
    let Some(at) = rule.earliest(state, now, cost) else { return Ok(false) };
    prop_assert!(at >= now);
    prop_assert_eq!(rule.earliest(state, at, cost), Some(at));
    if at > now {
        prop_assert_ne!(rule.earliest(state, at - 1, cost), Some(at - 1));
    }
    let standing = rule.standing(state, now);
    prop_assert!(standing.remaining <= standing.limit);
    // A full standing may be taken at once, and no more.
    if standing.remaining > 0 {
        prop_assert_eq!(rule.earliest(state, now, standing.remaining), Some(now));
    }
    Ok(at == now)
}

/// Tokens as an exact fraction: so many, times the interval.
struct Bucket {
    quota: Quota,
    level: i128,
    /// What may be told otherwise, in the same unit: a nanosecond's tokens for each request.
    slack: i128,
    last: u64,
}

impl Bucket {
    fn full(&self) -> i128 {
        i128::from(self.quota.capacity.get()) * i128::from(self.quota.interval.get())
    }

    fn at(&mut self, now: u64) {
        let back = i128::from(now - self.last) * i128::from(self.quota.tokens.get());
        self.level = (self.level + back).min(self.full());
        self.last = now;
    }
}

fn quota() -> impl Strategy<Value = Quota> {
    (1u64..40, 1u64..20, 1u64..400).prop_map(|(capacity, tokens, interval)| Quota {
        capacity: some(capacity),
        tokens: some(tokens),
        interval: some(interval),
        burst: true,
    })
}

proptest! {
    #[test]
    fn a_token_bucket_allows_what_exact_fractions_allow_but_for_a_nanosecond(
        quota in quota(),
        requests in requests(),
    ) {
        let (rule, mut state, mut now) = (TokenBucket::new(quota), 0, 1_000);
        let mut model = Bucket { quota, level: 0, slack: 0, last: now };
        model.level = model.full();
        for (span, cost) in requests {
            now += span;
            model.at(now);
            model.slack += i128::from(quota.tokens.get());
            let allowed = check_earliest(&rule, &state, now, cost)?;
            let needs = i128::from(cost) * i128::from(quota.interval.get());
            if allowed {
                prop_assert!(model.level >= needs);
                rule.take(&mut state, now, cost);
                model.level -= needs;
            } else {
                prop_assert!(model.level - model.slack < needs || cost > quota.capacity.get());
            }
        }
    }

    #[test]
    fn a_token_bucket_configured_anew_keeps_its_share(
        quotas in prop::collection::vec(quota(), 2..8),
        requests in requests(),
    ) {
        let (mut rule, mut state, mut now) = (TokenBucket::new(quotas[0]), 0, 1_000);
        for (round, (span, cost)) in requests.into_iter().enumerate() {
            now += span;
            if rule.earliest(&state, now, cost) == Some(now) {
                rule.take(&mut state, now, cost);
            }
            let before = rule.standing(&state, now);
            let next = TokenBucket::new(quotas[round % quotas.len()]);
            state = next.adapt(&rule, &state, now);
            let after = next.standing(&state, now);
            // Whole tokens of both, in times of whole sixteenths: so they differ by less than one token, and those of a sixteenth, of each.
            let off = |rule: TokenBucket, limit: u64| {
                let Quota { tokens, interval, .. } = rule.quota();
                (1.0 + tokens.get() as f64 / (16 * interval.get()) as f64) * limit as f64
            };
            let (old, new) = (before.remaining * after.limit, after.remaining * before.limit);
            let most = off(rule, after.limit) + off(next, before.limit);
            prop_assert!((old.abs_diff(new) as f64) < most);
            rule = next;
        }
    }

    #[test]
    fn spaced_requests_are_never_closer_than_what_the_last_one_took(
        quota in quota(),
        requests in requests(),
    ) {
        let rule = TokenBucket::new(Quota { burst: false, ..quota });
        let (mut state, mut now, mut last) = (0, 1_000, None::<(u64, u64)>);
        for (span, cost) in requests {
            now += span;
            if check_earliest(&rule, &state, now, cost)? {
                if let Some((at, took)) = last {
                    prop_assert!((now - at) * quota.tokens.get() >= took * quota.interval.get());
                }
                rule.take(&mut state, now, cost);
                last = Some((now, cost));
            } else if let (Some((at, took)), true) = (last, cost <= quota.capacity.get()) {
                prop_assert!((now - at).saturating_sub(1) * quota.tokens.get() < took * quota.interval.get());
            }
        }
    }

    #[test]
    fn a_fixed_window_counts_what_came_in_it(
        limits in prop::collection::vec(1u64..20, 1..4),
        size in 1u64..300,
        requests in requests(),
    ) {
        let (mut rule, mut state, mut now) = (FixedWindow::new(some(limits[0]), some(size)), 0, 1_000);
        let mut passed: Requests = Vec::new();
        for (round, (span, cost)) in requests.into_iter().enumerate() {
            now += span;
            if round % 40 == 39 {
                let next = FixedWindow::new(some(limits[round % limits.len()]), some(size));
                // What is over the new limit would count against the next window.
                let count: u64 = passed.iter().filter(|(at, _)| at / size == now / size).map(|(_, cost)| cost).sum();
                if count <= next.numbers().0.get() {
                    state = next.adapt(&rule, &state, now);
                    rule = next;
                }
            }
            let limit = rule.numbers().0.get();
            let count: u64 = passed.iter().filter(|(at, _)| at / size == now / size).map(|(_, cost)| cost).sum();
            let allowed = check_earliest(&rule, &state, now, cost)?;
            prop_assert_eq!(allowed, count + cost <= limit);
            if allowed {
                rule.take(&mut state, now, cost);
                passed.push((now, cost));
            }
        }
    }

    #[test]
    fn a_log_allows_exactly_the_limit_in_any_window(
        rules in prop::collection::vec((1u64..20, 1u64..300), 1..4),
        requests in requests(),
    ) {
        let of = |(limit, size): (u64, u64)| SlidingLog::new(some(limit), some(size));
        let (mut rule, mut log, mut now) = (of(rules[0]), Default::default(), 1_000);
        let mut passed: Requests = Vec::new();
        for (round, (span, cost)) in requests.into_iter().enumerate() {
            now += span;
            if round % 20 == 19 {
                let size = rule.numbers().1.get();
                passed.retain(|(at, _)| at + size > now);
                let next = of(rules[round % rules.len()]);
                log = next.adapt(&rule, &log, now);
                rule = next;
            }
            let (limit, size) = rule.numbers();
            let count: u64 = passed.iter().filter(|(at, _)| at + size.get() > now).map(|(_, cost)| cost).sum();
            let allowed = check_earliest(&rule, &log, now, cost)?;
            prop_assert_eq!(allowed, count + cost <= limit.get());
            if allowed {
                rule.take(&mut log, now, cost);
                passed.push((now, cost));
            }
        }
    }

    #[test]
    fn a_sliding_window_never_allows_more_and_refuses_no_more_than_a_sub_window_longer_would(
        rules in prop::collection::vec((1u64..20, 1u64..300, 1u64..20), 1..4),
        requests in requests(),
    ) {
        let of = |(limit, size, precision): (u64, u64, u64)| SlidingWindow::new(some(limit), some(size), some(precision));
        let (mut rule, mut state, mut now) = (of(rules[0]), Default::default(), 1_000);
        let mut passed: Requests = Vec::new();
        let (mut configured, mut longest) = (false, 0);
        for (round, (span, cost)) in requests.into_iter().enumerate() {
            now += span;
            let (_, size, precision) = rule.numbers();
            let length = size.get().div_ceil(precision.get());
            if round % 30 == 29 {
                passed.retain(|(at, _)| at + size.get() > now);
                longest = longest.max(length);
                configured = true;
                let next = of(rules[round % rules.len()]);
                state = next.adapt(&rule, &state, now);
                rule = next;
            }
            let (limit, size, precision) = rule.numbers();
            let length = size.get().div_ceil(precision.get());
            let within = |span: u64| passed.iter().filter(|(at, _)| at + span > now).map(|(_, cost)| cost).sum::<u64>();
            let allowed = check_earliest(&rule, &state, now, cost)?;
            if allowed {
                prop_assert!(within(size.get()) + cost <= limit.get());
                rule.take(&mut state, now, cost);
                passed.push((now, cost));
            } else if !configured {
                prop_assert!(within((precision.get() + 1) * length) + cost > limit.get());
            }
        }
    }
}

/// Everything that was told, in order.
#[derive(Default)]
struct Told(Mutex<Vec<(u64, WaitOutcome)>>);

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0.lock().unwrap().push((token, outcome));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Try(u64),
    Acquire(u64, Option<u64>),
    Reserve(u64),
    Cancel(prop::sample::Index),
    Advance(u64),
    Penalty(u64),
    Reward(u64),
    Block(u64),
    Reset,
    Configure(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u64..5).prop_map(Step::Try),
        8 => (1u64..7, prop::option::of(0u64..200)).prop_map(|(cost, within)| Step::Acquire(cost, within)),
        2 => (1u64..7).prop_map(Step::Reserve),
        4 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        8 => (1u64..60).prop_map(Step::Advance),
        1 => (1u64..9).prop_map(Step::Penalty),
        1 => (1u64..9).prop_map(Step::Reward),
        1 => (0u64..100).prop_map(Step::Block),
        1 => Just(Step::Reset),
        1 => any::<prop::sample::Index>().prop_map(Step::Configure),
    ]
}

/// How one who waits can be told apart.
#[derive(Clone)]
enum Place {
    Waiter(Arc<Waiter<Arc<Told>>>),
    Reserved(u64),
}

/// The line as a plain list.
struct Naive<R: Rule> {
    rule: R,
    state: R::State,
    now: u64,
    blocked: u64,
    line: Vec<(u64, u64, bool)>,
    expected: Vec<(u64, WaitOutcome)>,
}

impl<R: Rule> Naive<R> {
    fn settle(&mut self) {
        let mut closed = Vec::new();
        while let Some(&(token, cost, waits)) = self.line.first() {
            match self.rule.earliest(&self.state, self.now.max(self.blocked), cost) {
                Some(at) if at > self.now => break,
                Some(at) => {
                    self.rule.take(&mut self.state, at, cost);
                    self.expected.extend(waits.then_some((token, WaitOutcome::Won)));
                }
                None => closed.extend(waits.then_some((token, WaitOutcome::Closed))),
            }
            self.line.remove(0);
        }
        self.expected.extend(closed);
    }

    fn passes(&mut self, cost: u64) -> bool {
        let may = self.line.is_empty()
            && self.rule.earliest(&self.state, self.now.max(self.blocked), cost) == Some(self.now);
        if may {
            self.rule.take(&mut self.state, self.now, cost);
        }
        may
    }

    /// How long until one more passes.
    fn until(&self, cost: u64) -> Option<u64> {
        let (mut state, mut at) = (self.state.clone(), self.now.max(self.blocked));
        for (_, cost, _) in &self.line {
            if let Some(next) = self.rule.earliest(&state, at, *cost) {
                at = next;
                self.rule.take(&mut state, at, *cost);
            }
        }
        Some(self.rule.earliest(&state, at, cost)? - self.now)
    }
}

fn line_beside_a_list<R: Adapt<State: Packed>>(rules: &[R], steps: Vec<Step>) -> Result<(), TestCaseError> {
    let timers = Arc::new(ManualTimers::default());
    timers.advance(1_000);
    let told = Arc::<Told>::default();
    let limiter = Limiter::new(rules[0].clone(), 12, timers.clock.clone(), timers.clone());
    let (rule, state) = (rules[0].clone(), R::State::default());
    let mut naive =
        Naive { rule, state, now: timers.clock.now(), blocked: 0, line: Vec::new(), expected: Vec::new() };
    let mut places: Vec<Option<Place>> = Vec::new();
    for step in steps {
        match step {
            Step::Try(cost) => prop_assert_eq!(limiter.try_acquire(cost), naive.passes(cost)),
            Step::Acquire(cost, within) => {
                let token = places.len() as u64;
                let acquire = limiter.acquire(cost, within, &mut || Waiter::new(Arc::clone(&told), token));
                let until = naive.until(cost);
                let full = naive.line.len() >= 12;
                let mut place = None;
                match acquire {
                    Acquire::Now => prop_assert!(naive.passes(cost)),
                    Acquire::Refused(Refused::TooMuch) => prop_assert_eq!(until, None),
                    Acquire::Refused(Refused::Full(after)) => {
                        prop_assert_eq!((full, until), (true, Some(after)))
                    }
                    Acquire::Refused(Refused::Late(after)) => {
                        prop_assert!(!full && within.unwrap() < after);
                        prop_assert_eq!(until, Some(after));
                    }
                    Acquire::Refused(Refused::Closed) => prop_assert!(false),
                    Acquire::Waiting(waiter) => {
                        prop_assert!(
                            !full && until.is_some_and(|until| within.is_none_or(|within| until <= within))
                        );
                        naive.line.push((token, cost, true));
                        place = Some(Place::Waiter(waiter));
                    }
                }
                places.push(place);
            }
            Step::Reserve(cost) => {
                let token = places.len() as u64;
                let until = naive.until(cost);
                let mut place = None;
                match limiter.reserve(cost) {
                    Reserve::Now => prop_assert!(naive.passes(cost)),
                    Reserve::Later { after, place: at } => {
                        prop_assert_eq!(until, Some(after));
                        naive.line.push((token, cost, false));
                        place = Some(Place::Reserved(at));
                    }
                    Reserve::Refused(why) => {
                        prop_assert!(until.is_none() || why == Refused::Full(until.unwrap()))
                    }
                }
                places.push(place);
            }
            Step::Cancel(index) if !places.is_empty() => {
                let token = index.index(places.len());
                let at = naive.line.iter().position(|entry| entry.0 == token as u64);
                let cancelled = match places[token].clone() {
                    None => false,
                    Some(Place::Waiter(waiter)) => waiter.cancel(),
                    Some(Place::Reserved(place)) => limiter.give_up(place),
                };
                prop_assert_eq!(cancelled, at.is_some());
                if let Some(at) = at {
                    let (token, _, waits) = naive.line.remove(at);
                    naive.settle();
                    naive.expected.extend(waits.then_some((token, WaitOutcome::Cancelled)));
                }
            }
            Step::Cancel(_) => {}
            Step::Advance(span) => {
                timers.advance(span);
                for _ in 0..span {
                    naive.now += 1;
                    naive.settle();
                }
            }
            Step::Penalty(cost) => {
                limiter.penalty(cost);
                naive.rule.take(&mut naive.state, naive.now, cost);
            }
            Step::Reward(cost) => {
                limiter.reward(cost);
                naive.rule.give_back(&mut naive.state, naive.now, naive.now, cost);
            }
            Step::Block(span) => {
                limiter.block(span);
                naive.blocked = if span == 0 { 0 } else { naive.now + span };
            }
            Step::Reset => {
                limiter.reset();
                naive.state = R::State::default();
                naive.blocked = 0;
            }
            Step::Configure(index) => {
                let rule = rules[index.index(rules.len())].clone();
                limiter.configure(rule.clone());
                naive.state = rule.adapt(&naive.rule, &naive.state, naive.now);
                naive.rule = rule;
            }
        }
        naive.settle();
        prop_assert_eq!(&*told.0.lock().unwrap(), &naive.expected);
        prop_assert_eq!(limiter.waiting(), naive.line.len());
        prop_assert_eq!(limiter.until(1), naive.until(1));
        prop_assert_eq!(timers.armed(), usize::from(!naive.line.is_empty()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_line_of_a_bucket_is_a_plain_list(
        quotas in prop::collection::vec((2u64..7, 1u64..20), 1..4),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let bucket = |(capacity, interval)| {
            let quota = Quota { capacity: some(capacity), tokens: some(1), interval: some(interval), burst: true };
            TokenBucket::new(quota)
        };
        line_beside_a_list(&quotas.into_iter().map(bucket).collect::<Vec<_>>(), steps)?;
    }

    #[test]
    fn the_line_of_a_log_is_a_plain_list(
        rules in prop::collection::vec((2u64..7, 1u64..80), 1..4),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let log = |(limit, size)| SlidingLog::new(some(limit), some(size));
        line_beside_a_list(&rules.into_iter().map(log).collect::<Vec<_>>(), steps)?;
    }

    #[test]
    fn the_line_of_a_fixed_window_is_a_plain_list(
        rules in prop::collection::vec((2u64..7, 1u64..80), 1..4),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let window = |(limit, size)| FixedWindow::new(some(limit), some(size));
        line_beside_a_list(&rules.into_iter().map(window).collect::<Vec<_>>(), steps)?;
    }
}

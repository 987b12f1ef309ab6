//! Several limiters at once beside the obvious model: lists of all that was taken of each, looked at from end to end, and a line that is
//! looked at in every nanosecond. Nobody passes unless all allow it, what passes counts with all and what does not with none, those who give
//! up leave no trace, and the times that are told are those at which it happens.

use std::num::NonZeroU64;
use std::sync::Arc;

use millrace_core::clock::Nanos;
use millrace_core::limiter::{
    Acquire, Composite, FixedWindow, Limiter, Limits, Part, Quota, Refused, Reserve, SlidingLog, TokenBucket,
};
use millrace_core::timer::ManualTimers;
use millrace_core::wait::{ThreadParker, WaitOutcome, Waiter};
use proptest::prelude::*;

type Target = Arc<ThreadParker>;

const MOST_WAITING: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Bucket { tokens: u64 },
    Fixed,
    Log,
}

/// So many, in so long.
#[derive(Debug, Clone, Copy)]
struct Spec {
    kind: Kind,
    limit: u64,
    window: u64,
}

fn spec() -> impl Strategy<Value = Spec> {
    let kind =
        prop_oneof![(1u64..4).prop_map(|tokens| Kind::Bucket { tokens }), Just(Kind::Fixed), Just(Kind::Log)];
    (kind, 1u64..9, 1u64..30).prop_map(|(kind, limit, window)| Spec { kind, limit, window })
}

impl Spec {
    fn make(&self, timers: &Arc<ManualTimers>) -> Arc<dyn Limits<Target>> {
        let some = |n| NonZeroU64::new(n).unwrap();
        let (limit, window) = (some(self.limit), some(self.window));
        let (clock, own) = (timers.clock.clone(), timers.clone());
        match self.kind {
            Kind::Bucket { tokens } => {
                let quota = Quota { capacity: limit, tokens: some(tokens), interval: window, burst: true };
                Limiter::new(TokenBucket::new(quota), 0, clock, own)
            }
            Kind::Fixed => Limiter::new(FixedWindow::new(limit, window), 0, clock, own),
            Kind::Log => Limiter::new(SlidingLog::new(limit, window), 0, clock, own),
        }
    }
}

/// What was taken, and when.
#[derive(Debug, Clone, Default)]
struct Taken(Vec<(Nanos, u64)>);

impl Taken {
    fn sum(&self, counts: impl Fn(Nanos) -> bool) -> u64 {
        self.0.iter().filter(|(at, _)| counts(*at)).map(|(_, cost)| cost).sum()
    }

    /// What a bucket owes, in sixteenths of a nanosecond.
    fn owed(&self, spec: &Spec, tokens: u64, now: Nanos) -> u64 {
        let (mut owed, mut as_of) = (0u64, 0);
        for &(at, cost) in self.0.iter().chain([&(now, 0)]) {
            owed = owed.saturating_sub((at - as_of) * 16) + Self::cost(spec, tokens, cost);
            as_of = at;
        }
        owed
    }

    fn cost(spec: &Spec, tokens: u64, cost: u64) -> u64 {
        (cost * spec.window * 16).div_ceil(tokens)
    }

    fn allows(&self, spec: &Spec, now: Nanos, cost: u64) -> bool {
        if cost > spec.limit {
            return false;
        }
        match spec.kind {
            Kind::Bucket { tokens } => {
                let capacity = Self::cost(spec, tokens, spec.limit);
                self.owed(spec, tokens, now) + Self::cost(spec, tokens, cost) <= capacity
            }
            Kind::Fixed => self.sum(|at| at / spec.window == now / spec.window) + cost <= spec.limit,
            Kind::Log => self.sum(|at| at + spec.window > now) + cost <= spec.limit,
        }
    }

    /// The law of the limit, whatever the way there.
    fn is_lawful(&self, spec: &Spec) -> bool {
        let from = |first: usize| {
            self.0.iter().enumerate().skip(first).scan(0, |sum, (_, &(at, cost))| {
                *sum += cost;
                Some((at, *sum))
            })
        };
        self.0.iter().enumerate().all(|(first, &(began, _))| {
            from(first).all(|(at, sum)| match spec.kind {
                // What was taken within a span, times the interval, against what the bucket held and what came back.
                Kind::Bucket { tokens } => {
                    sum * spec.window <= spec.limit * spec.window + (at - began) * tokens
                }
                Kind::Fixed => at / spec.window != began / spec.window || sum <= spec.limit,
                Kind::Log => at - began >= spec.window || sum <= spec.limit,
            })
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Try(u64),
    /// Waits, within a time if it is not 0.
    Wait(u64, Nanos),
    Reserve(u64),
    /// Whoever stands there in line gives up.
    GiveUp(prop::sample::Index),
    /// Somebody comes to one of the limiters.
    Direct(prop::sample::Index, u64),
    Advance(Nanos),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>();
    prop_oneof![
        4 => (1u64..4).prop_map(Step::Try),
        4 => (1u64..4, prop_oneof![Just(0), 1u64..60]).prop_map(|(cost, within)| Step::Wait(cost, within)),
        4 => (1u64..4).prop_map(Step::Reserve),
        3 => index.clone().prop_map(Step::GiveUp),
        1 => (index, 1u64..3).prop_map(|(index, cost)| Step::Direct(index, cost)),
        8 => (1u64..25).prop_map(Step::Advance),
    ]
}

enum Who {
    Waits(Arc<Waiter<Target>>),
    Reserved(u64),
}

struct World {
    specs: Vec<Spec>,
    limiters: Vec<Arc<dyn Limits<Target>>>,
    /// What one that is asked for 1 takes of each.
    weights: Vec<u64>,
    taken: Vec<Taken>,
    both: Arc<Composite<Target>>,
    line: Vec<(u64, Who)>,
    timers: Arc<ManualTimers>,
    now: Nanos,
    passed: u64,
    direct: Vec<u64>,
}

impl World {
    fn new(specs: Vec<Spec>, parts: Vec<(prop::sample::Index, u64)>) -> Self {
        let timers = Arc::new(ManualTimers::default());
        let now = 1000;
        timers.advance(now);
        let limiters: Vec<_> = specs.iter().map(|spec| spec.make(&timers)).collect();
        let mut weights = vec![0; specs.len()];
        let mut named = Vec::new();
        for (index, weight) in parts {
            let at = index.index(specs.len());
            weights[at] += weight;
            named.push(Part { limiter: Arc::clone(&limiters[at]), weight });
        }
        let both = Composite::new(named, MOST_WAITING, timers.clock.clone(), timers.clone());
        let count = specs.len();
        let taken = vec![Taken::default(); count];
        let direct = vec![0; count];
        Self { specs, limiters, weights, taken, both, line: Vec::new(), timers, now, passed: 0, direct }
    }

    fn allows(&self, taken: &[Taken], now: Nanos, cost: u64) -> bool {
        let each = self.specs.iter().zip(taken).zip(&self.weights);
        each.into_iter().all(|((spec, taken), weight)| *weight == 0 || taken.allows(spec, now, cost * weight))
    }

    fn pass(taken: &mut [Taken], weights: &[u64], now: Nanos, cost: u64) {
        for (taken, weight) in taken.iter_mut().zip(weights).filter(|(_, weight)| **weight > 0) {
            taken.0.push((now, cost * weight));
        }
    }

    fn is_possible(&self, cost: u64) -> bool {
        self.specs.iter().zip(&self.weights).all(|(spec, weight)| cost * weight <= spec.limit)
    }

    /// When one who comes last passes, by trying every nanosecond.
    fn due(&self, cost: u64) -> Nanos {
        let (mut taken, mut at) = (self.taken.clone(), self.now);
        for cost in self.line.iter().map(|(cost, _)| *cost).chain([cost]) {
            while !self.allows(&taken, at, cost) {
                at += 1;
            }
            Self::pass(&mut taken, &self.weights, at, cost);
        }
        at
    }

    /// The first in line pass, who may; the others do not.
    fn settle(&mut self) {
        while let Some(&(cost, _)) = self.line.first()
            && self.allows(&self.taken, self.now, cost)
        {
            Self::pass(&mut self.taken, &self.weights, self.now, cost);
            self.passed += 1;
            match self.line.remove(0).1 {
                Who::Waits(waiter) => assert_eq!(waiter.outcome(), Some(WaitOutcome::Won), "{}", self.now),
                Who::Reserved(place) => {
                    assert!(!self.both.is_reserved(place) && !self.both.give_up(place), "{}", self.now);
                }
            }
        }
        for (_, who) in &self.line {
            match who {
                Who::Waits(waiter) => assert_eq!(waiter.outcome(), None, "{}", self.now),
                Who::Reserved(place) => assert!(self.both.is_reserved(*place), "{}", self.now),
            }
        }
        assert_eq!(self.both.figures().waiting, self.line.len() as u64);
        assert_eq!(self.both.figures().allowed, self.passed);
    }

    /// What comes of asking for a place: at once, refused, or in so long.
    fn asked(&mut self, cost: u64, within: Option<Nanos>) -> Result<Option<Nanos>, Refused> {
        if !self.is_possible(cost) {
            return Err(Refused::TooMuch);
        }
        let after = self.due(cost) - self.now;
        if self.line.is_empty() && after == 0 {
            Self::pass(&mut self.taken, &self.weights, self.now, cost);
            self.passed += 1;
            return Ok(None);
        }
        if self.line.len() == MOST_WAITING {
            return Err(Refused::Full(after));
        }
        if within.is_some_and(|within| after > within) {
            return Err(Refused::Late(after));
        }
        Ok(Some(after))
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Try(cost) => {
                let may = self.line.is_empty()
                    && self.is_possible(cost)
                    && self.allows(&self.taken, self.now, cost);
                if may {
                    Self::pass(&mut self.taken, &self.weights, self.now, cost);
                    self.passed += 1;
                }
                assert_eq!(self.both.try_acquire(cost), may);
            }
            Step::Wait(cost, within) => {
                let within = (within > 0).then_some(within);
                let wants = self.asked(cost, within);
                let mut make = || Waiter::new(Arc::new(ThreadParker::default()), 0);
                match (self.both.acquire(cost, within, &mut make), wants) {
                    (Acquire::Now, wants) => assert_eq!(wants, Ok(None)),
                    (Acquire::Refused(why), wants) => assert_eq!(wants, Err(why)),
                    (Acquire::Waiting(waiter), wants) => {
                        assert!(matches!(wants, Ok(Some(_))), "{wants:?}");
                        self.line.push((cost, Who::Waits(waiter)));
                    }
                }
            }
            Step::Reserve(cost) => match (self.both.reserve(cost), self.asked(cost, None)) {
                (Reserve::Now, wants) => assert_eq!(wants, Ok(None)),
                (Reserve::Refused(why), wants) => assert_eq!(wants, Err(why)),
                (Reserve::Later { after, place }, wants) => {
                    assert_eq!(wants, Ok(Some(after)));
                    self.line.push((cost, Who::Reserved(place)));
                }
            },
            Step::GiveUp(index) if !self.line.is_empty() => {
                let at = index.index(self.line.len());
                match self.line.remove(at).1 {
                    Who::Waits(waiter) => assert!(waiter.cancel()),
                    Who::Reserved(place) => {
                        assert!(self.both.give_up(place) && !self.both.give_up(place));
                    }
                }
            }
            Step::GiveUp(_) => {}
            Step::Direct(index, cost) => {
                let at = index.index(self.specs.len());
                let may = self.taken[at].allows(&self.specs[at], self.now, cost);
                assert_eq!(self.limiters[at].try_acquire(cost), may);
                if may {
                    self.taken[at].0.push((self.now, cost));
                    self.direct[at] += 1;
                }
            }
            Step::Advance(span) => {
                for _ in 0..span {
                    self.timers.advance(1);
                    self.now += 1;
                    self.settle();
                }
            }
        }
        self.settle();
    }

    /// All who may ever pass have, and each limiter has counted what the model has, and no more than it may.
    fn end(&mut self) {
        while !self.line.is_empty() {
            self.step(Step::Advance(1));
        }
        for at in 0..self.specs.len() {
            let (spec, taken) = (&self.specs[at], &self.taken[at]);
            assert!(taken.is_lawful(spec), "{spec:?}: {taken:?}");
            let passed = if self.weights[at] > 0 { self.passed } else { 0 };
            assert_eq!(self.limiters[at].figures().allowed, passed + self.direct[at]);
            let remaining = self.limiters[at].check().remaining;
            assert!(remaining == 0 || taken.allows(spec, self.now, remaining));
            assert!(!taken.allows(spec, self.now, remaining + 1));
        }
        assert_eq!(self.timers.armed(), 0);
    }
}

proptest! {
    #[test]
    fn several_at_once_are_the_obvious_ones(
        specs in prop::collection::vec(spec(), 1..5),
        parts in prop::collection::vec((any::<prop::sample::Index>(), 1u64..4), 1..6),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut world = World::new(specs, parts);
        for step in steps {
            world.step(step);
        }
        world.end();
    }
}

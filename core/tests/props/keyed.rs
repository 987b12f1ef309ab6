//! Any sequence of calls gives what the obvious limiter gives: a list of hits for each key, counted from end to end.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use millrace_core::clock::Nanos;
use millrace_core::limiter::keyed::{Ask, KeyedLimiter, Limit, Limits, List, OnFull, Verdict};
use millrace_core::limiter::{Quota, TokenBucket};
use millrace_core::timer::{ManualTimers, Timers};
use millrace_core::wait::ThreadParker;
use proptest::prelude::*;

const KEYS: u8 = 4;

#[derive(Debug, Clone, Copy)]
enum Step {
    Take(u8, u64),
    Force(u8, u64),
    Look(u8, u64),
    /// Gives back what the last that was taken of the key took.
    Refund(u8),
    List(u8, Option<List>),
    Block(u8, Nanos),
    Reset(u8),
    ResetAll,
    Sweep,
    /// So many from here on, of each limit.
    Configure(u32),
    Advance(Nanos),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS;
    let cost = 1u64..4;
    let list = prop_oneof![2 => Just(None), 1 => Just(Some(List::Allow)), 1 => Just(Some(List::Deny))];
    prop_oneof![
        12 => (key.clone(), cost.clone()).prop_map(|(key, cost)| Step::Take(key, cost)),
        2 => (key.clone(), cost.clone()).prop_map(|(key, cost)| Step::Force(key, cost)),
        3 => (key.clone(), cost).prop_map(|(key, cost)| Step::Look(key, cost)),
        3 => key.clone().prop_map(Step::Refund),
        2 => (key.clone(), list).prop_map(|(key, list)| Step::List(key, list)),
        1 => (key.clone(), 0u64..30).prop_map(|(key, span)| Step::Block(key, span)),
        1 => key.prop_map(Step::Reset),
        1 => Just(Step::ResetAll),
        2 => Just(Step::Sweep),
        1 => (1u32..6).prop_map(Step::Configure),
        8 => (1u64..25).prop_map(Step::Advance),
    ]
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Bucket { capacity: u64 },
    Fixed,
    Sliding,
}

#[derive(Debug, Clone, Copy)]
struct Spec {
    kind: Kind,
    limit: u32,
    window: u64,
}

fn spec() -> impl Strategy<Value = Spec> {
    let kind = prop_oneof![
        (1u64..6).prop_map(|capacity| Kind::Bucket { capacity }),
        Just(Kind::Fixed),
        Just(Kind::Sliding)
    ];
    (kind, 1u32..6, 5u64..40).prop_map(|(kind, limit, window)| Spec { kind, limit, window })
}

impl Spec {
    fn limit(&self) -> Limit {
        let (limit, window) = (NonZeroU32::new(self.limit).unwrap(), NonZeroU64::new(self.window).unwrap());
        match self.kind {
            Kind::Bucket { capacity } => Limit::Bucket(TokenBucket::new(Quota {
                capacity: NonZeroU64::new(capacity).unwrap(),
                tokens: limit.into(),
                interval: window,
                burst: true,
            })),
            Kind::Fixed => Limit::fixed(limit, window),
            Kind::Sliding => Limit::sliding(limit, window),
        }
    }

    fn most(&self) -> u64 {
        if let Kind::Bucket { capacity } = self.kind { capacity } else { u64::from(self.limit) }
    }
}

/// What one limit of one key remembers: everything.
#[derive(Debug, Clone, Default)]
struct Naive {
    /// The windows that were begun and what was taken in each; for a bucket what it owes, in sixteenths of a nanosecond, as of a time.
    windows: Vec<(Nanos, u64)>,
    owes: u128,
    as_of: Nanos,
}

impl Naive {
    fn cost(spec: &Spec, cost: u64) -> u128 {
        (u128::from(cost) * u128::from(spec.window) * 16).div_ceil(u128::from(spec.limit))
    }

    /// Sixteenths that the bucket owes at a time.
    fn owed(&self, now: Nanos) -> u128 {
        self.owes.saturating_sub(u128::from(now - self.as_of) * 16)
    }

    /// The window that a time is in, by its number; one in which nothing is left begins anew.
    fn window(&self, spec: &Spec, now: Nanos) -> Option<(Nanos, u64, u64)> {
        let &(began, taken) = self.windows.last()?;
        match ((now - began) / spec.window, spec.kind) {
            (0, Kind::Fixed) => (taken > 0).then_some((began, taken, 0)),
            (0, _) => {
                let joined = self.windows.len().checked_sub(2).and_then(|at| self.windows.get(at));
                let before = joined.filter(|(other, _)| other + spec.window == began).map_or(0, |it| it.1);
                (taken + before > 0).then_some((began, taken, before))
            }
            (1, Kind::Sliding) if taken > 0 => Some((began + spec.window, 0, taken)),
            _ => None,
        }
    }

    fn allows(&self, spec: &Spec, now: Nanos, cost: u64) -> bool {
        match spec.kind {
            Kind::Bucket { capacity } => {
                cost <= capacity && self.owed(now) + Self::cost(spec, cost) <= Self::cost(spec, capacity)
            }
            Kind::Fixed => {
                let taken = self.window(spec, now).map_or(0, |(_, taken, _)| taken);
                taken + cost <= u64::from(spec.limit)
            }
            Kind::Sliding => {
                let (began, taken, before) = self.window(spec, now).unwrap_or((now, 0, 0));
                // taken + before × what is covered of it + cost ≤ limit, in whole numbers.
                let covered = spec.window - (now - began);
                (taken + cost) * spec.window + before * covered <= u64::from(spec.limit) * spec.window
            }
        }
    }

    fn take(&mut self, spec: &Spec, now: Nanos, cost: u64) {
        if let Kind::Bucket { .. } = spec.kind {
            self.owes = self.owed(now) + Self::cost(spec, cost);
            self.as_of = now;
            return;
        }
        match self.window(spec, now) {
            Some((began, taken, _)) if self.windows.last() == Some(&(began, taken)) => {
                self.windows.last_mut().unwrap().1 += cost;
            }
            Some((began, ..)) => self.windows.push((began, cost)),
            None => self.windows.push((now, cost)),
        }
    }

    /// A bucket keeps the share of what it holds; windows have counted what they have counted.
    fn configure(&mut self, old: &Spec, new: &Spec, now: Nanos) {
        if let Kind::Bucket { capacity } = new.kind {
            let (old, new) = (Self::cost(old, capacity), Self::cost(new, capacity));
            self.owes = (self.owed(now) * new).div_ceil(old);
            self.as_of = now;
        }
    }

    fn give_back(&mut self, spec: &Spec, now: Nanos, taken: Nanos, cost: u64) {
        if let Kind::Bucket { .. } = spec.kind {
            self.owes = self.owed(now).saturating_sub(Self::cost(spec, cost));
            self.as_of = now;
            return;
        }
        let windows = self.windows.iter_mut().rev().take(2);
        for (began, count) in windows {
            if (*began..*began + spec.window).contains(&taken) {
                *count = count.saturating_sub(cost);
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Client {
    limits: Vec<Naive>,
    list: Option<List>,
    blocked: Nanos,
    taken: Option<(Nanos, u64)>,
}

struct Pair {
    specs: Vec<Spec>,
    limiter: Arc<KeyedLimiter<Arc<ThreadParker>>>,
    clients: BTreeMap<u8, Client>,
    timers: Arc<ManualTimers>,
    now: Nanos,
}

impl Pair {
    fn new(specs: Vec<Spec>) -> Self {
        let timers = Arc::new(ManualTimers::default());
        timers.advance(1000);
        let limits = Limits::new(specs.iter().map(Spec::limit).collect()).unwrap();
        let own: Arc<dyn Timers> = timers.clone();
        let limiter = KeyedLimiter::new(limits, None, OnFull::Refuse, 9, timers.clock.clone(), own);
        Self { specs, limiter, clients: BTreeMap::new(), timers, now: 1000 }
    }

    fn client(&mut self, key: u8) -> &mut Client {
        let fresh = Naive { as_of: self.now, ..Naive::default() };
        let fresh = Client { limits: vec![fresh; self.specs.len()], ..Client::default() };
        self.clients.entry(key).or_insert(fresh)
    }

    fn ask(&mut self, key: u8, cost: u64, ask: Ask) {
        let (specs, now) = (self.specs.clone(), self.now);
        let client = self.client(key);
        let each = || specs.iter().zip(&client.limits);
        let wants = if client.list.is_some() {
            client.list == Some(List::Allow)
        } else {
            let open = client.blocked <= now && each().all(|(spec, naive)| naive.allows(spec, now, cost));
            ask == Ask::Force || open
        };
        if wants && ask != Ask::Look && client.list.is_none() {
            for (spec, naive) in specs.iter().zip(&mut client.limits) {
                naive.take(spec, now, cost);
            }
            client.taken = Some((now, cost));
        }
        let verdict = self.limiter.ask(&[key], cost, ask);
        assert_eq!(verdict == Verdict::Allowed, wants, "{verdict:?} at {now}");
        if let Verdict::Limited(earliest) = verdict {
            let possible = specs.iter().all(|spec| cost <= spec.most());
            assert_eq!(earliest.is_some(), possible);
            // It tells the first time at which it would be allowed, and not one before.
            if let Some(at) = earliest {
                let client = self.client(key);
                let allows =
                    |at| specs.iter().zip(&client.limits).all(|(spec, naive)| naive.allows(spec, at, cost));
                assert!(at > now && allows(at) && !allows(at - 1), "it says {at} at {now}");
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Take(key, cost) => self.ask(key, cost, Ask::Take),
            Step::Force(key, cost) => self.ask(key, cost, Ask::Force),
            Step::Look(key, cost) => self.ask(key, cost, Ask::Look),
            Step::Refund(key) => {
                let (specs, now) = (self.specs.clone(), self.now);
                let client = self.client(key);
                let Some((taken, cost)) = client.taken.take() else { return };
                for (spec, naive) in specs.iter().zip(&mut client.limits) {
                    naive.give_back(spec, now, taken, cost);
                }
                self.limiter.give_back(&[key], Some(taken), cost);
            }
            Step::List(key, list) => {
                let before = std::mem::replace(&mut self.client(key).list, list);
                assert_eq!(self.limiter.set_list(&[key], list), before);
            }
            Step::Block(key, span) => {
                self.client(key).blocked = if span > 0 { self.now + span } else { 0 };
                self.limiter.block(&[key], span);
            }
            Step::Reset(key) => {
                self.forget(key);
                self.limiter.reset(&[key]);
            }
            Step::ResetAll => {
                (0..KEYS).for_each(|key| self.forget(key));
                self.limiter.reset_all();
            }
            Step::Sweep => {
                self.limiter.sweep();
            }
            Step::Configure(limit) => {
                let old = self.specs.clone();
                self.specs.iter_mut().for_each(|spec| spec.limit = limit);
                for client in self.clients.values_mut() {
                    for ((naive, old), new) in client.limits.iter_mut().zip(&old).zip(&self.specs) {
                        naive.configure(old, new, self.now);
                    }
                }
                let limits = Limits::new(self.specs.iter().map(Spec::limit).collect()).unwrap();
                self.limiter.configure(&limits);
            }
            Step::Advance(span) => {
                self.timers.advance(span);
                self.now += span;
            }
        }
    }

    fn forget(&mut self, key: u8) {
        let list = self.client(key).list;
        self.clients.remove(&key);
        self.client(key).list = list;
    }
}

proptest! {
    #[test]
    fn it_is_the_obvious_limiter(
        specs in prop::collection::vec(spec(), 1..4),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut pair = Pair::new(specs);
        for step in steps {
            pair.step(step);
        }
    }
}

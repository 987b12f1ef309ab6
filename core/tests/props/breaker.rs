//! Any sequence of calls, results, deaths, interventions and time gives what the obvious breaker gives: one that remembers every call.

use std::sync::Arc;

use millrace_core::breaker::{
    Backoff, Breaker, End, Entry, Permit, Phase, Rates, Rules, Sum, Window, WindowKind,
};
use millrace_core::clock::{Clock, MILLI, ManualClock, Nanos};
use millrace_core::lock::Owner;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Enter(u8),
    Leave(prop::sample::Index, End),
    Die(u8),
    Advance(u64),
    ForceOpen,
    ForceClose,
    Isolate,
    Recover,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let end =
        prop::sample::select(&[End::Success, End::Failure, End::Failure, End::TimedOut, End::Ignored][..]);
    prop_oneof![
        12 => (0..3u8).prop_map(Step::Enter),
        12 => (any::<prop::sample::Index>(), end).prop_map(|(at, end)| Step::Leave(at, end)),
        1 => (0..3u8).prop_map(Step::Die),
        6 => (1..40u64).prop_map(Step::Advance),
        1 => Just(Step::ForceOpen),
        1 => Just(Step::ForceClose),
        1 => Just(Step::Isolate),
        1 => Just(Step::Recover),
        1 => Just(Step::Reset),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let window = prop_oneof![
        (1..6u32).prop_map(WindowKind::Count),
        (1..6u32).prop_map(|buckets| WindowKind::Time { size: u64::from(buckets) * 10 * MILLI, buckets })
    ];
    let share = || prop::option::of((1..=4u32).prop_map(|quarters| f64::from(quarters) / 4.0));
    let rates = (window, 1..4u32, share(), share())
        .prop_map(|(window, minimum_calls, failure, slow)| Rates { window, minimum_calls, failure, slow });
    let backoff = prop::option::of((1..4u32, 10..60u64))
        .prop_map(|some| some.map(|(factor, max)| Backoff { factor: f64::from(factor), max: max * MILLI }));
    let parts = (prop::option::of(1..4u32), prop::option::of(rates), prop::option::of(5..20u64), backoff);
    (parts, 1..4u32, 1..4u32, 5..40u64).prop_map(
        |((failures, rates, slow, backoff), probes, successes, lease)| Rules {
            failures,
            rates,
            slow_after: slow.map(|millis| millis * MILLI),
            recovery: 10 * MILLI,
            backoff,
            probes,
            successes,
            lease: lease * MILLI,
            metrics: true,
        },
    )
}

/// A call that was let in.
struct Call {
    permit: Permit,
    /// The how manieth it is.
    number: usize,
    owner: u8,
    era: u64,
    began: Nanos,
    /// Until when nobody else gets its probe's place, while it has one.
    lease: Option<Nanos>,
}

/// The obvious breaker.
struct Naive {
    rules: Rules,
    phase: Phase,
    until: Nanos,
    /// One more with each change.
    era: u64,
    /// When each call of this closed state ended, whether it failed and whether it was slow.
    ended: Vec<(Nanos, bool, bool)>,
    successes: u32,
    failed_probes: i32,
    told: Vec<(Phase, Phase)>,
}

impl Naive {
    fn step(&mut self, phase: Phase, until: Nanos) {
        if self.phase != phase {
            self.told.push((self.phase, phase));
        }
        (self.phase, self.until) = (phase, until);
        self.era += 1;
        self.ended.clear();
        self.successes = 0;
    }

    fn look(&mut self, now: Nanos) {
        if self.phase == Phase::Open && now >= self.until {
            self.step(Phase::HalfOpen, 0);
        }
    }

    fn open(&mut self, now: Nanos) {
        let mut recovery = self.rules.recovery;
        if let Some(Backoff { factor, max }) = self.rules.backoff.filter(|_| self.failed_probes > 0) {
            recovery = ((recovery as f64 * factor.powi(self.failed_probes)) as Nanos).min(max).max(recovery);
        }
        self.step(Phase::Open, now + recovery);
    }

    fn opens(&self, now: Nanos) -> bool {
        let row = self.ended.iter().rev().take_while(|(_, failed, _)| *failed).count();
        let last_failed = row > 0;
        if last_failed && self.rules.failures.is_some_and(|limit| row >= limit as usize) {
            return true;
        }
        let Some(rates) = self.rules.rates else { return false };
        let counted: Vec<_> = match rates.window {
            WindowKind::Count(size) => self.ended.iter().rev().take(size as usize).collect(),
            WindowKind::Time { size, buckets } => {
                let width = size / u64::from(buckets);
                let first = (now / width).saturating_sub(u64::from(buckets) - 1);
                self.ended.iter().filter(|(at, ..)| at / width >= first).collect()
            }
        };
        let share = |part: usize| part as f64 / counted.len() as f64;
        counted.len() >= rates.minimum_calls as usize
            && (rates.failure.is_some_and(|rate| share(counted.iter().filter(|c| c.1).count()) >= rate)
                || rates.slow.is_some_and(|rate| share(counted.iter().filter(|c| c.2).count()) >= rate))
    }

    fn leave(&mut self, call: &Call, end: End, now: Nanos) {
        if call.era != self.era || end == End::Ignored {
            return;
        }
        let slow = self.rules.slow_after.is_some_and(|limit| now - call.began > limit);
        let failed = end != End::Success;
        if self.phase == Phase::Closed {
            self.ended.push((now, failed, slow));
            if self.opens(now) {
                self.step(Phase::Open, now + self.rules.recovery);
            }
        } else if call.lease.is_some() {
            if failed || slow && self.rules.rates.is_some_and(|rates| rates.slow.is_some()) {
                self.failed_probes += 1;
                self.open(now);
            } else {
                self.successes += 1;
                if self.successes >= self.rules.successes {
                    self.step(Phase::Closed, 0);
                    self.failed_probes = 0;
                }
            }
        }
    }
}

fn owner(of: u8) -> Owner {
    Owner(u64::from(of) + 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_breaker_does_what_the_obvious_one_does(
        rules in rules(),
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let clock = Arc::new(ManualClock::default());
        clock.advance(1000 * MILLI);
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = Arc::clone(&told);
        let breaker = Breaker::new(rules.clone(), clock.clone(), move |change| {
            seen.lock().unwrap().push((change.from, change.to.phase));
        });
        let mut naive = Naive {
            rules, phase: Phase::Closed, until: 0, era: 0, ended: vec![], successes: 0, failed_probes: 0, told: vec![],
        };
        let mut calls: Vec<Call> = Vec::new();
        let (mut done, mut rejected, mut ignored, mut begun) = (0, 0, 0, 0);
        for step in steps {
            let now = clock.now();
            match step {
                Step::Enter(by) => {
                    naive.look(now);
                    let mut places: Vec<_> = calls.iter_mut().filter(|call| call.era == naive.era && call.lease.is_some()).collect();
                    places.sort_by_key(|call| (call.lease, call.number));
                    let expected = match naive.phase {
                        Phase::Closed => None,
                        Phase::HalfOpen if places.len() < naive.rules.probes as usize => None,
                        Phase::HalfOpen if places[0].lease.unwrap() <= now => {
                            places[0].lease = None;
                            None
                        }
                        Phase::HalfOpen => Some(places[0].lease.unwrap() - now),
                        Phase::Open => Some(naive.until - now),
                        _ => Some(Nanos::MAX),
                    };
                    match (breaker.enter(owner(by)), expected) {
                        (Entry::Passed(permit), None) => {
                            let lease = (naive.phase == Phase::HalfOpen).then_some(now + naive.rules.lease);
                            begun += 1;
                            calls.push(Call { permit, number: begun, owner: by, era: naive.era, began: now, lease });
                        }
                        (Entry::Rejected { phase, retry_after }, Some(left)) => {
                            prop_assert_eq!((phase, retry_after), (naive.phase, left));
                            rejected += 1;
                        }
                        (entry, expected) => prop_assert!(false, "{entry:?} is not {expected:?}"),
                    }
                }
                Step::Leave(at, end) => if !calls.is_empty() {
                    let call = calls.swap_remove(at.index(calls.len()));
                    breaker.leave(call.permit, owner(call.owner), end);
                    naive.leave(&call, end, now);
                    *(if end == End::Ignored { &mut ignored } else { &mut done }) += 1;
                },
                Step::Die(by) => {
                    breaker.release_owner(owner(by));
                    calls.iter_mut().filter(|call| call.owner == by).for_each(|call| call.lease = None);
                    calls.retain(|call| call.owner != by);
                }
                Step::Advance(millis) => clock.advance(millis * MILLI),
                Step::ForceOpen => {
                    breaker.force_open();
                    naive.look(now);
                    naive.step(Phase::Open, now + naive.rules.recovery);
                }
                Step::ForceClose | Step::Reset => {
                    if matches!(step, Step::Reset) {
                        breaker.reset();
                        (done, rejected, ignored) = (0, 0, 0);
                    } else {
                        breaker.force_close();
                    }
                    naive.look(now);
                    naive.step(Phase::Closed, 0);
                    naive.failed_probes = 0;
                }
                Step::Isolate => {
                    breaker.isolate();
                    naive.look(now);
                    naive.step(Phase::Isolated, 0);
                    naive.failed_probes = 0;
                }
                Step::Recover => {
                    naive.look(now);
                    prop_assert_eq!(breaker.recover(), naive.phase == Phase::Open);
                    if naive.phase == Phase::Open {
                        naive.step(Phase::HalfOpen, 0);
                    }
                }
            }
            let now = clock.now();
            naive.look(now);
            prop_assert_eq!(breaker.phase(), naive.phase);
            prop_assert_eq!(&*told.lock().unwrap(), &naive.told);
            let in_flight = calls.iter().filter(|call| call.era == naive.era)
                .filter(|call| call.lease.is_some_and(|until| until > now)).count();
            prop_assert_eq!(breaker.probes(), in_flight);
            prop_assert!(in_flight <= naive.rules.probes as usize);
        }
        let figures = breaker.figures();
        prop_assert_eq!((figures.successes + figures.failures, figures.rejections, figures.ignored), (done, rejected, ignored));
    }

    #[test]
    fn a_window_counts_what_is_in_it(
        kind in prop_oneof![
            (1..9u32).prop_map(WindowKind::Count),
            (1..5u32, 1..9u64).prop_map(|(buckets, width)| {
                WindowKind::Time { size: u64::from(buckets) * width, buckets }
            })
        ],
        calls in prop::collection::vec((prop_oneof![4 => 0..6u64, 1 => 0..500u64], any::<bool>(), any::<bool>()), 1..60),
    ) {
        let mut window = Window::new(kind);
        let mut all = Vec::new();
        let mut now = 0;
        for (span, failed, slow) in calls {
            now += span;
            all.push((now, failed, slow));
            let counted: Vec<_> = match kind {
                WindowKind::Count(size) => all.iter().rev().take(size as usize).collect(),
                WindowKind::Time { size, buckets } => {
                    let width = size / u64::from(buckets);
                    let in_it = all.iter().filter(|(at, ..)| at / width + u64::from(buckets) > now / width);
                    in_it.collect()
                }
            };
            let expected = Sum {
                calls: counted.len() as u64,
                failures: counted.iter().filter(|call| call.1).count() as u64,
                slow: counted.iter().filter(|call| call.2).count() as u64,
            };
            prop_assert_eq!(window.record(now, failed, slow), expected);
            prop_assert_eq!(window.sum(now), expected);
        }
    }
}

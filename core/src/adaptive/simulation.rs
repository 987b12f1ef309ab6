//! Limits before a server whose capacity is known: so many calls at once, each a fixed time and a little chance, the others wait there in order.
//! As many clients as the limit lets in. Time is the simulation's own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Aimd, Bounds, Gradient, Rule, Sample};
use crate::clock::{MILLI, Nanos};

const SERVICE: Nanos = 20 * MILLI;
const SECOND: Nanos = 1000 * MILLI;

struct Simulation<R: Rule> {
    rule: R,
    state: R::State,
    now: Nanos,
    chance: u64,
    /// When each of the server's places is free.
    places: BinaryHeap<Reverse<Nanos>>,
    /// Calls in flight, by their end: (ended, started, in flight, given up).
    calls: BinaryHeap<Reverse<(Nanos, Nanos, u32, bool)>>,
    /// The clients give up so late, and call that a drop.
    patience: Nanos,
}

/// What came of a while.
struct Seen {
    /// Calls that were served, per second.
    rate: f64,
    /// Their mean latency, by the time of service.
    slowness: f64,
    lowest: u32,
    highest: u32,
}

impl<R: Rule> Simulation<R> {
    fn new(rule: R, capacity: usize) -> Self {
        let state = rule.begin();
        let places = (0..capacity).map(|_| Reverse(0)).collect();
        Self { rule, state, now: 0, chance: 1, places, calls: BinaryHeap::new(), patience: Nanos::MAX }
    }

    /// The server has so many places from here on.
    fn resize(&mut self, capacity: usize) {
        while self.places.len() > capacity {
            // The one that is free first goes.
            self.places.pop();
        }
        while self.places.len() < capacity {
            self.places.push(Reverse(self.now));
        }
    }

    fn begin_call(&mut self) {
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let service = SERVICE * 9 / 10 + (self.chance >> 33) % (SERVICE / 5);
        let Reverse(free) = self.places.pop().unwrap();
        let done = free.max(self.now) + service;
        self.places.push(Reverse(done));
        let given_up = done - self.now > self.patience;
        let ended = done.min(self.now.saturating_add(self.patience));
        let in_flight = self.calls.len() as u32 + 1;
        self.calls.push(Reverse((ended, self.now, in_flight, given_up)));
    }

    fn run(&mut self, span: Nanos) -> Seen {
        let end = self.now + span;
        let (mut served, mut latency) = (0_u32, 0);
        let (mut lowest, mut highest) = (u32::MAX, 0);
        while self.now < end {
            while self.calls.len() < self.rule.limit(&self.state) as usize {
                self.begin_call();
            }
            let Reverse((ended, started, in_flight, dropped)) = self.calls.pop().unwrap();
            self.now = ended;
            if !dropped {
                served += 1;
                latency += ended - started;
            }
            self.state = self.rule.next(self.state, &Sample { started, ended, in_flight, dropped });
            let limit = self.rule.limit(&self.state);
            (lowest, highest) = (lowest.min(limit), highest.max(limit));
        }
        Seen {
            rate: f64::from(served) / (span as f64 / SECOND as f64),
            slowness: latency as f64 / f64::from(served.max(1)) / SERVICE as f64,
            lowest,
            highest,
        }
    }
}

/// What the server can do with so many places.
fn most(capacity: u32) -> f64 {
    f64::from(capacity) * SECOND as f64 / SERVICE as f64
}

fn gradient(initial: u32) -> Gradient {
    Gradient { bounds: Bounds { initial, min: 1, max: 1000 }, smoothing: 0.2, tolerance: 1.5, backoff: 0.9 }
}

/// The limit stands between the capacity and twice as much, but for probes: nearly all that the server can do is done, and calls take no
/// more than twice their time.
fn found(simulation: &mut Simulation<Gradient>, capacity: u32) {
    let Seen { rate, slowness, highest, .. } = simulation.run(30 * SECOND);
    let limit = simulation.rule.limit(&simulation.state);
    assert!(rate >= most(capacity) * 0.97, "{capacity}: {rate} calls a second of {}", most(capacity));
    assert!(slowness <= 2.0, "{capacity}: calls take {slowness} times as long");
    assert!(highest <= 2 * capacity, "{capacity}: {highest}");
    assert!(limit >= capacity / 2, "{capacity}: {limit}");
}

#[test]
fn the_gradient_finds_the_capacity_from_below_and_from_above() {
    for (initial, capacity) in [(5, 40), (20, 40), (200, 40), (20, 10), (100, 10)] {
        let mut simulation = Simulation::new(gradient(initial), capacity as usize);
        simulation.run(30 * SECOND);
        found(&mut simulation, capacity);
    }
}

#[test]
fn the_gradient_follows_when_the_capacity_halves_and_when_it_comes_back() {
    let mut simulation = Simulation::new(gradient(20), 40);
    simulation.run(30 * SECOND);
    found(&mut simulation, 40);
    for capacity in [20, 40] {
        simulation.resize(capacity as usize);
        simulation.run(10 * SECOND);
        found(&mut simulation, capacity);
    }
}

#[test]
fn additive_increase_swings_about_what_is_served_in_time() {
    let bounds = Bounds { initial: 5, min: 1, max: 1000 };
    let mut simulation = Simulation::new(Aimd { bounds, backoff: 0.9, timeout: 2 * SERVICE }, 20);
    simulation.run(30 * SECOND);
    let Seen { rate, lowest, highest, .. } = simulation.run(30 * SECOND);
    assert!(rate >= most(20) * 0.97, "{rate}");
    // Twice the time is twice the capacity, less what chance adds.
    assert!(lowest >= 20 && highest <= 44, "{lowest} to {highest}");
    simulation.resize(10);
    simulation.run(10 * SECOND);
    let Seen { rate, lowest, highest, .. } = simulation.run(30 * SECOND);
    assert!(rate >= most(10) * 0.97 && lowest >= 10 && highest <= 24, "{rate}, {lowest} to {highest}");
}

#[test]
fn clients_that_give_up_after_a_constant_time_do_not_let_a_limit_grow() {
    let mut simulation = Simulation::new(gradient(400), 10);
    simulation.patience = 3 * SERVICE;
    simulation.run(30 * SECOND);
    let Seen { highest, .. } = simulation.run(30 * SECOND);
    assert!(highest <= 30, "{highest}");
}

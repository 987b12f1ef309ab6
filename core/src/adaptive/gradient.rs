//! A limit that follows the gradient of latency: that of a server without load, by that of now. While calls take as long as without load the
//! limit grows by its square root, which is the queue that is allowed; when they take `tolerance` times as long, it shrinks in proportion.
//! After Netflix's `GradientLimit` and Envoy's adaptive concurrency.
//!
//! Latency is the mean of a window: of calls that began since the limit last changed, at least [`SAMPLES`] of them, in at least [`WINDOW`] and [`LATENCIES`] times that mean. What it is
//! without load is measured every [`PROBE_EVERY`], and at first: the limit is halved, and halved again, until that makes calls no quicker.
//! So a limit that began too high finds down, and a server that has become slower for good is not taken for a crowded one for long.

use super::rule::{Bounds, Rule, Sample};
use crate::clock::{MILLI, Nanos};

/// Calls in a window, at least: of fewer, the mean says too little.
const SAMPLES: u32 = 20;
/// A window is at least so long.
const WINDOW: Nanos = 100 * MILLI;
/// And so many times the mean of it: in a short one only the quickest would have ended.
const LATENCIES: f64 = 3.0;
/// How often the latency without load is measured.
const PROBE_EVERY: Nanos = 10_000 * MILLI;
/// Calls are quicker if they take less than this share.
const QUICKER: f64 = 0.9;
/// However slow calls are, one window takes no more than half.
const STEEPEST: f64 = 0.5;

/// The rule.
#[derive(Debug, Clone, Copy)]
pub struct Gradient {
    /// Between what the limit stays.
    pub bounds: Bounds,
    /// How much of each change takes place, above 0 and up to 1.
    pub smoothing: f64,
    /// So many times the latency without load is no load yet; at least 1.
    pub tolerance: f64,
    /// What a drop leaves of the limit, below 1.
    pub backoff: f64,
}

/// Its memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientState {
    limit: f64,
    /// Mean latency without load, in nanoseconds; 0 before it was measured.
    base: f64,
    window: Window,
    probe: Option<Probe>,
    /// When to measure the latency without load again.
    probe_at: Nanos,
    /// When it last backed off: calls that began before were part of the same crowd.
    backed_off: Nanos,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Window {
    began: Nanos,
    count: u32,
    sum: f64,
    /// The most that were in flight.
    most: u32,
}

/// The limit is low for now, to see whether calls become quicker.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Probe {
    /// The limit before, and the mean latency with it.
    before: f64,
    crowded: f64,
    /// The mean latency before the limit was last halved.
    mean: f64,
}

impl Window {
    fn at(began: Nanos) -> Self {
        Self { began, ..Self::default() }
    }
}

impl Gradient {
    fn dropped(&self, mut state: GradientState, sample: &Sample) -> GradientState {
        if sample.started < state.backed_off {
            return state;
        }
        let before = state.probe.take().map_or(state.limit, |probe| probe.before);
        state.limit = self.bounds.keep(before * self.backoff);
        state.backed_off = sample.ended;
        state.window = Window::at(sample.ended);
        state
    }

    /// A window has ended.
    fn turn(&self, mut state: GradientState, mean: f64, most: u32, now: Nanos) -> GradientState {
        state.window = Window::at(now);
        let half = self.bounds.keep(state.limit / 2.0);
        if let Some(probe) = state.probe {
            let quicker = mean < probe.mean * QUICKER;
            let known = mean * QUICKER <= state.base && mean >= state.base * QUICKER;
            if quicker && !known && half < state.limit {
                state.probe = Some(Probe { mean, ..probe });
                state.limit = half;
                return state;
            }
            state.base = mean.min(probe.mean);
            // What is known now of the limit before holds for it at once.
            let gradient = (self.tolerance * state.base / probe.crowded).min(1.0);
            state.limit = self.bounds.keep(probe.before * gradient);
            state.probe = None;
            state.probe_at = now.saturating_add(PROBE_EVERY);
            return state;
        }
        if now >= state.probe_at {
            state.probe = Some(Probe { before: state.limit, crowded: mean, mean });
            state.limit = half;
            return state;
        }
        if mean < state.base {
            state.base += (mean - state.base) * self.smoothing;
        }
        if f64::from(most) * 2.0 < state.limit {
            return state;
        }
        let gradient = (self.tolerance * state.base / mean).clamp(STEEPEST, 1.0);
        let target = state.limit * gradient + state.limit.sqrt();
        state.limit = self.bounds.keep(state.limit + (target - state.limit) * self.smoothing);
        state
    }
}

impl Rule for Gradient {
    type State = GradientState;

    fn begin(&self) -> GradientState {
        GradientState {
            limit: self.bounds.first(),
            base: 0.0,
            window: Window::default(),
            probe: None,
            probe_at: 0,
            backed_off: 0,
        }
    }

    fn next(&self, state: GradientState, sample: &Sample) -> GradientState {
        if sample.dropped {
            return self.dropped(state, sample);
        }
        let window = state.window;
        if sample.started < window.began {
            // It was let in by an earlier limit.
            return state;
        }
        let window = Window {
            count: window.count.saturating_add(1),
            // A call that takes no time at all would make every other infinitely slow.
            sum: window.sum + (sample.latency() as f64).max(1.0),
            most: window.most.max(sample.in_flight),
            ..window
        };
        let state = GradientState { window, ..state };
        let mean = window.sum / f64::from(window.count);
        let least = (mean * LATENCIES).max(WINDOW as f64);
        if window.count < SAMPLES || (sample.ended.saturating_sub(window.began) as f64) < least {
            return state;
        }
        self.turn(state, mean, window.most, sample.ended)
    }

    fn limit(&self, state: &GradientState) -> u32 {
        state.limit as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Gradient {
        Gradient {
            bounds: Bounds { initial: 20, min: 2, max: 1000 },
            smoothing: 0.2,
            tolerance: 1.5,
            backoff: 0.9,
        }
    }

    /// So many windows of calls, each as slow as `latency` says for the limit it meets, in milliseconds.
    fn windows(
        rule: &Gradient,
        state: &mut GradientState,
        now: &mut Nanos,
        count: usize,
        latency: impl Fn(u32) -> Nanos,
        in_use: f64,
    ) {
        for _ in 0..count {
            for _ in 0..SAMPLES {
                let limit = rule.limit(state);
                let in_flight = (f64::from(limit) * in_use) as u32;
                let (started, ended) = (*now, *now + latency(limit) * MILLI);
                *now += WINDOW / u64::from(SAMPLES) + 1;
                *state = rule.next(*state, &Sample { started, ended, in_flight, dropped: false });
            }
            *now += 200 * MILLI;
        }
    }

    #[test]
    fn while_calls_are_as_quick_as_without_load_it_grows() {
        let (rule, mut now) = (rule(), 0);
        let mut state = rule.begin();
        windows(&rule, &mut state, &mut now, 20, |_| 10, 1.0);
        assert!(rule.limit(&state) > 30, "{state:?}");
    }

    #[test]
    fn it_does_not_grow_while_less_than_half_of_it_is_in_use() {
        let (rule, mut now) = (rule(), 0);
        let mut state = rule.begin();
        windows(&rule, &mut state, &mut now, 100, |_| 10, 0.4);
        assert!(rule.limit(&state) <= 20, "{state:?}");
    }

    #[test]
    fn constant_time_outs_do_not_let_it_grow_to_its_maximum() {
        let rule = rule();
        let mut state = rule.begin();
        for at in 0..1000 {
            let (started, ended) = (at * 1000 * MILLI, (at + 1) * 1000 * MILLI);
            state = rule.next(state, &Sample { started, ended, in_flight: 20, dropped: true });
        }
        assert_eq!(rule.limit(&state), 2);
    }

    #[test]
    fn drops_among_quick_calls_are_not_ignored() {
        let (rule, mut now) = (rule(), 0);
        let mut state = rule.begin();
        windows(&rule, &mut state, &mut now, 10, |_| 10, 1.0);
        let before = rule.limit(&state);
        for _ in 0..5 {
            let sample = Sample { started: now, ended: now + MILLI, in_flight: before, dropped: true };
            // The whole crowd is told so; it counts once.
            for _ in 0..before {
                state = rule.next(state, &sample);
            }
            now += 2 * MILLI;
        }
        let expected = f64::from(before) * 0.9_f64.powi(5);
        assert!((f64::from(rule.limit(&state)) - expected).abs() <= 2.0, "{before} {state:?}");
    }

    #[test]
    fn a_drop_amid_a_probe_backs_off_from_the_limit_before_it() {
        let (rule, mut now) = (rule(), 0);
        let mut state = rule.begin();
        windows(&rule, &mut state, &mut now, 1, |_| 10, 1.0);
        assert_eq!(rule.limit(&state), 10);
        state = rule.next(state, &Sample { started: now, ended: now, in_flight: 10, dropped: true });
        assert_eq!(rule.limit(&state), 18);
    }

    #[test]
    fn one_that_begins_far_too_high_measures_a_server_without_load_all_the_same() {
        let rule = Gradient { bounds: Bounds { initial: 160, min: 1, max: 1000 }, ..rule() };
        let (mut state, mut now) = (rule.begin(), 0);
        // Room for ten.
        windows(&rule, &mut state, &mut now, 35, |limit| Nanos::from(limit.max(10)), 1.0);
        assert!((state.base / MILLI as f64 - 10.0).abs() < 1.0, "{state:?}");
        assert!((10..=20).contains(&rule.limit(&state)), "{state:?}");
    }

    #[test]
    fn a_server_that_has_become_slower_for_good_is_not_taken_for_a_crowded_one() {
        let (rule, mut now) = (rule(), 0);
        let mut state = rule.begin();
        windows(&rule, &mut state, &mut now, 10, |_| 10, 1.0);
        windows(&rule, &mut state, &mut now, 200, |_| 50, 1.0);
        assert!((state.base / MILLI as f64 - 50.0).abs() < 1.0, "{state:?}");
        assert!(rule.limit(&state) > 30, "{state:?}");
    }
}

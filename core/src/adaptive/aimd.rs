//! Additive increase, multiplicative decrease, as TCP does: one more per round of calls that went well, a share less when one was dropped or
//! took too long. It needs to be told what is too long, and swings about the capacity.

use super::rule::{Bounds, Rule, Sample};
use crate::clock::Nanos;

/// The rule.
#[derive(Debug, Clone, Copy)]
pub struct Aimd {
    /// Between what the limit stays.
    pub bounds: Bounds,
    /// What a drop leaves of the limit, below 1.
    pub backoff: f64,
    /// A call that takes longer counts as dropped.
    pub timeout: Nanos,
}

/// Its memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AimdState {
    limit: f64,
    /// When it last backed off: calls that began before were part of the same crowd.
    backed_off: Nanos,
}

impl Rule for Aimd {
    type State = AimdState;

    fn begin(&self) -> AimdState {
        AimdState { limit: self.bounds.first(), backed_off: 0 }
    }

    fn next(&self, state: AimdState, sample: &Sample) -> AimdState {
        let AimdState { limit, backed_off } = state;
        if sample.dropped || sample.latency() > self.timeout {
            if sample.started < backed_off {
                return state;
            }
            return AimdState { limit: self.bounds.keep(limit * self.backoff), backed_off: sample.ended };
        }
        if !sample.uses(limit) {
            return state;
        }
        // A limit's worth of calls adds one.
        AimdState { limit: self.bounds.keep(limit + 1.0 / limit), backed_off }
    }

    fn limit(&self, state: &AimdState) -> u32 {
        state.limit as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLI;

    fn rule() -> Aimd {
        Aimd { bounds: Bounds { initial: 20, min: 2, max: 40 }, backoff: 0.5, timeout: 100 * MILLI }
    }

    fn call(started: Nanos, latency: Nanos, in_flight: u32) -> Sample {
        Sample { started: started * MILLI, ended: (started + latency) * MILLI, in_flight, dropped: false }
    }

    #[test]
    fn it_adds_one_for_each_round_up_to_its_maximum() {
        let rule = rule();
        let mut state = rule.begin();
        for at in 0..21 {
            state = rule.next(state, &call(at, 10, 20));
        }
        assert_eq!(rule.limit(&state), 21);
        for at in 0..10_000 {
            state = rule.next(state, &call(at, 10, 40));
        }
        assert_eq!(rule.limit(&state), 40);
    }

    #[test]
    fn what_takes_too_long_counts_as_dropped() {
        let rule = rule();
        assert_eq!(rule.limit(&rule.next(rule.begin(), &call(0, 101, 20))), 10);
        assert_eq!(rule.limit(&rule.next(rule.begin(), &call(0, 100, 20))), 20);
    }

    #[test]
    fn calls_that_were_under_way_together_back_off_once_and_later_ones_again_down_to_the_minimum() {
        let rule = rule();
        let dropped = |started, latency| Sample { dropped: true, ..call(started, latency, 20) };
        let mut state = rule.begin();
        for started in 0..20 {
            state = rule.next(state, &dropped(started, 50));
        }
        assert_eq!(rule.limit(&state), 10);
        state = rule.next(state, &dropped(50, 1));
        assert_eq!(rule.limit(&state), 5);
        for round in 2..20 {
            state = rule.next(state, &dropped(round * 100, 1));
        }
        assert_eq!(rule.limit(&state), 2);
    }

    #[test]
    fn it_does_not_grow_while_less_than_half_of_it_is_in_use() {
        let rule = rule();
        let mut state = rule.begin();
        for at in 0..1000 {
            state = rule.next(state, &call(at, 10, 9));
        }
        assert_eq!(state, rule.begin());
        assert_ne!(rule.next(state, &call(0, 10, 10)), state);
    }
}

//! How long to wait before the next attempt.
//!
//! The strategy gives a delay that the cap bounds, and jitter spreads what is left: so callers that failed together stay apart even at
//! the cap. See Marc Brooker, "Exponential Backoff And Jitter". Every step saturates: any attempt has a delay, and none exceeds the
//! cap.

use crate::clock::Nanos;

/// How delays grow from attempt to attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strategy {
    /// They do not.
    Fixed,
    /// By the first one each time.
    Linear,
    /// By this factor, at least 1, each time.
    Exponential(f64),
    /// As Fibonacci's numbers: 1, 1, 2, 3, 5 times the first.
    Fibonacci,
}

/// How chance spreads a delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Evenly between nothing and the delay.
    Full,
    /// Evenly over the delay's upper half.
    Equal,
    /// Evenly between the first delay and a multiple of the last one drawn: a factor of 2 draws up to three times the last. What the cap leaves
    /// of that is no narrower in proportion.
    Decorrelated,
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// How delays grow.
    pub strategy: Strategy,
    /// How chance spreads them.
    pub jitter: Jitter,
    /// The first delay.
    pub initial: Nanos,
    /// The cap: no delay is longer.
    pub most: Nanos,
}

/// The `n`th of 1, 1, 2, 3, 5 …
fn fibonacci(n: u32) -> u64 {
    let (mut current, mut next) = (0_u64, 1_u64);
    // The 94th is more than 64 bits hold.
    for _ in 0..n.min(94) {
        (current, next) = (next, current.saturating_add(next));
    }
    current
}

/// A share of a span, rounded down.
fn part(span: Nanos, share: f64) -> Nanos {
    (span as f64 * share) as Nanos
}

impl Backoff {
    /// The delay after `attempt` failed attempts, the first of which is 1, without chance.
    #[must_use]
    pub fn capped(&self, attempt: u32) -> Nanos {
        let steps = attempt.max(1);
        let delay = match self.strategy {
            Strategy::Fixed => self.initial,
            Strategy::Linear => self.initial.saturating_mul(u64::from(steps)),
            Strategy::Exponential(factor) => {
                // An infinite product is beyond every cap; `0 × ∞`, which is no number, is the 0 that it began as.
                (self.initial as f64 * factor.powf(f64::from(steps - 1))) as Nanos
            }
            Strategy::Fibonacci => self.initial.saturating_mul(fibonacci(steps)),
        };
        delay.min(self.most)
    }

    /// The delay after `attempt` failed attempts. `random` is from 0 and below 1; `last` is the delay drawn before, 0 if there was none.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64, last: Nanos) -> Nanos {
        if self.jitter == Jitter::Decorrelated {
            return self.decorrelated(random, last);
        }
        self.spread(self.capped(attempt), random)
    }

    /// Spreads a delay that the host's own strategy gave, once the cap has bounded it. Decorrelated jitter has no strategy beside its own.
    #[must_use]
    pub fn spread(&self, delay: Nanos, random: f64) -> Nanos {
        let delay = delay.min(self.most);
        match self.jitter {
            Jitter::None | Jitter::Decorrelated => delay,
            Jitter::Full => part(delay, random),
            Jitter::Equal => delay - delay / 2 + part(delay / 2, random),
        }
    }

    fn decorrelated(&self, random: f64, last: Nanos) -> Nanos {
        let times = if let Strategy::Exponential(factor) = self.strategy { factor + 1.0 } else { 3.0 };
        let upper = part(last.max(self.initial), times).min(self.most);
        // Below the first delay if the cap is near it: else all would wait as long as the cap.
        let lower = self.initial.min(part(upper, 1.0 / times));
        lower + part(upper.saturating_sub(lower), random)
    }

    /// The wait when the other side has said when to come back: never before, and what jitter has drawn later, so that not all who were told
    /// the same come at once.
    #[must_use]
    pub fn not_before(&self, delay: Nanos, after: Nanos) -> Nanos {
        if self.jitter == Jitter::None { delay.max(after) } else { delay.saturating_add(after) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLI;

    fn backoff(strategy: Strategy, jitter: Jitter) -> Backoff {
        Backoff { strategy, jitter, initial: 100 * MILLI, most: 1000 * MILLI }
    }

    fn first_five(strategy: Strategy) -> [Nanos; 5] {
        let backoff = backoff(strategy, Jitter::None);
        [1, 2, 3, 4, 5].map(|attempt| backoff.delay(attempt, 0.9, 0) / MILLI)
    }

    #[test]
    fn each_strategy_grows_in_its_way_up_to_the_cap() {
        assert_eq!(first_five(Strategy::Fixed), [100, 100, 100, 100, 100]);
        assert_eq!(first_five(Strategy::Linear), [100, 200, 300, 400, 500]);
        assert_eq!(first_five(Strategy::Exponential(2.0)), [100, 200, 400, 800, 1000]);
        assert_eq!(first_five(Strategy::Exponential(1.5)), [100, 150, 225, 337, 506]);
        assert_eq!(first_five(Strategy::Fibonacci), [100, 100, 200, 300, 500]);
    }

    #[test]
    fn an_attempt_beyond_all_numbers_waits_as_long_as_the_cap() {
        for strategy in [Strategy::Linear, Strategy::Exponential(10.0), Strategy::Fibonacci] {
            let backoff = Backoff { most: Nanos::MAX, ..backoff(strategy, Jitter::None) };
            for attempt in [1000, 1024, 5000, u32::MAX] {
                assert!(backoff.delay(attempt, 0.5, 0) >= 100 * MILLI * u64::from(attempt.min(1000)));
            }
            assert_eq!(Backoff { most: 7, ..backoff }.delay(u32::MAX, 0.5, 0), 7);
            assert_eq!(Backoff { initial: 0, ..backoff }.delay(u32::MAX, 0.5, 0), 0);
        }
    }

    #[test]
    fn jitter_is_applied_after_the_cap_so_nobody_marches_in_step() {
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            let backoff = backoff(Strategy::Exponential(2.0), jitter);
            let at = |random| backoff.delay(50, random, 1000 * MILLI);
            assert!(at(0.1) < at(0.2) && at(0.2) < at(0.9) && at(0.9) < 1000 * MILLI, "{jitter:?}");
        }
    }

    #[test]
    fn a_first_delay_at_the_cap_is_spread_too() {
        let backoff =
            Backoff { most: 100 * MILLI, ..backoff(Strategy::Exponential(2.0), Jitter::Decorrelated) };
        let (low, high) = (backoff.delay(1, 0.0, 0), backoff.delay(1, 0.99, 0));
        assert!(low.abs_diff(33_333_333) < 10 && high > 99 * MILLI, "{low} {high}");
    }

    #[test]
    fn full_jitter_draws_from_nothing_on_and_equal_from_half() {
        let draw = |jitter, random| backoff(Strategy::Fixed, jitter).delay(1, random, 0) / MILLI;
        assert_eq!([draw(Jitter::Full, 0.0), draw(Jitter::Full, 0.5)], [0, 50]);
        assert_eq!([draw(Jitter::Equal, 0.0), draw(Jitter::Equal, 0.5)], [50, 75]);
    }

    #[test]
    fn decorrelated_jitter_draws_between_the_first_delay_and_three_times_the_last() {
        let backoff = backoff(Strategy::Exponential(2.0), Jitter::Decorrelated);
        assert_eq!(backoff.delay(1, 0.0, 0), 100 * MILLI);
        assert_eq!(backoff.delay(1, 0.5, 0), 200 * MILLI);
        assert_eq!(backoff.delay(2, 0.5, 200 * MILLI), 350 * MILLI);
    }

    #[test]
    fn nobody_comes_back_before_he_was_told_to_and_not_all_at_once() {
        let plain = backoff(Strategy::Fixed, Jitter::None);
        assert_eq!([plain.not_before(100, 300), plain.not_before(100, 50)], [300, 100]);
        let spread = backoff(Strategy::Fixed, Jitter::Full);
        assert_eq!([spread.not_before(10, 300), spread.not_before(90, 300)], [310, 390]);
        assert_eq!(spread.not_before(90, Nanos::MAX), Nanos::MAX);
    }
}

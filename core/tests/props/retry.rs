//! Back-off for any numbers, and budgets beside the obvious version: a list of what was earned.

use millrace_core::clock::{MILLI, Nanos};
use millrace_core::retry::{Backoff, Budget, BudgetQuota, Jitter, Strategy as Growth};
use proptest::prelude::*;

fn growths() -> impl Strategy<Value = Growth> {
    prop_oneof![
        Just(Growth::Fixed),
        Just(Growth::Linear),
        Just(Growth::Fibonacci),
        (1.0f64..1e9).prop_map(Growth::Exponential),
    ]
}

fn jitters() -> impl Strategy<Value = Jitter> {
    prop_oneof![Just(Jitter::None), Just(Jitter::Full), Just(Jitter::Equal), Just(Jitter::Decorrelated)]
}

proptest! {
    #[test]
    fn no_delay_exceeds_the_cap_whatever_the_attempt(
        strategy in growths(),
        jitter in jitters(),
        initial: Nanos,
        most: Nanos,
        attempt: u32,
        random in 0.0f64..1.0,
        last: Nanos,
    ) {
        let backoff = Backoff { strategy, jitter, initial, most };
        prop_assert!(backoff.delay(attempt, random, last) <= most);
        prop_assert!(backoff.spread(last, random) <= most);
        prop_assert!(backoff.not_before(last, initial) >= initial.max(last));
    }

    #[test]
    fn without_jitter_delays_never_shrink_and_more_chance_is_never_shorter(
        strategy in growths(),
        jitter in jitters(),
        initial in 0u64..1 << 50,
        most in 0u64..1 << 52,
        attempt in 0u32..10_000,
        chances in (0.0f64..1.0, 0.0f64..1.0),
        last in 0u64..1 << 52,
    ) {
        let backoff = Backoff { strategy, jitter, initial, most };
        prop_assert!(backoff.capped(attempt) <= backoff.capped(attempt + 1));
        let (less, more) = if chances.0 < chances.1 { chances } else { (chances.1, chances.0) };
        prop_assert!(backoff.delay(attempt, less, last) <= backoff.delay(attempt, more, last));
    }

    #[test]
    fn chance_spreads_delays_over_half_of_them_at_least(
        strategy in growths(),
        initial in 1_000u64..1 << 50,
        most in 1_000u64..1 << 50,
        attempt in 1u32..10_000,
        last in 1_000u64..1 << 50,
    ) {
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            let backoff = Backoff { strategy, jitter, initial, most };
            let (low, high) = (backoff.delay(attempt, 0.0, last), backoff.delay(attempt, 1.0, last));
            prop_assert!(high - low >= high / 2 - 1, "{jitter:?} {low} {high}");
        }
    }
}

const STEP: Nanos = 1000 * MILLI;

proptest! {
    #[test]
    fn a_budget_allows_what_was_earned_and_has_not_faded_and_so_many_a_second(
        ratio in 0.01f64..2.0,
        per_second in 0u32..5,
        events in prop::collection::vec((0u64..3_000, 0u8..4), 1..400),
    ) {
        let budget = Budget::new(BudgetQuota { ratio, per_second: f64::from(per_second), ttl: 16 * STEP });
        let most_free = f64::from(per_second.max(u32::from(per_second > 0)));
        let (mut now, mut step) = (0u64, 0u64);
        let (mut earned, mut free) = (0.0f64, most_free);
        for (pause, what) in events {
            now += pause * MILLI;
            free = (free + pause as f64 / 1000.0 * f64::from(per_second)).min(most_free);
            while step < now / STEP {
                earned *= 15.0 / 16.0;
                step += 1;
            }
            match what {
                0 | 1 => {
                    budget.deposit(now);
                    earned += ratio;
                }
                2 => {
                    let got = budget.withdraw(now);
                    // Each event may round by a 4096th, and a free token by what its rate rounds.
                    let slack = 0.25;
                    prop_assert!(got || (free < 1.0 + 1e-6 && earned < 1.0 + slack), "refused {free} {earned}");
                    prop_assert!(!got || free > 1.0 - 1e-6 || earned > 1.0 - 1e-6, "allowed {free} {earned}");
                    if got && free > 1.0 - 1e-6 { free -= 1.0 } else if got { earned -= 1.0 }
                }
                _ => {
                    let standing = budget.standing(now);
                    prop_assert!(standing.earned <= earned + 1e-6 && standing.earned > earned - 0.25);
                    prop_assert!(standing.free <= free + 1e-6);
                }
            }
        }
    }
}

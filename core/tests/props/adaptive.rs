//! What holds for every limit, whatever happens to calls.

use millrace_core::adaptive::{Aimd, Bounds, Gradient, Rule, Sample};
use millrace_core::clock::MILLI;
use millrace_core::shedding::{Estimate, Shedding};
use proptest::prelude::*;

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let one = (0_u64..300, 0_u64..1000, 1_u32..300, prop::bool::weighted(0.1));
    prop::collection::vec(one, 0..400).prop_map(|all| {
        let mut now = 0;
        let sample = |(pause, latency, in_flight, dropped): (u64, u64, u32, bool)| {
            now += pause * MILLI;
            Sample { started: now, ended: now + latency * MILLI, in_flight, dropped }
        };
        all.into_iter().map(sample).collect()
    })
}

/// It stays within its bounds.
fn is_lawful<R: Rule>(rule: &R, bounds: Bounds, samples: &[Sample]) -> Result<(), TestCaseError> {
    let mut state = rule.begin();
    for sample in samples {
        state = rule.next(state, sample);
        let limit = rule.limit(&state);
        prop_assert!((bounds.min..=bounds.max).contains(&limit), "{limit} {state:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn additive_increase_is_lawful(samples in samples(), min in 1_u32..20, more in 0_u32..100, initial in 0_u32..200) {
        let bounds = Bounds { initial, min, max: min + more };
        let rule = Aimd { bounds, backoff: 0.7, timeout: 700 * MILLI };
        is_lawful(&rule, bounds, &samples)?;
        let mut state = rule.begin();
        for sample in &samples {
            let before = rule.limit(&state);
            state = rule.next(state, sample);
            let after = rule.limit(&state);
            if sample.dropped || sample.in_flight * 2 < before {
                prop_assert!(after <= before);
            }
            prop_assert!(after <= before + 1);
        }
    }

    #[test]
    fn the_gradient_is_lawful(samples in samples(), min in 1_u32..20, more in 0_u32..100, smoothing in 0.01..1.0) {
        let bounds = Bounds { initial: 20, min, max: min + more };
        let rule = Gradient { bounds, smoothing, tolerance: 1.5, backoff: 0.9 };
        is_lawful(&rule, bounds, &samples)?;
    }

    /// Nor does it rise above where it began as long as nobody uses half of it.
    #[test]
    fn the_gradient_does_not_grow_unused(samples in samples()) {
        let bounds = Bounds { initial: 50, min: 20, max: 1000 };
        let rule = Gradient { bounds, smoothing: 0.5, tolerance: 1.5, backoff: 0.9 };
        let mut state = rule.begin();
        for sample in &samples {
            state = rule.next(state, &Sample { in_flight: sample.in_flight.min(9), ..*sample });
            prop_assert!(rule.limit(&state) <= 50, "{state:?}");
        }
    }

    /// A higher priority is admitted wherever a lower one is; a delay only falls until it is measured again; who comes back when told is
    /// admitted, up to rounding.
    #[test]
    fn shedding_is_ordered(most in 1_u64..1000, priorities in 1_u32..10, delay in 0_u64..100_000, later in 0_u64..10_000) {
        let rule = Shedding { most: most * MILLI, priorities };
        let estimate = Estimate { delay: delay * MILLI, at: 0 };
        let lowest = rule.lowest(estimate.delay);
        prop_assert!(lowest <= priorities);
        prop_assert!(rule.lowest(rule.delay(estimate, later * MILLI)) <= lowest);
        for priority in 0..priorities {
            let wait = rule.retry_after(estimate.delay, priority);
            prop_assert_eq!(wait == 0, priority >= lowest);
            prop_assert!(rule.lowest(rule.delay(estimate, wait + 1000)) <= priority);
        }
    }
}

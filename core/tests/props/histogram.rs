//! The histogram beside the obvious version: a sorted list.

use millrace_core::metrics::Histogram;
use proptest::prelude::*;

proptest! {
    #[test]
    fn quantiles_are_those_of_the_sorted_values_to_about_three_per_cent(
        values in prop::collection::vec(0u64..1 << 41, 1..300),
        q in 0.0f64..=1.0,
        split in 0usize..300,
    ) {
        let (mut left, mut right) = (Histogram::new(), Histogram::new());
        for (at, value) in values.iter().enumerate() {
            if at < split { left.record(*value) } else { right.record(*value) }
        }
        left.merge(&right);
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let rank = ((sorted.len() as f64 * q).ceil() as usize).max(1);
        let exact = sorted[rank - 1] as f64;
        let told = left.quantile(q) as f64;
        prop_assert!((told - exact).abs() <= exact * 0.032 + 1.0, "{told} for {exact}");
        prop_assert_eq!((left.min(), left.max(), left.count()), (sorted[0], sorted[sorted.len() - 1], sorted.len() as u64));
    }
}

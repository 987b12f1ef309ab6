//! When a pool grows or shrinks: a plain function of what was measured.

use crate::clock::{MILLI, Nanos};

/// What the decision is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalingSample {
    /// Workers, those that start included.
    pub workers: u32,
    /// Workers that start.
    pub starting: u32,
    /// Workers that run something.
    pub busy: u32,
    /// Tasks that wait.
    pub waiting: u32,
    /// How long the first of them has waited.
    pub oldest_wait: Nanos,
    /// The share of time the workers' event loops were busy, 0 to 1, where they have told.
    pub utilisation: Option<f64>,
    /// How busy the machine is, 0 to 1, where the owner has told.
    pub load: Option<f64>,
    /// The recent mean run time of tasks; 0 while none has ended.
    pub mean_run: Nanos,
    /// The least number of workers.
    pub min: u32,
    /// The greatest number of workers.
    pub max: u32,
    /// Processors of the machine.
    pub cores: u32,
    /// The share of busy workers from which the pool grows.
    pub threshold: f64,
}

/// What to do about the number of workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Leave it.
    Hold,
    /// Start so many more.
    Grow {
        /// How many.
        count: u32,
        /// Why.
        reason: &'static str,
    },
}

/// Waiting tasks that the present workers will have begun within this time do not call for another worker: starting one
/// takes longer.
const WORTH_A_WORKER: Nanos = 10 * MILLI;
/// From this machine load on, more threads only take turns.
const SATURATED: f64 = 0.95;
/// From this event-loop utilisation on, tasks compute rather than wait.
const COMPUTING: f64 = 0.7;

/// Decides whether a pool should grow. Shrinking is the idle time-out's matter.
#[must_use]
pub fn decide(sample: &ScalingSample) -> Decision {
    let room = sample.max.saturating_sub(sample.workers);
    if room == 0 || sample.waiting == 0 {
        return Decision::Hold;
    }
    if sample.workers == 0 {
        return Decision::Grow { count: 1, reason: "first" };
    }
    if sample.starting > 0 || f64::from(sample.busy) < sample.threshold * f64::from(sample.workers) {
        return Decision::Hold;
    }
    let drain = sample.mean_run.saturating_mul(u64::from(sample.waiting)) / u64::from(sample.workers);
    if sample.mean_run > 0 && drain < WORTH_A_WORKER && sample.oldest_wait < WORTH_A_WORKER {
        return Decision::Hold;
    }
    let computing = sample.utilisation.is_none_or(|share| share >= COMPUTING);
    let saturated = sample.load.is_some_and(|load| load >= SATURATED);
    if computing && saturated && sample.workers >= sample.cores {
        return Decision::Hold;
    }
    // At most a doubling, so that one burst does not start more threads than the next measurement would want.
    let count = sample.waiting.min(sample.workers).min(room).max(1);
    Decision::Grow {
        count,
        reason: if computing { "queue" } else { "queue, tasks wait for input or output" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> ScalingSample {
        ScalingSample {
            workers: 2,
            starting: 0,
            busy: 2,
            waiting: 10,
            oldest_wait: 50 * MILLI,
            utilisation: None,
            load: None,
            mean_run: 20 * MILLI,
            min: 1,
            max: 8,
            cores: 2,
            threshold: 0.8,
        }
    }

    fn grows(sample: &ScalingSample) -> u32 {
        match decide(sample) {
            Decision::Grow { count, .. } => count,
            Decision::Hold => 0,
        }
    }

    #[test]
    fn it_grows_at_most_to_double_and_to_the_maximum() {
        assert_eq!(grows(&sample()), 2);
        assert_eq!(grows(&ScalingSample { waiting: 1, ..sample() }), 1);
        assert_eq!(grows(&ScalingSample { workers: 8, busy: 8, ..sample() }), 0);
        assert_eq!(grows(&ScalingSample { workers: 7, busy: 7, ..sample() }), 1);
    }

    #[test]
    fn it_holds_while_enough_workers_are_free_or_on_their_way() {
        assert_eq!(grows(&ScalingSample { busy: 1, ..sample() }), 0);
        assert_eq!(grows(&ScalingSample { starting: 1, ..sample() }), 0);
        assert_eq!(grows(&ScalingSample { waiting: 0, ..sample() }), 0);
    }

    #[test]
    fn a_burst_of_tiny_tasks_is_not_worth_a_thread() {
        let tiny = ScalingSample { mean_run: 1000, waiting: 1000, oldest_wait: MILLI, ..sample() };
        assert_eq!(grows(&tiny), 0);
        assert_eq!(grows(&ScalingSample { oldest_wait: 20 * MILLI, ..tiny }), 2);
    }

    #[test]
    fn computing_stops_at_a_saturated_machine_and_waiting_does_not() {
        let full = ScalingSample { load: Some(0.99), utilisation: Some(0.95), ..sample() };
        assert_eq!(grows(&full), 0);
        assert_eq!(grows(&ScalingSample { cores: 4, ..full }), 2);
        assert_eq!(grows(&ScalingSample { utilisation: Some(0.1), ..full }), 2);
    }
}

//! What a pool may be told, and what makes no sense.

use crate::clock::{MILLI, Nanos};

/// What happens to a task when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// It is refused.
    Reject,
    /// It waits for room, in order.
    Wait,
}

/// How tasks find workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balancing {
    /// From one queue, in batches; idle workers steal what others have taken and not begun.
    WorkStealing,
    /// To each worker in strict turn.
    RoundRobin,
    /// To the worker that is expected to be done first, by its measured speed; idle workers steal.
    Adaptive,
}

/// A pool's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Workers there are always.
    pub min_workers: u32,
    /// Workers there are at most.
    pub max_workers: u32,
    /// How long a worker beyond the minimum may idle; `None` is for ever.
    pub idle_timeout: Option<Nanos>,
    /// How long a task may run.
    pub task_timeout: Option<Nanos>,
    /// Whether the pool grows and shrinks by itself.
    pub auto_scaling: bool,
    /// The share of busy workers from which it grows.
    pub scaling_threshold: f64,
    /// A policy of the user's decides.
    pub custom_policy: bool,
    /// Tasks that may wait.
    pub max_queue: Option<u32>,
    /// What happens beyond.
    pub on_full: OnFull,
    /// Tasks one worker may run at once.
    pub concurrent_tasks_per_worker: u32,
    /// How long a cancelled task may take to end before its worker is replaced.
    pub abort_grace: Nanos,
    /// How often busy workers are asked for a sign of life.
    pub heartbeat_interval: Nanos,
    /// Without a sign of life for so long, a busy worker is unresponsive.
    pub heartbeat_timeout: Nanos,
    /// Replace unresponsive workers unasked.
    pub auto_restart: bool,
    /// How tasks find workers.
    pub balancing: Balancing,
    /// Workers that may die at start in a row before the pool gives up.
    pub max_start_failures: u32,
    /// The wait before the second replacement in a row; it doubles from there.
    pub restart_backoff: Nanos,
    /// Processors of the machine.
    pub cores: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            min_workers: 1,
            max_workers: 1,
            idle_timeout: Some(30_000 * MILLI),
            task_timeout: None,
            auto_scaling: true,
            scaling_threshold: 0.8,
            custom_policy: false,
            max_queue: None,
            on_full: OnFull::Reject,
            concurrent_tasks_per_worker: 1,
            abort_grace: 1_000 * MILLI,
            heartbeat_interval: 1_000 * MILLI,
            heartbeat_timeout: 30_000 * MILLI,
            auto_restart: false,
            balancing: Balancing::WorkStealing,
            max_start_failures: 3,
            restart_backoff: 100 * MILLI,
            cores: 1,
        }
    }
}

/// An option that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Its public name.
    pub option: &'static str,
    /// What it got.
    pub got: String,
    /// What it wants.
    pub want: &'static str,
}

impl Config {
    /// Checks what can only be seen with all options together.
    ///
    /// # Errors
    /// The first option that contradicts another.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let error = |option, got: String, want| Err(ConfigError { option, got, want });
        if self.max_workers < 1 || self.max_workers > 1024 {
            return error("maxWorkers", self.max_workers.to_string(), "a whole number from 1 to 1024");
        }
        if self.min_workers > self.max_workers {
            return error("minWorkers", self.min_workers.to_string(), "at most maxWorkers");
        }
        if !(self.scaling_threshold > 0.0 && self.scaling_threshold <= 1.0) {
            return error(
                "scalingThreshold",
                self.scaling_threshold.to_string(),
                "a number above 0 and at most 1",
            );
        }
        if self.heartbeat_timeout < self.heartbeat_interval {
            let got = format!("{} ms", self.heartbeat_timeout / MILLI);
            return error("heartbeatTimeout", got, "at least heartbeatInterval");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_name_the_option() {
        let config = Config { min_workers: 3, max_workers: 2, ..Config::default() };
        assert_eq!(config.validate().unwrap_err().option, "minWorkers");
        let config = Config { heartbeat_timeout: 1, ..Config::default() };
        assert_eq!(config.validate().unwrap_err().option, "heartbeatTimeout");
        assert_eq!(Config::default().validate(), Ok(()));
    }
}

//! A pool's options, read into the engine's configuration.

use millrace_core::clock::{MILLI, Nanos};
use millrace_core::pool::{Balancing, Config, OnFull};
use napi::bindgen_prelude::Object;

use super::options::Options;
use crate::error::Fault;
use crate::runtime::processors;

const KNOWN: &str = "minWorkers, maxWorkers, idleTimeout, taskTimeout, enableAutoScaling, scalingThreshold, scalingPolicy, \
processor, name, maxQueue, onFull, concurrentTasksPerWorker, abortGrace, heartbeatInterval, heartbeatTimeout, autoRestart, \
balancing, maxStartFailures, restartBackoff, resourceLimits, env, argv, execArgv, workerData, stdout, stderr, captureOutput";

fn nanos(millis: f64) -> Nanos {
    (millis * MILLI as f64) as Nanos
}

/// Reads the options of a pool. `workers` fixes their number.
pub(super) fn configuration(
    options: Object<'_>,
    workers: Option<u32>,
) -> Result<(Config, Option<String>), Fault> {
    let cores = processors() as u32;
    let mut options = Options::new(options)?;
    let name = options.string("name")?;
    let mut config = Config { cores, ..Config::default() };
    let min = options.whole("minWorkers", 0, 1024)?;
    let max = options.whole("maxWorkers", 1, 1024)?;
    if let Some(fixed) = workers {
        config.min_workers = fixed;
        config.max_workers = fixed;
        for (option, given) in [("minWorkers", min), ("maxWorkers", max)] {
            if let Some(given) = given.filter(|given| *given != fixed) {
                let want = format!("{fixed}, the fixed number of workers");
                return Err(Fault::invalid(option, &given.to_string(), &want));
            }
        }
    } else {
        config.max_workers = max.unwrap_or_else(|| cores.max(min.unwrap_or(1)));
        config.min_workers = min.unwrap_or(1).min(if min.is_some() { u32::MAX } else { config.max_workers });
    }
    if let Some(idle) = options.millis("idleTimeout", 0.0, true)? {
        config.idle_timeout = (idle > 0.0).then(|| nanos(idle));
    }
    if let Some(limit) = options.millis("taskTimeout", 0.0, true)? {
        config.task_timeout = (limit > 0.0).then(|| nanos(limit));
    }
    config.auto_scaling = options.flag("enableAutoScaling")?.unwrap_or(workers.is_none());
    config.scaling_threshold = options.share("scalingThreshold")?.unwrap_or(config.scaling_threshold);
    config.custom_policy = options.flag("scalingPolicy")?.unwrap_or(false);
    config.max_queue = options.whole("maxQueue", 1, u32::MAX)?;
    let on_full = [("reject", OnFull::Reject), ("wait", OnFull::Wait)];
    config.on_full = options.word("onFull", &on_full)?.unwrap_or(config.on_full);
    config.concurrent_tasks_per_worker = options.whole("concurrentTasksPerWorker", 1, 65_536)?.unwrap_or(1);
    config.abort_grace = options.millis("abortGrace", 0.0, false)?.map_or(config.abort_grace, nanos);
    config.heartbeat_interval =
        options.millis("heartbeatInterval", 1.0, false)?.map_or(config.heartbeat_interval, nanos);
    config.heartbeat_timeout =
        options.millis("heartbeatTimeout", 1.0, false)?.map_or(config.heartbeat_timeout, nanos);
    config.auto_restart = options.flag("autoRestart")?.unwrap_or(config.auto_restart);
    let balancing = [
        ("work-stealing", Balancing::WorkStealing),
        ("round-robin", Balancing::RoundRobin),
        ("adaptive", Balancing::Adaptive),
    ];
    config.balancing = options.word("balancing", &balancing)?.unwrap_or(config.balancing);
    config.max_start_failures =
        options.whole("maxStartFailures", 1, 1000)?.unwrap_or(config.max_start_failures);
    if let Some(backoff) = options.millis("restartBackoff", 0.0, false)? {
        config.restart_backoff = nanos(backoff);
    }
    options.finish(KNOWN)?;
    config.validate().map_err(|error| Fault::invalid(error.option, &error.got, error.want))?;
    Ok((config, name))
}

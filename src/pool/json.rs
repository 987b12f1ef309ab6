//! What a pool tells of itself, as JavaScript sees it.

use millrace_core::clock::{MILLI, Nanos};
use millrace_core::metrics::Histogram;
use millrace_core::pool::{Counts, Crash, Event, PoolMetrics, ScalingSample, WorkerHealth, WorkerState};
use serde_json::{Value, json};

fn millis(nanos: Nanos) -> f64 {
    nanos as f64 / MILLI as f64
}

/// How many there are of what.
pub(super) fn counts_json(counts: Counts) -> Value {
    json!({
        "workers": counts.workers,
        "queued": counts.queued,
        "running": counts.running,
        "waitingRoom": counts.waiting_room,
    })
}

pub(crate) fn histogram_json(histogram: &Histogram) -> Value {
    json!({
        "count": histogram.count(),
        "mean": histogram.mean() / MILLI as f64,
        "min": millis(histogram.min()),
        "p50": millis(histogram.quantile(0.5)),
        "p90": millis(histogram.quantile(0.9)),
        "p99": millis(histogram.quantile(0.99)),
        "p999": millis(histogram.quantile(0.999)),
        "max": millis(histogram.max()),
    })
}

/// A pool's metrics.
pub(super) fn metrics_json(metrics: &PoolMetrics) -> Value {
    json!({
        "submitted": metrics.submitted,
        "completed": metrics.completed,
        "failed": metrics.failed,
        "aborted": metrics.aborted,
        "timedOut": metrics.timed_out,
        "rejected": metrics.rejected,
        "retried": metrics.retried,
        "crashes": metrics.crashes,
        "restarts": metrics.restarts,
        "spawned": metrics.spawned,
        "retired": metrics.retired,
        "stolen": metrics.stolen,
        "utilisation": metrics.utilisation,
        "waiting": histogram_json(&metrics.waiting),
        "running": histogram_json(&metrics.running),
    })
}

/// A worker's health.
pub(super) fn health_json(health: &WorkerHealth) -> Value {
    let state = match health.state {
        WorkerState::Starting => "starting",
        WorkerState::Idle => "idle",
        WorkerState::Busy => "busy",
        WorkerState::Unresponsive => "unresponsive",
        WorkerState::Retiring => "retiring",
    };
    json!({
        "workerId": health.id.0,
        "state": state,
        "done": health.done,
        "failed": health.failed,
        "queued": health.queued_local,
        "currentTaskAge": health.current_task_age.map(millis),
        "lastHeartbeatAge": health.last_beat_age.map(millis),
        "eventLoopUtilization": health.utilisation,
        "heapUsed": health.heap_used,
        "heapLimit": health.heap_limit,
        "meanRun": millis(health.mean_run),
    })
}

/// A scaling sample as a user's policy sees it.
pub(super) fn sample_json(sample: &ScalingSample) -> Value {
    json!({
        "workers": sample.workers,
        "starting": sample.starting,
        "busy": sample.busy,
        "waiting": sample.waiting,
        "oldestWait": millis(sample.oldest_wait),
        "eventLoopUtilization": sample.utilisation,
        "machineLoad": sample.load,
        "meanRun": millis(sample.mean_run),
    })
}

/// An event as listeners see it.
pub(super) fn event_json(event: &Event) -> Value {
    match event {
        Event::Worker { worker, what } => {
            json!({ "type": "worker", "workerId": worker.0, "state": what.as_str() })
        }
        Event::Scale { from, to, reason } => {
            json!({ "type": "scale", "from": from, "to": to, "reason": reason })
        }
        Event::Drain => json!({ "type": "drain" }),
        Event::Error(crash) => crash_json(crash),
    }
}

fn crash_json(crash: &Crash) -> Value {
    json!({ "type": "error", "workerId": crash.worker.0, "exitCode": crash.exit_code })
}

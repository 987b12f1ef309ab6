//! The cold side of pools: opening, configuration, state and statistics.

use std::sync::Arc;

use millrace_core::clock::{MILLI, Nanos};
use millrace_core::metrics::Histogram;
use millrace_core::pool::{
    Balancing, Config, Crash, Event, Exit, OnFull, Pool, PoolMetrics, ScalingSample, WorkerHealth, WorkerId,
    WorkerState,
};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::{Value, json};

use super::holdings::{Attached, Opened};
use super::host::{JsHost, Reply};
use super::options::Options;
use super::shared::{SharedPool, names, next_id};
use crate::env::Isolate;
use crate::error::{Fault, code};
use crate::runtime;

const KNOWN: &str = "minWorkers, maxWorkers, idleTimeout, taskTimeout, enableAutoScaling, scalingThreshold, scalingPolicy, \
processor, name, maxQueue, onFull, concurrentTasksPerWorker, abortGrace, heartbeatInterval, heartbeatTimeout, autoRestart, \
balancing, maxStartFailures, restartBackoff, resourceLimits, env, argv, execArgv, workerData, stdout, stderr, captureOutput";

/// A pool, as the thread that opened it holds it.
#[napi]
pub struct NativePool {
    pool: Arc<SharedPool>,
    handle: u64,
    owner: bool,
}

fn nanos(millis: f64) -> Nanos {
    (millis * MILLI as f64) as Nanos
}

fn millis(nanos: Nanos) -> f64 {
    nanos as f64 / MILLI as f64
}

/// Reads the options of a pool. `workers` fixes their number.
fn configuration(
    options: Object<'_>,
    workers: Option<u32>,
) -> std::result::Result<(Config, Option<String>), Fault> {
    let cores = runtime::processors() as u32;
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

impl NativePool {
    fn open(isolate: &Isolate, pool: Arc<SharedPool>, owner: bool) -> std::result::Result<Self, Fault> {
        let opened = Opened { pool: Arc::clone(&pool), owner };
        let handle = isolate.pools.borrow_mut().pools.insert(opened);
        Ok(Self { pool, handle, owner })
    }

    fn reply(wait: u32) -> std::result::Result<Reply, Fault> {
        Isolate::with_current(|isolate| Ok(Reply { port: isolate.port, wait }))
    }
}

#[napi]
impl NativePool {
    /// Creates a pool that this thread owns, or opens the one of that name.
    ///
    /// `options` is the user's object without its functions, `workers` a fixed number of workers, `processor` the text of the
    /// pool's own processor, and `fingerprint` everything that makes two configurations different.
    #[napi(
        factory,
        ts_args_type = "options: object, workers: number | undefined, processor: string, fingerprint: string"
    )]
    pub fn create(
        options: Object<'_>,
        workers: Option<f64>,
        processor: String,
        fingerprint: String,
    ) -> napi::Result<Self> {
        let workers = match workers {
            None => None,
            Some(count) if count.fract() == 0.0 && (1.0..=1024.0).contains(&count) => Some(count as u32),
            Some(count) => {
                let got = count.to_string();
                return Err(Fault::invalid("workerCount", &got, "a whole number from 1 to 1024").into());
            }
        };
        let (config, name) = configuration(options, workers)?;
        let pool = Isolate::with_current(|isolate| {
            let id = next_id();
            let make = |name: Option<String>| {
                let host = JsHost::new(id, isolate.port);
                let engine = Pool::new(config.clone(), host, runtime::clock().clone(), runtime::timers());
                Arc::new(SharedPool::new(id, name, engine, &processor))
            };
            let Some(name) = name else {
                let pool = make(None);
                names().insert(u64::from(id), &pool);
                return Self::open(isolate, pool, true);
            };
            let (pool, created) =
                names().open(&name, &fingerprint, || make(Some(name.clone()))).map_err(|conflict| {
                    Fault::new(
                        code::NAME_CONFLICT,
                        format!(
                            "name: '{name}' is in use with another configuration: it has {}, this one is {}",
                            conflict.existing, conflict.requested
                        ),
                    )
                })?;
            if created {
                names().insert(u64::from(pool.id), &pool);
            }
            Self::open(isolate, pool, created)
        })?;
        if pool.owner {
            pool.pool.engine.start();
        }
        Ok(pool)
    }

    /// Opens the pool of a name, in any thread.
    #[napi(factory)]
    pub fn find(name: String) -> napi::Result<Self> {
        let missing =
            || Fault::new(code::NOT_FOUND, format!("name: no open pool is called '{name}' in this process"));
        let pool = names().find(&name).ok_or_else(missing)?;
        Ok(Isolate::with_current(|isolate| Self::open(isolate, pool, false))?)
    }

    /// Opens the pool of a token, in any thread.
    #[napi(factory)]
    pub fn from_id(id: u32) -> napi::Result<Self> {
        let missing = || {
            Fault::new(code::NOT_FOUND, "handle: the pool it names is gone, or belongs to another process")
        };
        let pool = names().by_id(u64::from(id)).ok_or_else(missing)?;
        Ok(Isolate::with_current(|isolate| Self::open(isolate, pool, false))?)
    }

    /// The number fast calls know this pool by, in this thread.
    #[napi(getter)]
    pub fn handle(&self) -> f64 {
        self.handle as f64
    }

    /// The number every thread knows this pool by.
    #[napi(getter)]
    pub fn id(&self) -> u32 {
        self.pool.id
    }

    /// The name, if it has one.
    #[napi(getter)]
    pub fn name(&self) -> Option<String> {
        self.pool.name.clone()
    }

    /// Whether this thread runs the pool's workers.
    #[napi(getter)]
    pub fn is_owner(&self) -> bool {
        self.owner
    }

    /// The number of a processor, by its text.
    #[napi]
    pub fn processor_id(&self, text: String) -> napi::Result<u32> {
        Ok(self.pool.processor_id(&text)?)
    }

    /// Settles the wait when nothing waits or runs any more.
    #[napi]
    pub fn notify_idle(&self, wait: u32) -> napi::Result<()> {
        self.pool.engine.notify_idle(Self::reply(wait)?);
        Ok(())
    }

    /// Settles the wait when the pool's first workers have started.
    #[napi]
    pub fn notify_ready(&self, wait: u32) -> napi::Result<()> {
        self.pool.engine.notify_ready(Self::reply(wait)?);
        Ok(())
    }

    /// Settles the wait when no worker is on its way any more.
    #[napi]
    pub fn notify_started(&self, wait: u32) -> napi::Result<()> {
        self.pool.engine.notify_started(Self::reply(wait)?);
        Ok(())
    }

    /// Takes no more tasks; its name is free again.
    #[napi]
    pub fn close(&self) {
        names().forget_value(&self.pool);
        self.pool.engine.close();
    }

    /// Ends everything at once.
    #[napi]
    pub fn terminate(&self) {
        names().forget_value(&self.pool);
        self.pool.engine.terminate();
    }

    /// Lets go of this thread's hold on a pool that another thread owns, and cancels what this thread waits for there.
    #[napi]
    pub fn release(&self) -> napi::Result<()> {
        Ok(Isolate::with_current(|isolate| {
            isolate.pools.borrow_mut().pools.remove(self.handle);
            let port = isolate.port;
            self.pool.engine.forget_replies(|reply| reply.port == port);
            Ok(())
        })?)
    }

    /// Starts up to `count` more workers; how many it starts.
    #[napi]
    pub fn scale_up(&self, count: u32) -> u32 {
        self.pool.engine.scale_up(count)
    }

    /// Retires up to `count` workers; how many it retires.
    #[napi]
    pub fn scale_down(&self, count: u32) -> u32 {
        self.pool.engine.scale_down(count)
    }

    /// The answer of a user's policy.
    #[napi]
    pub fn scale_to(&self, count: u32) {
        self.pool.engine.scale_to(count);
    }

    /// Which kinds of events anybody listens to, as bits.
    #[napi]
    pub fn watch(&self, mask: u32) {
        self.pool.engine.watch(mask as u8);
    }

    /// A worker's thread has ended.
    #[napi]
    pub fn worker_exited(&self, worker: u32, code: Option<i32>, cause: Option<Uint8Array>) {
        let exit = Exit { code, cause: cause.map(|bytes| Arc::from(&*bytes)) };
        self.pool.engine.worker_exited(WorkerId(worker), exit);
    }

    /// Replaces the workers whose event loop has not turned for too long; how many.
    #[napi]
    pub fn restart_unhealthy(&self) -> u32 {
        self.pool.engine.restart_unhealthy()
    }

    /// `{ workers, queued, running, waitingRoom }`.
    #[napi(ts_return_type = "{ workers: number; queued: number; running: number; waitingRoom: number }")]
    pub fn counts(&self) -> Value {
        let counts = self.pool.engine.counts();
        json!({
            "workers": counts.workers,
            "queued": counts.queued,
            "running": counts.running,
            "waitingRoom": counts.waiting_room,
        })
    }

    /// Each worker's health.
    #[napi(ts_return_type = "unknown")]
    pub fn health(&self) -> Value {
        self.pool.engine.health().iter().map(health_json).collect()
    }

    /// The pool's metrics.
    #[napi(ts_return_type = "unknown")]
    pub fn metrics(&self) -> Value {
        metrics_json(&self.pool.engine.metrics())
    }

    /// Sets the counts and histograms back to nothing.
    #[napi]
    pub fn reset_metrics(&self) {
        self.pool.engine.reset_metrics();
    }
}

/// The isolate of a worker thread, as a worker of the pool that started it.
#[napi]
pub struct NativeWorker {
    pool: Arc<SharedPool>,
    id: WorkerId,
    handle: u64,
}

#[napi]
impl NativeWorker {
    /// Makes this thread a worker of a pool. It counts as started from here on.
    #[napi(factory)]
    pub fn attach(pool: u32, worker: u32) -> napi::Result<Self> {
        let missing = || Fault::new(code::NOT_FOUND, "the pool this worker was started for is gone");
        let shared = names().by_id(u64::from(pool)).ok_or_else(missing)?;
        let id = WorkerId(worker);
        Ok(Isolate::with_current(|isolate| {
            shared.engine.host().attach(id, isolate.port);
            let Some(worker) = shared.engine.attach(id) else {
                shared.engine.host().detach(id);
                return Err(missing());
            };
            let attached = Attached { worker, _pool: Arc::clone(&shared) };
            let handle = isolate.pools.borrow_mut().workers.insert(attached);
            Ok(Self { pool: Arc::clone(&shared), id, handle })
        })?)
    }

    /// The number fast calls know this worker by.
    #[napi(getter)]
    pub fn handle(&self) -> f64 {
        self.handle as f64
    }

    /// The text of a processor.
    #[napi]
    pub fn processor(&self, id: u32) -> Option<String> {
        self.pool.processor(id).map(|text| text.to_string())
    }

    /// How busy the machine is, 0 to 1, as this worker measured it.
    #[napi]
    pub fn report_load(&self, load: f64) {
        self.pool.engine.report_load(load);
    }

    /// Begins no more tasks; those taken and not begun go back to the queue.
    #[napi]
    pub fn leave(&self) -> napi::Result<()> {
        Ok(Isolate::with_current(|isolate| {
            if let Some(attached) = isolate.pools.borrow_mut().workers.remove(self.handle) {
                attached.worker.leaving();
            }
            self.pool.engine.host().detach(self.id);
            Ok(())
        })?)
    }
}

fn histogram_json(histogram: &Histogram) -> Value {
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

fn metrics_json(metrics: &PoolMetrics) -> Value {
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

fn health_json(health: &WorkerHealth) -> Value {
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

//! The cold side of pools: opening, scaling, statistics, the end.

use std::sync::Arc;

use millrace_core::pool::{Exit, Pool, WorkerId};
use napi::bindgen_prelude::*;
use napi_derive::napi;
use serde_json::Value;

use super::configuration::configuration;
use super::holdings::Opened;
use super::host::{JsHost, Reply};
use super::json::{counts_json, health_json, metrics_json};
use super::shared::{SharedPool, names, next_id};
use crate::env::Isolate;
use crate::error::{Fault, code};
use crate::runtime;

/// A pool, as the thread that opened it holds it.
#[napi]
pub struct NativePool {
    pool: Arc<SharedPool>,
    handle: u64,
    owner: bool,
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
        counts_json(self.pool.engine.counts())
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

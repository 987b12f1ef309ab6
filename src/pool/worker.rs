//! The cold side of a worker: attaching to its pool, its processors, leaving.

use std::sync::Arc;

use millrace_core::pool::WorkerId;
use napi_derive::napi;

use super::holdings::Attached;
use super::shared::{SharedPool, names};
use crate::env::Isolate;
use crate::error::{Fault, code};

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

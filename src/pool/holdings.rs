//! What one isolate holds of pools: handles to those it opened, and itself as a worker.

use std::sync::Arc;

use millrace_core::pool::Worker;
use millrace_core::registry::Handles;

use super::host::JsHost;
use super::shared::SharedPool;
use crate::error::Fault;
use crate::port::PortRef;

/// One isolate as a worker of a pool.
pub(crate) struct Attached {
    pub(crate) worker: Arc<Worker<JsHost>>,
    /// Keeps the pool while its worker lives, which itself refers to it weakly.
    pub(crate) _pool: Arc<SharedPool>,
}

/// The pools and workers of one isolate.
#[derive(Default)]
pub(crate) struct Holdings {
    pub(crate) pools: Handles<Opened>,
    pub(crate) workers: Handles<Attached>,
}

/// A pool this isolate has opened.
pub(crate) struct Opened {
    pub(crate) pool: Arc<SharedPool>,
    /// This isolate runs the pool's workers.
    pub(crate) owner: bool,
}

impl Holdings {
    pub(crate) fn pool(&self, handle: u64) -> Result<&Arc<SharedPool>, Fault> {
        const GONE: Fault =
            Fault::stale("this pool's handle is stale: it was closed, or belongs to another thread");
        self.pools.get(handle).map(|opened| &opened.pool).ok_or(GONE)
    }

    pub(crate) fn worker(&self, handle: u64) -> Result<&Attached, Fault> {
        const GONE: Fault = Fault::stale("this worker's handle is stale");
        self.workers.get(handle).ok_or(GONE)
    }

    /// The isolate goes away: its tasks are cancelled, a worker's go back to the queue, the pools it owns end.
    pub(crate) fn release(self, port: PortRef) {
        for attached in self.workers.into_values() {
            attached.worker.leaving();
        }
        for opened in self.pools.into_values() {
            if opened.owner {
                super::shared::names().forget_value(&opened.pool);
                opened.pool.engine.terminate();
            } else {
                opened.pool.engine.forget_replies(|reply| reply.port == port);
            }
        }
    }
}

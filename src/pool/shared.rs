//! A pool as every thread of the process sees it, and how a thread finds it: by name or by token.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use millrace_core::pool::Pool;
use millrace_core::registry::Names;
use parking_lot::RwLock;

use super::host::JsHost;
use crate::error::Fault;

/// Distinct processors one pool may be given; a program has a handful, and one that makes them without end is told so.
const MOST_PROCESSORS: usize = 65_536;

/// One pool of the process.
pub(crate) struct SharedPool {
    pub(crate) id: u32,
    pub(crate) name: Option<String>,
    pub(crate) engine: Arc<Pool<JsHost>>,
    /// What workers run, as JSON that TypeScript writes and reads; the first is the pool's own.
    processors: RwLock<Vec<Arc<str>>>,
}

impl SharedPool {
    pub(crate) fn new(id: u32, name: Option<String>, engine: Arc<Pool<JsHost>>, processor: &str) -> Self {
        Self { id, name, engine, processors: RwLock::new(vec![Arc::from(processor)]) }
    }

    /// The number of a processor, the same for the same text.
    pub(crate) fn processor_id(&self, text: &str) -> Result<u32, Fault> {
        if let Some(at) = self.processors.read().iter().position(|known| **known == *text) {
            return Ok(at as u32);
        }
        let mut known = self.processors.write();
        if let Some(at) = known.iter().position(|known| **known == *text) {
            return Ok(at as u32);
        }
        if known.len() >= MOST_PROCESSORS {
            return Err(Fault::invalid(
                "processor",
                "one more",
                "at most 65536 different ones in a pool's life",
            ));
        }
        known.push(Arc::from(text));
        Ok(known.len() as u32 - 1)
    }

    pub(crate) fn processor(&self, id: u32) -> Option<Arc<str>> {
        self.processors.read().get(id as usize).cloned()
    }
}

/// The pools of the process, by name and by token.
pub(crate) fn names() -> &'static Names<SharedPool> {
    static NAMES: LazyLock<Names<SharedPool>> = LazyLock::new(Names::default);
    &NAMES
}

/// A number no other pool of the process has had.
pub(crate) fn next_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

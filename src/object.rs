//! The cold calls that all objects have in common: making and opening them, their numbers and names, letting go of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi_derive::napi;

use crate::adaptive::JsAdaptive;
use crate::breaker::JsBreaker;
use crate::broadcast::JsBroadcast;
use crate::bulkhead::JsBulkhead;
use crate::env::Isolate;
use crate::error::{Fault, code};
use crate::leaky_bucket::JsLeakyBucket;
use crate::limiter::JsLimiter;
use crate::lock::JsLock;
use crate::map::JsMap;
use crate::memory::JsMemory;
use crate::memory::atomics::JsAtomic;
use crate::pool::options::Options;
use crate::shared::{Kind, Shared, names};
use crate::shed::JsShed;
use crate::singleflight::JsSingleflight;
use crate::waiting::JsChannel;
use crate::{keyed, queue, retry, ring};

/// Makes an object of a kind out of the options that TypeScript hands on.
fn make(kind: &str, options: &mut Options<'_>) -> std::result::Result<Box<dyn Kind>, Fault> {
    Ok(match kind {
        "channel" => Box::new(JsChannel::new(options.whole("capacity", 0, 1 << 30)?.unwrap_or(0))),
        "broadcast" => Box::new(JsBroadcast::new(options.whole("history", 0, 1 << 24)?.unwrap_or(0))),
        "breaker" => Box::new(JsBreaker::make(options)?),
        "map" => Box::new(JsMap::make(options)?),
        "keyed-rate-limiter" => Box::new(keyed::make(options)?),
        "ring" => Box::new(ring::make(options)?),
        "queue" => Box::new(queue::make(options)?),
        "singleflight" => Box::new(JsSingleflight::new()),
        "retry" => Box::new(retry::JsRetry::default()),
        "retry-budget" => Box::new(retry::JsBudget::make(options)?),
        "hedge" => Box::new(retry::JsHedge::make(options)?),
        "bulkhead" => Box::new(JsBulkhead::make(options)?),
        "concurrency-limiter" => Box::new(JsBulkhead::make_limiter(options)?),
        "adaptive" => Box::new(JsAdaptive::make(options)?),
        "shed" => Box::new(JsShed::make(options)?),
        "memory" => Box::new(JsMemory::make(options)?),
        "leaky-bucket" => Box::new(JsLeakyBucket::make(options)?),
        _ => {
            if let Some(lock) = JsLock::make(kind, options)? {
                return Ok(Box::new(lock));
            }
            if let Some(limiter) = JsLimiter::make(kind, options)? {
                return Ok(Box::new(limiter));
            }
            let atomic = JsAtomic::make(kind)?;
            Box::new(atomic.ok_or_else(|| Fault::internal(format!("'{kind}' is no kind of object")))?)
        }
    })
}

/// An object, as the thread that made or opened it holds it.
#[napi]
pub struct NativeObject {
    shared: Arc<Shared>,
    handle: u64,
    words: (Option<u32>, Option<u32>),
}

impl NativeObject {
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// An object without a name.
    pub(crate) fn anonymous(object: impl Kind) -> std::result::Result<Self, Fault> {
        Self::unnamed(Box::new(object))
    }

    fn unnamed(object: Box<dyn Kind>) -> std::result::Result<Self, Fault> {
        Isolate::with_current(|isolate| {
            let shared = Shared::new(None, object);
            names().insert(u64::from(shared.id()), &shared);
            Ok(Self::open(isolate, shared))
        })
    }

    /// Lets go of the object, and keeps its number and name beside what stands in its place for this thread.
    pub(crate) fn replace(&mut self, object: impl Kind) {
        let Shared { id, name, made, .. } = &*self.shared;
        let (exported, object) = (AtomicBool::new(false), Box::new(object));
        let rest = Shared { id: *id, name: name.clone(), made: *made, exported, object };
        self.shared = Arc::new(rest);
        let _released = Isolate::with_current(|isolate| {
            let gone = isolate.objects.borrow_mut().remove(self.handle);
            drop(gone);
            Ok(())
        });
    }

    fn open(isolate: &Isolate, shared: Arc<Shared>) -> Self {
        let handle = isolate.objects.borrow_mut().insert(Arc::clone(&shared));
        let words = shared.object.open_words(isolate.owner());
        Self { shared, handle, words }
    }
}

#[napi]
impl NativeObject {
    /// Makes an object, or opens the one of that name. `fingerprint` is everything that makes two of a kind different.
    #[napi(
        factory,
        ts_args_type = "kind: string, name: string | undefined, options: object, fingerprint: string"
    )]
    pub fn create(
        kind: String,
        name: Option<String>,
        options: napi::bindgen_prelude::Object<'_>,
        fingerprint: String,
    ) -> napi::Result<Self> {
        let mut options = Options::new(options)?;
        let object = make(&kind, &mut options)?;
        let Some(name) = name else { return Ok(Self::unnamed(object)?) };
        Ok(Isolate::with_current(|isolate| {
            let own = name.clone();
            let make = || Shared::new(Some(own), object);
            let (shared, created) =
                names().open(&format!("{kind}:{name}"), &fingerprint, make).map_err(|conflict| {
                    let (has, wants) = (conflict.existing, conflict.requested);
                    Fault::new(
                        code::NAME_CONFLICT,
                        format!("name: the {kind} '{name}' has another configuration: it has {has}, this one is {wants}"),
                    )
                })?;
            if created {
                names().insert(u64::from(shared.id()), &shared);
            }
            Ok(Self::open(isolate, shared))
        })?)
    }

    /// Opens the object of a name, in any thread.
    #[napi(factory)]
    pub fn find(kind: String, name: String) -> napi::Result<Self> {
        let missing =
            || Fault::new(code::NOT_FOUND, format!("name: no {kind} is called '{name}' in this process"));
        let shared = names().find(&format!("{kind}:{name}")).ok_or_else(missing)?;
        Ok(Isolate::with_current(|isolate| Ok(Self::open(isolate, shared)))?)
    }

    /// Opens the object of a token, in any thread.
    #[napi(factory)]
    pub fn from_id(kind: String, id: u32) -> napi::Result<Self> {
        let missing = || {
            Fault::new(
                code::NOT_FOUND,
                format!("handle: the {kind} it names is gone, or belongs to another process"),
            )
        };
        let shared = names().by_id(u64::from(id)).filter(|shared| shared.kind() == kind && shared.is_known());
        let shared = shared.ok_or_else(missing)?;
        Ok(Isolate::with_current(|isolate| Ok(Self::open(isolate, shared)))?)
    }

    /// From here on any thread may open it by its number.
    #[napi]
    pub fn export(&self) {
        self.shared.exported.store(true, Ordering::Release);
    }

    /// The number fast calls know this object by, in this thread.
    #[napi(getter)]
    pub fn handle(&self) -> f64 {
        self.handle as f64
    }

    /// The number any thread of the process opens it by.
    #[napi(getter)]
    pub fn id(&self) -> u32 {
        self.shared.id
    }

    /// Where the state of it stands while nobody waits, if it does: a place in `sharedWords`.
    #[napi(getter)]
    pub fn word(&self) -> Option<u32> {
        self.words.0
    }

    /// Where this thread keeps account of the permits that it takes by itself: a place in `sharedWords`.
    #[napi(getter)]
    pub fn purse(&self) -> Option<u32> {
        self.words.1
    }

    /// Its name.
    #[napi(getter)]
    pub fn name(&self) -> Option<String> {
        self.shared.name.clone()
    }
}

/// JavaScript has let go of it: so does the isolate, unless it has something to give back when it ends.
impl Drop for NativeObject {
    fn drop(&mut self) {
        let _released = Isolate::with_current(|isolate| {
            let owner = isolate.owner();
            self.shared.object.close_words(owner);
            let gone = isolate.objects.borrow_mut().remove(self.handle);
            let mut orphans = isolate.orphans.borrow_mut();
            orphans.extend(gone);
            let settled: Vec<_> = orphans.extract_if(.., |shared| !shared.object.concerns(owner)).collect();
            drop(orphans);
            drop(settled);
            Ok(())
        });
    }
}

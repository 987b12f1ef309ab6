//! What threads share: one table of objects for each isolate, one list of names for the process, and the cold calls that all
//! kinds have in common.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use millrace_core::clock::{Clock, MILLI, Nanos};
use millrace_core::lock::Owner;
use millrace_core::registry::Names;
use napi_derive::napi;

use crate::broadcast::{JsBroadcast, JsTicker};
use crate::diagnostics::{NativeLiving, NativeWait};
use crate::env::Isolate;
use crate::error::{Fault, code};
use crate::lock::JsLock;
use crate::map::JsMap;
use crate::memory::JsMemory;
use crate::memory::atomics::JsAtomic;
use crate::pool::options::Options;
use crate::port::PortRef;
use crate::queue::JsQueue;
use crate::ring::{self, JsRing};
use crate::runtime::clock;
use crate::singleflight::JsSingleflight;
use crate::waiting::{JsChannel, JsWaiter};

/// One object of the process.
pub(crate) struct Shared {
    id: u32,
    name: Option<String>,
    made: Nanos,
    pub(crate) object: Object,
}

/// Every kind of object.
pub(crate) enum Object {
    /// `ts/channels`.
    Channel(Arc<JsChannel>),
    /// `ts/sync`.
    Lock(JsLock),
    /// `ts/channels/broadcast.ts`.
    Broadcast(JsBroadcast),
    /// `ts/channels/timers.ts`.
    Ticker(Arc<JsTicker>),
    /// `ts/memory/shared-map.ts`.
    Map(JsMap),
    /// `ts/memory/shared-queue.ts`.
    Queue(Arc<JsQueue>),
    /// `ts/memory/ring-buffer.ts`.
    Ring(Arc<JsRing>),
    /// `ts/sync/singleflight.ts`.
    Singleflight(Arc<JsSingleflight>),
    /// `ts/memory/shared-memory.ts`.
    Memory(JsMemory),
    /// `ts/memory/atomic.ts`.
    Atomic(JsAtomic),
}

pub(crate) const STALE: Fault =
    Fault::stale("this object's handle is stale: it was let go of, or belongs to another thread");

impl Shared {
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn channel(&self) -> std::result::Result<&Arc<JsChannel>, Fault> {
        match &self.object {
            Object::Channel(channel) => Ok(channel),
            _ => Err(STALE),
        }
    }

    pub(crate) fn broadcast(&self) -> std::result::Result<&JsBroadcast, Fault> {
        match &self.object {
            Object::Broadcast(broadcast) => Ok(broadcast),
            _ => Err(STALE),
        }
    }

    pub(crate) fn lock(&self) -> std::result::Result<&JsLock, Fault> {
        match &self.object {
            Object::Lock(lock) => Ok(lock),
            _ => Err(STALE),
        }
    }

    pub(crate) fn singleflight(&self) -> std::result::Result<&Arc<JsSingleflight>, Fault> {
        match &self.object {
            Object::Singleflight(flights) => Ok(flights),
            Object::Map(map) => Ok(&map.flights),
            _ => Err(STALE),
        }
    }

    /// The thread of each that waits for it, and since when; who has waited longest first.
    fn waits(&self) -> Vec<(u32, Nanos)> {
        let mut waits = Vec::new();
        let see = &mut |waiter: &JsWaiter| {
            if waiter.outcome().is_none() {
                waits.push((waiter.target().thread(), waiter.since()));
            }
        };
        match &self.object {
            Object::Channel(channel) => channel.each_waiter(see),
            Object::Lock(lock) => lock.each_waiter(see),
            Object::Map(map) => map.flights.each_waiter(see),
            Object::Queue(queue) => queue.each_waiter(see),
            Object::Ring(ring) => ring.each_waiter(see),
            Object::Singleflight(flights) => flights.each_waiter(see),
            Object::Atomic(atomic) => atomic.each_waiter(see),
            // A broadcast's subscribers wait for channels of their own.
            Object::Broadcast(_) | Object::Ticker(_) | Object::Memory(_) => {}
        }
        waits.sort_by_key(|(_, since)| *since);
        waits
    }

    /// What it holds.
    fn held(&self) -> f64 {
        match &self.object {
            Object::Channel(channel) => channel.len() as f64,
            Object::Lock(lock) => lock.held(),
            Object::Broadcast(broadcast) => {
                let subscribers = broadcast.subscribers();
                subscribers.iter().map(|(_, length, _)| *length as f64).sum::<f64>() + 0.0
            }
            Object::Ticker(ticker) => f64::from(u8::from(ticker.is_active())),
            Object::Map(map) => map.map.len() as f64,
            Object::Queue(queue) => queue.len() as f64,
            Object::Ring(ring) => ring::held(ring),
            Object::Singleflight(flights) => flights.flights().len() as f64,
            Object::Memory(memory) => memory.bytes() as f64,
            Object::Atomic(_) => 0.0,
        }
    }

    /// An isolate is gone: its waits are cancelled, and what it held is given back.
    pub(crate) fn forget(&self, isolate: PortRef, owner: Owner) {
        match &self.object {
            Object::Channel(channel) => channel.forget(|target| target.is_of(isolate)),
            Object::Queue(queue) => queue.forget(|target| target.is_of(isolate)),
            Object::Ring(ring) => ring.release_owner(owner),
            Object::Lock(lock) => lock.release_owner(owner),
            Object::Broadcast(broadcast) => broadcast.release_owner(owner),
            // An atomic's waits are the isolate's to cancel.
            Object::Ticker(_) | Object::Memory(_) | Object::Atomic(_) => {}
            Object::Map(map) => map.flights.release_owner(owner),
            Object::Singleflight(flights) => flights.release_owner(owner),
        }
    }

    /// Whether a thread has something here that is to be given back when it ends.
    fn concerns(&self, owner: Owner) -> bool {
        match &self.object {
            Object::Lock(lock) => lock.concerns(owner),
            Object::Broadcast(broadcast) => broadcast.concerns(owner),
            Object::Map(map) => map.flights.concerns(owner),
            Object::Singleflight(flights) => flights.concerns(owner),
            // A wait keeps what it waits for, a ring's buffer gives its ends back; the others hold nothing.
            Object::Channel(_)
            | Object::Queue(_)
            | Object::Ring(_)
            | Object::Ticker(_)
            | Object::Memory(_)
            | Object::Atomic(_) => false,
        }
    }

    fn kind(&self) -> &'static str {
        match &self.object {
            Object::Channel(_) => "channel",
            Object::Lock(lock) => lock.kind(),
            Object::Broadcast(_) => "broadcast",
            Object::Ticker(_) => "ticker",
            Object::Map(_) => "map",
            Object::Queue(_) => "queue",
            Object::Ring(_) => "ring",
            Object::Singleflight(_) => "singleflight",
            Object::Memory(_) => "memory",
            Object::Atomic(atomic) => atomic.kind(),
        }
    }
}

impl Isolate {
    /// Does something with an object of this isolate's.
    pub(crate) fn with_object<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&Shared) -> std::result::Result<T, Fault>,
    ) -> std::result::Result<T, Fault> {
        work(self.objects.borrow().get(handle).ok_or(STALE)?)
    }

    /// Does something with a channel of this isolate's.
    pub(crate) fn with_channel<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&Arc<JsChannel>) -> std::result::Result<T, Fault>,
    ) -> std::result::Result<T, Fault> {
        self.with_object(handle, |shared| work(shared.channel()?))
    }
}

impl Isolate {
    /// Does something with a lock of this isolate's.
    pub(crate) fn with_lock<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&JsLock) -> std::result::Result<T, Fault>,
    ) -> std::result::Result<T, Fault> {
        self.with_object(handle, |shared| work(shared.lock()?))
    }

    /// What this thread is known by as a holder.
    pub(crate) const fn owner(&self) -> Owner {
        Owner(self.thread as u64 + 1)
    }
}

fn names() -> &'static Names<Shared> {
    static NAMES: LazyLock<Names<Shared>> = LazyLock::new(Names::default);
    &NAMES
}

fn next_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What people call an object: its kind, and its name or number.
pub(crate) fn named(id: u32) -> String {
    let Some(shared) = names().by_id(u64::from(id)) else { return format!("object #{id}, which is gone") };
    shared
        .name
        .as_ref()
        .map_or_else(|| format!("{} #{id}", shared.kind()), |name| format!("{} '{name}'", shared.kind()))
}

/// Every object that is alive.
pub(crate) fn living() -> Vec<NativeLiving> {
    let tell = |shared: Arc<Shared>| {
        let waits = shared.waits();
        // Read after the waits, so that none of them begins later.
        let now = clock().now();
        let age = |since: Nanos| now.saturating_sub(since) as f64 / MILLI as f64;
        NativeLiving {
            kind: shared.kind().to_owned(),
            id: shared.id,
            name: shared.name.clone(),
            age: age(shared.made),
            waiting: waits.len() as f64,
            held: shared.held(),
            waits: Some(
                waits.into_iter().map(|(thread, since)| NativeWait { thread, age: age(since) }).collect(),
            ),
            thread: None,
            local: None,
        }
    };
    names().living().into_iter().map(tell).collect()
}

/// Makes an object of a kind out of the options that TypeScript hands on.
fn make(kind: &str, options: &mut Options<'_>) -> std::result::Result<Object, Fault> {
    match kind {
        "channel" => {
            let capacity = options.whole("capacity", 0, 1 << 30)?.unwrap_or(0);
            Ok(Object::Channel(JsChannel::new(capacity)))
        }
        "broadcast" => {
            let keep = options.whole("history", 0, 1 << 24)?.unwrap_or(0);
            Ok(Object::Broadcast(JsBroadcast::new(keep)))
        }
        "map" => Ok(Object::Map(JsMap::make(options)?)),
        "ring" => Ok(Object::Ring(ring::make(options)?)),
        "queue" => Ok(Object::Queue(crate::queue::make(options)?)),
        "singleflight" => Ok(Object::Singleflight(JsSingleflight::new())),
        "memory" => Ok(Object::Memory(JsMemory::make(options)?)),
        _ => JsLock::make(kind, options)?
            .map(Object::Lock)
            .or(JsAtomic::make(kind)?.map(Object::Atomic))
            .ok_or_else(|| Fault::internal(format!("'{kind}' is no kind of object"))),
    }
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
    pub(crate) fn anonymous(object: Object) -> std::result::Result<Self, Fault> {
        Isolate::with_current(|isolate| {
            let id = next_id();
            let shared = Arc::new(Shared { id, name: None, made: clock().now(), object });
            names().insert(u64::from(id), &shared);
            Ok(Self::open(isolate, shared))
        })
    }

    /// Lets go of the object, and keeps its number and name beside what stands in its place for this thread.
    pub(crate) fn replace(&mut self, object: Object) {
        let Shared { id, name, made, .. } = &*self.shared;
        let rest = Shared { id: *id, name: name.clone(), made: *made, object };
        self.shared = Arc::new(rest);
        let _released = Isolate::with_current(|isolate| {
            let gone = isolate.objects.borrow_mut().remove(self.handle);
            drop(gone);
            Ok(())
        });
    }

    fn open(isolate: &Isolate, shared: Arc<Shared>) -> Self {
        let handle = isolate.objects.borrow_mut().insert(Arc::clone(&shared));
        let words = shared.lock().map_or((None, None), |lock| lock.open_words(isolate.owner()));
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
        let Some(name) = name else { return Ok(Self::anonymous(object)?) };
        Ok(Isolate::with_current(|isolate| {
            let id = next_id();
            let own = name.clone();
            let make = || Arc::new(Shared { id, name: Some(own), made: clock().now(), object });
            let (shared, created) =
                names().open(&format!("{kind}:{name}"), &fingerprint, make).map_err(|conflict| {
                    let (has, wants) = (conflict.existing, conflict.requested);
                    Fault::new(
                        code::NAME_CONFLICT,
                        format!("name: the {kind} '{name}' has another configuration: it has {has}, this one is {wants}"),
                    )
                })?;
            if created {
                names().insert(u64::from(id), &shared);
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
        let shared =
            names().by_id(u64::from(id)).filter(|shared| shared.kind() == kind).ok_or_else(missing)?;
        Ok(Isolate::with_current(|isolate| Ok(Self::open(isolate, shared)))?)
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

    /// Where the state of a lock stands while nobody waits, if it does: a place in `sharedWords`.
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
            if let Ok(lock) = self.shared.lock() {
                lock.close_words(owner);
            }
            let gone = isolate.objects.borrow_mut().remove(self.handle);
            let mut orphans = isolate.orphans.borrow_mut();
            orphans.extend(gone);
            let settled: Vec<_> = orphans.extract_if(.., |shared| !shared.concerns(owner)).collect();
            drop(orphans);
            drop(settled);
            Ok(())
        });
    }
}

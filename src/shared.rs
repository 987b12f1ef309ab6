//! What threads share: every object of the process, one list of them and their names, and what each kind says of itself.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use millrace_core::clock::{Clock, MILLI, Nanos};
use millrace_core::lock::Owner;
use millrace_core::registry::Names;

use crate::broadcast::JsBroadcast;
use crate::diagnostics::{NativeLiving, NativeWait};
use crate::env::Isolate;
use crate::error::Fault;
use crate::lock::JsLock;
use crate::map::JsMap;
use crate::port::PortRef;
use crate::runtime::clock;
use crate::singleflight::JsSingleflight;
use crate::waiting::{JsChannel, JsWaiter};
use crate::watchers::Watchers;

/// What stands behind a shared object, and what its kind says of it. Implemented beside the calls of the kind.
pub(crate) trait Kind: Any + Send + Sync {
    /// The kind's name, which handles carry.
    fn kind(&self) -> &'static str;
    /// Shows each that waits for it.
    fn each_waiter(&self, _see: &mut dyn FnMut(&JsWaiter)) {}
    /// How much it holds, for `diagnostics()`.
    fn held(&self) -> f64 {
        0.0
    }
    /// An isolate is gone: its waits are cancelled, and what it held is given back.
    fn forget(&self, _isolate: PortRef, _owner: Owner) {}
    /// Who listens to it, if anybody can.
    fn watchers(&self) -> Option<&Watchers> {
        None
    }
    /// Where its state stands while nobody waits, and where a thread keeps account of what it takes by itself: places in the shared words.
    fn open_words(&self, _owner: Owner) -> (Option<u32>, Option<u32>) {
        (None, None)
    }
    /// The thread takes nothing by itself any more, as often as it opened the words.
    fn close_words(&self, _owner: Owner) {}
    /// Whether a thread has something here that is to be given back when it ends.
    fn concerns(&self, _owner: Owner) -> bool {
        false
    }
}

/// One object of the process.
pub(crate) struct Shared {
    pub(crate) id: u32,
    pub(crate) name: Option<String>,
    pub(crate) made: Nanos,
    /// Whether its number has been given away: until then only the thread that made it knows an object without a name.
    pub(crate) exported: AtomicBool,
    pub(crate) object: Box<dyn Kind>,
}

pub(crate) const STALE: Fault =
    Fault::stale("this object's handle is stale: it was let go of, or belongs to another thread");

impl Shared {
    /// An object that is new in the process.
    pub(crate) fn new(name: Option<String>, object: Box<dyn Kind>) -> Arc<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { id, name, made: clock().now(), exported: AtomicBool::new(false), object })
    }

    /// Whether other threads may have it.
    pub(crate) fn is_known(&self) -> bool {
        self.name.is_some() || self.exported.load(Ordering::Acquire)
    }

    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// What stands behind it, if it is of that type.
    pub(crate) fn get<T: Kind>(&self) -> std::result::Result<&T, Fault> {
        let object: &dyn Any = &*self.object;
        object.downcast_ref().ok_or(STALE)
    }

    pub(crate) fn channel(&self) -> std::result::Result<&Arc<JsChannel>, Fault> {
        self.get()
    }

    pub(crate) fn broadcast(&self) -> std::result::Result<&JsBroadcast, Fault> {
        self.get()
    }

    pub(crate) fn lock(&self) -> std::result::Result<&JsLock, Fault> {
        self.get()
    }

    pub(crate) fn singleflight(&self) -> std::result::Result<&Arc<JsSingleflight>, Fault> {
        self.get().or_else(|_| Ok(&self.get::<JsMap>()?.flights))
    }

    /// The thread of each that waits for it, and since when; who has waited longest first.
    fn waits(&self) -> Vec<(u32, Nanos)> {
        let mut waits = Vec::new();
        self.object.each_waiter(&mut |waiter| {
            if waiter.outcome().is_none() {
                waits.push((waiter.target().thread(), waiter.since()));
            }
        });
        waits.sort_by_key(|(_, since)| *since);
        waits
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.object.kind()
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

pub(crate) fn names() -> &'static Names<Shared> {
    static NAMES: LazyLock<Names<Shared>> = LazyLock::new(Names::default);
    &NAMES
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
            held: shared.object.held(),
            waits: Some(
                waits.into_iter().map(|(thread, since)| NativeWait { thread, age: age(since) }).collect(),
            ),
            thread: None,
            local: None,
        }
    };
    names().living().into_iter().map(tell).collect()
}

//! The life of an isolate: what native code keeps for each JavaScript thread, from its first call to its end.
//!
//! An isolate is opened once, by TypeScript, and ends with its environment, however that comes (return, `process.exit`,
//! `terminate()`, an uncaught error): the cleanup hook closes the port, so nothing calls into it again, and lets go of
//! everything that the isolate held.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use millrace_core::clock::Clock;
use millrace_core::registry::Handles;
use millrace_core::spin::Patience;
use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;

use crate::body::Body;
use crate::breaker::Permits;
use crate::broadcast::Unfinished;
use crate::codec::{Large, Payload, kind};
use crate::deadlock::graph;
use crate::error::Fault;
use crate::fast;
use crate::goroutines;
use crate::held::Held;
use crate::map::{Snapshot, Stored};
use crate::memory::{Views, look};
use crate::page::Page;
use crate::pool::holdings::Holdings;
use crate::port::{Message, PortRef};
use crate::raw_object::RawObject;
use crate::shared::Shared;
use crate::waiting::{Blocked, JsWaiter};

/// What native code keeps for one JavaScript thread. Touched by that thread alone.
pub(crate) struct Isolate {
    pub(crate) port: PortRef,
    pub(crate) page: Page,
    /// Messages that have left the port and not yet reached the page.
    pub(crate) inbox: RefCell<VecDeque<Message>>,
    /// Bodies that did not fit the page and wait to be fetched.
    pub(crate) held: RefCell<Held>,
    /// Parts of the next value, handed over apart from the page.
    pub(crate) staged: RefCell<Vec<Body>>,
    /// The pools and workers that this isolate has handles to.
    pub(crate) pools: RefCell<Holdings>,
    /// The objects that this isolate has handles to.
    pub(crate) objects: RefCell<Handles<Arc<Shared>>>,
    /// Objects that JavaScript has let go of while this thread held something of them.
    pub(crate) orphans: RefCell<Vec<Arc<Shared>>>,
    /// Waits that may be cancelled, by their number.
    pub(crate) waits: RefCell<HashMap<u32, Arc<JsWaiter>>>,
    /// What this thread blocks for.
    pub(crate) blocked: RefCell<Option<(Arc<JsWaiter>, Arc<Blocked>)>>,
    /// What this thread's last broadcast left to be done.
    pub(crate) unfinished: RefCell<Unfinished>,
    /// The bytes of the key that a map is asked for, whose memory is used again.
    pub(crate) map_key: RefCell<Vec<u8>>,
    /// The value of a map's next entry, or of a snapshot's last one, and the snapshots that are read.
    pub(crate) map_value: RefCell<Option<Stored>>,
    pub(crate) snapshots: RefCell<Handles<Snapshot>>,
    /// The bits, or the whole value, that the next atomic begins with or the next wait expects.
    pub(crate) atomic_bits: Cell<u64>,
    pub(crate) atomic_whole: RefCell<Option<Payload>>,
    /// What comparisons expect that are about to be made.
    pub(crate) expected: RefCell<Vec<Payload>>,
    /// The values of a select's cases, handed over one by one.
    pub(crate) case_values: RefCell<Vec<Payload>>,
    /// Calls that breakers have let in and that have not ended.
    pub(crate) permits: RefCell<Permits>,
    /// The state of this isolate's random numbers; never 0.
    pub(crate) chance: Cell<u64>,
    /// The buffers over shared memory that JavaScript may move.
    pub(crate) views: RefCell<Views>,
    /// Whether it pays this thread to spin before it sleeps, in native code and in its event loop.
    pub(crate) blocking: Cell<Patience>,
    pub(crate) lingering: Cell<Patience>,
    /// The runtime's number for this thread.
    pub(crate) thread: u32,
    env: sys::napi_env,
    function: sys::napi_threadsafe_function,
    /// Keeps the page's memory.
    page_ref: sys::napi_ref,
    /// `(code, message) => Error`, the way to an error class of ours.
    raise: sys::napi_ref,
    /// `() => void`, empties the port.
    drain: sys::napi_ref,
    refs: Cell<bool>,
}

thread_local! {
    /// The isolate of this thread, for `#[napi]` calls, which come without it. Cleared by the cleanup hook.
    static CURRENT: Cell<*const Isolate> = const { Cell::new(ptr::null()) };
}

impl Isolate {
    /// Runs `work` with this thread's isolate.
    pub(crate) fn with_current<T>(
        work: impl FnOnce(&Self) -> std::result::Result<T, Fault>,
    ) -> std::result::Result<T, Fault> {
        let current = CURRENT.get();
        if current.is_null() {
            return Err(Fault::internal("this thread has no open isolate"));
        }
        // SAFETY: set by `open_isolate` on this thread and cleared by `end`, before the isolate is freed.
        work(unsafe { &*current })
    }

    /// Takes up a value that JavaScript hands over as (kind, number); bytes come from the page or the stage.
    pub(crate) fn take_payload(&self, tag: u8, num: f64) -> std::result::Result<Payload, Fault> {
        let plain = tag & !kind::STAGED;
        if tag != plain {
            let parts = std::mem::take(&mut *self.staged.borrow_mut());
            return Ok(Payload::Large(Box::new(Large { kind: plain, parts })));
        }
        match plain {
            0..=kind::LAST_SCALAR => Ok(Payload::Scalar { kind: plain, num }),
            kind::SIDE => Ok(Payload::Side { id: num as u32, origin: self.port }),
            _ => self
                .page
                .read_out(num as usize, |bytes| Box::from(bytes))
                .map(|bytes| Payload::Bytes { kind: plain, bytes })
                .ok_or_else(|| Fault::internal("a value is longer than the page that should hold it")),
        }
    }

    /// A wait has ended.
    pub(crate) fn forget_wait(&self, wait: u32) {
        let mut waits = self.waits.borrow_mut();
        if !waits.is_empty() {
            waits.remove(&wait);
        }
    }

    /// Its environment: of use to its own thread, until it has ended.
    pub(crate) const fn env(&self) -> sys::napi_env {
        self.env
    }

    /// Keeps the event loop alive, or lets it end, as waits come and go.
    pub(crate) fn set_ref(&self, wanted: bool) {
        if self.refs.replace(wanted) == wanted {
            return;
        }
        if wanted {
            // SAFETY: on the isolate's own thread, while its environment lives.
            let _status = unsafe { sys::napi_ref_threadsafe_function(self.env, self.function) };
        } else {
            // SAFETY: as above.
            let _status = unsafe { sys::napi_unref_threadsafe_function(self.env, self.function) };
        }
    }

    /// Throws an error of ours into the JavaScript that called.
    pub(crate) fn throw(&self, fault: &Fault) {
        if self.try_throw(fault).is_none() {
            // The environment is ending, or the error's class could not be called: a plain error, if that still works.
            let message = std::ffi::CString::new(fault.message.as_bytes()).unwrap_or_default();
            // SAFETY: both strings end in NUL or are null; a failure is harmless.
            let _status = unsafe { sys::napi_throw_error(self.env, ptr::null(), message.as_ptr()) };
        }
    }

    fn try_throw(&self, fault: &Fault) -> Option<()> {
        let mut raise = ptr::null_mut();
        // SAFETY: `raise` is a live reference of this environment.
        ok(unsafe { sys::napi_get_reference_value(self.env, self.raise, &raw mut raise) })?;
        let arguments = [self.string(fault.code)?, self.string(&fault.message)?];
        let mut receiver = ptr::null_mut();
        // SAFETY: an out-pointer to a local.
        ok(unsafe { sys::napi_get_undefined(self.env, &raw mut receiver) })?;
        let mut error = ptr::null_mut();
        // SAFETY: all values are live handles of this call's scope.
        ok(unsafe {
            sys::napi_call_function(self.env, receiver, raise, 2, arguments.as_ptr(), &raw mut error)
        })?;
        // SAFETY: `error` is a live handle.
        ok(unsafe { sys::napi_throw(self.env, error) })
    }

    fn string(&self, text: &str) -> Option<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: pointer and length are those of `text`.
        ok(unsafe {
            sys::napi_create_string_utf8(self.env, text.as_ptr().cast(), text.len() as isize, &raw mut value)
        })?;
        Some(value)
    }
}

fn ok(status: sys::napi_status) -> Option<()> {
    (status == sys::Status::napi_ok).then_some(())
}

/// Opens this thread's isolate. `page` is a buffer of `PAGE_SIZE` bytes, `drain` empties the port, and `raise` makes
/// an error of a code and a message. Gives an object with the fast calls.
#[napi(ts_return_type = "unknown")]
pub fn open_isolate(
    env: Env,
    thread: u32,
    page: ArrayBuffer<'_>,
    drain: Unknown<'_>,
    raise: Unknown<'_>,
) -> napi::Result<RawObject> {
    let raw = env.raw();
    let memory = Page::new(&page)?;
    let page_ref = reference(raw, page.raw())?;
    let drain = reference(raw, drain.raw())?;
    let raise = reference(raw, raise.raw())?;

    let place = Box::into_raw(Box::<Isolate>::new_uninit()).cast::<Isolate>();
    let function = threadsafe_function(raw, place)?;
    let port = PortRef::open(function, thread);
    let isolate = Isolate {
        port,
        page: memory,
        inbox: RefCell::default(),
        held: RefCell::default(),
        staged: RefCell::default(),
        pools: RefCell::default(),
        objects: RefCell::default(),
        orphans: RefCell::default(),
        waits: RefCell::default(),
        blocked: RefCell::default(),
        unfinished: RefCell::default(),
        map_key: RefCell::default(),
        map_value: RefCell::default(),
        snapshots: RefCell::default(),
        atomic_bits: Cell::default(),
        atomic_whole: RefCell::default(),
        expected: RefCell::default(),
        case_values: RefCell::default(),
        permits: RefCell::default(),
        views: RefCell::default(),
        chance: Cell::new(crate::runtime::clock().now().wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
        blocking: Cell::default(),
        lingering: Cell::default(),
        thread,
        env: raw,
        function,
        page_ref,
        raise,
        drain,
        refs: Cell::new(false),
    };
    // SAFETY: `place` was allocated for exactly one isolate and is written once, before anything reads it.
    unsafe { place.write(isolate) };
    CURRENT.set(place);
    // After the function was made, so that this hook runs before the function's own (hooks run in reverse order).
    // SAFETY: `place` stays valid until the function's finalizer, which comes after the hook.
    check(unsafe { sys::napi_add_env_cleanup_hook(raw, Some(end), place.cast()) })?;
    // SAFETY: the function is new and this is its environment's thread.
    check(unsafe { sys::napi_unref_threadsafe_function(raw, function) })?;
    // SAFETY: `place` is initialised and outlives the calls, which need the environment's JavaScript to run.
    Ok(RawObject(fast::calls(raw, unsafe { &*place })?))
}

fn check(status: sys::napi_status) -> napi::Result<()> {
    ok(status).ok_or_else(|| Fault::internal(format!("Node-API answered with status {status}")).into())
}

fn reference(env: sys::napi_env, value: sys::napi_value) -> napi::Result<sys::napi_ref> {
    let mut reference = ptr::null_mut();
    // SAFETY: `value` is a live handle of this environment.
    check(unsafe { sys::napi_create_reference(env, value, 1, &raw mut reference) })?;
    Ok(reference)
}

fn threadsafe_function(
    env: sys::napi_env,
    place: *mut Isolate,
) -> napi::Result<sys::napi_threadsafe_function> {
    let mut name = ptr::null_mut();
    // SAFETY: a literal with its length.
    check(unsafe { sys::napi_create_string_utf8(env, c"millrace".as_ptr(), 8, &raw mut name) })?;
    let mut function = ptr::null_mut();
    // SAFETY: `place` outlives the function: its finalizer frees it.
    check(unsafe {
        sys::napi_create_threadsafe_function(
            env,
            ptr::null_mut(),
            ptr::null_mut(),
            name,
            0,
            1,
            place.cast(),
            Some(free),
            place.cast(),
            Some(deliver),
            &raw mut function,
        )
    })?;
    Ok(function)
}

/// Runs on the isolate's thread after a wake-up. At exit the runtime may call it with a null environment.
// SAFETY: called by Node-API alone, as the callback of the isolate's own ThreadsafeFunction, on the isolate's thread; `context` is the
// isolate, which `free` frees only after the last delivery. A null `env` or `context` is allowed.
unsafe extern "C" fn deliver(
    env: sys::napi_env,
    _function: sys::napi_value,
    context: *mut c_void,
    _data: *mut c_void,
) {
    if env.is_null() || context.is_null() {
        return;
    }
    // SAFETY: the context is the isolate, which the finalizer frees after the last delivery.
    let isolate = unsafe { &*context.cast::<Isolate>() };
    let mut drain = ptr::null_mut();
    // SAFETY: a live reference of this environment.
    let found = unsafe { sys::napi_get_reference_value(env, isolate.drain, &raw mut drain) };
    let mut receiver = ptr::null_mut();
    // SAFETY: an out-pointer to a local.
    let receiving = unsafe { sys::napi_get_undefined(env, &raw mut receiver) };
    if ok(found).and(ok(receiving)).is_none() || drain.is_null() {
        return;
    }
    // What JavaScript throws stays pending and becomes an uncaught exception of that isolate, as in any callback.
    // SAFETY: function and receiver are live handles; no arguments.
    let _status = unsafe { sys::napi_call_function(env, receiver, drain, 0, ptr::null(), ptr::null_mut()) };
}

/// The environment goes away: nothing may reach it any more, and what it held is released.
// SAFETY: called by Node-API alone and once, as the environment's cleanup hook, on the isolate's thread; `place` is the initialised
// isolate of `open_isolate`, and none of its JavaScript runs any more.
unsafe extern "C" fn end(place: *mut c_void) {
    // SAFETY: registered with the isolate, which lives until the function's finalizer.
    let isolate = unsafe { &*place.cast::<Isolate>() };
    CURRENT.set(ptr::null());
    look(isolate);
    // Its waits first: what the port still holds is given to others then.
    let _forgotten = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let objects = std::mem::take(&mut *isolate.objects.borrow_mut());
        let orphans = std::mem::take(&mut *isolate.orphans.borrow_mut());
        for shared in objects.into_values().chain(orphans) {
            shared.object.forget(isolate.port, isolate.owner());
        }
        graph().forget(isolate.owner());
        let blocked = isolate.blocked.borrow_mut().take();
        let waits = std::mem::take(&mut *isolate.waits.borrow_mut());
        for waiter in waits.into_values().chain(blocked.map(|(waiter, _)| waiter)) {
            waiter.cancel();
        }
        isolate.case_values.borrow_mut().clear();
        *isolate.unfinished.borrow_mut() = Unfinished::default();
    }));
    isolate.port.close();
    goroutines::forget(isolate.port);
    let _ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let holdings = std::mem::take(&mut *isolate.pools.borrow_mut());
        holdings.release(isolate.port);
        isolate.inbox.borrow_mut().clear();
        isolate.staged.borrow_mut().clear();
        *isolate.held.borrow_mut() = Held::default();
    }));
    for reference in [isolate.page_ref, isolate.raise, isolate.drain] {
        // SAFETY: each is a live reference of the environment whose hook this is.
        let _status = unsafe { sys::napi_delete_reference(isolate.env, reference) };
    }
    // SAFETY: the one count this function was created with; after `close` no thread calls it.
    let _status = unsafe {
        sys::napi_release_threadsafe_function(isolate.function, sys::ThreadsafeFunctionReleaseMode::abort)
    };
}

/// The last thing that refers to the isolate is gone.
// SAFETY: called by Node-API alone and once, as the ThreadsafeFunction's finalizer, after its last delivery; `place` came out of
// `Box::into_raw` in `open_isolate`, or is null, and nobody uses it afterwards.
unsafe extern "C" fn free(_env: sys::napi_env, place: *mut c_void, _hint: *mut c_void) {
    if !place.is_null() {
        // SAFETY: allocated by `open_isolate` and freed once, here.
        drop(unsafe { Box::from_raw(place.cast::<Isolate>()) });
    }
}

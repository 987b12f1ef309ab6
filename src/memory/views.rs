//! What an isolate's buffers over shared memory have come to when it ends.
//!
//! The runtime lets go of the memory of every such buffer at the isolate's end, even if JavaScript has moved the bytes to a buffer of
//! another thread (`ArrayBuffer.prototype.transfer.call`, then `postMessage`). So before that it is looked which of them
//! still have their bytes; the memory of all others is kept for good. Bun runs the cleanup hooks first. Node goes through the
//! buffers before any hook, the newest before the others: hence there is always one more, the sentinel, whose end is the sign to look.

use std::mem;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, JsValue};
use napi::sys;

use super::{Region, array_buffer};
use crate::env::Isolate;
use crate::error::Fault;

/// As many are kept before those that are gone are looked for.
const FEW: usize = 8;

/// A region that a buffer holds. The buffer's end drops it.
struct View<R>(Arc<R>);

impl<R: Region> Region for View<R> {
    fn start(&self) -> *mut u8 {
        self.0.start()
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// Keeps what a view holds for as long as the process lives.
trait Keep: Send + Sync {
    fn keep(&self);
}

impl<R: Region> Keep for View<R> {
    fn keep(&self) {
        mem::forget(Arc::clone(&self.0));
    }
}

/// A buffer that may still be there.
struct Seen {
    view: Weak<dyn Keep>,
    /// Weak: a reference with the count 0.
    buffer: sys::napi_ref,
}

/// The newest buffer of an isolate, over bytes that nobody uses. When the runtime takes these back, all others still are what they were.
struct Sentinel {
    bytes: Box<AtomicU64>,
    number: u64,
    isolate: *const Isolate,
}

// SAFETY: the pointer is compared, and not followed.
unsafe impl Send for Sentinel {}
// SAFETY: as above.
unsafe impl Sync for Sentinel {}

impl Region for Sentinel {
    fn start(&self) -> *mut u8 {
        self.bytes.as_ptr().cast()
    }

    fn bytes(&self) -> usize {
        size_of::<AtomicU64>()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        // One that a newer one has relieved ends at any time. In a thread that has ended nothing is left to look at.
        let _looked = Isolate::with_current(|isolate| {
            let stands = ptr::eq(isolate, self.isolate) && isolate.views.borrow().sentinel == self.number;
            if stands {
                look(isolate);
            }
            Ok(())
        });
    }
}

/// An isolate's buffers over shared memory. Touched by its thread alone.
#[derive(Default)]
pub(crate) struct Views {
    seen: Vec<Seen>,
    sweep: usize,
    /// The number of the sentinel on duty, from 1, and the reference that keeps it.
    sentinel: u64,
    keeps: Option<sys::napi_ref>,
}

impl Views {
    /// Forgets the buffers that are gone, when there are many.
    fn sweep(&mut self, env: sys::napi_env) {
        if self.seen.len() < self.sweep.max(FEW) {
            return;
        }
        self.seen.retain(|seen| {
            let there = seen.view.strong_count() > 0;
            if !there {
                // SAFETY: a live reference of this thread's environment, deleted once.
                let _status = unsafe { sys::napi_delete_reference(env, seen.buffer) };
            }
            there
        });
        self.sweep = 2 * self.seen.len();
    }

    /// Puts up a sentinel that is newer than all buffers.
    fn relieve(&mut self, env: &Env, isolate: *const Isolate) -> Result<(), Fault> {
        self.sentinel += 1;
        let bytes = Box::new(AtomicU64::new(0));
        let sentinel = array_buffer(env, Arc::new(Sentinel { bytes, number: self.sentinel, isolate }))?;
        let newest = reference(env, &sentinel, 1)?;
        if let Some(before) = self.keeps.replace(newest) {
            // SAFETY: a live reference of this thread's environment, deleted once.
            let _status = unsafe { sys::napi_delete_reference(env.raw(), before) };
        }
        Ok(())
    }
}

fn reference(env: &Env, buffer: &ArrayBuffer<'_>, count: u32) -> Result<sys::napi_ref, Fault> {
    let mut reference = ptr::null_mut();
    // SAFETY: the buffer is a live handle of this environment.
    let status = unsafe { sys::napi_create_reference(env.raw(), buffer.raw(), count, &raw mut reference) };
    let failed = || Fault::internal(format!("Node-API answered with status {status}"));
    (status == sys::Status::napi_ok).then_some(reference).ok_or_else(failed)
}

/// As [`array_buffer`], of a region that JavaScript may move out of its buffer: it is kept for good if it was, when the isolate ends.
pub(super) fn movable_buffer<'env, R: Region>(
    env: &'env Env,
    region: Arc<R>,
) -> Result<ArrayBuffer<'env>, Fault> {
    let view = Arc::new(View(region));
    let kept: Arc<dyn Keep> = Arc::clone(&view) as _;
    let buffer = array_buffer(env, view)?;
    Isolate::with_current(|isolate| {
        let mut views = isolate.views.borrow_mut();
        views.sweep(env.raw());
        views.seen.push(Seen { view: Arc::downgrade(&kept), buffer: reference(env, &buffer, 0)? });
        views.relieve(env, isolate)?;
        Ok(buffer)
    })
}

/// The environment is about to let go of the memory of its buffers: that of those which have been moved, or collected while something
/// still holds their bytes, is kept. The second time there is nothing to look at.
pub(crate) fn look(isolate: &Isolate) {
    let views = mem::take(&mut *isolate.views.borrow_mut());
    let mut scope = ptr::null_mut();
    // SAFETY: the environment's thread, before the environment is gone.
    let _opened = unsafe { sys::napi_open_handle_scope(isolate.env(), &raw mut scope) };
    for seen in views.seen {
        let Some(view) = seen.view.upgrade() else { continue };
        if !has_bytes(isolate.env(), seen.buffer) {
            view.keep();
        }
    }
    // SAFETY: opened above; of a scope that could not be opened this is an error without effect.
    let _closed = unsafe { sys::napi_close_handle_scope(isolate.env(), scope) };
}

/// Whether a buffer is still there, and so are its bytes.
fn has_bytes(env: sys::napi_env, buffer: sys::napi_ref) -> bool {
    let mut value = ptr::null_mut();
    // SAFETY: a live reference of this environment; `value` stays null if the buffer has been collected.
    let found = unsafe { sys::napi_get_reference_value(env, buffer, &raw mut value) };
    if found != sys::Status::napi_ok || value.is_null() {
        return false;
    }
    let mut bytes = 0;
    // SAFETY: `value` is a live handle of an `ArrayBuffer`; out-pointers may be null.
    let told = unsafe { sys::napi_get_arraybuffer_info(env, value, ptr::null_mut(), &raw mut bytes) };
    told == sys::Status::napi_ok && bytes > 0
}

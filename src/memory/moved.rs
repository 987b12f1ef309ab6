//! Buffers whose bytes JavaScript has moved away.
//!
//! `buffer.transfer()` puts the bytes into another buffer, and that one may go to another thread. Node gives up external memory
//! when the isolate it was made in ends, wherever the bytes are by then (nodejs/node `CallbackInfo::CleanupHook`). So a hook of
//! ours runs just before: what is not where it was made is never freed. The price is that what was collected in the last turn of
//! an isolate that is terminated is kept, too.

use std::ffi::c_void;
use std::mem;
use std::ptr;
use std::sync::{Arc, Weak};

use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, JsValue};
use napi::sys;

use super::Region;
use super::block::Block;
use crate::env::Isolate;
use crate::error::Fault;

/// A block as one buffer of one isolate sees it.
pub(crate) struct View(pub(super) Arc<Block>);

impl Region for View {
    fn start(&self) -> *mut u8 {
        self.0.start()
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// The buffers that an isolate has made.
#[derive(Default)]
pub(crate) struct Watched {
    buffers: Vec<(sys::napi_ref, Weak<View>)>,
    /// The collected ones are swept when there are so many.
    sweep: usize,
}

fn drop_reference(env: sys::napi_env, reference: sys::napi_ref) {
    // SAFETY: a live reference of this environment, which nobody uses any more.
    let _status = unsafe { sys::napi_delete_reference(env, reference) };
}

impl Isolate {
    /// Looks after a buffer until its view is dropped.
    pub(crate) fn watch(&self, env: &Env, buffer: &ArrayBuffer<'_>, view: &Arc<View>) -> Result<(), Fault> {
        let env = env.raw();
        let mut watched = self.watched.borrow_mut();
        if watched.buffers.len() >= watched.sweep {
            for (reference, _) in watched.buffers.extract_if(.., |(_, view)| view.strong_count() == 0) {
                drop_reference(env, reference);
            }
            watched.sweep = 2 * watched.buffers.len() + 8;
        }
        let mut reference = ptr::null_mut();
        // SAFETY: the buffer is a live handle of this environment; a count of 0 makes the reference weak.
        let made = unsafe { sys::napi_create_reference(env, buffer.raw(), 0, &raw mut reference) };
        let place = ptr::from_ref(self).cast_mut().cast();
        // SAFETY: it may not be there; then nothing is done.
        let _status = unsafe { sys::napi_remove_env_cleanup_hook(env, Some(keep_moved), place) };
        // Hooks run in reverse order: this one before that of the buffer that was just made.
        // SAFETY: the isolate outlives its environment's hooks.
        let hooked = unsafe { sys::napi_add_env_cleanup_hook(env, Some(keep_moved), place) };
        if made != sys::Status::napi_ok || hooked != sys::Status::napi_ok {
            return Err(Fault::internal("a buffer could not be looked after"));
        }
        watched.buffers.push((reference, Arc::downgrade(view)));
        Ok(())
    }
}

/// Whether the buffer is there and has its bytes.
fn is_whole(env: sys::napi_env, reference: sys::napi_ref) -> bool {
    let mut buffer = ptr::null_mut();
    // SAFETY: a live reference of this environment.
    let status = unsafe { sys::napi_get_reference_value(env, reference, &raw mut buffer) };
    if status != sys::Status::napi_ok || buffer.is_null() {
        return false;
    }
    let mut detached = true;
    // SAFETY: a live handle of the scope that `keep_moved` has opened.
    let status = unsafe { sys::napi_is_detached_arraybuffer(env, buffer, &raw mut detached) };
    status == sys::Status::napi_ok && !detached
}

/// The isolate ends: what was moved out of its buffers stays.
unsafe extern "C" fn keep_moved(place: *mut c_void) {
    // SAFETY: registered with the isolate, which outlives its environment's hooks.
    let isolate = unsafe { &*place.cast::<Isolate>() };
    let (env, watched) = (isolate.env, mem::take(&mut *isolate.watched.borrow_mut()));
    let mut scope = ptr::null_mut();
    // SAFETY: the environment whose hook this is.
    let opened = unsafe { sys::napi_open_handle_scope(env, &raw mut scope) };
    for (reference, view) in watched.buffers {
        if let Some(view) = view.upgrade()
            && !is_whole(env, reference)
        {
            mem::forget(view);
        }
        drop_reference(env, reference);
    }
    if opened == sys::Status::napi_ok {
        // SAFETY: opened above.
        let _status = unsafe { sys::napi_close_handle_scope(env, scope) };
    }
}

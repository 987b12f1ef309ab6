//! Lets a `#[napi]` function give back a value made with Node-API's own calls.

use napi::bindgen_prelude::ToNapiValue;
use napi::sys;

/// A live handle of the current call.
pub struct RawObject(pub(crate) sys::napi_value);

impl ToNapiValue for RawObject {
    // SAFETY: called by the code of `#[napi]` alone, on the thread and in the scope of the call that made the handle; it reads
    // no memory.
    unsafe fn to_napi_value(_env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        Ok(value.0)
    }
}

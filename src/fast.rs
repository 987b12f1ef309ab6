//! Fast calls: the hot way in.
//!
//! Each is a hand-registered callback that reads its arguments straight from the call frame and finds its objects by
//! integer handles in the isolate's own tables: a tenth of what a `#[napi]` class method costs. The callback's data
//! pointer is the isolate. Nothing unwinds into C: a fault or a panic becomes a thrown error.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::sys;

use crate::env::Isolate;
use crate::error::Fault;

/// Arguments a fast call may have.
pub(crate) const MAX_ARGUMENTS: usize = 8;

/// What a fast call answers.
pub(crate) enum Answer {
    /// `undefined`.
    Nothing,
    /// A number.
    Number(f64),
    /// A small whole number, the cheapest answer of all.
    Code(i32),
    /// A boolean.
    Bool(bool),
}

/// One fast call.
pub(crate) trait FastCall {
    /// The name in JavaScript.
    const NAME: &'static CStr;
    /// Does the work; must not call into JavaScript.
    fn call(isolate: &Isolate, arguments: &mut Arguments) -> Result<Answer, Fault>;
}

/// The arguments of one call, read one by one.
pub(crate) struct Arguments {
    env: sys::napi_env,
    values: [sys::napi_value; MAX_ARGUMENTS],
    /// How many the caller gave.
    count: usize,
}

impl Arguments {
    /// The count that a call is about: the argument at `index`, or 1 if the caller left it out, which is read in no time.
    pub(crate) fn count_or_one(&self, index: usize) -> Result<u32, Fault> {
        if self.count <= index { Ok(1) } else { self.whole(index) }
    }

    fn value(&self, index: usize) -> sys::napi_value {
        self.values.get(index).copied().unwrap_or(ptr::null_mut())
    }

    /// A number, as it is.
    pub(crate) fn number(&self, index: usize) -> Result<f64, Fault> {
        let mut number = 0.0;
        // SAFETY: the value is a handle of this call, or null, which Node-API refuses.
        let status = unsafe { sys::napi_get_value_double(self.env, self.value(index), &raw mut number) };
        if status == sys::Status::napi_ok { Ok(number) } else { Err(wrong_type(index, "a number")) }
    }

    /// A whole number below 2³². A fraction is cut off: what users give is checked in TypeScript.
    pub(crate) fn whole(&self, index: usize) -> Result<u32, Fault> {
        u32::try_from(self.integer(index)?).map_err(|_| wrong_type(index, "a whole number below 2^32"))
    }

    /// A whole number below 2⁵³, likewise.
    pub(crate) fn wide(&self, index: usize) -> Result<u64, Fault> {
        let wide = u64::try_from(self.integer(index)?).ok().filter(|wide| *wide < 1 << 53);
        wide.ok_or_else(|| wrong_type(index, "a whole number below 2^53"))
    }

    /// Small ones never become a double on their way: that alone is a tenth of a call.
    fn integer(&self, index: usize) -> Result<i64, Fault> {
        let mut number = 0;
        // SAFETY: as for `number`.
        let status = unsafe { sys::napi_get_value_int64(self.env, self.value(index), &raw mut number) };
        if status == sys::Status::napi_ok { Ok(number) } else { Err(wrong_type(index, "a whole number")) }
    }

    /// A boolean.
    pub(crate) fn flag(&self, index: usize) -> Result<bool, Fault> {
        let mut flag = false;
        // SAFETY: as for `number`.
        let status = unsafe { sys::napi_get_value_bool(self.env, self.value(index), &raw mut flag) };
        if status == sys::Status::napi_ok { Ok(flag) } else { Err(wrong_type(index, "a boolean")) }
    }

    /// The memory of a `Uint8Array`, for as long as this call lasts.
    pub(crate) fn bytes(&self, index: usize) -> Result<&[u8], Fault> {
        let (data, length) = self.memory(index)?;
        // SAFETY: the runtime says that `length` bytes start at `data`; no JavaScript runs while the call lasts.
        Ok(unsafe { std::slice::from_raw_parts(data, length) })
    }

    /// The memory of a `Uint8Array`, to be written to.
    pub(crate) fn bytes_mut(&mut self, index: usize) -> Result<&mut [u8], Fault> {
        let (data, length) = self.memory(index)?;
        // SAFETY: as for `bytes`; the exclusive borrow of the arguments keeps a second slice away.
        Ok(unsafe { std::slice::from_raw_parts_mut(data, length) })
    }

    fn memory(&self, index: usize) -> Result<(*mut u8, usize), Fault> {
        let mut kind = 0;
        let mut length = 0;
        let mut data: *mut c_void = ptr::null_mut();
        let mut buffer = ptr::null_mut();
        let mut offset = 0;
        // SAFETY: as for `number`; a value that is no typed array is refused.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                self.env,
                self.value(index),
                &raw mut kind,
                &raw mut length,
                &raw mut data,
                &raw mut buffer,
                &raw mut offset,
            )
        };
        if status != sys::Status::napi_ok || kind != sys::TypedarrayType::uint8_array {
            return Err(wrong_type(index, "a Uint8Array"));
        }
        if length == 0 || data.is_null() {
            return Ok((ptr::NonNull::dangling().as_ptr(), 0));
        }
        Ok((data.cast(), length))
    }
}

fn wrong_type(index: usize, want: &'static str) -> Fault {
    Fault::invalid(&format!("argument {index} of a native call"), "something else", want)
}

/// The C side of a fast call.
// SAFETY: called by Node-API alone, as the callback `register` has made, on the isolate's thread in a live scope; the callback's
// data is the isolate that `register` was given, which is not freed while its environment's JavaScript can run.
unsafe extern "C" fn entry<F: FastCall>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut values = [ptr::null_mut(); MAX_ARGUMENTS];
    let mut count = MAX_ARGUMENTS;
    let mut data = ptr::null_mut();
    // SAFETY: `values` has room for `count` handles; the rest are out-pointers to locals.
    let status = unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, values.as_mut_ptr(), ptr::null_mut(), &raw mut data)
    };
    if status != sys::Status::napi_ok || data.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: registered with the isolate, which lives as long as its environment's JavaScript can run.
    let isolate = unsafe { &*data.cast::<Isolate>() };
    let mut arguments = Arguments { env, values, count };
    let answer = catch_unwind(AssertUnwindSafe(|| F::call(isolate, &mut arguments)))
        .unwrap_or_else(|_| Err(Fault::internal(format!("a panic in {}", F::NAME.to_string_lossy()))));
    match answer {
        Ok(answer) => give(env, &answer),
        Err(fault) => {
            isolate.throw(&fault);
            ptr::null_mut()
        }
    }
}

fn give(env: sys::napi_env, answer: &Answer) -> sys::napi_value {
    let mut value = ptr::null_mut();
    // A failure leaves null, which JavaScript sees as undefined.
    let _status = match *answer {
        Answer::Nothing => return ptr::null_mut(),
        // SAFETY: an out-pointer to a local, in each arm.
        Answer::Number(number) => unsafe { sys::napi_create_double(env, number, &raw mut value) },
        // SAFETY: as above.
        Answer::Code(code) => unsafe { sys::napi_create_int32(env, code, &raw mut value) },
        // SAFETY: as above.
        Answer::Bool(flag) => unsafe { sys::napi_get_boolean(env, flag, &raw mut value) },
    };
    value
}

/// Puts one fast call on an object.
pub(crate) fn register<F: FastCall>(
    env: sys::napi_env,
    target: sys::napi_value,
    isolate: *const Isolate,
) -> Result<(), Fault> {
    let mut function = ptr::null_mut();
    // SAFETY: the name ends in NUL; the isolate outlives every call, see `entry`.
    let made = unsafe {
        sys::napi_create_function(
            env,
            F::NAME.as_ptr(),
            F::NAME.count_bytes() as isize,
            Some(entry::<F>),
            isolate.cast_mut().cast(),
            &raw mut function,
        )
    };
    // SAFETY: target and function are live handles.
    let set = unsafe { sys::napi_set_named_property(env, target, F::NAME.as_ptr(), function) };
    if made == sys::Status::napi_ok && set == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Fault::internal("a fast call could not be registered"))
    }
}

/// An object with every fast call of the package.
pub(crate) fn calls(env: sys::napi_env, isolate: &Isolate) -> Result<sys::napi_value, Fault> {
    let mut target = ptr::null_mut();
    // SAFETY: an out-pointer to a local.
    let status = unsafe { sys::napi_create_object(env, &raw mut target) };
    if status != sys::Status::napi_ok {
        return Err(Fault::internal("an object could not be made"));
    }
    crate::port_calls::register_all(env, target, isolate)?;
    crate::pool::calls::register_all(env, target, isolate)?;
    crate::channel::register_all(env, target, isolate)?;
    crate::select::register_all(env, target, isolate)?;
    crate::waits::register_all(env, target, isolate)?;
    crate::lock::register_all(env, target, isolate)?;
    crate::broadcast::register_all(env, target, isolate)?;
    crate::map::register_all(env, target, isolate)?;
    crate::keyed::register_all(env, target, isolate)?;
    crate::queue::register_all(env, target, isolate)?;
    crate::memory::atomics::register_all(env, target, isolate)?;
    crate::memory::reference::register_all(env, target, isolate)?;
    crate::goroutines::register_all(env, target, isolate)?;
    crate::retry::register_all(env, target, isolate)?;
    crate::ring::register_all(env, target, isolate)?;
    crate::breaker::register_all(env, target, isolate)?;
    crate::bulkhead::register_all(env, target, isolate)?;
    crate::adaptive::register_all(env, target, isolate)?;
    crate::shed::register_all(env, target, isolate)?;
    crate::limiter::register_all(env, target, isolate)?;
    crate::leaky_bucket::register_all(env, target, isolate)?;
    Ok(target)
}

/// Declares fast calls: `fast_calls! { c"name" => Type, |isolate, arguments| body }`, and `register_all` for them.
macro_rules! fast_calls {
    ($($(#[$doc:meta])* $name:literal $type:ident($isolate:ident, $arguments:ident) $body:block)+) => {
        $(
            $(#[$doc])*
            struct $type;

            impl $crate::fast::FastCall for $type {
                const NAME: &'static std::ffi::CStr = $name;
                fn call(
                    $isolate: &$crate::env::Isolate,
                    $arguments: &mut $crate::fast::Arguments,
                ) -> Result<$crate::fast::Answer, $crate::error::Fault> $body
            }
        )+

        pub(crate) fn register_all(
            env: napi::sys::napi_env,
            target: napi::sys::napi_value,
            isolate: &$crate::env::Isolate,
        ) -> Result<(), $crate::error::Fault> {
            $($crate::fast::register::<$type>(env, target, isolate)?;)+
            Ok(())
        }
    };
}
pub(crate) use fast_calls;

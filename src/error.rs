//! Every failure the binding can throw, with the one code TypeScript knows it by.

use std::borrow::Cow;

/// A failure on its way to JavaScript, where it becomes an instance of the class that `ts/errors.ts` has for its code.
#[derive(Debug)]
pub(crate) struct Fault {
    /// One of [`code`].
    pub(crate) code: &'static str,
    /// One clear sentence.
    pub(crate) message: Cow<'static, str>,
}

/// The codes, defined here once.
pub(crate) mod code {
    /// An argument or option that cannot be meant.
    pub(crate) const INVALID_ARGUMENT: &str = "ERR_INVALID_ARGUMENT";
    /// A handle whose object is gone, or which another isolate gave out.
    pub(crate) const STALE_HANDLE: &str = "ERR_STALE_HANDLE";
    /// A defect of ours.
    pub(crate) const INTERNAL: &str = "ERR_INTERNAL";
    /// A name in use with another configuration.
    pub(crate) const NAME_CONFLICT: &str = "ERR_NAME_CONFLICT";
    /// Nothing can be sent to it any more.
    pub(crate) const CHANNEL_CLOSED: &str = "ERR_CHANNEL_CLOSED";
    /// Something is given back that is not held.
    pub(crate) const NOT_HELD: &str = "ERR_NOT_HELD";
    /// This runtime, or this way of calling, cannot do what was asked for.
    pub(crate) const UNSUPPORTED: &str = "ERR_UNSUPPORTED";
    /// The system has no memory to give.
    pub(crate) const OUT_OF_MEMORY: &str = "ERR_OUT_OF_MEMORY";
    /// No object of that name or token.
    pub(crate) const NOT_FOUND: &str = "ERR_NOT_FOUND";
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// An option or argument by its public name, with what it got and what it wants.
    pub(crate) fn invalid(name: &str, got: &str, want: &str) -> Self {
        Self::new(code::INVALID_ARGUMENT, format!("{name}: got {got}, wants {want}"))
    }

    pub(crate) const fn stale(message: &'static str) -> Self {
        Self { code: code::STALE_HANDLE, message: Cow::Borrowed(message) }
    }

    pub(crate) fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(code::INTERNAL, message)
    }
}

impl From<Fault> for napi::Error {
    /// `#[napi]` methods can carry only a status and a string, so code and message share one, parted by a newline that
    /// no code contains; `ts/errors.ts` takes them apart.
    fn from(fault: Fault) -> Self {
        Self::new(napi::Status::GenericFailure, format!("{}\n{}", fault.code, fault.message))
    }
}

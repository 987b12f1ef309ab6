//! Values on their way between threads, as opaque bytes.
//!
//! TypeScript's codec turns a value into a kind, a number and bytes; this side stores and copies them and never looks
//! inside. Scalars need no allocation, small values one, and bodies too large for the page travel apart so that each
//! is copied once in and once out.

use crate::body::Body;
use crate::port::PortRef;

/// The kinds this side must tell apart; the numbers are those of `ts/codec/kinds.ts`.
pub(crate) mod kind {
    /// Kinds up to this one are scalars: they travel in the number alone.
    pub(crate) const LAST_SCALAR: u8 = 3;
    /// The value waits in its submitter's isolate because only the platform can clone it.
    pub(crate) const SIDE: u8 = 7;
    /// A value of the side path whose thread has ended.
    pub(crate) const LOST: u8 = 8;
    /// Set beside a kind when the bytes were handed over by `stage` and not through the page.
    pub(crate) const STAGED: u8 = 16;
}

/// One value between threads.
#[derive(Clone)]
pub(crate) enum Payload {
    /// `undefined`, `null`, a boolean or a number.
    Scalar {
        /// Which of them.
        kind: u8,
        /// The number, or 0 and 1 for a boolean.
        num: f64,
    },
    /// A value that fits the page.
    Bytes {
        /// How to read the bytes.
        kind: u8,
        /// The encoded value.
        bytes: Box<[u8]>,
    },
    /// A value with bodies that travel apart.
    Large(Box<Large>),
    /// A value that stays where it came from until a worker asks for it.
    Side {
        /// Names the value within its isolate.
        id: u32,
        /// The isolate that has it.
        origin: PortRef,
    },
}

/// A value too large for the page, or with binary bodies worth a copy of their own.
#[derive(Clone)]
pub(crate) struct Large {
    /// How to read the first part.
    pub(crate) kind: u8,
    /// The encoded value, then the bodies it refers to by index.
    pub(crate) parts: Vec<Body>,
}

impl Payload {
    /// The payload that says nothing.
    pub(crate) const UNDEFINED: Self = Self::Scalar { kind: 0, num: 0.0 };
}

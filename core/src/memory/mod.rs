//! What shared memory needs beside the bytes: waiting until a value changes, and whole values in one place.
//!
//! The bytes themselves are the host's, and so is reading them: the engine is given a closure that says whether a value is still
//! what it was.
//!
//! | file | what |
//! | --- | --- |
//! | `futex` | waiting for a notification while a value is still what one has seen |
//! | `reference` | a value that is read, replaced and compared as a whole |
//! | `ring` | who waits at the ends of a ring of bytes, whose positions both threads move without a lock |

mod futex;
mod reference;
pub mod ring;

pub use futex::{Futex, Watch};
pub use reference::Reference;

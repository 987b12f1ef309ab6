//! Rate limiters: who may pass now, and when the others may.
//!
//! A [`Rule`] is what a limiter allows: a pure function from its state, the time and what is asked for, to an answer and the next state. It
//! reads no clock and waits for nobody, so the same rule serves one limiter, a million keys, or, later, a state that lives elsewhere.
//! [`TokenBucket`] keeps its state in one word.

pub mod keyed;
mod rule;
mod token_bucket;

pub use rule::{Rule, Standing};
pub use token_bucket::{Quota, TokenBucket};

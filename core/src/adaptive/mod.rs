//! Concurrency limits that find themselves from latency, as Netflix's concurrency-limits do.
//!
//! A rule is a pure function from its state and one finished call, a [`Sample`], to the next state. [`Gradient`] compares the latency of now with
//! that of a server without load; [`Aimd`] grows step by step and backs off when calls fail or take too long. Both keep to what these
//! have in common:
//!
//! - A drop (the call was refused, or timed out) always backs off, whatever its latency: constant time-outs look like a steady server.
//!   Calls that were under way together back off once.
//! - The limit does not grow while less than half of it is in use: nothing has been learnt then.
//! - A call that says nothing about the server is no sample: it is ignored.
//!
//! [`AdaptiveLimiter`] is a [`Bulkhead`](crate::bulkhead::Bulkhead) whose most follows a rule.

mod aimd;
mod gradient;
mod limiter;
mod rule;
#[cfg(test)]
mod simulation;

pub use aimd::{Aimd, AimdState};
pub use gradient::{Gradient, GradientState};
pub use limiter::{Acquire, AdaptiveLimiter, Algorithm, Change, Outcome};
pub use rule::{Bounds, Rule, Sample};

//! Rate limiters: who may pass now, and when the others may.
//!
//! A [`Rule`] is what a limiter allows: a pure function from its state, the time and what is asked for, to an answer and the next state. It
//! reads no clock and waits for nobody, so the same rule serves one limiter, a million keys, or, later, a state that lives elsewhere.
//! A [`Limiter`] is a rule, its state, and the line of those who wait.
//!
//! | rule | what it allows within any span as long as its window | state |
//! | --- | --- | --- |
//! | [`TokenBucket`] | what the bucket holds, and what comes back meanwhile | one word |
//! | [`FixedWindow`] | the limit in each window, so up to twice that around an edge | one word |
//! | [`SlidingWindow`] | the limit; it refuses as if the window were one sub-window longer | two words for each sub-window, and until one ends a word to decide by |
//! | [`SlidingLog`] | the limit, exactly | two words for each request in the window |
//!
//! [`Composite`] is several limiters at once, all or nothing. [`LeakyQueue`] lets through what waits in it, one after the other.

mod adapt;
mod composite;
mod fixed_window;
mod generation;
mod held;
mod inner;
pub mod keyed;
mod leaky_queue;
#[expect(clippy::module_inception, reason = "the concept's own type")]
mod limiter;
mod limits;
mod line;
mod rule;
mod sliding_log;
mod sliding_window;
mod token_bucket;

pub use adapt::{Adapt, Packed};
pub use composite::{Composite, Part};
pub use fixed_window::FixedWindow;
pub use leaky_queue::{Enqueue, LeakyQueue};
pub use limiter::Limiter;
pub use limits::{Acquire, Check, Figures, Forecast, Limits, Refused, Reserve, Verdict};
pub use rule::{Rule, Standing};
pub use sliding_log::SlidingLog;
pub use sliding_window::SlidingWindow;
pub use token_bucket::{Quota, TokenBucket};

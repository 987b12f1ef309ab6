//! Circuit breakers: who may call something that fails, and when it is tried again.
//!
//! State, generation and deadline of a [`Breaker`] stand in one word, which only compare-and-set changes, so nobody ever sees a state
//! without its deadline. Time is read by the next call: no timer runs. Each [`Permit`] carries the generation that it was given in, and
//! what a call of an earlier generation comes to changes nothing; likewise what is counted carries its generation, so that a change of state
//! clears nothing and still begins at zero. As in sony/gobreaker, to which consecutive failures, generations and lazy expiry go back;
//! windows and slow calls are resilience4j's.
//!
//! While the breaker is closed, entering is one load, and a success in a row of successes writes nothing but metrics. The host's threads do both by
//! themselves: `mirror.rs` is what they look at, `tally.rs` where they count.

mod changes;
mod circuit;
mod figures;
mod mirror;
mod probes;
mod row;
mod rules;
mod state;
mod tally;
mod window;

pub use changes::Change;
pub use circuit::{Breaker, End, Entry, Permit};
pub use figures::Figures;
pub use rules::{Backoff, Rates, Rules};
pub use state::{GENERATIONS, LONGEST, Phase, State};
pub use window::{Sum, Window, WindowKind};

//! Bulkheads: so many calls at once and no more, and a line of bounded length before them.
//!
//! A [`Bulkhead`] counts who is inside; one that finds it full waits in line, in order of priority and then of coming, or is
//! refused if the line has no room. Waiting is as [`wait`](crate::wait) says: each wait is told its end once, and a place handed to one
//! who gives up in the same instant goes to the next. Places are held by [`Owner`](crate::lock::Owner)s: when one has died,
//! `release_owner` cancels its waits and frees its places. Nothing is told under a lock.
//!
//! | file | what |
//! | --- | --- |
//! | `state` | how many may be inside and how many are, in one word |
//! | `line` | who waits, by priority, so that nobody starves |
//! | `tally` | what is counted, by the engine and by the threads that pass by themselves |
//! | `gate` | the bulkhead: its lock, its waiting, its end |

mod gate;
mod line;
mod state;
mod tally;

pub use gate::{Bulkhead, Enter, Happened, Observer, Refusal};
pub use line::AGEING;
pub use tally::Figures;

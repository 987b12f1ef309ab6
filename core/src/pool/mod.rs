//! Worker pools: which task runs next, on which worker, and when workers come and go.
//!
//! Tasks wait in one shared queue ([`queue`]), first in first out within a priority, under one lock ([`shared`]). A worker
//! takes them in small batches into a queue of its own ([`worker`]), under its own lock, so that many small tasks cost few
//! crossings between cores; what it has taken and not begun can still be cancelled, stolen by an idle sibling, or given
//! back. Lock order: shared, then worker. The [`Host`] is never called under a lock: operations collect [`effects`] and
//! run them afterwards. Every accepted task settles exactly once: whoever takes its `reply` out, under a lock, settles it.
//!
//! | file | what |
//! | --- | --- |
//! | `submit`, `cancel`, `lifecycle`, `tick`, `report` | the pool's operations |
//! | `scaling`, `config` | the rules that decide, as plain functions |
//! | `park` | how a worker waits for work without losing a wake-up |

mod cancel;
mod config;
mod effects;
mod host;
mod lifecycle;
mod park;
mod queue;
mod report;
mod scaling;
mod shared;
mod submit;
mod tick;
mod worker;

pub use config::{Balancing, Config, ConfigError, OnFull};
pub use host::{
    Beat, Begun, Counts, Crash, Event, Exit, Failure, Host, Next, Nudge, Order, Outcome, PoolMetrics,
    Refusal, Refused, Replaced, Slot, TaskId, TaskOptions, WorkerHealth, WorkerId, WorkerState, WorkerWhat,
    watch,
};
pub use park::Parker;
pub use scaling::{Decision, ScalingSample, decide};
pub use shared::Pool;
pub use worker::Worker;

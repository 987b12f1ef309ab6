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
//! | `shared`, `worker`, `cell`, `task`, `queue` | what there is: the pool, its workers, their tasks |
//! | `submit`, `cancel`, `refill`, `sleeping` | a task's way in, or out again, to a worker |
//! | `starting`, `growth`, `replacing`, `ending`, `exits` | workers come and go |
//! | `notify`, `closing`, `tick`, `report` | the pool as a whole: who is told, its end, its alarm, its figures |
//! | `scaling`, `config` | the rules that decide, as plain functions |
//! | `park` | how a worker waits for work without losing a wake-up |
//! | `host`, `outcome`, `figures`, `ids` | the words a pool and the world outside use with each other |

mod cancel;
mod cell;
mod closing;
mod config;
mod effects;
mod ending;
mod exits;
mod figures;
mod growth;
mod host;
mod ids;
mod notify;
mod outcome;
mod park;
mod queue;
mod refill;
mod replacing;
mod report;
mod scaling;
mod shared;
mod sleeping;
mod starting;
mod submit;
mod task;
mod tick;
mod worker;

pub use config::{Balancing, Config, ConfigError, OnFull};
pub use figures::{Beat, Counts, PoolMetrics, WorkerHealth, WorkerState};
pub use host::{Event, Host, Nudge, Order, WorkerWhat, watch};
pub use ids::{Slot, TaskId, WorkerId};
pub use outcome::{Begun, Crash, Exit, Failure, Next, Outcome, Refusal, Refused, Replaced, TaskOptions};
pub use park::Parker;
pub use scaling::{Decision, ScalingSample, decide};
pub use shared::Pool;
pub use worker::Worker;

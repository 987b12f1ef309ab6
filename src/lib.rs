//! The N-API binding of millrace: translates between the engine (`millrace-core`) and TypeScript (`ts/`).
//!
//! One file per concept, with the engine's names, and a little plumbing: [`fast`] is the way in, [`port`] the way out,
//! [`page`] the memory both sides see, [`env`] the life of an isolate, [`codec`] values between threads, [`runtime`]
//! the timer thread, [`error`] the codes. Nothing here decides anything.
#![expect(unreachable_pub, reason = "what `#[napi]` exports is public to JavaScript, not to Rust")]

mod adaptive;
mod body;
mod breaker;
mod broadcast;
mod bulkhead;
mod channel;
mod clock;
mod codec;
mod deadlock;
mod diagnostics;
mod env;
mod error;
mod fast;
mod goroutines;
mod held;
mod keyed;
mod leaky_bucket;
mod limiter;
mod lock;
mod map;
mod memory;
mod messages;
mod numbers;
mod object;
mod page;
mod pool;
mod port;
mod port_calls;
mod queue;
mod raw_object;
mod retry;
mod ring;
mod runtime;
mod select;
mod shared;
mod shed;
mod singleflight;
mod waiting;
mod waits;
mod watchers;

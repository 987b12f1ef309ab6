//! Worker pools: the engine's pool with JavaScript on both ends.

pub(crate) mod calls;
mod configuration;
pub(crate) mod holdings;
mod host;
pub(crate) mod json;
pub(crate) mod message;
mod native;
pub(crate) mod options;
mod shared;
mod worker;

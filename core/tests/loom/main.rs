//! Every order of events that loom finds, for what several threads do to a pool at once. Run by `.ci/loom`.
#![cfg(loom)]

mod pool;

//! Laws that hold for every sequence of events.

mod histogram;
mod pool;

//! What is counted and measured.

mod ewma;
mod histogram;

pub use ewma::Ewma;
pub use histogram::Histogram;

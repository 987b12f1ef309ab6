//! What is counted and measured.

mod ewma;
mod histogram;
mod shared_histogram;

pub use ewma::Ewma;
pub use histogram::Histogram;
pub use shared_histogram::SharedHistogram;

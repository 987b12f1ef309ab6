//! A mean that follows the recent past.

/// An exponentially weighted moving average: each new value counts one eighth.
///
/// ```
/// use millrace_core::metrics::Ewma;
///
/// let mut mean = Ewma::default();
/// assert_eq!(mean.get(), None);
/// mean.record(80.0);
/// mean.record(160.0);
/// assert_eq!(mean.get(), Some(90.0));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Ewma {
    mean: Option<f64>,
}

impl Ewma {
    /// Takes in one value; the first one is the mean.
    pub fn record(&mut self, value: f64) {
        self.mean = Some(self.mean.map_or(value, |mean| mean + (value - mean) / 8.0));
    }

    /// The mean, if anything was recorded.
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        self.mean
    }
}

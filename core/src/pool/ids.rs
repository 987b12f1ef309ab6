//! The numbers of workers and tasks.

/// A worker's number, never used twice in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub u32);

/// A task's number, never used twice in a pool and below 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u64);

/// Names a running task within its worker. It goes stale when the task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Slot {
    /// As a whole number below 2^53.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        (u64::from(self.generation) << 20) | u64::from(self.index)
    }

    /// The inverse of [`to_bits`](Self::to_bits).
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self { index: (bits & 0xf_ffff) as u32, generation: (bits >> 20) as u32 }
    }
}

//! Large bodies of bytes, whose memory is used again.
//!
//! A megabyte that is fresh from the system costs as much in page faults as its copy does. What is given back is kept, up to a
//! bound, for the next body.

use std::ops::Deref;

use parking_lot::Mutex;

/// Bodies kept at most, and how large each may be.
const MOST_KEPT: usize = 8;
const LARGEST_KEPT: usize = 4 << 20;
/// Smaller ones are the allocator's own business.
const SMALLEST_KEPT: usize = 64 << 10;

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Some bytes on their way.
#[derive(Clone)]
pub(crate) struct Body(Vec<u8>);

impl Body {
    /// A copy of `bytes`.
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        if bytes.len() < SMALLEST_KEPT {
            return Self(bytes.to_vec());
        }
        let kept = {
            let mut kept = KEPT.lock();
            let fits = kept.iter().position(|body| body.capacity() >= bytes.len());
            fits.map(|at| kept.swap_remove(at))
        };
        let mut body = kept.unwrap_or_default();
        body.clear();
        body.extend_from_slice(bytes);
        Self(body)
    }
}

impl From<Box<[u8]>> for Body {
    fn from(bytes: Box<[u8]>) -> Self {
        Self(bytes.into_vec())
    }
}

impl Deref for Body {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if !(SMALLEST_KEPT..=LARGEST_KEPT).contains(&self.0.capacity()) {
            return;
        }
        let mut kept = KEPT.lock();
        if kept.len() < MOST_KEPT {
            kept.push(std::mem::take(&mut self.0));
        }
    }
}

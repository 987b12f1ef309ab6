//! Waiting for some microseconds without giving up the processor: what comes while things flow mostly comes at once, and waking a thread
//! that sleeps costs ten times as much.

use crate::sync::{MODEL, Ordering, StaticCounter, spin_loop};

/// Looks of a thread that would sleep: some tens of microseconds.
pub const LONG: u32 = if MODEL { 1 } else { 3000 };
/// Looks of a thread that has an event loop to go back to: somewhat more than it takes to wake another thread.
pub const SHORT: u32 = if MODEL { 1 } else { 1000 };

/// Threads of this process that spin now.
static SPINNING: StaticCounter = StaticCounter::new(0);

/// Looks until `seen` says so, so often, or once only if `most` threads spin already. Says whether it was seen.
pub fn spin(looks: u32, most: usize, mut seen: impl FnMut() -> bool) -> bool {
    let others = SPINNING.fetch_add(1, Ordering::Relaxed);
    let spins = if others < most { looks } else { 1 };
    let found = (0..spins).any(|_| {
        let found = seen();
        if !found {
            spin_loop();
        }
        found
    });
    SPINNING.fetch_sub(1, Ordering::Relaxed);
    found
}

/// Whether it pays to spin: each time that it was in vain, it is left out more often before the next try.
#[derive(Debug, Clone, Copy, Default)]
pub struct Patience {
    skip: u32,
    pause: u32,
}

/// It is tried at least once in so many times.
const LONGEST_PAUSE: u32 = 1023;

impl Patience {
    /// Whether to spin this time.
    pub fn wants(&mut self) -> bool {
        let wants = self.skip == 0;
        self.skip = self.skip.saturating_sub(1);
        wants
    }

    /// What came of it. Gives how many times are left out now.
    pub fn tell(&mut self, seen: bool) -> u32 {
        self.pause = if seen { 0 } else { (self.pause * 2 + 1).min(LONGEST_PAUSE) };
        self.skip = self.pause;
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_until_it_sees_and_no_longer() {
        let mut looks = 0;
        assert!(spin(LONG, usize::MAX, || {
            looks += 1;
            looks == 3
        }));
        assert_eq!(looks, 3);
        let mut looks = 0;
        assert!(!spin(LONG, 0, || {
            looks += 1;
            false
        }));
        assert_eq!(looks, 1);
    }

    #[test]
    fn what_is_in_vain_is_left_out_ever_more_often_and_tried_again_in_the_end() {
        let mut patience = Patience::default();
        assert!(patience.wants());
        assert_eq!([false, false, false].map(|seen| patience.tell(seen)), [1, 3, 7]);
        assert_eq!((0..8).filter(|_| patience.wants()).count(), 1);
        (0..20).for_each(|_| _ = patience.tell(false));
        assert_eq!((0..=LONGEST_PAUSE).filter(|_| patience.wants()).count(), 1);
        assert_eq!(patience.tell(true), 0);
        assert!(patience.wants() && patience.wants());
    }
}

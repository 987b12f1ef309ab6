//! The token bucket as the generic cell rate algorithm: the state is one word, the time at which the bucket is full again.
//!
//! The bucket holds `capacity` tokens, and `tokens` come back every `interval`, evenly. Within any span `w` it allows at most
//! `capacity + tokens × w ÷ interval`. Times are counted in sixteenths of a nanosecond, and what a request costs is rounded up to the next: so it never
//! allows more, and less by at most a sixteenth of a nanosecond for each request. A word lasts 36 years of uptime.

use std::num::NonZeroU64;

use super::adapt::Adapt;
use super::rule::{Rule, Standing};
use crate::clock::Nanos;

/// Sixteenths.
const FINE: u32 = 4;

const fn fine(time: Nanos) -> u64 {
    time.saturating_mul(1 << FINE)
}

/// Rounded up: at the nanosecond that this gives, the fine time has come.
const fn coarse(time: u64) -> Nanos {
    time.div_ceil(1 << FINE)
}

/// How much in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many tokens the bucket holds.
    pub capacity: NonZeroU64,
    /// How many come back …
    pub tokens: NonZeroU64,
    /// … every so many nanoseconds.
    pub interval: NonZeroU64,
    /// Whether tokens that were saved up may be taken at once. Otherwise each request comes only after what the last one took has come
    /// back, so that they are spaced evenly.
    pub burst: bool,
}

/// A [`Quota`] as a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBucket {
    quota: Quota,
    /// What one token costs, which nearly all ask for.
    one: u64,
    /// What the whole bucket costs.
    all: u64,
}

impl TokenBucket {
    /// The rule of a quota.
    #[must_use]
    pub const fn new(quota: Quota) -> Self {
        let mut rule = Self { quota, one: 0, all: 0 };
        rule.one = rule.span(1);
        rule.all = rule.span(quota.capacity.get());
        rule
    }

    /// The longest time in which a bucket may [fill](Self::fills_in): about nine years, which leaves as many of uptime.
    pub const LONGEST: Nanos = u64::MAX >> (FINE + 2);

    /// The time in which an empty bucket is full again. One that takes longer than [`LONGEST`](Self::LONGEST) holds less than it should.
    #[must_use]
    pub const fn fills_in(&self) -> Nanos {
        coarse(self.all)
    }

    /// Its quota.
    #[must_use]
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    /// The time in which so many tokens come back, in sixteenths.
    const fn span(&self, tokens: u64) -> u64 {
        let whole = tokens as u128 * fine(self.quota.interval.get()) as u128;
        let span = whole.div_ceil(self.quota.tokens.get() as u128);
        // Half of all time is for ever, and leaves room to add.
        if span > (u64::MAX / 2) as u128 { u64::MAX / 2 } else { span as u64 }
    }

    fn cost(&self, tokens: u64) -> u64 {
        if tokens == 1 { self.one } else { self.span(tokens) }
    }

    /// When `state` allows it, in sixteenths.
    fn due(&self, state: u64, cost: u64) -> u64 {
        if self.quota.burst { state.saturating_add(cost).saturating_sub(self.all) } else { state }
    }
}

impl Rule for TokenBucket {
    /// When the bucket is full, in sixteenths of a nanosecond.
    type State = u64;

    fn earliest(&self, state: &u64, now: Nanos, cost: u64) -> Option<Nanos> {
        if cost == 0 {
            return Some(now);
        }
        if cost > self.quota.capacity.get() {
            return None;
        }
        Some(coarse(self.due(*state, self.cost(cost))).max(now))
    }

    fn take(&self, state: &mut u64, now: Nanos, cost: u64) {
        if cost > 0 {
            // What came back while it was full is not saved up.
            *state = (*state).max(fine(now)).saturating_add(self.cost(cost)).min(u64::MAX / 2);
        }
    }

    fn give_back(&self, state: &mut u64, now: Nanos, _taken: Nanos, cost: u64) {
        // Below `now` it is full, whatever comes back.
        *state = state.saturating_sub(self.cost(cost)).max(fine(now).min(*state));
    }

    fn standing(&self, state: &u64, now: Nanos) -> Standing {
        let missing = state.saturating_sub(fine(now));
        let capacity = self.quota.capacity.get();
        let remaining = if self.quota.burst {
            let free = self.all.saturating_sub(missing);
            let tokens =
                free as u128 * self.quota.tokens.get() as u128 / fine(self.quota.interval.get()) as u128;
            // Each token's cost was rounded up, so a full bucket may count one too many.
            u64::try_from(tokens).map_or(capacity, |tokens| tokens.min(capacity))
        } else if missing == 0 {
            capacity
        } else {
            0
        };
        Standing { limit: capacity, remaining, reset_at: coarse(*state).max(now) }
    }
}

/// Tokens convert in proportion: a bucket that was half full is half full.
impl Adapt for TokenBucket {
    fn adapt(&self, old: &Self, state: &u64, now: Nanos) -> u64 {
        let missing = state.saturating_sub(fine(now));
        if missing == 0 {
            return *state;
        }
        let scaled = |time: u64, to: u64, from: u64| {
            let scaled = (u128::from(time) * u128::from(to)).div_ceil(u128::from(from.max(1)));
            u64::try_from(scaled).unwrap_or(u64::MAX / 2)
        };
        let missing = match (old.quota.burst, self.quota.burst) {
            (true, true) => scaled(missing, self.all, old.all),
            // Only what is missing of the next one is waited for.
            (true, false) => scaled((missing + old.one).saturating_sub(old.all), self.one, old.one),
            (false, _) => scaled(missing, self.one, old.one),
        };
        fine(now).saturating_add(missing).min(u64::MAX / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLI;

    fn bucket(capacity: u64, tokens: u64, interval: Nanos, burst: bool) -> TokenBucket {
        let some = |n| NonZeroU64::new(n).unwrap();
        TokenBucket::new(Quota {
            capacity: some(capacity),
            tokens: some(tokens),
            interval: some(interval),
            burst,
        })
    }

    fn try_take(rule: &TokenBucket, state: &mut u64, now: Nanos, cost: u64) -> bool {
        let may = rule.earliest(state, now, cost) == Some(now);
        if may {
            rule.take(state, now, cost);
        }
        may
    }

    #[test]
    fn a_full_bucket_gives_its_capacity_at_once_and_then_at_its_rate() {
        let (rule, mut state) = (bucket(10, 10, 1000 * MILLI, true), 0);
        let start = 5_000 * MILLI;
        assert_eq!((0..20).filter(|_| try_take(&rule, &mut state, start, 1)).count(), 10);
        assert_eq!(rule.earliest(&state, start, 1), Some(start + 100 * MILLI));
        assert_eq!(rule.earliest(&state, start, 10), Some(start + 1000 * MILLI));
        assert!(!try_take(&rule, &mut state, start + 100 * MILLI - 1, 1));
        assert!(try_take(&rule, &mut state, start + 100 * MILLI, 1));
    }

    #[test]
    fn what_an_idle_bucket_saves_up_ends_at_its_capacity() {
        let (rule, mut state) = (bucket(2, 1, MILLI, true), 0);
        assert!(try_take(&rule, &mut state, 0, 2));
        assert_eq!(rule.standing(&state, 1_000_000 * MILLI).remaining, 2);
        assert!(try_take(&rule, &mut state, 1_000_000 * MILLI, 2));
        assert!(!try_take(&rule, &mut state, 1_000_000 * MILLI, 1));
    }

    #[test]
    fn more_than_the_capacity_is_never_allowed() {
        assert_eq!(bucket(2, 1, MILLI, true).earliest(&0, 7, 3), None);
    }

    #[test]
    fn without_bursts_requests_are_spaced_evenly_by_what_they_take() {
        let (rule, mut state) = (bucket(5, 1, 10 * MILLI, false), 0);
        let start = 1_000 * MILLI;
        assert!(try_take(&rule, &mut state, start, 3));
        assert_eq!(rule.earliest(&state, start, 1), Some(start + 30 * MILLI));
        assert!(try_take(&rule, &mut state, start + 30 * MILLI, 1));
        assert_eq!(rule.earliest(&state, start + 30 * MILLI, 1), Some(start + 40 * MILLI));
    }

    #[test]
    fn what_is_given_back_never_overfills_it() {
        let (rule, mut state) = (bucket(3, 1, MILLI, true), 0);
        let now = 100 * MILLI;
        assert!(try_take(&rule, &mut state, now, 2));
        rule.give_back(&mut state, now, now, 1);
        assert_eq!(rule.standing(&state, now).remaining, 2);
        rule.give_back(&mut state, now, now, 3);
        assert_eq!(rule.standing(&state, now).remaining, 3);
        assert!(!try_take(&rule, &mut state, now, 4) && try_take(&rule, &mut state, now, 3));
        assert!(!try_take(&rule, &mut state, now, 1));
    }
}

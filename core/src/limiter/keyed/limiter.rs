//! The limiter: its shards, and what can be done with a key.

use std::hash::{BuildHasher, RandomState};

use crossbeam_utils::CachePadded;

use super::limit::Limits;
use super::room::{Room, Seats};
use super::shard::{Ask, Common, Hashed, Shard, Verdict};
use super::special::List;
use super::{Decision, KeyedStats, OnFull};
use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, AtomicBool, Mutex, Weak};
use crate::timer::Timers;
use crate::wait::WakeTarget;

/// Shards of a limiter. One whose keys are few has a single one, so that it sees all of them when it looks for room.
const SHARDS: u64 = 64;
/// From so many keys on they are cut into shards.
const LARGE: u64 = 4096;

/// A limiter of many keys.
#[derive(Debug)]
pub struct KeyedLimiter<W: WakeTarget> {
    pub(super) shards: Box<[CachePadded<Mutex<Shard<W>>>]>,
    pub(super) common: Common,
    /// Held while all shards are given other limits, so that all have the same in the end.
    configuring: Mutex<()>,
    /// Keyed at random: nobody outside can choose keys that collide.
    hasher: RandomState,
    clock: Arc<dyn Clock>,
    pub(super) timers: Arc<dyn Timers>,
    pub(super) closed: AtomicBool,
    pub(super) own: Weak<Self>,
}

impl<W: WakeTarget> KeyedLimiter<W> {
    /// A limiter of at most `max_keys` keys, if that is given, for which at most `max_waiting` wait together.
    pub fn new(
        limits: Limits,
        max_keys: Option<u64>,
        on_full: OnFull,
        max_waiting: usize,
        clock: Arc<dyn Clock>,
        timers: Arc<dyn Timers>,
    ) -> Arc<Self> {
        let count = if max_keys.is_some_and(|most| most < LARGE) { 1 } else { SHARDS };
        let room = max_keys.map(|most| Room::new(most, on_full));
        Arc::new_cyclic(|own| Self {
            shards: (0..count).map(|_| CachePadded::new(Mutex::new(Shard::new(&limits)))).collect(),
            common: Common { room, seats: Seats::new(max_waiting) },
            configuring: Mutex::default(),
            hasher: RandomState::new(),
            clock,
            timers,
            closed: AtomicBool::new(false),
            own: Weak::clone(own),
        })
    }

    /// Does something with the shard of a key, at the time that it is then: under the lock, so that times of a key never run backwards.
    pub(super) fn with<T>(
        &self,
        key: &[u8],
        work: impl FnOnce(&mut Shard<W>, Hashed<'_>, Nanos) -> T,
    ) -> Option<T> {
        let hasher = |key: &[u8]| self.hasher.hash_one(key);
        let hash = hasher(key);
        // The bits that choose the shard are not those that choose the place in its table.
        let shard = self.shards.get((hash >> 32) as usize % self.shards.len().max(1))?;
        let mut shard = shard.lock();
        let now = self.clock.now();
        Some(work(&mut shard, Hashed { key, hash, hasher: &hasher }, now))
    }

    /// Does something that may let those pass who wait for the key.
    pub(super) fn change<T>(
        &self,
        key: &[u8],
        work: impl FnOnce(&mut Shard<W>, Hashed<'_>, Nanos) -> T,
    ) -> Option<T> {
        let (answer, served) = self.with(key, |shard, at, now| {
            let answer = work(shard, at, now);
            (answer, self.serve(shard, at, now))
        })?;
        drop(served);
        Some(answer)
    }

    /// Decides about a request.
    pub fn ask(&self, key: &[u8], cost: u64, ask: Ask) -> Verdict {
        if self.is_closed() {
            return Verdict::Closed;
        }
        let decide = |shard: &mut Shard<W>, at: Hashed<'_>, now| {
            let ahead = shard.lines.has(at);
            shard.ask(&self.common, at, now, cost, ask, ahead)
        };
        self.with(key, decide).unwrap_or(Verdict::Closed)
    }

    /// Decides about a request, and says how the key stands then.
    pub fn ask_all(&self, key: &[u8], cost: u64, ask: Ask) -> Decision {
        let decide = |shard: &mut Shard<W>, at: Hashed<'_>, now| {
            let ahead = shard.lines.has(at);
            let mut verdict = shard.ask(&self.common, at, now, cost, ask, ahead);
            if verdict == Verdict::Behind {
                verdict = Verdict::Limited(shard.behind_all(at, now, cost));
            }
            Decision { verdict, standing: shard.standing(at, now), now }
        };
        let decision = if self.is_closed() { None } else { self.with(key, decide) };
        decision.unwrap_or_default()
    }

    /// Whether it knows anything of a key.
    pub fn knows(&self, key: &[u8]) -> bool {
        self.with(key, |shard, at, now| shard.knows(at, now)).unwrap_or(false)
    }

    /// Gives back what was taken at `taken`; `None`: just now.
    pub fn give_back(&self, key: &[u8], taken: Option<Nanos>, cost: u64) {
        self.change(key, |shard, at, now| {
            shard.give_back(at, now, taken.unwrap_or(now), cost);
        });
    }

    /// Blocks a key for a time; 0: not any more.
    pub fn block(&self, key: &[u8], span: Nanos) {
        self.change(key, |shard, at, now| {
            if span > 0 {
                shard.special(&self.common, at, now).blocked = now.saturating_add(span);
            } else if let Some(special) = shard.look_special(at) {
                special.blocked = 0;
            }
        });
    }

    /// Puts a key on a list, and takes it from the other, or from both. The one it stood on.
    pub fn set_list(&self, key: &[u8], list: Option<List>) -> Option<List> {
        let set = |shard: &mut Shard<W>, at: Hashed<'_>, now| match list {
            Some(_) => std::mem::replace(&mut shard.special(&self.common, at, now).list, list),
            None => shard.look_special(at)?.list.take(),
        };
        self.change(key, set).flatten()
    }

    /// The list that a key stands on.
    pub fn list(&self, key: &[u8]) -> Option<List> {
        self.with(key, |shard, at, _| shard.look_special(at)?.list).flatten()
    }

    /// Gives a key limits of its own, or takes them from it. What it has taken counts on.
    pub fn set_limits(&self, key: &[u8], limits: Option<Limits>) {
        self.change(key, |shard, at, now| shard.set_limits(&self.common, at, now, limits));
    }

    /// The limits of a key: its own, or those of all. Nothing of one that cannot be looked for.
    pub fn limits_of(&self, key: &[u8]) -> Option<Limits> {
        self.with(key, |shard, at, _| shard.limits_of(at).clone())
    }

    /// Decides by other limits from here on, save for keys that have their own. A limit goes on where the one in its place has stopped, as
    /// [`Adapt`](crate::limiter::Adapt) says; of another kind than that one it takes over how much was taken. Those who wait keep their
    /// order; one who waits for more than is ever allowed now is told `Closed`.
    pub fn configure(&self, limits: &Limits) {
        let hasher = |key: &[u8]| self.hasher.hash_one(key);
        let one = self.configuring.lock();
        let mut waited: Vec<Box<[u8]>> = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            let gone = shard.configure(&self.common, limits, &hasher, self.clock.now());
            waited.extend(shard.lines.keys().map(Box::from));
            drop(shard);
            drop(gone);
        }
        drop(one);
        waited.iter().for_each(|key| self.serve_key(key));
    }

    /// Forgets what a key has taken, and how long it is blocked. Whether there was anything of that.
    pub fn reset(&self, key: &[u8]) -> bool {
        self.change(key, |shard, at, now| shard.reset(&self.common, at, now)).unwrap_or(false)
    }

    /// As [`reset`](Self::reset) for all keys.
    pub fn reset_all(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let gone = shard.reset_all(&self.common);
            let waited: Vec<Box<[u8]>> = shard.lines.keys().map(Box::from).collect();
            drop(shard);
            drop(gone);
            waited.iter().for_each(|key| self.serve_key(key));
        }
    }

    /// Drops all keys whose limits have come back. How many that were.
    pub fn sweep(&self) -> usize {
        let hasher = |key: &[u8]| self.hasher.hash_one(key);
        let sweep = |shard: &CachePadded<Mutex<Shard<W>>>| {
            let mut shard = shard.lock();
            shard.sweep(&self.common, &hasher, self.clock.now())
        };
        self.shards.iter().map(sweep).sum()
    }

    /// How many keys it knows, those included whose limits have come back and that nobody has met since.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it has counted.
    pub fn stats(&self) -> KeyedStats {
        let mut all = KeyedStats::default();
        for shard in &self.shards {
            let shard = shard.lock();
            let KeyedStats { allowed, refused, turned_away, dropped, .. } = shard.stats;
            all.allowed += allowed;
            all.refused += refused;
            all.turned_away += turned_away;
            all.dropped += dropped;
            all.keys += shard.len() as u64;
            all.bytes += shard.bytes() as u64;
            all.waiting += shard.lines.requests().count() as u64;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroU64};

    use super::super::Limit;
    use super::*;
    use crate::limiter::{Quota, TokenBucket};
    use crate::lock::told::Told;
    use crate::timer::ManualTimers;

    type Limiter = Arc<KeyedLimiter<Arc<Told>>>;

    fn bucket(tokens: u64, interval: Nanos) -> Limit {
        let some = |n| NonZeroU64::new(n).unwrap();
        let quota =
            Quota { capacity: some(tokens), tokens: some(tokens), interval: some(interval), burst: true };
        Limit::Bucket(TokenBucket::new(quota))
    }

    fn fixed(limit: u32, window: Nanos) -> Limit {
        Limit::fixed(NonZeroU32::new(limit).unwrap(), NonZeroU64::new(window).unwrap())
    }

    fn limiter(limits: &[Limit], max_keys: Option<u64>, on_full: OnFull) -> (Limiter, Arc<ManualTimers>) {
        let timers = Arc::new(ManualTimers::default());
        timers.advance(1_000_000);
        let limits = Limits::new(limits.to_vec()).unwrap();
        let own: Arc<dyn Timers> = timers.clone();
        (KeyedLimiter::new(limits, max_keys, on_full, 99, timers.clock.clone(), own), timers)
    }

    fn take(limiter: &Limiter, key: &str, cost: u64) -> bool {
        limiter.ask(key.as_bytes(), cost, Ask::Take) == Verdict::Allowed
    }

    fn remaining(limiter: &Limiter, key: &str) -> u64 {
        limiter.ask_all(key.as_bytes(), 0, Ask::Look).standing.remaining
    }

    #[test]
    fn each_key_has_its_own() {
        let (limiter, timers) = limiter(&[bucket(2, 1000)], None, OnFull::Refuse);
        assert!(take(&limiter, "a", 1) && take(&limiter, "a", 1) && !take(&limiter, "a", 1));
        assert!(take(&limiter, "b", 2));
        timers.advance(500);
        assert!(take(&limiter, "a", 1) && !take(&limiter, "a", 1));
    }

    #[test]
    fn several_limits_hold_all_at_once_and_nothing_is_taken_when_one_refuses() {
        let (limiter, timers) = limiter(&[bucket(10, 1000), fixed(15, 100_000)], None, OnFull::Refuse);
        assert!(take(&limiter, "a", 10) && !take(&limiter, "a", 1));
        timers.advance(1000);
        assert!(!take(&limiter, "a", 6));
        // The first had ten again, and the six that were refused took none of them.
        assert_eq!(remaining(&limiter, "a"), 5);
        assert!(take(&limiter, "a", 5));
        let refused = limiter.ask_all(b"a", 1, Ask::Take);
        assert_eq!(refused.verdict, Verdict::Limited(Some(1_100_000)));
        assert_eq!((refused.standing.limit, refused.standing.reset_at), (15, 1_100_000));
        assert_eq!(limiter.ask(b"b", 11, Ask::Take), Verdict::Limited(None));
        assert_eq!(limiter.len(), 1);
    }

    #[test]
    fn a_key_whose_limits_have_come_back_is_forgotten_and_no_other() {
        let (limiter, timers) = limiter(&[fixed(3, 1000)], None, OnFull::Refuse);
        for key in 0..10_000 {
            assert!(take(&limiter, &format!("key {key}"), 1));
            timers.advance(1);
        }
        // A thousand of them still owe something.
        assert!((999..6000).contains(&limiter.len()), "{}", limiter.len());
        limiter.sweep();
        assert_eq!(limiter.len(), 999);
        assert_eq!(remaining(&limiter, "key 9500"), 2);
        assert!(limiter.knows(b"key 9500") && !limiter.knows(b"key 50"));
        timers.advance(1000);
        assert_eq!((limiter.sweep(), limiter.len()), (999, 0));
        assert_eq!(limiter.stats().dropped, 10_000);
    }

    #[test]
    fn flooding_keys_resets_nobodys_limit() {
        let (limiter, timers) = limiter(&[fixed(1, 1000)], Some(50), OnFull::Refuse);
        assert!(take(&limiter, "attacker", 1));
        for key in 0..10_000 {
            let _flood = take(&limiter, &key.to_string(), 1);
        }
        assert!(!take(&limiter, "attacker", 1));
        assert_eq!(limiter.len(), 50);
        assert_eq!(limiter.ask(b"new", 1, Ask::Take), Verdict::Full);
        assert_eq!(limiter.ask(b"new", 1, Ask::Look), Verdict::Allowed);
        assert_eq!(limiter.stats().turned_away, 9952);
        timers.advance(1000);
        assert!(take(&limiter, "new", 1) && take(&limiter, "attacker", 1));
    }

    #[test]
    fn when_full_new_keys_may_pass_uncounted() {
        let (limiter, _) = limiter(&[fixed(1, 1000)], Some(2), OnFull::Allow);
        assert!(take(&limiter, "a", 1) && take(&limiter, "b", 1));
        assert!(take(&limiter, "c", 1) && take(&limiter, "c", 1) && !take(&limiter, "a", 1));
        assert_eq!(limiter.len(), 2);
        assert!(limiter.reset(b"a") && take(&limiter, "c", 1) && !take(&limiter, "c", 1));
    }

    #[test]
    fn lists_let_through_and_shut_out_and_can_be_changed_meanwhile() {
        let (limiter, _) = limiter(&[fixed(1, 1000)], None, OnFull::Refuse);
        assert!(take(&limiter, "a", 1));
        assert_eq!(limiter.set_list(b"a", Some(List::Allow)), None);
        assert!((0..9).all(|_| take(&limiter, "a", 1)));
        assert_eq!(limiter.set_list(b"a", Some(List::Deny)), Some(List::Allow));
        assert_eq!(limiter.ask(b"a", 1, Ask::Take), Verdict::Denied);
        assert_eq!((limiter.list(b"a"), limiter.list(b"b")), (Some(List::Deny), None));
        assert_eq!(limiter.set_list(b"a", None), Some(List::Deny));
        // What it had taken before still counts.
        assert!(!take(&limiter, "a", 1));
    }

    #[test]
    fn a_block_ends_by_itself_or_when_it_is_taken_back() {
        let (limiter, timers) = limiter(&[fixed(3, 100)], None, OnFull::Refuse);
        assert!(take(&limiter, "a", 1));
        limiter.block(b"a", 500);
        assert_eq!(limiter.ask(b"a", 1, Ask::Take), Verdict::Blocked(1_000_500));
        assert!(limiter.knows(b"a"));
        timers.advance(500);
        assert!(take(&limiter, "a", 3));
        limiter.block(b"b", 500);
        limiter.block(b"b", 0);
        assert!(take(&limiter, "b", 1));
        timers.advance(100);
        assert_eq!((limiter.sweep(), limiter.len()), (2, 0));
    }

    #[test]
    fn a_key_has_limits_of_its_own_under_which_what_it_has_taken_counts_on() {
        let (limiter, timers) = limiter(&[fixed(10, 1000)], None, OnFull::Refuse);
        assert!(take(&limiter, "a", 4));
        let own = Limits::new(vec![bucket(20, 1000), fixed(30, 5000)]).unwrap();
        limiter.set_limits(b"a", Some(own.clone()));
        assert_eq!((limiter.limits_of(b"a"), remaining(&limiter, "a")), (Some(own), 16));
        assert!(take(&limiter, "a", 16) && !take(&limiter, "a", 1));
        timers.advance(1000);
        assert_eq!(remaining(&limiter, "a"), 14);
        limiter.set_limits(b"a", None);
        assert_eq!((remaining(&limiter, "a"), limiter.limits_of(b"a").unwrap().each().len()), (10, 1));
        limiter.set_limits(b"b", None);
        assert!(!limiter.knows(b"b"));
    }

    #[test]
    fn configured_anew_each_key_counts_on_and_those_with_limits_of_their_own_keep_them() {
        for max_keys in [Some(100), None] {
            let (limiter, timers) = limiter(&[bucket(10, 1000), fixed(8, 5000)], max_keys, OnFull::Refuse);
            let own = Limits::new(vec![fixed(3, 1000)]).unwrap();
            limiter.set_limits(b"own", Some(own.clone()));
            limiter.block(b"blocked", 50);
            assert!(take(&limiter, "own", 1) && take(&limiter, "a", 4) && take(&limiter, "b", 8));
            timers.advance(100);
            assert_eq!(limiter.ask(b"a", 2, Ask::Force), Verdict::Allowed);
            // Of the bucket half is left, as it is of a larger one; the window has its six.
            let more = Limits::new(vec![bucket(100, 1000), fixed(20, 6000)]).unwrap();
            limiter.configure(&more);
            assert_eq!(limiter.limits_of(b"a"), Some(more));
            assert_eq!((remaining(&limiter, "a"), remaining(&limiter, "b")), (14, 12));
            assert_eq!((remaining(&limiter, "new"), remaining(&limiter, "blocked")), (20, 20));
            assert_eq!(limiter.limits_of(b"own"), Some(own));
            assert!(take(&limiter, "own", 2) && !take(&limiter, "own", 1));
            // Another number of limits, of another kind: how many were taken counts.
            limiter.configure(&Limits::new(vec![fixed(60, 1000)]).unwrap());
            assert_eq!((remaining(&limiter, "a"), remaining(&limiter, "new")), (10, 60));
            timers.advance(1000);
            assert_eq!((remaining(&limiter, "a"), limiter.sweep() > 0), (60, true));
            assert!(take(&limiter, "blocked", 60) && !take(&limiter, "blocked", 1));
        }
    }

    #[test]
    fn configured_anew_what_a_key_owes_beyond_its_limit_is_not_forgotten() {
        let (limiter, timers) = limiter(&[fixed(3, 1000)], None, OnFull::Refuse);
        assert_eq!(limiter.ask(b"a", 9, Ask::Force), Verdict::Allowed);
        limiter.configure(&Limits::new(vec![fixed(8, 1000)]).unwrap());
        assert!(!take(&limiter, "a", 1));
        timers.advance(1000);
        assert!(take(&limiter, "a", 8));
    }

    #[test]
    fn configuring_drops_what_has_come_back_and_makes_room() {
        let (limiter, timers) = limiter(&[fixed(3, 1000)], Some(2), OnFull::Refuse);
        assert!(take(&limiter, "a", 1) && take(&limiter, "b", 1) && !take(&limiter, "c", 1));
        timers.advance(1000);
        limiter.configure(&Limits::new(vec![fixed(8, 1000)]).unwrap());
        assert_eq!((limiter.len(), limiter.stats().dropped), (0, 2));
        assert!(take(&limiter, "c", 1) && take(&limiter, "d", 1) && !take(&limiter, "e", 1));
    }

    #[test]
    fn a_penalty_takes_what_is_not_there_and_a_reward_gives_no_more_than_was_taken() {
        let (limiter, timers) = limiter(&[fixed(3, 100)], None, OnFull::Refuse);
        assert_eq!(limiter.ask(b"a", 5, Ask::Force), Verdict::Allowed);
        limiter.give_back(b"a", None, 1);
        assert_eq!(remaining(&limiter, "a"), 0);
        limiter.give_back(b"a", None, 100);
        assert_eq!(remaining(&limiter, "a"), 3);
        limiter.give_back(b"unknown", None, 1);
        assert!(!limiter.knows(b"unknown"));
        let taken = limiter.ask_all(b"a", 2, Ask::Take).now;
        timers.advance(100);
        assert!(take(&limiter, "a", 1));
        limiter.give_back(b"a", Some(taken), 2);
        assert_eq!(remaining(&limiter, "a"), 2);
    }

    #[test]
    fn clearing_forgets_what_was_taken_and_keeps_what_was_set() {
        let (limiter, _) = limiter(&[fixed(1, 100)], Some(10), OnFull::Refuse);
        assert!(take(&limiter, "a", 1) && take(&limiter, "b", 1));
        limiter.set_list(b"c", Some(List::Deny));
        limiter.block(b"d", 100);
        limiter.reset_all();
        assert!(take(&limiter, "a", 1) && take(&limiter, "b", 1) && take(&limiter, "d", 1));
        assert!(!take(&limiter, "c", 1));
        assert!((0..8).all(|key| take(&limiter, &key.to_string(), 1)));
        assert!(!take(&limiter, "last", 1), "there is room for ten, those that are special not counted");
    }

    #[test]
    fn a_closed_one_decides_nothing() {
        let (limiter, _) = limiter(&[fixed(1, 100)], None, OnFull::Refuse);
        assert!(limiter.close() && !limiter.close());
        assert_eq!(limiter.ask(b"a", 1, Ask::Take), Verdict::Closed);
        assert_eq!(limiter.ask_all(b"a", 1, Ask::Take).verdict, Verdict::Closed);
    }
}

//! Keys that are not like the others: with limits of their own, let through, shut out, or blocked for a time.

use hashbrown::HashTable;

use super::limit::Limits;
use crate::clock::Nanos;
use crate::sync::Arc;

/// A list that a key may stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// It may always pass, and takes nothing.
    Allow,
    /// It may never pass.
    Deny,
}

/// One such key. It stands here and not among the others.
#[derive(Debug)]
pub(super) struct Special {
    hash: u64,
    key: Box<[u8]>,
    pub(super) list: Option<List>,
    /// Until when it is blocked.
    pub(super) blocked: Nanos,
    /// Its own limits.
    pub(super) limits: Option<Arc<Limits>>,
    pub(super) words: Box<[u64]>,
}

impl Special {
    pub(super) fn is_idle(&self, limits: &Limits, now: Nanos) -> bool {
        self.list.is_none()
            && self.limits.is_none()
            && self.blocked <= now
            && limits.is_fresh(&self.words, now)
    }
}

/// Those of a shard.
#[derive(Debug, Default)]
pub(super) struct Specials(HashTable<Special>);

impl Specials {
    pub(super) fn find(&mut self, hash: u64, key: &[u8]) -> Option<&mut Special> {
        if self.0.is_empty() {
            return None;
        }
        self.0.find_mut(hash, |special| *special.key == *key)
    }

    /// A key that is special from here on, with these words if it was not; those that are so no more are dropped before the table grows.
    pub(super) fn meet(
        &mut self,
        hash: u64,
        key: &[u8],
        words: impl FnOnce() -> Box<[u64]>,
        limits: &Limits,
        now: Nanos,
    ) -> &mut Special {
        if self.0.len() == self.0.capacity() {
            self.sweep(limits, now);
        }
        let new = || Special { hash, key: key.into(), list: None, blocked: 0, limits: None, words: words() };
        let same = |special: &Special| *special.key == *key;
        self.0.entry(hash, same, |special| special.hash).or_insert_with(new).into_mut()
    }

    /// Forgets what a key has taken, and how long it is blocked. Whether there was anything of that.
    pub(super) fn reset(&mut self, hash: u64, key: &[u8], now: Nanos) -> bool {
        let Some(special) = self.find(hash, key) else { return false };
        let had = special.blocked > now || special.words.iter().any(|word| *word != 0);
        special.blocked = 0;
        special.words.fill(0);
        had
    }

    /// As [`reset`](Self::reset) for all.
    pub(super) fn reset_all(&mut self) {
        for special in &mut self.0 {
            special.blocked = 0;
            special.words.fill(0);
        }
    }

    /// Drops those that are like the others.
    pub(super) fn sweep(&mut self, limits: &Limits, now: Nanos) {
        self.0.retain(|special| !special.is_idle(limits, now));
    }

    /// All keys have other limits, save those that have their own.
    pub(super) fn adapt(&mut self, to: &Limits, from: &Limits, now: Nanos) {
        for special in self.0.iter_mut().filter(|special| special.limits.is_none()) {
            let mut words = vec![0; to.words()].into_boxed_slice();
            to.adapt(from, &special.words, now, &mut words);
            special.words = words;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

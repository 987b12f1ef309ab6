//! What receivers find in a channel: a line, or a line for each rank.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::mem::{swap, take};

/// The rank of a message: larger comes first.
pub(super) type RankOf<T> = fn(&T) -> i32;

/// The messages that receivers take, the next one first.
pub(super) enum Messages<T> {
    /// First in, first out.
    Line(VecDeque<T>),
    /// The highest rank first, and first in, first out within one.
    Ranks(Ranks<T>),
}

impl<T> Messages<T> {
    /// Whether they go by rank.
    pub(super) const fn is_ranked(&self) -> bool {
        matches!(self, Self::Ranks(_))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Line(line) => line.len(),
            Self::Ranks(ranks) => ranks.len,
        }
    }

    /// Takes the next message, if no look at those that have been sent since is needed to know which one that is.
    pub(super) fn pop_unseen(&mut self) -> Option<T> {
        match self {
            Self::Line(line) => line.pop_front(),
            Self::Ranks(_) => None,
        }
    }

    /// Takes in what has been sent, as far as the next message may be among it.
    pub(super) fn refill(&mut self, sent: &mut VecDeque<T>) {
        match self {
            Self::Line(line) if line.is_empty() => swap(line, sent),
            Self::Line(_) => {}
            Self::Ranks(ranks) => sent.drain(..).for_each(|message| ranks.line(&message).push_back(message)),
        }
    }

    /// Takes the next message of a [refilled](Self::refill) one.
    pub(super) fn pop(&mut self) -> Option<T> {
        match self {
            Self::Line(line) => line.pop_front(),
            Self::Ranks(ranks) => ranks.pop(),
        }
    }

    /// The next message of a [refilled](Self::refill) one.
    pub(super) fn first(&self) -> Option<&T> {
        match self {
            Self::Line(line) => line.front(),
            Self::Ranks(ranks) => ranks.lines.first_key_value()?.1.front(),
        }
    }

    /// A message comes back: it is the first of all, or of its rank.
    pub(super) fn put_back(&mut self, message: T) {
        match self {
            Self::Line(line) => line.push_front(message),
            Self::Ranks(ranks) => ranks.line(&message).push_front(message),
        }
    }

    /// Takes all of them, in order.
    pub(super) fn take_all(&mut self) -> Vec<T> {
        match self {
            Self::Line(line) => take(line).into(),
            Self::Ranks(ranks) => {
                ranks.len = 0;
                take(&mut ranks.lines).into_values().flatten().collect()
            }
        }
    }
}

/// A line for each rank that has messages.
pub(super) struct Ranks<T> {
    rank_of: RankOf<T>,
    lines: BTreeMap<Reverse<i32>, VecDeque<T>>,
    len: usize,
    /// The line that was emptied last, so that a rank that comes and goes costs no memory each time.
    spare: VecDeque<T>,
}

impl<T> Ranks<T> {
    pub(super) fn new(rank_of: RankOf<T>) -> Self {
        Self { rank_of, lines: BTreeMap::new(), len: 0, spare: VecDeque::new() }
    }

    /// The line of a message that is about to be put into it.
    fn line(&mut self, message: &T) -> &mut VecDeque<T> {
        self.len += 1;
        let rank = Reverse((self.rank_of)(message));
        self.lines.entry(rank).or_insert_with(|| take(&mut self.spare))
    }

    fn pop(&mut self) -> Option<T> {
        let mut entry = self.lines.first_entry()?;
        let message = entry.get_mut().pop_front();
        if entry.get().is_empty() {
            self.spare = entry.remove();
        }
        self.len -= usize::from(message.is_some());
        message
    }
}

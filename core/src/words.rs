//! Words that the host's threads see too: a lock's whole state stands in one while nobody waits, so that taking it and giving it
//! back is one compare-and-set, for the host without a call into the engine.
//!
//! Words lie in chunks of memory that never move, each on a cache line of its own. A word belongs to one [`Word`] at a time; when
//! that is dropped the place is used again.

use crate::sync::{Arc, AtomicU32, MODEL, Mutex, Ordering};

/// 32-bit words from one place to the next: a cache line.
const LINE: usize = if MODEL { 1 } else { 16 };
/// Places in one chunk.
pub const CHUNK_PLACES: u32 = if MODEL { 2 } else { 1024 };

/// Memory with a number of words.
#[derive(Debug)]
pub struct Chunk(Box<[AtomicU32]>);

impl Chunk {
    fn new(places: u32) -> Arc<Self> {
        Arc::new(Self((0..places as usize * LINE).map(|_| AtomicU32::new(0)).collect()))
    }

    /// All words: those of one cache line for each place.
    #[must_use]
    pub fn words(&self) -> &[AtomicU32] {
        &self.0
    }
}

/// Where words are had from.
#[derive(Debug, Default)]
pub struct Words(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    chunks: Vec<Arc<Chunk>>,
    free: Vec<u32>,
}

impl Words {
    /// A word that is 0.
    #[must_use]
    pub fn take(self: &Arc<Self>) -> Word {
        let mut places = self.0.lock();
        if places.free.is_empty() {
            let first = places.chunks.len() as u32 * CHUNK_PLACES;
            places.chunks.push(Chunk::new(CHUNK_PLACES));
            places.free.extend((first..first + CHUNK_PLACES).rev());
        }
        let place = places.free.pop().unwrap_or_default();
        let chunk =
            places.chunks.get((place / CHUNK_PLACES) as usize).map_or_else(|| Chunk::new(1), Arc::clone);
        drop(places);
        Word { chunk, place, home: Some(Arc::clone(self)) }
    }

    /// The memory of the chunk with this number.
    #[must_use]
    pub fn chunk(&self, number: u32) -> Option<Arc<Chunk>> {
        self.0.lock().chunks.get(number as usize).map(Arc::clone)
    }
}

/// One word.
#[derive(Debug)]
pub struct Word {
    chunk: Arc<Chunk>,
    place: u32,
    home: Option<Arc<Words>>,
}

/// A word that nobody else sees.
impl Default for Word {
    fn default() -> Self {
        Self { chunk: Chunk::new(1), place: 0, home: None }
    }
}

impl Word {
    /// Its place among all: the chunk's number times [`CHUNK_PLACES`], and the place in the chunk.
    #[must_use]
    pub const fn place(&self) -> u32 {
        self.place
    }

    /// The word itself.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a place is taken below the length of its chunk")]
    pub fn cell(&self) -> &AtomicU32 {
        &self.chunk.0[(self.place % CHUNK_PLACES) as usize * LINE]
    }

    /// What else stands on its cache line, from 1; 0 is the word itself. Whoever uses it leaves it 0. Loom's lines hold one word.
    #[must_use]
    pub fn beside(&self, at: usize) -> Option<&AtomicU32> {
        let start = (self.place % CHUNK_PLACES) as usize * LINE;
        (at < LINE).then(|| self.chunk.0.get(start + at)).flatten()
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            self.cell().store(0, Ordering::Release);
            home.0.lock().free.push(self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_a_line_of_its_own_and_its_place_is_used_again() {
        let words = Arc::new(Words::default());
        let (first, second) = (words.take(), words.take());
        first.cell().store(7, Ordering::Relaxed);
        assert_eq!((first.place(), second.place(), second.cell().load(Ordering::Relaxed)), (0, 1, 0));
        let chunk = words.chunk(0).unwrap();
        assert_eq!(chunk.words()[0].load(Ordering::Relaxed), 7);
        drop(first);
        let again = words.take();
        assert_eq!((again.place(), again.cell().load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn there_are_as_many_as_are_wanted() {
        let words = Arc::new(Words::default());
        let all: Vec<_> = (0..=CHUNK_PLACES).map(|_| words.take()).collect();
        assert_eq!(all.last().unwrap().place(), CHUNK_PLACES);
        assert!(words.chunk(1).is_some() && words.chunk(2).is_none());
    }
}

//! How objects are found: by integer handle within one isolate, by name or number within the process.

use std::collections::HashMap;

use crate::sync::{Arc, Mutex, Weak};

/// How many bits of a handle name its slot; the rest, up to 2^53, are the slot's generation.
const SLOT_BITS: u32 = 24;
const SLOTS: usize = 1 << SLOT_BITS;
const GENERATIONS: u64 = 1 << (53 - SLOT_BITS);

/// A table of values by integer handle. A handle is never 0, fits a double, and goes stale when its value is removed: the
/// next value in the same slot has another generation, and a slot that has used up its generations is not used again.
///
/// ```
/// use millrace_core::registry::Handles;
///
/// let mut handles = Handles::default();
/// let first = handles.insert("a");
/// assert_eq!(handles.remove(first), Some("a"));
/// let second = handles.insert("b");
/// assert_eq!(handles.get(first), None);
/// assert_eq!(handles.get(second), Some(&"b"));
/// ```
#[derive(Debug)]
pub struct Handles<T> {
    slots: Vec<(u64, Option<T>)>,
    free: Vec<usize>,
    len: usize,
}

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), len: 0 }
    }
}

impl<T> Handles<T> {
    fn split(handle: u64) -> (usize, u64) {
        ((handle & ((1 << SLOT_BITS) - 1)) as usize, handle >> SLOT_BITS)
    }

    /// Adds a value and gives its handle; 0, and the value is dropped, when 2^24 slots are in use.
    pub fn insert(&mut self, value: T) -> u64 {
        let at = self.free.pop().unwrap_or_else(|| {
            if self.slots.len() < SLOTS {
                self.slots.push((1, None));
                self.slots.len() - 1
            } else {
                SLOTS
            }
        });
        let Some((generation, place)) = self.slots.get_mut(at) else { return 0 };
        *place = Some(value);
        self.len += 1;
        (*generation << SLOT_BITS) | at as u64
    }

    /// The value of a handle, unless the handle is stale.
    #[must_use]
    pub fn get(&self, handle: u64) -> Option<&T> {
        let (at, generation) = Self::split(handle);
        self.slots.get(at).filter(|slot| slot.0 == generation)?.1.as_ref()
    }

    /// The value of a handle, to be changed, unless the handle is stale.
    pub fn get_mut(&mut self, handle: u64) -> Option<&mut T> {
        let (at, generation) = Self::split(handle);
        self.slots.get_mut(at).filter(|slot| slot.0 == generation)?.1.as_mut()
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the value out; its handle is stale from here on.
    pub fn remove(&mut self, handle: u64) -> Option<T> {
        let (at, generation) = Self::split(handle);
        let slot = self.slots.get_mut(at).filter(|slot| slot.0 == generation)?;
        let value = slot.1.take()?;
        self.len -= 1;
        slot.0 += 1;
        if slot.0 < GENERATIONS {
            self.free.push(at);
        }
        Some(value)
    }

    /// The values there are.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|(_, value)| value.as_ref())
    }

    /// Takes out the values that `keep` refuses.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        for at in 0..self.slots.len() {
            let Some((generation, Some(value))) = self.slots.get(at) else { continue };
            if !keep(value) {
                self.remove((*generation << SLOT_BITS) | at as u64);
            }
        }
    }

    /// All values, when the table is given up.
    pub fn into_values(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().filter_map(|(_, value)| value)
    }
}

/// The same name is in use with another configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The configuration of the object that has the name.
    pub existing: String,
    /// The configuration that was asked for.
    pub requested: String,
}

/// The shareable objects of one kind in this process, by name and by number. It keeps none of them alive.
#[derive(Debug)]
pub struct Names<T> {
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    by_name: HashMap<String, (String, Weak<T>)>,
    by_id: HashMap<u64, Weak<T>>,
    /// At so many entries those of the dead are thrown out: twice as many as were left the last time.
    sweep_at: usize,
}

/// Fewer entries than this are not worth a sweep.
const SWEEP: usize = 64;

impl<T> Inner<T> {
    fn sweep(&mut self) {
        if self.by_id.len() + self.by_name.len() < self.sweep_at {
            return;
        }
        self.by_id.retain(|_, object| object.strong_count() > 0);
        self.by_name.retain(|_, (_, object)| object.strong_count() > 0);
        self.sweep_at = (2 * (self.by_id.len() + self.by_name.len())).max(SWEEP);
    }
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        let inner = Inner { by_name: HashMap::new(), by_id: HashMap::new(), sweep_at: SWEEP };
        Self { inner: Mutex::new(inner) }
    }
}

impl<T> Names<T> {
    /// The object of a name, created if there is none; whether it was created.
    ///
    /// # Errors
    /// A living object has the name with another configuration.
    pub fn open(
        &self,
        name: &str,
        configuration: &str,
        create: impl FnOnce() -> Arc<T>,
    ) -> Result<(Arc<T>, bool), Conflict> {
        // Declared before the lock, so dropped after it: it may have become the last reference, and what the object's
        // own drop calls may come back here.
        let living;
        let mut inner = self.inner.lock();
        if let Some((existing, object)) = inner.by_name.get(name) {
            living = object.upgrade();
            if let Some(object) = &living {
                if existing != configuration {
                    return Err(Conflict { existing: existing.clone(), requested: configuration.to_owned() });
                }
                return Ok((Arc::clone(object), false));
            }
        }
        inner.sweep();
        let object = create();
        inner.by_name.insert(name.to_owned(), (configuration.to_owned(), Arc::downgrade(&object)));
        Ok((object, true))
    }

    /// The living object of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Arc<T>> {
        self.inner.lock().by_name.get(name)?.1.upgrade()
    }

    /// Lets an object be found by number.
    pub fn insert(&self, id: u64, object: &Arc<T>) {
        let mut inner = self.inner.lock();
        inner.sweep();
        inner.by_id.insert(id, Arc::downgrade(object));
    }

    /// Every living object that can be found by number, oldest first.
    #[must_use]
    pub fn living(&self) -> Vec<Arc<T>> {
        let inner = self.inner.lock();
        let mut known: Vec<_> = inner.by_id.iter().map(|(id, object)| (*id, Weak::clone(object))).collect();
        // What comes to life here may be dropped here, and call back: not under the lock.
        drop(inner);
        known.sort_unstable_by_key(|(id, _)| *id);
        known.into_iter().filter_map(|(_, object)| object.upgrade()).collect()
    }

    /// The living object of a number.
    #[must_use]
    pub fn by_id(&self, id: u64) -> Option<Arc<T>> {
        self.inner.lock().by_id.get(&id)?.upgrade()
    }

    /// Frees an object's name, so that a new object may take it. Its number stays.
    pub fn forget_value(&self, object: &Arc<T>) {
        self.inner.lock().by_name.retain(|_, (_, known)| !std::ptr::eq(known.as_ptr(), Arc::as_ptr(object)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_are_forgotten_and_the_living_are_listed() {
        let names = Names::<u32>::default();
        let kept: Vec<_> = (0..1000)
            .filter_map(|id| {
                let object = Arc::new(id as u32);
                names.insert(id, &object);
                (id % 100 == 0).then_some(object)
            })
            .collect();
        assert!(names.inner.lock().by_id.len() < 200);
        assert_eq!(names.living(), kept);
    }

    #[test]
    fn the_same_name_with_another_configuration_is_refused_with_both() {
        let names = Names::default();
        let (first, created) = names.open("a", "1", || Arc::new(1)).unwrap();
        assert!(created);
        assert!(!names.open("a", "1", || Arc::new(2)).unwrap().1);
        let conflict = names.open("a", "2", || Arc::new(2)).unwrap_err();
        assert_eq!((conflict.existing.as_str(), conflict.requested.as_str()), ("1", "2"));
        drop(first);
        assert!(names.open("a", "2", || Arc::new(2)).unwrap().1);
    }

    #[test]
    fn what_is_not_retained_has_a_stale_handle() {
        let mut handles = Handles::default();
        let all = [1, 2, 3, 4].map(|n| handles.insert(n));
        handles.remove(all[2]);
        handles.retain(|n| *n != 2);
        assert_eq!(handles.iter().copied().collect::<Vec<_>>(), [1, 4]);
        assert_eq!((handles.get(all[1]), handles.get(all[3]), handles.len()), (None, Some(&4), 2));
    }

    #[test]
    fn an_object_that_forgets_its_name_as_it_dies_may_die_anywhere() {
        struct Named(Arc<Names<Named>>);
        impl Drop for Named {
            fn drop(&mut self) {
                assert!(self.0.find("a").is_none());
            }
        }
        let names = Arc::new(Names::default());
        drop(names.open("a", "1", || Arc::new(Named(Arc::clone(&names)))).unwrap());
        assert!(names.open("a", "2", || Arc::new(Named(Arc::clone(&names)))).unwrap().1);
    }

    #[test]
    fn a_slot_that_has_used_up_its_generations_is_retired() {
        let mut handles = Handles::default();
        let first = handles.insert(());
        handles.remove(first);
        if let Some(slot) = handles.slots.first_mut() {
            slot.0 = GENERATIONS - 1;
        }
        let last = handles.insert(());
        assert!(last < 1 << 53);
        assert!(handles.remove(last).is_some());
        assert_eq!(handles.insert(()) % (1 << SLOT_BITS), 1);
    }

    #[test]
    fn a_forgotten_name_is_free_while_its_object_lives() {
        let names = Names::default();
        let (first, _) = names.open("a", "1", || Arc::new(1)).unwrap();
        names.forget_value(&first);
        assert!(names.find("a").is_none());
        assert!(names.open("a", "2", || Arc::new(2)).unwrap().1);
    }
}

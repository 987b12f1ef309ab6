//! One value, read and replaced as a whole, with a version by which one who has computed a new one knows that nobody was
//! quicker. Each operation takes one lock; values that are replaced are dropped after it.

use std::mem;

use crate::sync::Mutex;

/// A value that threads read, replace and compare.
#[derive(Debug)]
pub struct Reference<V> {
    inner: Mutex<Inner<V>>,
}

#[derive(Debug)]
struct Inner<V> {
    value: V,
    /// Counts the values there have been.
    version: u64,
}

impl<V> Inner<V> {
    fn replace(&mut self, value: V) -> V {
        self.version += 1;
        mem::replace(&mut self.value, value)
    }
}

impl<V: Clone> Reference<V> {
    /// One that has a value.
    #[must_use]
    pub fn new(value: V) -> Self {
        Self { inner: Mutex::new(Inner { value, version: 1 }) }
    }

    /// The value, and its version, which no other value has or had.
    #[must_use]
    pub fn load(&self) -> (V, u64) {
        let inner = self.inner.lock();
        (inner.value.clone(), inner.version)
    }

    /// Whether the value is the `same` as another.
    pub fn is(&self, same: impl FnOnce(&V) -> bool) -> bool {
        same(&self.inner.lock().value)
    }

    /// Replaces the value and gives the one before.
    pub fn exchange(&self, value: V) -> V {
        self.inner.lock().replace(value)
    }

    /// Replaces the value if it is the `same` as another; whether it did.
    pub fn compare_exchange(&self, same: impl FnOnce(&V) -> bool, value: V) -> bool {
        self.replace_if(|inner| same(&inner.value), value)
    }

    /// Replaces the value if its version is still that; whether it did.
    pub fn set_if(&self, version: u64, value: V) -> bool {
        self.replace_if(|inner| inner.version == version, value)
    }

    fn replace_if(&self, holds: impl FnOnce(&Inner<V>) -> bool, value: V) -> bool {
        let mut inner = self.inner.lock();
        let before = holds(&inner).then(|| inner.replace(value));
        drop(inner);
        before.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_replaced_as_a_whole() {
        let reference = Reference::new("a");
        assert_eq!(reference.load(), ("a", 1));
        assert_eq!((reference.exchange("b"), reference.load()), ("a", ("b", 2)));
        assert!(reference.is(|value| *value == "b") && !reference.is(|value| *value == "a"));
    }

    #[test]
    fn one_who_expects_another_value_changes_nothing() {
        let reference = Reference::new("a");
        assert!(!reference.compare_exchange(|value| *value == "x", "b"));
        assert_eq!(reference.load(), ("a", 1));
        assert!(reference.compare_exchange(|value| *value == "a", "b"));
        assert_eq!(reference.load(), ("b", 2));
    }

    #[test]
    fn a_version_knows_a_value_that_has_come_back() {
        let reference = Reference::new("a");
        let (_, seen) = reference.load();
        reference.exchange("b");
        reference.exchange("a");
        assert!(!reference.set_if(seen, "late"));
        let (_, seen) = reference.load();
        assert!(reference.set_if(seen, "c") && !reference.set_if(seen, "d"));
        assert_eq!(reference.load().0, "c");
    }
}

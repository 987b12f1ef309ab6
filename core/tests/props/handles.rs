//! The table of handles beside the obvious version: a map that never uses a number twice.

use std::collections::HashMap;

use millrace_core::registry::Handles;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_handle_finds_its_own_value_until_it_is_removed_and_nothing_afterwards(
        steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..300),
    ) {
        let mut handles = Handles::default();
        let mut living = HashMap::new();
        let mut given = Vec::new();
        for (at, (add, index)) in steps.into_iter().enumerate() {
            if add || given.is_empty() {
                let handle = handles.insert(at);
                prop_assert!(handle > 0 && handle < 1 << 53);
                prop_assert!(!given.contains(&handle));
                given.push(handle);
                living.insert(handle, at);
            } else {
                let handle = given[index.index(given.len())];
                prop_assert_eq!(handles.remove(handle), living.remove(&handle));
            }
            prop_assert_eq!(handles.len(), living.len());
            for handle in &given {
                prop_assert_eq!(handles.get(*handle), living.get(handle));
            }
        }
    }
}

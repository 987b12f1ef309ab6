//! A futex beside its obvious version: a value, and a queue of those who saw it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use millrace_core::memory::{Futex, Reference, Watch};
use millrace_core::wait::{WaitOutcome, Waiter, WakeTarget};
use proptest::prelude::*;
use proptest::sample::Index;

/// Everything that was told, in order.
#[derive(Default)]
struct Told(Mutex<Vec<(u64, WaitOutcome)>>);

type Target = Arc<Told>;

impl WakeTarget for Told {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.0.lock().unwrap().push((token, outcome));
    }
}

#[derive(Debug, Clone)]
enum Event {
    Store(u8),
    Wait(u8),
    Notify(usize),
    Cancel(Index),
    Close,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..3u8).prop_map(Event::Store),
        12 => (0..3u8).prop_map(Event::Wait),
        6 => prop_oneof![0..4usize, Just(usize::MAX)].prop_map(Event::Notify),
        4 => any::<Index>().prop_map(Event::Cancel),
        1 => Just(Event::Close),
    ]
}

proptest! {
    #[test]
    fn a_futex_tells_what_the_queue_tells(events in prop::collection::vec(event(), 0..80)) {
        let (futex, told, value) = (Futex::<Target>::new(), Target::default(), AtomicU8::new(0));
        let mut queue: VecDeque<(u64, Arc<Waiter<Target>>)> = VecDeque::new();
        let (mut expected, mut closed, mut token) = (Vec::new(), false, 0);
        for event in events {
            match event {
                Event::Store(new) => value.store(new, Ordering::SeqCst),
                Event::Wait(seen) => {
                    token += 1;
                    let target = Arc::clone(&told);
                    let watch = futex.wait(
                        || value.load(Ordering::SeqCst) == seen,
                        || Waiter::new(target, token),
                    );
                    let same = value.load(Ordering::SeqCst) == seen;
                    match watch {
                        Watch::Closed => prop_assert!(closed),
                        Watch::Changed => prop_assert!(!closed && !same),
                        Watch::Waiting(waiter) => {
                            prop_assert!(!closed && same);
                            queue.push_back((token, waiter));
                        }
                    }
                }
                Event::Notify(count) => {
                    let woken = count.min(queue.len());
                    prop_assert_eq!(futex.notify(count), woken);
                    expected.extend(queue.drain(..woken).map(|(token, _)| (token, WaitOutcome::Won)));
                }
                Event::Cancel(which) if !queue.is_empty() => {
                    let (token, waiter) = queue.remove(which.index(queue.len())).unwrap();
                    prop_assert!(waiter.cancel());
                    expected.push((token, WaitOutcome::Cancelled));
                }
                Event::Cancel(_) => {}
                Event::Close => {
                    futex.close();
                    closed = true;
                    expected.extend(queue.drain(..).map(|(token, _)| (token, WaitOutcome::Closed)));
                }
            }
            prop_assert_eq!(futex.waiting(), queue.len());
            prop_assert_eq!(&*told.0.lock().unwrap(), &expected);
        }
    }

    #[test]
    fn a_reference_is_a_variable_and_a_count(steps in prop::collection::vec((0..3u8, 0..3u8, 0..4u8), 0..60)) {
        let (reference, mut value, mut version) = (Reference::new(0), 0, 1);
        for (seen, new, what) in steps {
            let may = match what {
                0 => {
                    prop_assert_eq!(reference.exchange(new), value);
                    true
                }
                1 => {
                    prop_assert_eq!(reference.compare_exchange(|value| *value == seen, new), value == seen);
                    value == seen
                }
                2 => {
                    let old = version - u64::from(seen).min(version - 1);
                    prop_assert_eq!(reference.set_if(old, new), old == version);
                    old == version
                }
                _ => {
                    prop_assert_eq!(reference.is(|value| *value == seen), value == seen);
                    false
                }
            };
            if may {
                (value, version) = (new, version + 1);
            }
            prop_assert_eq!(reference.load(), (value, version));
        }
    }
}

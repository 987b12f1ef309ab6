//! What one wait costs, from queueing to being told. `cargo bench -p millrace-core`.

use std::hint::black_box;
use std::sync::{Arc, Mutex, Weak};

use criterion::{Criterion, criterion_group, criterion_main};
use millrace_core::wait::{Awaited, WaitList, WaitOutcome, Waiter, WakeTarget};

#[derive(Default)]
struct Line(Mutex<WaitList<Arc<Waiter<Nobody>>>>);

impl Awaited for Line {
    fn leave(&self, place: u64) {
        if let Ok(mut list) = self.0.lock() {
            list.remove(place);
        }
    }
}

struct Nobody;

impl WakeTarget for Nobody {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        black_box((token, outcome));
    }
}

fn waits(c: &mut Criterion) {
    let line = Arc::new(Line::default());
    let awaited: Weak<dyn Awaited> = Arc::downgrade(&(Arc::clone(&line) as Arc<dyn Awaited>));
    let wait = |token| {
        let waiter = Waiter::new(Nobody, token);
        waiter.enlist(|places| {
            let place = line.0.lock().map(|mut list| list.push(Arc::clone(&waiter)));
            places.push((awaited.clone(), place.unwrap_or_default()));
        });
        waiter
    };
    let mut group = c.benchmark_group("wait");
    group.bench_function("queued and woken", |b| {
        b.iter(|| {
            let waiter = wait(1);
            drop(line.0.lock().map(|mut list| list.wake_one()));
            waiter
        });
    });
    let _others: Vec<_> = (0..10_000).map(wait).collect();
    group.bench_function("queued behind 10,000 and cancelled", |b| b.iter(|| wait(1).cancel()));
    group.finish();
}

criterion_group!(benches, waits);
criterion_main!(benches);

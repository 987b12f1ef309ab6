//! What the engine's part of a task costs: taken in, begun and ended, without any JavaScript. `cargo bench -p millrace-core`.
#![expect(clippy::expect_used, reason = "a bench that cannot begin should stop")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use millrace_core::pool::{Config, Host, Next, Nudge, Order, Outcome, Pool, TaskOptions, Worker, WorkerId};
use millrace_core::timer::ManualTimers;

struct Nobody;

impl Host for Nobody {
    type Input = u64;
    type Output = u64;
    type Reply = u64;
    fn settle(&self, reply: u64, _outcome: Outcome<u64>) {
        black_box(reply);
    }
    fn item(&self, _reply: &u64, _item: u64) {}
    fn nudge(&self, _worker: WorkerId, _nudge: Nudge) {}
    fn order(&self, _order: Order) {}
}

fn pool() -> (Arc<Pool<Nobody>>, Arc<Worker<Nobody>>) {
    let timers = Arc::new(ManualTimers::default());
    let pool = Pool::new(Config::default(), Nobody, timers.clock.clone(), timers);
    pool.start();
    let worker = pool.attach(WorkerId(1)).expect("the pool has ordered its first worker");
    (pool, worker)
}

fn submit(pool: &Pool<Nobody>, count: u64) {
    for n in 0..count {
        assert!(pool.submit(n, n, &TaskOptions::default()).is_ok());
    }
}

fn work(worker: &Worker<Nobody>) {
    let mut next = worker.next();
    while let Next::Task(task) = next {
        next = worker.finish_and_next(task.slot, true, task.input);
    }
}

fn tasks(c: &mut Criterion) {
    let mut group = c.benchmark_group("pool");
    let (one, worker) = pool();
    group.bench_function("one task in, begun and ended", |b| {
        b.iter(|| {
            submit(&one, 1);
            work(&worker);
        });
    });
    for count in [100, 100_000] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} tasks in"), |b| {
            b.iter_batched_ref(pool, |(pool, _)| submit(pool, count), BatchSize::LargeInput);
        });
        group.bench_function(format!("{count} tasks begun and ended"), |b| {
            let full = || {
                let (pool, worker) = pool();
                submit(&pool, count);
                (pool, worker)
            };
            b.iter_batched_ref(full, |(_, worker)| work(worker), BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, tasks);
criterion_main!(benches);

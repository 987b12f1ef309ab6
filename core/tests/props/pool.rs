//! Any sequence of events, and every task settles exactly once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use millrace_core::clock::MILLI;
use millrace_core::pool::{
    Balancing, Config, Exit, Host, Next, Nudge, OnFull, Order, Outcome, Pool, Slot, TaskId, TaskOptions,
    Worker, WorkerId,
};
use millrace_core::timer::ManualTimers;
use proptest::prelude::*;

#[derive(Default)]
struct Recording {
    settled: Mutex<Vec<u32>>,
    orders: Mutex<Vec<Order>>,
}

impl Recording {
    fn reply(&self) -> usize {
        let mut settled = self.settled.lock().unwrap();
        settled.push(0);
        settled.len() - 1
    }
}

impl Host for Recording {
    type Input = usize;
    type Output = usize;
    type Reply = usize;
    fn settle(&self, reply: usize, _outcome: Outcome<usize>) {
        self.settled.lock().unwrap()[reply] += 1;
    }
    fn item(&self, _reply: &usize, _item: usize) {}
    fn nudge(&self, _worker: WorkerId, _nudge: Nudge) {}
    fn order(&self, order: Order) {
        self.orders.lock().unwrap().push(order);
    }
}

#[derive(Debug, Clone)]
enum Event {
    Submit { priority: i8, timeout: Option<u64>, idempotent: bool, near: bool },
    Cancel(usize),
    Next(usize),
    Finish(usize, usize, bool),
    Rest(usize),
    Leave(usize),
    Exit(usize),
    Attach,
    Advance(u64),
    ScaleUp(u32),
    ScaleDown(u32),
    NotifyIdle,
    Close,
    Terminate,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        10 => (any::<i8>(), prop::option::of(1u64..50), any::<bool>(), any::<bool>())
            .prop_map(|(priority, timeout, idempotent, near)| Event::Submit {
                priority: priority / 64, timeout, idempotent: idempotent && !near, near,
            }),
        3 => (0usize..64).prop_map(Event::Cancel),
        10 => (0usize..8).prop_map(Event::Next),
        8 => (0usize..8, 0usize..4, any::<bool>()).prop_map(|(worker, slot, ok)| Event::Finish(worker, slot, ok)),
        3 => (0usize..8).prop_map(Event::Rest),
        1 => (0usize..8).prop_map(Event::Leave),
        1 => (0usize..8).prop_map(Event::Exit),
        6 => Just(Event::Attach),
        3 => (1u64..40).prop_map(Event::Advance),
        1 => (0u32..4).prop_map(Event::ScaleUp),
        1 => (0u32..4).prop_map(Event::ScaleDown),
        1 => Just(Event::NotifyIdle),
        1 => Just(Event::Close),
        1 => Just(Event::Terminate),
    ]
}

struct World {
    pool: Arc<Pool<Recording>>,
    timers: Arc<ManualTimers>,
    starting: Vec<WorkerId>,
    doomed: Vec<WorkerId>,
    workers: Vec<(Arc<Worker<Recording>>, Vec<Slot>)>,
    tasks: Vec<TaskId>,
    refused: Vec<usize>,
    /// Which worker a task's input was sent to.
    sent: HashMap<usize, WorkerId>,
}

impl World {
    fn obey(&mut self) {
        for order in self.pool.host().orders.lock().unwrap().drain(..) {
            match order {
                Order::Spawn { worker } => self.starting.push(worker),
                Order::Terminate { worker } => self.doomed.push(worker),
                Order::Consult(_) | Order::Event(_) => {}
            }
        }
    }

    fn exit(&mut self, id: WorkerId) {
        self.workers.retain(|(worker, _)| worker.id() != id);
        self.starting.retain(|starting| *starting != id);
        self.doomed.retain(|doomed| *doomed != id);
        self.pool.worker_exited(id, Exit { code: Some(1), cause: None });
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Submit { priority, timeout, idempotent, near } => {
                let reply = self.pool.host().reply();
                let timeout = timeout.map(|ms| ms * MILLI);
                let options = TaskOptions { priority, timeout, idempotent, cancellable: true };
                let submitted = if near {
                    self.pool.submit_near(reply, reply, &options)
                } else {
                    self.pool.submit(reply, reply, &options).map(|id| (id, None))
                };
                match submitted {
                    Ok((id, worker)) => {
                        self.tasks.push(id);
                        if let Some(worker) = worker {
                            self.sent.insert(reply, worker);
                            self.pool.wake(worker);
                        }
                    }
                    Err(refused) => self.refused.push(refused.reply),
                }
            }
            Event::Cancel(at) => {
                if let Some(id) = self.tasks.get(at) {
                    self.pool.cancel(*id);
                }
            }
            Event::Next(at) => {
                if let Some((worker, slots)) = self.workers.get_mut(at)
                    && let Next::Task(task) = worker.next()
                {
                    assert!(self.sent.get(&task.input).is_none_or(|sent_to| *sent_to == worker.id()));
                    slots.push(task.slot);
                }
            }
            Event::Finish(at, slot, ok) => {
                if let Some((worker, slots)) = self.workers.get_mut(at)
                    && slot < slots.len()
                {
                    worker.finish(slots.remove(slot), ok, 0);
                }
            }
            Event::Rest(at) => {
                if let Some((worker, _)) = self.workers.get(at) {
                    let _asleep = worker.rest();
                }
            }
            Event::Leave(at) => {
                if let Some((worker, _)) = self.workers.get(at) {
                    worker.leaving();
                }
            }
            Event::Exit(at) => {
                if let Some((worker, _)) = self.workers.get(at) {
                    let id = worker.id();
                    self.exit(id);
                } else if let Some(id) = self.doomed.first().copied() {
                    self.exit(id);
                }
            }
            Event::Attach => {
                if let Some(id) = self.starting.pop()
                    && let Some(worker) = self.pool.attach(id)
                {
                    self.workers.push((worker, Vec::new()));
                }
            }
            Event::Advance(ms) => self.timers.advance(ms * MILLI),
            Event::ScaleUp(count) => drop(self.pool.scale_up(count)),
            Event::ScaleDown(count) => drop(self.pool.scale_down(count)),
            Event::NotifyIdle => {
                let reply = self.pool.host().reply();
                self.pool.notify_idle(reply);
            }
            Event::Close => self.pool.close(),
            Event::Terminate => self.pool.terminate(),
        }
        self.obey();
    }
}

fn config() -> impl Strategy<Value = Config> {
    let balancing =
        prop_oneof![Just(Balancing::WorkStealing), Just(Balancing::RoundRobin), Just(Balancing::Adaptive)];
    let on_full = prop_oneof![Just(OnFull::Reject), Just(OnFull::Wait)];
    (0u32..3, 1u32..3, balancing, on_full, prop::option::of(1u32..6), 1u32..3, prop::option::of(5u64..30))
        .prop_map(|(min, more, balancing, on_full, max_queue, lanes, limit)| Config {
            min_workers: min,
            max_workers: min + more,
            balancing,
            on_full,
            max_queue,
            concurrent_tasks_per_worker: lanes,
            task_timeout: limit.map(|ms| ms * MILLI),
            abort_grace: 10 * MILLI,
            idle_timeout: Some(20 * MILLI),
            heartbeat_interval: 10 * MILLI,
            heartbeat_timeout: 30 * MILLI,
            auto_restart: true,
            restart_backoff: MILLI,
            ..Config::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn every_task_settles_exactly_once(config in config(), events in prop::collection::vec(event(), 1..120)) {
        let timers = Arc::new(ManualTimers::default());
        let limit = config.max_queue;
        let pool = Pool::new(config, Recording::default(), timers.clock.clone(), timers.clone());
        pool.start();
        let mut world = World {
            pool, timers, starting: vec![], doomed: vec![], workers: vec![], tasks: vec![], refused: vec![],
            sent: HashMap::new(),
        };
        world.obey();
        for event in &events {
            world.happen(event);
            for (reply, times) in world.pool.host().settled.lock().unwrap().iter().enumerate() {
                prop_assert!(*times <= 1, "reply {reply} settled {times} times after {event:?}");
            }
        }
        if let Some(limit) = limit {
            // Tasks that were given back by a lost worker were let in before and are not turned away.
            prop_assert!(world.pool.counts().queued <= limit + 16);
        }
        world.happen(&Event::Terminate);
        while let Some(id) = world.workers.first().map(|(worker, _)| worker.id()) {
            world.exit(id);
        }
        for id in world.starting.clone().into_iter().chain(world.doomed.clone()) {
            world.exit(id);
        }
        let settled = world.pool.host().settled.lock().unwrap().clone();
        for (reply, times) in settled.iter().enumerate() {
            let expected = u32::from(!world.refused.contains(&reply));
            prop_assert_eq!(*times, expected, "reply {}", reply);
        }
        let counts = world.pool.counts();
        prop_assert_eq!((counts.queued, counts.running, counts.waiting_room), (0, 0, 0));
        prop_assert_eq!(world.timers.armed(), 0);
    }

    #[test]
    fn one_worker_runs_tasks_of_one_priority_in_order(priorities in prop::collection::vec(-1i8..=1, 1..15)) {
        let timers = Arc::new(ManualTimers::default());
        let pool = Pool::new(Config::default(), Recording::default(), timers.clock.clone(), timers.clone());
        pool.start();
        let worker = pool.attach(WorkerId(1)).unwrap();
        for (at, priority) in priorities.iter().enumerate() {
            let reply = pool.host().reply();
            let options = TaskOptions { priority: *priority, ..TaskOptions::default() };
            prop_assert!(pool.submit(at, reply, &options).is_ok());
        }
        let mut order = Vec::new();
        while let Next::Task(task) = worker.next() {
            order.push(task.input);
            worker.finish(task.slot, true, 0);
        }
        let mut expected: Vec<usize> = (0..priorities.len()).collect();
        expected.sort_by_key(|at| -priorities[*at]);
        prop_assert_eq!(order, expected);
    }
}

//! Locks that are not fair beside their obvious versions, when the calls of those who wait are answered late, in any order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use millrace_core::lock::{Acquire, Lock, NotHeld, Owner, Semaphore, Wait};
use millrace_core::wait::{Call, WaitOutcome, Waiter, WakeTarget};
use proptest::prelude::*;
use proptest::sample::Index;

/// Answers its calls when it is told to.
#[derive(Default)]
struct Late {
    calls: Mutex<Vec<Call>>,
    ends: Mutex<Vec<(u64, WaitOutcome)>>,
}

impl WakeTarget for Late {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        self.ends.lock().unwrap().push((token, outcome));
    }

    fn call(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }
}

impl Late {
    /// Takes one of the calls that have not been answered.
    fn one(&self, index: &Index) -> Option<Call> {
        let mut calls = self.calls.lock().unwrap();
        (!calls.is_empty()).then(|| index.index(calls.len())).map(|at| calls.remove(at))
    }

    fn is_calling(&self) -> bool {
        !self.calls.lock().unwrap().is_empty()
    }

    fn answer_all(&self) {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().for_each(Call::answer);
    }
}

#[derive(Debug, Clone)]
enum BargingStep {
    Try(u64),
    Lock(u64),
    Unlock(u64),
    Cancel(Index),
    Die(u64),
    Come(Index),
}

fn barging_step() -> impl Strategy<Value = BargingStep> {
    prop_oneof![
        3 => (0u64..3).prop_map(BargingStep::Try),
        6 => (0u64..3).prop_map(BargingStep::Lock),
        9 => (0u64..3).prop_map(BargingStep::Unlock),
        3 => any::<Index>().prop_map(BargingStep::Cancel),
        1 => (0u64..3).prop_map(BargingStep::Die),
        4 => any::<Index>().prop_map(BargingStep::Come),
    ]
}

proptest! {
    #[test]
    fn a_lock_that_is_not_fair_goes_to_whoever_comes_and_nobody_is_forgotten(
        steps in prop::collection::vec(barging_step(), 1..200),
    ) {
        // Owners from 1: these stand in the word.
        let (lock, told) = (Lock::<Arc<Late>>::new(false), Arc::<Late>::default());
        let mut holder: Option<u64> = None;
        let mut queue: Vec<(u64, u64)> = Vec::new();
        let mut waiters: Vec<Arc<Waiter<Arc<Late>>>> = Vec::new();
        for step in steps {
            match step {
                BargingStep::Try(owner) => {
                    prop_assert_eq!(lock.try_lock(Owner(owner + 1)).is_ok(), holder.is_none());
                    holder = holder.or(Some(owner));
                }
                BargingStep::Lock(owner) => {
                    let token = waiters.len() as u64;
                    match lock.lock(Owner(owner + 1), || Waiter::new(told.clone(), token)) {
                        Wait::Now(_) => prop_assert_eq!(holder.replace(owner), None),
                        Wait::Waiting(waiter) => {
                            prop_assert!(holder.is_some());
                            queue.push((token, owner));
                            waiters.push(waiter);
                        }
                        Wait::Closed => prop_assert!(false, "nobody has closed it"),
                    }
                }
                BargingStep::Unlock(owner) => {
                    prop_assert_eq!(lock.unlock(Owner(owner + 1)).is_ok(), holder == Some(owner));
                    holder.take_if(|held| *held == owner);
                }
                BargingStep::Cancel(index) if !waiters.is_empty() => {
                    let token = index.index(waiters.len());
                    let waits = queue.iter().position(|request| request.0 == token as u64);
                    prop_assert_eq!(waiters[token].cancel(), waits.map(|at| queue.remove(at)).is_some());
                }
                BargingStep::Cancel(_) => {}
                BargingStep::Die(owner) => {
                    queue.retain(|request| request.1 != owner);
                    prop_assert_eq!(lock.release_owner(Owner(owner + 1)), holder == Some(owner));
                    holder.take_if(|held| *held == owner);
                }
                BargingStep::Come(index) => {
                    if let Some(call) = told.one(&index) {
                        call.answer();
                        // Nobody but the first in line gets it, and only if it is free.
                        if lock.waiting() < queue.len() {
                            prop_assert_eq!(holder.replace(queue.remove(0).1), None);
                        }
                    }
                }
            }
            prop_assert_eq!(lock.holder(), holder.map(|owner| Owner(owner + 1)));
            prop_assert_eq!(lock.waiting(), queue.len());
            // It is free although somebody waits: then somebody is called.
            prop_assert!(holder.is_some() || queue.is_empty() || told.is_calling());
        }
        // Whoever comes and goes leaves nobody behind.
        while !queue.is_empty() {
            if let Some(owner) = holder.take() {
                lock.unlock(Owner(owner + 1)).unwrap();
            }
            told.answer_all();
            prop_assert_eq!(lock.holder(), Some(Owner(queue[0].1 + 1)));
            holder = Some(queue.remove(0).1);
        }
        prop_assert!(waiters.iter().all(|waiter| waiter.outcome().is_some()));
        prop_assert_eq!(told.ends.lock().unwrap().len(), waiters.len());
    }
}

#[derive(Debug, Clone)]
enum PermitStep {
    Try(u64, u32),
    Acquire(u64, u32),
    Release(u64, u32),
    Cancel(Index),
    Die(u64),
    Come(Index),
}

const PERMITS: u32 = 5;

fn permit_step() -> impl Strategy<Value = PermitStep> {
    prop_oneof![
        3 => (0u64..3, 0..=PERMITS).prop_map(|(owner, count)| PermitStep::Try(owner, count)),
        7 => (0u64..3, 0..=PERMITS).prop_map(|(owner, count)| PermitStep::Acquire(owner, count)),
        8 => (0u64..3, 0..=PERMITS).prop_map(|(owner, count)| PermitStep::Release(owner, count)),
        3 => any::<Index>().prop_map(PermitStep::Cancel),
        1 => (0u64..3).prop_map(PermitStep::Die),
        4 => any::<Index>().prop_map(PermitStep::Come),
    ]
}

/// What each holds, and who waits for how much: its token, its owner, its count.
#[derive(Default)]
struct Stock {
    held: BTreeMap<u64, u32>,
    queue: Vec<(u64, u64, u32)>,
}

impl Stock {
    fn free(&self) -> u32 {
        PERMITS - self.held.values().sum::<u32>()
    }

    fn holds(&self, owner: u64) -> u32 {
        self.held.get(&owner).copied().unwrap_or_default()
    }

    fn take(&mut self, owner: u64, count: u32) {
        *self.held.entry(owner).or_default() += count;
    }

    /// Those who wait no more have passed in their order; says whether there was room for each.
    fn pass(&mut self, still: usize) -> bool {
        while self.queue.len() > still {
            let (_, owner, count) = self.queue.remove(0);
            if count > self.free() {
                return false;
            }
            self.take(owner, count);
        }
        true
    }
}

proptest! {
    #[test]
    fn permits_that_are_not_fair_go_to_whoever_comes_and_nobody_is_forgotten(
        steps in prop::collection::vec(permit_step(), 1..200),
    ) {
        let (semaphore, told) = (Semaphore::<Arc<Late>>::new(PERMITS, false), Arc::<Late>::default());
        let mut stock = Stock::default();
        let mut waiters: Vec<Arc<Waiter<Arc<Late>>>> = Vec::new();
        for step in steps {
            match step {
                PermitStep::Try(owner, count) => {
                    let may = count <= stock.free();
                    prop_assert_eq!(semaphore.try_acquire(Owner(owner), count), may);
                    if may {
                        stock.take(owner, count);
                    }
                }
                PermitStep::Acquire(owner, count) => {
                    let token = waiters.len() as u64;
                    match semaphore.acquire(Owner(owner), count, || Waiter::new(told.clone(), token)) {
                        Acquire::Now => {
                            prop_assert!(count <= stock.free());
                            stock.take(owner, count);
                        }
                        Acquire::Waiting(waiter) => {
                            prop_assert!(count > stock.free());
                            stock.queue.push((token, owner, count));
                            waiters.push(waiter);
                        }
                        Acquire::Closed | Acquire::TooMany => prop_assert!(false, "it is open, and has so many"),
                    }
                }
                PermitStep::Release(owner, count) => {
                    let held = stock.holds(owner);
                    let expected = if count > held { Err(NotHeld { held }) } else { Ok(()) };
                    prop_assert_eq!(semaphore.release(Owner(owner), count), expected);
                    if count <= held {
                        stock.held.insert(owner, held - count);
                    }
                }
                PermitStep::Cancel(index) if !waiters.is_empty() => {
                    let token = index.index(waiters.len());
                    let waits = stock.queue.iter().position(|request| request.0 == token as u64);
                    prop_assert_eq!(waiters[token].cancel(), waits.map(|at| stock.queue.remove(at)).is_some());
                }
                PermitStep::Cancel(_) => {}
                PermitStep::Die(owner) => {
                    stock.queue.retain(|request| request.1 != owner);
                    let held = stock.held.remove(&owner).unwrap_or_default();
                    prop_assert_eq!(semaphore.release_owner(Owner(owner)), held);
                }
                PermitStep::Come(index) => {
                    if let Some(call) = told.one(&index) {
                        call.answer();
                        prop_assert!(stock.pass(semaphore.waiting()));
                    }
                }
            }
            prop_assert_eq!((semaphore.available(), semaphore.waiting()), (stock.free(), stock.queue.len()));
            // There is enough for the first in line: then somebody is called.
            prop_assert!(stock.queue.first().is_none_or(|first| first.2 > stock.free()) || told.is_calling());
        }
        // Whoever comes and goes leaves nobody behind.
        while !stock.queue.is_empty() {
            for (owner, count) in std::mem::take(&mut stock.held) {
                semaphore.release(Owner(owner), count).unwrap();
            }
            let before = stock.queue.len();
            told.answer_all();
            prop_assert!(stock.pass(semaphore.waiting()) && stock.queue.len() < before);
        }
        prop_assert!(waiters.iter().all(|waiter| waiter.outcome().is_some()));
        prop_assert_eq!(told.ends.lock().unwrap().len(), waiters.len());
    }
}

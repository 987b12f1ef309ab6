//! A retry budget's words, which threads change without a lock. Two threads; every order.

use std::sync::Arc;

use loom::thread;
use millrace_core::retry::{Budget, BudgetQuota};

const TTL: u64 = 16_000_000;

fn budget(ratio: f64, per_second: f64) -> Arc<Budget> {
    Arc::new(Budget::new(BudgetQuota { ratio, per_second, ttl: TTL }))
}

#[test]
fn two_threads_never_spend_one_token_twice() {
    loom::model(|| {
        let budget = budget(1.0, 1.0);
        budget.deposit(0);
        let other = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || u32::from(budget.withdraw(0)) + u32::from(budget.withdraw(0)))
        };
        let mine = u32::from(budget.withdraw(0));
        assert_eq!(mine + other.join().unwrap(), 2);
        assert_eq!(budget.standing(0).earned, 0.0);
    });
}

#[test]
fn what_one_thread_earns_while_another_spends_is_not_lost() {
    loom::model(|| {
        let budget = budget(1.0, 0.0);
        budget.deposit(0);
        let other = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.deposit(0))
        };
        let mine = f64::from(u8::from(budget.withdraw(0)));
        other.join().unwrap();
        assert_eq!((mine, budget.standing(0).earned), (1.0, 1.0));
    });
}

#[test]
fn a_token_that_is_given_back_while_time_passes_is_there_again() {
    loom::model(|| {
        let budget = budget(1.0, 0.0);
        budget.deposit(0);
        assert!(budget.withdraw(0));
        let other = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.give_back(TTL / 16))
        };
        // A clock that was read a step earlier.
        budget.deposit(0);
        other.join().unwrap();
        let earned = budget.standing(TTL / 16).earned;
        assert!(earned == 2.0 || earned == 1.9375, "{earned}");
    });
}

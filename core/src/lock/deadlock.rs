//! Who waits for whom: the graph in which a debug mode finds deadlocks.
//!
//! The host tells of each wait for a lock which holds the same flow of calls has, and of each hold when it is taken and given back. A wait is stuck if what it
//! waits for is held by those who are stuck themselves. The set of the stuck is the greatest that agrees with this: all that a new wait
//! leads to are taken to be stuck, and whoever could go on is taken out until none can. What is left when the new wait is in
//! it is a deadlock, and nothing else is: a semaphore's waiter is stuck only if too few permits can ever come free, a reader only if a
//! writer is stuck.

use std::collections::{BTreeMap, BTreeSet};

use super::owner::Owner;
use crate::sync::{Arc, Mutex};

/// What is asked for of a lock, or held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All of it.
    Exclusive,
    /// A reader's share.
    Shared,
    /// Permits.
    Permits {
        /// How many.
        count: u32,
        /// Of how many in all.
        total: u32,
    },
}

/// Who holds, or waits for, a share of which lock, and where in the host's code.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who.
    pub owner: Owner,
    /// The host's number for the lock.
    pub lock: u32,
    /// How much of it.
    pub share: Share,
    /// Where it asked for it, in the host's words.
    pub place: Arc<str>,
}

/// One step of a deadlock: this one waits for that one.
#[derive(Debug, Clone)]
pub struct Link {
    /// What is waited for.
    pub waits: Claim,
    /// The hold that stands in the way.
    pub held: Claim,
}

#[derive(Debug)]
struct Waiting {
    claim: Claim,
    /// What the same flow of calls holds, which it cannot give back before its wait has ended.
    holding: Vec<u64>,
    /// The whole thread stands still.
    blocking: bool,
}

impl Waiting {
    /// Whether a hold cannot be given back before this wait has ended.
    fn detains(&self, id: u64, hold: &Claim) -> bool {
        self.holding.contains(&id) || (self.blocking && self.claim.owner == hold.owner)
    }
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    holds: BTreeMap<u64, Claim>,
    waits: BTreeMap<u64, Waiting>,
}

/// The graph of all locks that are watched.
#[derive(Debug, Default)]
pub struct WaitGraph(Mutex<Inner>);

impl WaitGraph {
    /// Enters a wait and gives its number.
    ///
    /// # Errors
    /// It would never end: who waits for whom, from this wait on. It has not been entered.
    pub fn wait(&self, claim: Claim, holding: Vec<u64>, blocking: bool) -> Result<u64, Vec<Link>> {
        let mut inner = self.0.lock();
        inner.last += 1;
        let id = inner.last;
        inner.waits.insert(id, Waiting { claim, holding, blocking });
        let stuck = inner.stuck(id);
        if stuck.contains(&id) {
            let links = inner.links(id, &stuck);
            inner.waits.remove(&id);
            return Err(links);
        }
        Ok(id)
    }

    /// A wait has ended, however it did.
    pub fn end(&self, wait: u64) {
        self.0.lock().waits.remove(&wait);
    }

    /// Enters a hold and gives its number.
    pub fn hold(&self, claim: Claim) -> u64 {
        let mut inner = self.0.lock();
        inner.last += 1;
        let id = inner.last;
        inner.holds.insert(id, claim);
        id
    }

    /// A hold is about to be given back.
    pub fn let_go(&self, hold: u64) {
        self.0.lock().holds.remove(&hold);
    }

    /// A thread has ended.
    pub fn forget(&self, owner: Owner) {
        let mut inner = self.0.lock();
        inner.holds.retain(|_, hold| hold.owner != owner);
        inner.waits.retain(|_, wait| wait.claim.owner != owner);
    }

    /// What is held of a lock.
    #[must_use]
    pub fn holds(&self, lock: u32) -> Vec<Claim> {
        self.0.lock().holds.values().filter(|hold| hold.lock == lock).cloned().collect()
    }
}

impl Inner {
    fn holds_of(&self, lock: u32) -> impl Iterator<Item = (u64, &Claim)> {
        self.holds.iter().filter(move |(_, hold)| hold.lock == lock).map(|(id, hold)| (*id, hold))
    }

    fn detainers(&self, id: u64, hold: &Claim) -> impl Iterator<Item = u64> {
        self.waits.iter().filter(move |(_, wait)| wait.detains(id, hold)).map(|(wait, _)| *wait)
    }

    /// Those of whom a wait must be rid, and cannot be: the holds in its way that are never given back.
    fn obstacles<'a>(
        &'a self,
        wait: &'a Waiting,
        stuck: &'a BTreeSet<u64>,
    ) -> impl Iterator<Item = (u64, &'a Claim)> {
        let matters = |hold: &Claim| wait.claim.share != Share::Shared || hold.share == Share::Exclusive;
        self.holds_of(wait.claim.lock)
            .filter(move |(_, hold)| matters(hold))
            .filter(|(id, hold)| self.detainers(*id, hold).any(|wait| stuck.contains(&wait)))
    }

    fn is_stuck(&self, wait: &Waiting, stuck: &BTreeSet<u64>) -> bool {
        let mut obstacles = self.obstacles(wait, stuck);
        let Share::Permits { count, total } = wait.claim.share else { return obstacles.next().is_some() };
        let withheld =
            obstacles.map(|(_, hold)| if let Share::Permits { count, .. } = hold.share { count } else { 0 });
        let withheld: u32 = withheld.sum();
        withheld > 0 && total.saturating_sub(withheld) < count
    }

    /// Of all that a wait leads to, the waits that never end.
    fn stuck(&self, from: u64) -> BTreeSet<u64> {
        let mut stuck = BTreeSet::from([from]);
        let mut new = vec![from];
        while let Some(wait) = new.pop().and_then(|id| self.waits.get(&id)) {
            for (id, hold) in self.holds_of(wait.claim.lock) {
                new.extend(self.detainers(id, hold).filter(|wait| stuck.insert(*wait)));
            }
        }
        loop {
            let may_go =
                stuck.iter().find(|id| self.waits.get(id).is_none_or(|wait| !self.is_stuck(wait, &stuck)));
            let Some(&may_go) = may_go else { return stuck };
            stuck.remove(&may_go);
        }
    }

    fn links(&self, from: u64, stuck: &BTreeSet<u64>) -> Vec<Link> {
        let mut links = Vec::new();
        let mut seen = BTreeSet::new();
        let mut at = from;
        while seen.insert(at) {
            let Some(wait) = self.waits.get(&at) else { break };
            let Some((id, hold)) = self.obstacles(wait, stuck).next() else { break };
            links.push(Link { waits: wait.claim.clone(), held: hold.clone() });
            let next = self.detainers(id, hold).find(|wait| stuck.contains(wait));
            at = next.unwrap_or(from);
        }
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUTEX: Share = Share::Exclusive;

    fn claim(owner: u64, lock: u32, share: Share) -> Claim {
        Claim { owner: Owner(owner), lock, share, place: Arc::from(format!("{owner}:{lock}")) }
    }

    fn permits(count: u32) -> Share {
        Share::Permits { count, total: 3 }
    }

    fn steps(links: &[Link]) -> Vec<(u64, u32, u64)> {
        links.iter().map(|link| (link.waits.owner.0, link.waits.lock, link.held.owner.0)).collect()
    }

    #[test]
    fn the_wait_that_closes_a_cycle_is_told_who_waits_for_whom() {
        let graph = WaitGraph::default();
        let holds: Vec<_> = (1..4).map(|who| graph.hold(claim(who, who as u32, MUTEX))).collect();
        let first = graph.wait(claim(1, 2, MUTEX), vec![holds[0]], false).unwrap();
        graph.wait(claim(2, 3, MUTEX), vec![holds[1]], false).unwrap();
        let cycle = graph.wait(claim(3, 1, MUTEX), vec![holds[2]], false).unwrap_err();
        assert_eq!(steps(&cycle), [(3, 1, 1), (1, 2, 2), (2, 3, 3)]);
        graph.end(first);
        assert!(graph.wait(claim(3, 1, MUTEX), vec![holds[2]], false).is_ok());
    }

    #[test]
    fn one_that_waits_for_what_it_holds_itself_waits_for_ever() {
        let graph = WaitGraph::default();
        let hold = graph.hold(claim(1, 1, MUTEX));
        assert_eq!(steps(&graph.wait(claim(1, 1, MUTEX), vec![hold], false).unwrap_err()), [(1, 1, 1)]);
        assert!(graph.wait(claim(1, 1, MUTEX), vec![], false).is_ok());
        graph.let_go(hold);
        assert!(graph.wait(claim(1, 1, MUTEX), vec![hold], false).is_ok());
    }

    #[test]
    fn another_flow_of_the_same_thread_can_give_back_unless_the_thread_blocks() {
        let graph = WaitGraph::default();
        let [a, b] = [1, 2].map(|who| graph.hold(claim(who, who as u32, MUTEX)));
        let waits = graph.wait(claim(1, 2, MUTEX), vec![], false).unwrap();
        let other = graph.wait(claim(2, 1, MUTEX), vec![b], false).unwrap();
        graph.end(waits);
        assert_eq!(steps(&graph.wait(claim(1, 2, MUTEX), vec![], true).unwrap_err()), [(1, 2, 2), (2, 1, 1)]);
        graph.end(other);
        assert!(graph.wait(claim(1, 2, MUTEX), vec![a], true).is_ok());
    }

    #[test]
    fn permits_are_waited_for_in_vain_only_if_too_few_can_come_free() {
        let graph = WaitGraph::default();
        let [a, b] = [1, 2].map(|who| graph.hold(claim(who, 9, permits(1))));
        let lock = graph.hold(claim(3, 1, MUTEX));
        graph.hold(claim(3, 9, permits(1)));
        graph.wait(claim(1, 1, MUTEX), vec![a], false).unwrap();
        graph.wait(claim(2, 1, MUTEX), vec![b], false).unwrap();
        let one = graph.wait(claim(3, 9, permits(1)), vec![lock], false).unwrap();
        graph.end(one);
        let cycle = graph.wait(claim(3, 9, permits(2)), vec![lock], false).unwrap_err();
        assert_eq!(steps(&cycle), [(3, 9, 1), (1, 1, 3)]);
    }

    #[test]
    fn a_reader_waits_for_writers_alone_and_a_writer_for_all() {
        let graph = WaitGraph::default();
        let reader = graph.hold(claim(1, 1, Share::Shared));
        let lock = graph.hold(claim(2, 2, MUTEX));
        graph.wait(claim(1, 2, MUTEX), vec![reader], false).unwrap();
        assert!(graph.wait(claim(2, 1, Share::Shared), vec![lock], false).is_ok());
        assert_eq!(
            steps(&graph.wait(claim(2, 1, MUTEX), vec![lock], false).unwrap_err()),
            [(2, 1, 1), (1, 2, 2)]
        );
    }

    #[test]
    fn the_dead_wait_for_nothing_and_hold_nothing() {
        let graph = WaitGraph::default();
        let [a, b] = [1, 2].map(|who| graph.hold(claim(who, who as u32, MUTEX)));
        graph.wait(claim(1, 2, MUTEX), vec![a], false).unwrap();
        assert_eq!(graph.holds(1).len(), 1);
        graph.forget(Owner(1));
        assert!(graph.holds(1).is_empty());
        assert!(graph.wait(claim(2, 1, MUTEX), vec![b], false).is_ok());
    }
}

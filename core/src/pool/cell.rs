//! What a worker's lock guards: where it is in its life, what it has taken, what it runs, what it has measured.

use std::collections::VecDeque;

use super::figures::Beat;
use super::host::Host;
use super::ids::Slot;
use super::outcome::Replaced;
use super::task::{Running, Task};
use crate::clock::Nanos;
use crate::metrics::{Ewma, Histogram};

/// Where a worker is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Ordered, not yet attached.
    Starting,
    /// Takes tasks.
    Live,
    /// Takes no more and ends when what it runs has ended; since when.
    Retiring(Nanos),
    /// Takes no more; its thread is being ended, and why.
    Ending(Option<Replaced>),
    /// Takes no more; it is replaced when the tasks that were not cancelled have ended.
    Doomed,
}

/// What a worker has measured. Merged into the pool's when it ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Stats {
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) busy: Nanos,
    pub(super) alive: Nanos,
    pub(super) waiting: Histogram,
    pub(super) running: Histogram,
}

impl Stats {
    pub(super) fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.failed += other.failed;
        self.busy += other.busy;
        self.alive += other.alive;
        self.waiting.merge(&other.waiting);
        self.running.merge(&other.running);
    }
}

/// What a worker's lock guards.
pub(super) struct Cell<H: Host> {
    pub(super) phase: Phase,
    /// Taken and not begun.
    pub(super) local: VecDeque<Task<H>>,
    /// How many of them are bound to this worker.
    pub(super) bound: usize,
    pub(super) running: Vec<(u32, Option<Running<H>>)>,
    pub(super) running_count: u32,
    pub(super) stats: Stats,
    pub(super) mean_run: Ewma,
    pub(super) attached: Nanos,
    pub(super) last_beat: Nanos,
    /// When a ping was sent that has not been answered.
    pub(super) pinged: Option<Nanos>,
    pub(super) beat: Beat,
    pub(super) done: u64,
    pub(super) failed: u64,
}

impl<H: Host> Cell<H> {
    pub(super) fn running(&mut self) -> impl Iterator<Item = (Slot, &mut Running<H>)> {
        self.running.iter_mut().enumerate().filter_map(|(index, (generation, running))| {
            let slot = Slot { index: index as u32, generation: *generation };
            running.as_mut().map(|running| (slot, running))
        })
    }

    /// Whether it takes tasks and has none.
    pub(super) fn is_free(&self) -> bool {
        self.phase == Phase::Live && self.running_count == 0 && self.local.is_empty()
    }

    /// Adds a task that only this worker can run.
    pub(super) fn bind(&mut self, task: Task<H>) {
        self.bound += 1;
        self.local.push_back(Task { bound: true, ..task });
    }

    /// Takes out the task at `at`.
    pub(super) fn take_at(&mut self, at: usize) -> Option<Task<H>> {
        let task = self.local.remove(at)?;
        self.bound -= usize::from(task.bound);
        Some(task)
    }

    /// Takes out all tasks, the bound ones too.
    pub(super) fn take_all(&mut self) -> Vec<Task<H>> {
        self.bound = 0;
        self.local.drain(..).collect()
    }

    /// Takes out up to `count` of the oldest tasks that another worker can run as well.
    pub(super) fn take_free(&mut self, count: usize) -> Vec<Task<H>> {
        let count = count.min(self.local.len());
        if self.bound == 0 {
            return self.local.drain(..count).collect();
        }
        let (bound, mut free): (Vec<_>, Vec<_>) = self.local.drain(..).partition(|task| task.bound);
        let rest = free.split_off(count.min(free.len()));
        self.local.extend(bound.into_iter().chain(rest));
        free
    }

    pub(super) fn slot(&mut self, slot: Slot) -> Option<&mut Option<Running<H>>> {
        let (generation, running) = self.running.get_mut(slot.index as usize)?;
        (*generation == slot.generation && running.is_some()).then_some(running)
    }

    pub(super) fn enter(&mut self, running: Running<H>) -> Slot {
        self.running_count += 1;
        let free = self.running.iter().position(|(_, running)| running.is_none());
        let index = free.unwrap_or_else(|| {
            self.running.push((0, None));
            self.running.len() - 1
        });
        let mut generation = 0;
        if let Some(place) = self.running.get_mut(index) {
            place.0 = place.0.wrapping_add(1);
            place.1 = Some(running);
            generation = place.0;
        }
        Slot { index: index as u32, generation }
    }

    /// Takes a task that runs out of its slot.
    pub(super) fn leave(&mut self, slot: Slot) -> Option<Running<H>> {
        let running = self.slot(slot)?.take();
        self.running_count -= u32::from(running.is_some());
        running
    }
}

//! The fast calls of locks and meeting points: one set for all kinds, told apart by the object.

use std::num::NonZeroU32;
use std::sync::Arc;

use millrace_core::lock::{
    Acquire, Arrival, Barrier, Begin, Cond, Latch, Lock, NotHeld, Once, Owner, Poisoned, RwLock, Semaphore,
    Share, Wait, WaitGroup,
};
use millrace_core::words::Word;
use parking_lot::Mutex;

use crate::codec::Payload;
use crate::error::{Fault, code};
use crate::fast::{Answer, fast_calls};
use crate::memory::words;
use crate::messages::describe;
use crate::pool::options::Options;
use crate::port::PortRef;
use crate::shared::Kind;
use crate::waiting::{JsWaiter, Target};
use crate::waits::{attend, block, waiter};

/// Every kind of lock.
pub(crate) enum JsLock {
    Mutex(Arc<Lock<Target>>),
    RwLock(Arc<RwLock<Target>>),
    Semaphore(Arc<Semaphore<Target>>),
    WaitGroup(Arc<WaitGroup<Target>>),
    Latch(Arc<Latch<Target>>),
    Barrier(Arc<Barrier<Target>>),
    Cond(Arc<Cond<Target>>),
    /// With the result of the one that ran.
    Once(Arc<Once<Target>>, Mutex<Option<Payload>>),
}

/// How passing, or asking to, went.
mod passed {
    pub(super) const WAITING: i32 = 0;
    pub(super) const NOW: i32 = 1;
    pub(super) const CLOSED: i32 = 2;
    pub(super) const POISONED: i32 = 3;
    pub(super) const TOO_MANY: i32 = 4;
    pub(super) const BROKEN: i32 = 5;
    pub(super) const FIRST: i32 = 6;
}

/// What may be read of a lock.
mod reading {
    pub(super) const WAITING: u32 = 0;
    pub(super) const VALUE: u32 = 1;
    pub(super) const POISONED: u32 = 2;
    pub(super) const CLOSED: u32 = 3;
    pub(super) const SIZE: u32 = 4;
    pub(super) const HOLDER: u32 = 5;
}

type Asked = (i32, Option<Arc<JsWaiter>>);

fn pass<T>(wait: Wait<Target, T>, now: impl FnOnce(T) -> i32) -> Asked {
    match wait {
        Wait::Now(value) => (now(value), None),
        Wait::Waiting(waiter) => (passed::WAITING, Some(waiter)),
        Wait::Closed => (passed::CLOSED, None),
    }
}

fn poison(Poisoned(poisoned): Poisoned) -> i32 {
    if poisoned { passed::POISONED } else { passed::NOW }
}

fn not_held(error: NotHeld) -> Fault {
    let NotHeld { held } = error;
    Fault::new(code::NOT_HELD, format!("this thread does not hold what it gives back: it holds {held}"))
}

fn fair(options: &mut Options<'_>) -> Result<bool, Fault> {
    Ok(options.flag("fair")?.unwrap_or(true))
}

impl Kind for JsLock {
    fn kind(&self) -> &'static str {
        match self {
            Self::Mutex(_) => "mutex",
            Self::RwLock(_) => "rwmutex",
            Self::Semaphore(_) => "semaphore",
            Self::WaitGroup(_) => "waitgroup",
            Self::Latch(_) => "latch",
            Self::Barrier(_) => "barrier",
            Self::Cond(_) => "cond",
            Self::Once(..) => "once",
        }
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        match self {
            Self::Mutex(lock) => lock.each_waiter(see),
            Self::RwLock(lock) => lock.each_waiter(see),
            Self::Semaphore(lock) => lock.each_waiter(see),
            Self::WaitGroup(lock) => lock.each_waiter(see),
            Self::Latch(lock) => lock.each_waiter(see),
            Self::Barrier(lock) => lock.each_waiter(see),
            Self::Cond(lock) => lock.each_waiter(see),
            Self::Once(lock, _) => lock.each_waiter(see),
        }
    }

    fn held(&self) -> f64 {
        match self {
            Self::Semaphore(lock) => f64::from(lock.permits() - lock.available()),
            Self::RwLock(lock) if lock.writer().is_some() => 1.0,
            Self::Barrier(_) | Self::Cond(_) => 0.0,
            _ => self.read(reading::VALUE),
        }
    }

    fn forget(&self, _isolate: PortRef, owner: Owner) {
        match self {
            Self::Mutex(lock) => drop(lock.release_owner(owner)),
            Self::RwLock(lock) => drop(lock.release_owner(owner)),
            Self::Semaphore(lock) => drop(lock.release_owner(owner)),
            Self::Barrier(lock) => lock.release_owner(owner),
            Self::Once(lock, _) => drop(lock.release_owner(owner)),
            Self::WaitGroup(_) | Self::Latch(_) | Self::Cond(_) => {}
        }
    }

    fn concerns(&self, owner: Owner) -> bool {
        match self {
            Self::Mutex(lock) => lock.holder() == Some(owner),
            Self::RwLock(lock) => {
                lock.writer() == Some(owner) || lock.readers().iter().any(|(reader, _)| *reader == owner)
            }
            Self::Semaphore(lock) => lock.holders().iter().any(|(holder, _)| *holder == owner),
            Self::Barrier(lock) => lock.waiting() > 0,
            Self::Once(lock, _) => lock.runner() == Some(owner),
            Self::WaitGroup(_) | Self::Latch(_) | Self::Cond(_) => false,
        }
    }

    fn open_words(&self, owner: Owner) -> (Option<u32>, Option<u32>) {
        match self {
            Self::Mutex(lock) => (lock.word().map(Word::place), None),
            Self::Semaphore(lock) => {
                (lock.word().map(Word::place), Some(lock.open_purse(owner, || words().take())))
            }
            _ => (None, None),
        }
    }

    fn close_words(&self, owner: Owner) {
        if let Self::Semaphore(lock) = self {
            lock.close_purse(owner);
        }
    }
}

impl JsLock {
    /// Makes a lock of a kind, or nothing if there is no such kind.
    pub(crate) fn make(kind: &str, options: &mut Options<'_>) -> Result<Option<Self>, Fault> {
        Ok(Some(match kind {
            "mutex" => Self::Mutex(Lock::with_word(fair(options)?, words().take())),
            "rwmutex" => Self::RwLock(RwLock::new(fair(options)?)),
            "semaphore" => {
                let permits = options.whole("permits", 0, u32::MAX)?.unwrap_or(1);
                Self::Semaphore(Semaphore::with_word(permits, fair(options)?, words().take()))
            }
            "waitgroup" => Self::WaitGroup(WaitGroup::new()),
            "latch" => Self::Latch(Latch::new(options.whole("count", 0, u32::MAX)?.unwrap_or(1))),
            "barrier" => {
                let parties = options.whole("parties", 1, 1 << 24)?.unwrap_or(1);
                Self::Barrier(Barrier::new(NonZeroU32::new(parties).unwrap_or(NonZeroU32::MIN)))
            }
            "cond" => Self::Cond(Cond::new()),
            "once" => Self::Once(Once::new(), Mutex::new(None)),
            _ => return Ok(None),
        }))
    }

    /// Who holds it: all of it or not, and how much.
    pub(crate) fn holders(&self) -> Vec<(Owner, bool, u32)> {
        match self {
            Self::Mutex(lock) => lock.holder().map(|owner| (owner, true, 1)).into_iter().collect(),
            Self::RwLock(lock) => {
                let readers = lock.readers().into_iter().map(|(owner, count)| (owner, false, count));
                lock.writer().map(|owner| (owner, true, 1)).into_iter().chain(readers).collect()
            }
            Self::Semaphore(lock) => {
                lock.holders().into_iter().map(|(owner, count)| (owner, false, count)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What one asks for who asks for so much.
    pub(crate) fn share(&self, exclusive: bool, count: u32) -> Share {
        match self {
            Self::Semaphore(lock) => Share::Permits { count, total: lock.permits() },
            _ if exclusive => Share::Exclusive,
            _ => Share::Shared,
        }
    }

    /// Whether it cancels a dead thread's waits itself; otherwise the isolate does.
    const fn knows_owners(&self) -> bool {
        !matches!(self, Self::WaitGroup(_) | Self::Latch(_) | Self::Cond(_))
    }

    fn try_pass(&self, owner: Owner, exclusive: bool, count: u32) -> i32 {
        match self {
            Self::Mutex(lock) => lock.try_lock(owner).map_or(passed::WAITING, poison),
            Self::RwLock(lock) if exclusive => lock.try_write(owner).map_or(passed::WAITING, poison),
            Self::RwLock(lock) => lock.try_read(owner).map_or(passed::WAITING, poison),
            Self::Semaphore(lock) => i32::from(lock.try_acquire(owner, count)),
            _ => passed::WAITING,
        }
    }

    fn pass(&self, owner: Owner, exclusive: bool, count: u32, make: impl FnOnce() -> Arc<JsWaiter>) -> Asked {
        match self {
            Self::Mutex(lock) => pass(lock.lock(owner, make), poison),
            Self::RwLock(lock) if exclusive => pass(lock.write(owner, make), poison),
            Self::RwLock(lock) => pass(lock.read(owner, make), poison),
            Self::Semaphore(lock) => match lock.acquire(owner, count, make) {
                Acquire::Now if lock.is_poisoned() => (passed::POISONED, None),
                Acquire::Now => (passed::NOW, None),
                Acquire::Waiting(waiter) => (passed::WAITING, Some(waiter)),
                Acquire::Closed => (passed::CLOSED, None),
                Acquire::TooMany => (passed::TOO_MANY, None),
            },
            Self::WaitGroup(lock) => pass(lock.wait(make), |()| passed::NOW),
            Self::Latch(lock) => pass(lock.wait(make), |()| passed::NOW),
            Self::Barrier(lock) => match lock.arrive(owner, make) {
                Arrival::Leader => (passed::FIRST, None),
                Arrival::Waiting(waiter) => (passed::WAITING, Some(waiter)),
                Arrival::Broken => (passed::BROKEN, None),
                Arrival::Closed => (passed::CLOSED, None),
            },
            Self::Cond(lock) => pass(lock.wait(make), |()| passed::NOW),
            Self::Once(lock, _) => match lock.begin(owner, make) {
                Begin::Run => (passed::FIRST, None),
                Begin::Done => (passed::NOW, None),
                Begin::Waiting(waiter) => (passed::WAITING, Some(waiter)),
                Begin::Closed => (passed::CLOSED, None),
            },
        }
    }

    /// Gives back, counts, notifies or resets: what the kind has of it. The answer is a number where there is one to tell.
    fn give(&self, owner: Owner, exclusive: bool, count: f64) -> Result<f64, Fault> {
        let whole = count.clamp(0.0, f64::from(u32::MAX)) as u32;
        match self {
            Self::Mutex(lock) => lock.unlock(owner).map_err(not_held)?,
            Self::RwLock(lock) if exclusive => lock.unlock_write(owner).map_err(not_held)?,
            Self::RwLock(lock) if count < 0.0 => lock.downgrade(owner).map_err(not_held)?,
            Self::RwLock(lock) => lock.unlock_read(owner).map_err(not_held)?,
            Self::Semaphore(lock) => lock.release(owner, whole).map_err(not_held)?,
            Self::WaitGroup(lock) => lock.add(count as i64).map_err(|_| {
                Fault::new(
                    code::NOT_HELD,
                    format!("the counter would fall below zero: {} and {count}", lock.count()),
                )
            })?,
            Self::Latch(lock) => return Ok(f64::from(lock.count_down(whole))),
            Self::Barrier(lock) => lock.reset(),
            Self::Cond(lock) if exclusive => return Ok(lock.notify_all() as f64),
            Self::Cond(lock) => return Ok(f64::from(u8::from(lock.notify_one()))),
            Self::Once(lock, _) => lock.finish(owner, count > 0.0).map_err(not_held)?,
        }
        Ok(0.0)
    }

    fn read(&self, what: u32) -> f64 {
        let holder = |owner: Option<Owner>| owner.map_or(0.0, |owner| owner.0 as f64);
        let flag = |flag: bool| f64::from(u8::from(flag));
        match (self, what) {
            (Self::Mutex(lock), reading::WAITING) => lock.waiting() as f64,
            (Self::Mutex(lock), reading::VALUE) => flag(lock.holder().is_some()),
            (Self::Mutex(lock), reading::POISONED) => flag(lock.is_poisoned()),
            (Self::Mutex(lock), reading::HOLDER) => holder(lock.holder()),
            (Self::Mutex(lock), reading::CLOSED) => flag(lock.is_closed()),
            (Self::RwLock(lock), reading::WAITING) => lock.waiting() as f64,
            (Self::RwLock(lock), reading::VALUE) => {
                f64::from(lock.readers().iter().map(|(_, count)| *count).sum::<u32>())
            }
            (Self::RwLock(lock), reading::POISONED) => flag(lock.is_poisoned()),
            (Self::RwLock(lock), reading::HOLDER) => holder(lock.writer()),
            (Self::RwLock(lock), reading::CLOSED) => flag(lock.is_closed()),
            (Self::Semaphore(lock), reading::WAITING) => lock.waiting() as f64,
            (Self::Semaphore(lock), reading::VALUE) => f64::from(lock.available()),
            (Self::Semaphore(lock), reading::POISONED) => flag(lock.is_poisoned()),
            (Self::Semaphore(lock), reading::SIZE) => f64::from(lock.permits()),
            (Self::Semaphore(lock), reading::CLOSED) => flag(lock.is_closed()),
            (Self::WaitGroup(lock), reading::WAITING) => lock.waiting() as f64,
            (Self::WaitGroup(lock), reading::VALUE) => lock.count() as f64,
            (Self::WaitGroup(lock), reading::CLOSED) => flag(lock.is_closed()),
            (Self::Latch(lock), reading::WAITING) => lock.waiting() as f64,
            (Self::Latch(lock), reading::VALUE) => f64::from(lock.count()),
            (Self::Latch(lock), reading::CLOSED) => flag(lock.is_closed()),
            (Self::Barrier(lock), reading::WAITING) => lock.waiting() as f64,
            (Self::Barrier(lock), reading::VALUE) => flag(lock.is_broken()),
            (Self::Barrier(lock), reading::SIZE) => f64::from(lock.parties()),
            (Self::Barrier(lock), reading::CLOSED) => flag(lock.is_closed()),
            (Self::Cond(lock), reading::WAITING) => lock.waiting() as f64,
            (Self::Cond(lock), reading::CLOSED) => flag(lock.is_closed()),
            (Self::Once(lock, _), reading::WAITING) => lock.waiting() as f64,
            (Self::Once(lock, _), reading::VALUE) => flag(lock.is_done()),
            (Self::Once(lock, _), reading::HOLDER) => holder(lock.runner()),
            (Self::Once(lock, _), reading::CLOSED) => flag(lock.is_closed()),
            _ => 0.0,
        }
    }

    fn close(&self) {
        match self {
            Self::Mutex(lock) => lock.close(),
            Self::RwLock(lock) => lock.close(),
            Self::Semaphore(lock) => lock.close(),
            Self::WaitGroup(lock) => lock.close(),
            Self::Latch(lock) => lock.close(),
            Self::Barrier(lock) => lock.close(),
            Self::Cond(lock) => lock.close(),
            Self::Once(lock, _) => lock.close(),
        }
    }

    fn clear_poison(&self) {
        match self {
            Self::Mutex(lock) => lock.clear_poison(),
            Self::RwLock(lock) => lock.clear_poison(),
            Self::Semaphore(lock) => lock.clear_poison(),
            _ => {}
        }
    }
}

const NO_ONCE: Fault = Fault::stale("this object keeps no result");

fast_calls! {
    /// `(lock, exclusive, count)`: passes if that needs no waiting.
    c"lockTry" Try(isolate, arguments) {
        let (exclusive, count) = (arguments.flag(1)?, arguments.whole(2)?);
        let owner = isolate.owner();
        isolate.with_lock(arguments.wide(0)?, |lock| Ok(Answer::Code(lock.try_pass(owner, exclusive, count))))
    }

    /// `(lock, wait, exclusive, count)`: passes; a wait is begun if it may not yet.
    c"lockPass" Pass(isolate, arguments) {
        let (wait, exclusive, count) = (arguments.whole(1)?, arguments.flag(2)?, arguments.whole(3)?);
        let owner = isolate.owner();
        isolate.with_lock(arguments.wide(0)?, |lock| {
            let (how, waiter) = lock.pass(owner, exclusive, count, || waiter(isolate, wait));
            if let (Some(waiter), false) = (waiter, lock.knows_owners()) {
                isolate.waits.borrow_mut().insert(wait, waiter);
            }
            Ok(Answer::Code(how))
        })
    }

    /// `(lock, wait, exclusive, count, limit in ms or 0, cancellable)`.
    c"lockPassWith" PassWith(isolate, arguments) {
        let (wait, exclusive, count) = (arguments.whole(1)?, arguments.flag(2)?, arguments.whole(3)?);
        let owner = isolate.owner();
        isolate.with_lock(arguments.wide(0)?, |lock| {
            let (how, waiter) = lock.pass(owner, exclusive, count, || waiter(isolate, wait));
            if let Some(waiter) = waiter {
                attend(isolate, arguments, 4, &waiter)?;
                if !lock.knows_owners() {
                    isolate.waits.borrow_mut().insert(wait, waiter);
                }
            }
            Ok(Answer::Code(how))
        })
    }

    /// `(lock, limit in ms or 0, exclusive, count)`: the same; waiting: call `blockedPark` until it has an answer.
    c"lockPassBlocking" PassBlocking(isolate, arguments) {
        let (exclusive, count) = (arguments.flag(2)?, arguments.whole(3)?);
        let limit = arguments.number(1)?;
        let owner = isolate.owner();
        isolate.with_lock(arguments.wide(0)?, |lock| {
            let mut how = passed::WAITING;
            block(isolate, limit, |waiter| {
                how = lock.pass(owner, exclusive, count, || waiter).0;
                how == passed::WAITING
            });
            Ok(Answer::Code(how))
        })
    }

    /// `(lock, exclusive, count)`: gives back, counts, notifies or resets.
    c"lockGive" Give(isolate, arguments) {
        let (exclusive, count) = (arguments.flag(1)?, arguments.number(2)?);
        let owner = isolate.owner();
        isolate.with_lock(arguments.wide(0)?, |lock| Ok(Answer::Number(lock.give(owner, exclusive, count)?)))
    }

    /// `(lock, what)`: see `reading`.
    c"lockRead" Read(isolate, arguments) {
        let what = arguments.whole(1)?;
        isolate.with_lock(arguments.wide(0)?, |lock| Ok(Answer::Number(lock.read(what))))
    }

    /// `(lock)`: those who wait are told, and nobody passes any more.
    c"lockClose" Close(isolate, arguments) {
        isolate.with_lock(arguments.wide(0)?, |lock| {
            lock.close();
            Ok(Answer::Nothing)
        })
    }

    /// `(lock)`: a holder's death is forgotten.
    c"lockClearPoison" ClearPoison(isolate, arguments) {
        isolate.with_lock(arguments.wide(0)?, |lock| {
            lock.clear_poison();
            Ok(Answer::Nothing)
        })
    }

    /// `(once, tag, number)`: it has run, with this result.
    c"onceFinish" Finish(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        let owner = isolate.owner();
        isolate.with_lock(arguments.wide(0)?, |lock| {
            let JsLock::Once(once, result) = lock else { return Err(NO_ONCE) };
            *result.lock() = Some(payload);
            once.finish(owner, true).map_err(not_held)?;
            Ok(Answer::Nothing)
        })
    }

    /// `(once)`: its result, in the task's record.
    c"onceResult" Outcome(isolate, arguments) {
        isolate.with_lock(arguments.wide(0)?, |lock| {
            let JsLock::Once(_, result) = lock else { return Err(NO_ONCE) };
            let payload = result.lock().clone().unwrap_or(Payload::UNDEFINED);
            describe(isolate, payload, 0.0, 0.0);
            Ok(Answer::Nothing)
        })
    }

    /// The number this thread is known by as a holder.
    c"lockOwner" OwnNumber(isolate, _arguments) {
        Ok(Answer::Number(isolate.owner().0 as f64))
    }
}

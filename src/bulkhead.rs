//! The fast calls of bulkheads and limiters of concurrency, which are bulkheads; and what bulkheads and adaptive limiters tell of themselves.

use std::fmt::{self, Debug};
use std::sync::Arc;

use millrace_core::bulkhead::{Bulkhead, Enter, Figures, Happened, Observer, Refusal};
use millrace_core::lock::{NotHeld, Owner};
use millrace_core::words::Word;
use napi_derive::napi;
use serde_json::{Value, json};

use crate::env::Isolate;
use crate::error::{Fault, code};
use crate::fast::{Answer, fast_calls};
use crate::memory::words;
use crate::object::NativeObject;
use crate::pool::json::histogram_json;
use crate::pool::options::Options;
use crate::port::PortRef;
use crate::runtime::clock;
use crate::shared::Kind;
use crate::waiting::{JsWaiter, Target};
use crate::waits::{attend, block, waiter};
use crate::watchers::Watchers;

/// How asking to enter went.
pub(crate) mod entered {
    pub(crate) const WAITING: i32 = 0;
    pub(crate) const NOW: i32 = 1;
    pub(crate) const CLOSED: i32 = 2;
    pub(crate) const FULL: i32 = 3;
}

/// What listeners are told.
pub(crate) mod told {
    pub(crate) const REJECT: u8 = 0;
    pub(crate) const QUEUE: u8 = 1;
    pub(crate) const LIMIT: u8 = 2;
}

/// What may be read of a bulkhead.
mod reading {
    pub(super) const MOST: u32 = 0;
    pub(super) const INSIDE: u32 = 1;
    pub(super) const WAITING: u32 = 2;
    pub(super) const HAS_ROOM: u32 = 3;
    pub(super) const CLOSED: u32 = 4;
    pub(super) const MAX_WAIT: u32 = 5;
}

/// Tells those who listen what the engine says.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Watchers);

impl Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heard")
    }
}

impl Observer for Heard {
    fn happened(&self, what: Happened) {
        let (what, detail) = match what {
            Happened::Refused(Refusal::Full) => (told::REJECT, 0.0),
            Happened::Refused(Refusal::TooLate) => (told::REJECT, 1.0),
            Happened::Queued => (told::QUEUE, 0.0),
        };
        self.0.tell(what, [detail, 0.0, 0.0, 0.0]);
    }
}

/// A bulkhead of JavaScript's, and how long its calls wait at most, in milliseconds.
pub(crate) struct JsBulkhead {
    kind: &'static str,
    bulkhead: Arc<Bulkhead<Target>>,
    max_wait: Option<f64>,
    heard: Arc<Heard>,
}

/// How many may wait, and how long at most.
pub(crate) fn line(options: &mut Options<'_>) -> Result<(usize, Option<f64>), Fault> {
    let room = options.whole("maxQueue", 0, 1 << 24)?.map_or(usize::MAX, |room| room as usize);
    let max_wait = options.millis("maxWaitTime", 0.0, false)?;
    // Who may not wait needs no line.
    Ok((if max_wait == Some(0.0) { 0 } else { room }, max_wait))
}

pub(crate) fn not_inside(_error: NotHeld) -> Fault {
    Fault::new(code::NOT_HELD, "this thread has no such call under way")
}

impl JsBulkhead {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let most = options.whole("maxConcurrentCalls", 1, 1 << 24)?.unwrap_or(1);
        let queues = options.flag("enableQueue")?.unwrap_or(true);
        let (room, max_wait) = line(options)?;
        let heard = Arc::new(Heard::default());
        let room = if queues { room } else { 0 };
        let bulkhead = Bulkhead::new(most, room, words().take(), clock().clone(), heard.clone());
        Ok(Self { kind: "bulkhead", bulkhead, max_wait, heard })
    }

    /// One that is a limiter of concurrency.
    pub(crate) fn make_limiter(options: &mut Options<'_>) -> Result<Self, Fault> {
        let most = options.whole("limit", 1, 1 << 24)?.unwrap_or(1);
        let room = options.whole("maxWaiting", 0, 1 << 24)?.unwrap_or(1 << 24) as usize;
        let heard = Arc::new(Heard::default());
        let bulkhead = Bulkhead::new(most, room, words().take(), clock().clone(), heard.clone());
        Ok(Self { kind: "concurrency-limiter", bulkhead, max_wait: None, heard })
    }
}

impl Kind for JsBulkhead {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        self.bulkhead.each_waiter(see);
    }

    fn held(&self) -> f64 {
        f64::from(self.bulkhead.inside())
    }

    fn forget(&self, _isolate: PortRef, owner: Owner) {
        self.bulkhead.release_owner(owner);
    }

    fn concerns(&self, owner: Owner) -> bool {
        self.bulkhead.holders().iter().any(|(holder, _)| *holder == owner)
    }

    fn watchers(&self) -> Option<&Watchers> {
        Some(&self.heard.0)
    }

    fn open_words(&self, owner: Owner) -> (Option<u32>, Option<u32>) {
        let purse = self.bulkhead.open_purse(owner, || words().take());
        (Some(Word::place(self.bulkhead.word())), Some(purse))
    }

    fn close_words(&self, owner: Owner) {
        self.bulkhead.close_purse(owner);
    }
}

impl Isolate {
    fn with_bulkhead<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&JsBulkhead) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.with_object(handle, |shared| work(shared.get()?))
    }
}

/// A priority as JavaScript gives it, which has been checked there.
pub(crate) fn priority(number: f64) -> i32 {
    number as i32
}

pub(crate) fn figures_json(figures: &Figures) -> Value {
    json!({
        "calls": figures.calls,
        "rejections": figures.rejections,
        "timeouts": figures.timeouts,
        "cancelled": figures.cancelled,
        "queued": figures.queued,
        "running": figures.inside,
        "waiting": figures.waiting,
        "peak": figures.peak,
        "waitTimes": histogram_json(&figures.waits),
    })
}

/// What a bulkhead has counted.
#[napi]
pub fn bulkhead_metrics(object: &NativeObject) -> napi::Result<Value> {
    let bulkhead: &JsBulkhead = object.shared().get()?;
    Ok(figures_json(&bulkhead.bulkhead.figures()))
}

fast_calls! {
    /// `(bulkhead)`: enters if that needs no waiting.
    c"bulkheadTry" Try(isolate, arguments) {
        let owner = isolate.owner();
        isolate.with_bulkhead(arguments.wide(0)?, |it| {
            Ok(Answer::Code(match it.bulkhead.try_enter(owner) {
                Some(_) => entered::NOW,
                None if it.bulkhead.is_closed() => entered::CLOSED,
                None => entered::FULL,
            }))
        })
    }

    /// `(bulkhead, wait, priority, limit in ms or 0, cancellable)`: enters; a wait is begun if it may not yet and the line has room.
    c"bulkheadEnter" Enters(isolate, arguments) {
        let (wait, priority) = (arguments.whole(1)?, priority(arguments.number(2)?));
        let owner = isolate.owner();
        isolate.with_bulkhead(arguments.wide(0)?, |it| {
            Ok(Answer::Code(match it.bulkhead.enter(owner, priority, || waiter(isolate, wait)) {
                Enter::Now(_) => entered::NOW,
                Enter::Full => entered::FULL,
                Enter::Closed => entered::CLOSED,
                Enter::Waiting(waiter) => {
                    attend(isolate, arguments, 3, &waiter)?;
                    entered::WAITING
                }
            }))
        })
    }

    /// `(bulkhead, limit in ms or 0)`: enters, and blocks this thread: waiting: call `blockedPark` until it has an answer.
    c"bulkheadEnterBlocking" EntersBlocking(isolate, arguments) {
        let limit = arguments.number(1)?;
        let owner = isolate.owner();
        isolate.with_bulkhead(arguments.wide(0)?, |it| {
            let mut how = entered::WAITING;
            block(isolate, limit, |waiter| {
                how = match it.bulkhead.enter(owner, 0, || waiter) {
                    Enter::Now(_) => entered::NOW,
                    Enter::Full => entered::FULL,
                    Enter::Closed => entered::CLOSED,
                    Enter::Waiting(_) => entered::WAITING,
                };
                how == entered::WAITING
            });
            Ok(Answer::Code(how))
        })
    }

    /// `(bulkhead)`: exits.
    c"bulkheadExit" Exit(isolate, arguments) {
        let owner = isolate.owner();
        isolate.with_bulkhead(arguments.wide(0)?, |it| {
            it.bulkhead.exit(owner).map_err(not_inside)?;
            Ok(Answer::Nothing)
        })
    }

    /// `(bulkhead, most)`: so many may be inside from here on.
    c"bulkheadSetMost" SetMost(isolate, arguments) {
        let most = arguments.whole(1)?;
        isolate.with_bulkhead(arguments.wide(0)?, |it| {
            it.bulkhead.set_most(most);
            Ok(Answer::Nothing)
        })
    }

    /// `(bulkhead, what)`: see `reading`; -1 for a wait without limit.
    c"bulkheadRead" Read(isolate, arguments) {
        let what = arguments.whole(1)?;
        isolate.with_bulkhead(arguments.wide(0)?, |it| {
            let flag = |flag: bool| f64::from(u8::from(flag));
            Ok(Answer::Number(match what {
                reading::MOST => f64::from(it.bulkhead.most()),
                reading::INSIDE => f64::from(it.bulkhead.inside()),
                reading::WAITING => it.bulkhead.waiting() as f64,
                reading::HAS_ROOM => flag(it.bulkhead.has_room()),
                reading::CLOSED => flag(it.bulkhead.is_closed()),
                reading::MAX_WAIT => it.max_wait.unwrap_or(-1.0),
                _ => 0.0,
            }))
        })
    }

    /// `(bulkhead)`: those who wait are told, and nobody enters any more.
    c"bulkheadClose" Close(isolate, arguments) {
        isolate.with_bulkhead(arguments.wide(0)?, |it| {
            it.bulkhead.close();
            it.heard.0.close();
            Ok(Answer::Nothing)
        })
    }
}

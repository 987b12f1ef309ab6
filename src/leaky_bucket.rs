//! The fast calls of leaky buckets that are queues. What is put in stays in its isolate; here it is a place in line.

use std::sync::Arc;

use millrace_core::limiter::{Enqueue, LeakyQueue};
use napi_derive::napi;

use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, fast_calls};
use crate::limiter::{millis, span, within};
use crate::object::NativeObject;
use crate::pool::options::Options;
use crate::runtime::{clock, timers};
use crate::shared::Kind;
use crate::waiting::{JsWaiter, Target};
use crate::waits::{attend, waiter};
use crate::watchers::Watchers;

/// A leaky bucket, and who listens to it.
pub(crate) struct JsLeakyBucket {
    bucket: Arc<LeakyQueue<Target>>,
    watchers: Watchers,
}

/// How putting something in went. Below zero: it would leave, or there is room again, in so many ms, less 1.
mod put {
    pub(super) const WAITING: f64 = 0.0;
    pub(super) const CLOSED: f64 = 2.0;
    /// Further below zero by this: it is full.
    pub(super) const FULL: f64 = (1_u64 << 52) as f64;
}

/// What may be read of a leaky bucket.
mod reading {
    pub(super) const CLOSED: u32 = 0;
    pub(super) const LENGTH: u32 = 1;
    pub(super) const CAPACITY: u32 = 2;
    pub(super) const LEFT: u32 = 3;
    pub(super) const REFUSED: u32 = 4;
    pub(super) const TAKEN_OUT: u32 = 5;
}

/// How many it holds, and the time of one drop.
fn numbers(options: &mut Options<'_>) -> Result<(usize, u64), Fault> {
    let whole = |name: &str, given: Option<u32>| {
        given.ok_or_else(|| Fault::invalid(name, "nothing", "a whole number of at least 1"))
    };
    let capacity = options.whole("capacity", 1, 1 << 24)?;
    let rate = options.whole("leakRate", 1, u32::MAX)?;
    let interval = span(options, "leakInterval", None)?;
    let drop = interval.get().div_ceil(u64::from(whole("leakRate", rate)?));
    Ok((whole("capacity", capacity)? as usize, drop))
}

impl JsLeakyBucket {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let (capacity, drop) = numbers(options)?;
        let bucket = LeakyQueue::new(capacity, drop, clock().clone(), timers());
        Ok(Self { bucket, watchers: Watchers::default() })
    }

    fn read(&self, what: u32) -> Result<f64, Fault> {
        let [left, refused, taken_out] = self.bucket.figures();
        Ok(match what {
            reading::CLOSED => f64::from(u8::from(self.bucket.is_closed())),
            reading::LENGTH => self.bucket.len() as f64,
            reading::CAPACITY => self.bucket.capacity() as f64,
            reading::LEFT => left as f64,
            reading::REFUSED => refused as f64,
            reading::TAKEN_OUT => taken_out as f64,
            _ => return Err(Fault::internal("a leaky bucket has nothing of that kind to read")),
        })
    }
}

impl Kind for JsLeakyBucket {
    fn kind(&self) -> &'static str {
        "leaky-bucket"
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        self.bucket.each_waiter(see);
    }

    fn held(&self) -> f64 {
        self.bucket.len() as f64
    }

    fn watchers(&self) -> Option<&Watchers> {
        Some(&self.watchers)
    }
}

impl Isolate {
    fn with_leaky<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&JsLeakyBucket) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.with_object(handle, |shared| work(shared.get()?))
    }
}

/// Leaks by other numbers from here on, all of which must be given.
#[napi(ts_args_type = "bucket: NativeObject, options: object")]
pub fn leaky_configure(
    bucket: &NativeObject,
    options: napi::bindgen_prelude::Object<'_>,
) -> napi::Result<()> {
    let (capacity, drop) = numbers(&mut Options::new(options)?)?;
    bucket.shared().get::<JsLeakyBucket>()?.bucket.configure(capacity, drop);
    Ok(())
}

fast_calls! {
    /// `(bucket, wait, limit in ms or 0, cancellable)`: see `put`; the wait ends when its turn to leave has come.
    c"leakyEnqueue" Enqueuing(isolate, arguments) {
        let (wait, limit) = (arguments.whole(1)?, within(arguments.number(2)?));
        isolate.with_leaky(arguments.wide(0)?, |bucket| {
            Ok(Answer::Number(match bucket.bucket.enqueue(limit, || waiter(isolate, wait)) {
                Enqueue::Full(after) => -millis(after).ceil() - 1.0 - put::FULL,
                Enqueue::Late(after) => -millis(after) - 1.0,
                Enqueue::Closed => put::CLOSED,
                Enqueue::Waiting(waiter) => {
                    attend(isolate, arguments, 2, &waiter)?;
                    // Taken out with its isolate, or by `dequeue`.
                    isolate.waits.borrow_mut().insert(wait, waiter);
                    put::WAITING
                }
            }))
        })
    }

    /// `(bucket, what)`: see `reading`.
    c"leakyRead" Read(isolate, arguments) {
        let what = arguments.whole(1)?;
        isolate.with_leaky(arguments.wide(0)?, |bucket| Ok(Answer::Number(bucket.read(what)?)))
    }

    /// `(bucket)`: what is in it is told, and nothing more comes in.
    c"leakyClose" Close(isolate, arguments) {
        isolate.with_leaky(arguments.wide(0)?, |bucket| {
            bucket.bucket.close();
            bucket.watchers.close();
            Ok(Answer::Nothing)
        })
    }
}

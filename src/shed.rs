//! The fast calls of load shedding.

use millrace_core::clock::MILLI;
use millrace_core::shedding::{LoadShed, Shedding, Verdict};
use napi_derive::napi;
use serde_json::{Value, json};

use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, fast_calls};
use crate::object::NativeObject;
use crate::pool::options::Options;
use crate::runtime::clock;
use crate::shared::Kind;

/// The delay of one isolate's event loop, and what is refused for it.
pub(crate) struct JsShed(LoadShed);

impl JsShed {
    pub(crate) fn make(options: &mut Options<'_>) -> Result<Self, Fault> {
        let most = options.millis("maxEventLoopDelay", 1.0, false)?.unwrap_or(100.0);
        let priorities = options.whole("priorities", 1, 100)?.unwrap_or(3);
        let rule = Shedding { most: (most * MILLI as f64) as u64, priorities };
        Ok(Self(LoadShed::new(rule, clock().clone())))
    }
}

impl Kind for JsShed {
    fn kind(&self) -> &'static str {
        "shed"
    }
}

impl Isolate {
    fn with_shed<T>(
        &self,
        handle: u64,
        work: impl FnOnce(&LoadShed) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.with_object(handle, |shared| work(&shared.get::<JsShed>()?.0))
    }
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / MILLI as f64
}

/// What it has done.
#[napi]
pub fn shed_metrics(object: &NativeObject) -> napi::Result<Value> {
    let figures = object.shared().get::<JsShed>()?.0.figures();
    Ok(json!({
        "delay": millis(figures.delay),
        "admitted": figures.admitted,
        "refused": figures.refused,
    }))
}

fast_calls! {
    /// `(shed, priority)`: decides on a call: -1 if it is admitted, else the milliseconds after which it may come back.
    c"shedAsk" Ask(isolate, arguments) {
        let priority = arguments.whole(1)?;
        isolate.with_shed(arguments.wide(0)?, |shed| {
            Ok(match shed.ask(priority) {
                Verdict::Admitted => Answer::Code(-1),
                Verdict::Refused(span) => Answer::Number(millis(span)),
            })
        })
    }

    /// `(shed)`: the lowest priority that is admitted.
    c"shedLowest" Lowest(isolate, arguments) {
        isolate.with_shed(arguments.wide(0)?, |shed| Ok(Answer::Number(f64::from(shed.lowest()))))
    }

    /// `(shed, ms)`: a probe is under way, due after this.
    c"shedExpect" Expect(isolate, arguments) {
        let span = arguments.number(1)?.max(0.0) * MILLI as f64;
        isolate.with_shed(arguments.wide(0)?, |shed| {
            shed.expect(span as u64);
            Ok(Answer::Nothing)
        })
    }

    /// `(shed)`: the probe has come; whether there is to be another.
    c"shedArrived" Arrived(isolate, arguments) {
        isolate.with_shed(arguments.wide(0)?, |shed| Ok(Answer::Bool(shed.arrived())))
    }
}

//! Singleflights: keys are texts, which fast calls do not read, so these are ordinary ones.

use std::sync::Arc;

use millrace_core::lock::{Boarding, NotHeld, Owner, Passenger, Singleflight};
use millrace_core::wait::{WaitOutcome, WakeTarget};
use napi_derive::napi;

use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::{Fault, code};
use crate::object::NativeObject;
use crate::pool::message::{Settled, Status};
use crate::port::{Message, PortRef};
use crate::shared::Kind;
use crate::waiting::{JsWaiter, Target};
use crate::waits::{arm, block, waiter};

/// Whether the leader succeeded, and what it got.
pub(crate) type Landing = (bool, Payload);
/// Flights with JavaScript's results.
pub(crate) type JsSingleflight = Singleflight<Landing, Target>;

impl Passenger<Landing> for Target {
    fn landed(&self, token: u64, (ok, payload): Landing) {
        let status = if ok { Status::Fulfilled } else { Status::Rejected };
        match self {
            Self::Port(port) => {
                port.push(Message::Settled(Settled { wait: token as u32, status, detail: 0.0, payload }));
            }
            Self::Thread(_, blocked) => blocked.land(status, payload),
        }
    }

    fn lead(&self, token: u64) {
        // That it has passed: now it is its turn.
        self.wake(token, WaitOutcome::Won);
    }
}

impl Kind for Arc<JsSingleflight> {
    fn kind(&self) -> &'static str {
        "singleflight"
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        JsSingleflight::each_waiter(self, see);
    }

    fn held(&self) -> f64 {
        self.flights().len() as f64
    }

    fn forget(&self, _isolate: PortRef, owner: Owner) {
        self.release_owner(owner);
    }

    fn concerns(&self, owner: Owner) -> bool {
        JsSingleflight::concerns(self, owner)
    }
}

/// Asks for a key: true if this thread is to compute it; otherwise the wait ends when somebody has.
#[napi]
pub fn singleflight_board(
    flights: &NativeObject,
    key: String,
    wait: u32,
    limit: f64,
    cancellable: bool,
) -> napi::Result<bool> {
    let flights = Arc::clone(flights.shared().singleflight()?);
    Ok(Isolate::with_current(|isolate| {
        match flights.board(&key, isolate.owner(), || waiter(isolate, wait)) {
            Boarding::Lead => Ok(true),
            Boarding::Waiting(waiter) => {
                if cancellable {
                    isolate.waits.borrow_mut().insert(wait, Arc::clone(&waiter));
                }
                arm(&waiter, limit);
                Ok(false)
            }
        }
    })?)
}

/// The same for a thread that blocks; false: call `blockedPark` until it has an answer.
#[napi]
pub fn singleflight_board_blocking(flights: &NativeObject, key: String, limit: f64) -> napi::Result<bool> {
    let flights = Arc::clone(flights.shared().singleflight()?);
    Ok(Isolate::with_current(|isolate| {
        let mut leads = true;
        block(isolate, limit, |waiter| {
            leads = matches!(flights.board(&key, isolate.owner(), || waiter), Boarding::Lead);
            !leads
        });
        Ok(leads)
    })?)
}

/// A key has been computed, with this result or error.
#[napi]
pub fn singleflight_land(
    flights: &NativeObject,
    key: String,
    ok: bool,
    tag: u32,
    number: f64,
) -> napi::Result<u32> {
    let flights = Arc::clone(flights.shared().singleflight()?);
    Ok(Isolate::with_current(|isolate| {
        let payload = isolate.take_payload(tag as u8, number)?;
        let told = flights
            .land(&key, isolate.owner(), &(ok, payload))
            .map_err(|NotHeld { .. }| Fault::new(code::NOT_HELD, "this thread does not compute that key"))?;
        Ok(told as u32)
    })?)
}

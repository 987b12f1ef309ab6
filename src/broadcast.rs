//! Broadcasts and tickers: what hands out channels of its own.

use std::sync::Arc;

use millrace_core::channel::{Broadcast, Published, Sent, Slow, SubscribeError, Ticker};
use millrace_core::clock::{MILLI, Nanos};
use millrace_core::lock::Owner;
use napi_derive::napi;

use crate::codec::Payload;
use crate::env::Isolate;
use crate::error::{Fault, code};
use crate::fast::{Answer, fast_calls};
use crate::messages::describe;
use crate::object::NativeObject;
use crate::port::PortRef;
use crate::runtime;
use crate::shared::Kind;
use crate::waiting::{JsChannel, Target};
use crate::waits::{attend, block, waiter};

/// A broadcast of JavaScript's values.
pub(crate) type JsBroadcast = Broadcast<Payload, Target>;
/// A ticker whose ticks are numbers.
pub(crate) type JsTicker = Ticker<Payload, Target>;

/// What broadcasting left to be done.
#[derive(Default)]
pub(crate) struct Unfinished {
    /// Subscribers that are to be waited for.
    pub(crate) blocked: Vec<(Arc<JsChannel>, Payload)>,
    /// Subscribers that had no room and want the sender to know.
    pub(crate) refused: Vec<String>,
}

fn nanos(millis: f64) -> Nanos {
    (millis.max(0.0) * MILLI as f64) as Nanos
}

fn tick(since: Nanos) -> Payload {
    Payload::Scalar { kind: 3, num: since as f64 / MILLI as f64 }
}

impl Kind for JsBroadcast {
    fn kind(&self) -> &'static str {
        "broadcast"
    }

    // Its subscribers wait for channels of their own.
    fn held(&self) -> f64 {
        self.subscribers().iter().map(|(_, length, _)| *length as f64).sum::<f64>() + 0.0
    }

    fn forget(&self, _isolate: PortRef, owner: Owner) {
        self.release_owner(owner);
    }

    fn concerns(&self, owner: Owner) -> bool {
        JsBroadcast::concerns(self, owner)
    }
}

impl Kind for Arc<JsTicker> {
    fn kind(&self) -> &'static str {
        "ticker"
    }

    fn held(&self) -> f64 {
        f64::from(u8::from(self.is_active()))
    }
}

/// One subscriber of a broadcast.
#[napi(object)]
pub struct NativeSubscriber {
    /// Its name.
    pub id: String,
    /// Messages in its buffer.
    pub length: f64,
    /// Messages it has missed.
    pub dropped: f64,
}

/// A ticker that sends into a channel: after `first` milliseconds, and every `every` from then on (0: once).
#[napi]
pub fn start_ticker(channel: &NativeObject, first: f64, every: f64) -> napi::Result<NativeObject> {
    let channel = Arc::clone(channel.shared().channel()?);
    let clock = runtime::clock().clone();
    let ticker = JsTicker::new(channel, tick, clock, runtime::timers(), nanos(first), nanos(every));
    Ok(NativeObject::anonymous(ticker)?)
}

/// Subscribes to a broadcast: the subscriber's channel.
#[napi]
pub fn broadcast_subscribe(
    broadcast: &NativeObject,
    id: String,
    capacity: u32,
    slow: String,
    last: u32,
) -> napi::Result<NativeObject> {
    let broadcast = broadcast.shared().broadcast()?;
    let slow = match slow.as_str() {
        "block" => Slow::Block,
        "drop-oldest" => Slow::DropOldest,
        "drop-newest" => Slow::DropNewest,
        "disconnect" => Slow::Disconnect,
        _ => Slow::Error,
    };
    let owner = Isolate::with_current(|isolate| Ok(isolate.owner()))?;
    let channel =
        broadcast.subscribe(id.clone(), owner, capacity, slow, last).map_err(|error| match error {
            SubscribeError::Taken => Fault::invalid("id", &format!("'{id}'"), "one that no subscriber has"),
            SubscribeError::Closed => Fault::new(code::CHANNEL_CLOSED, "the broadcast is closed"),
        })?;
    Ok(NativeObject::anonymous(channel)?)
}

/// Removes a subscriber; whether there was one.
#[napi]
pub fn broadcast_unsubscribe(broadcast: &NativeObject, id: String) -> napi::Result<bool> {
    Ok(broadcast.shared().broadcast()?.unsubscribe(&id))
}

/// The subscribers of a broadcast.
#[napi]
pub fn broadcast_subscribers(broadcast: &NativeObject) -> napi::Result<Vec<NativeSubscriber>> {
    let tell = |(id, length, dropped): (String, usize, u64)| NativeSubscriber {
        id,
        length: length as f64,
        dropped: dropped as f64,
    };
    Ok(broadcast.shared().broadcast()?.subscribers().into_iter().map(tell).collect())
}

/// The subscribers that refused this thread's last message.
#[napi]
pub fn broadcast_refused() -> napi::Result<Vec<String>> {
    Ok(Isolate::with_current(|isolate| Ok(std::mem::take(&mut isolate.unfinished.borrow_mut().refused)))?)
}

fast_calls! {
    /// `(broadcast, tag, number)`: gives a message to every subscriber. The task's record has how many have it, how many are to
    /// be waited for by `broadcastWait`, and how many refuse it; false if it is closed.
    c"broadcastPublish" Publish(isolate, arguments) {
        let payload = isolate.take_payload(arguments.whole(1)? as u8, arguments.number(2)?)?;
        let published = isolate.with_object(arguments.wide(0)?, |shared| Ok(shared.broadcast()?.publish(&payload)))?;
        let Some(Published { delivered, blocked, refused }) = published else { return Ok(Answer::Bool(false)) };
        let refusals = Payload::Scalar { kind: 3, num: refused.len() as f64 };
        describe(isolate, refusals, f64::from(delivered), blocked.len() as f64);
        *isolate.unfinished.borrow_mut() = Unfinished { blocked, refused };
        Ok(Answer::Bool(true))
    }

    /// `(wait, limit in ms or 0, cancellable)`: sends the last message to the next subscriber that is waited for; answers as
    /// `channelSend`.
    c"broadcastWait" Await(isolate, arguments) {
        let next = isolate.unfinished.borrow_mut().blocked.pop();
        let Some((channel, payload)) = next else { return Ok(Answer::Code(0)) };
        let wait = arguments.whole(0)?;
        Ok(Answer::Code(match channel.send(payload, || waiter(isolate, wait)) {
            Sent::Done => 0,
            Sent::Closed(_) => 2,
            Sent::Waiting(waiter) => {
                attend(isolate, arguments, 1, &waiter)?;
                1
            }
        }))
    }

    /// `(limit in ms or 0)`: the same for a thread that blocks; waiting: call `blockedPark` until it has an answer.
    c"broadcastWaitBlocking" AwaitBlocking(isolate, arguments) {
        let limit = arguments.number(0)?;
        let next = isolate.unfinished.borrow_mut().blocked.pop();
        let Some((channel, payload)) = next else { return Ok(Answer::Code(0)) };
        let mut how = 0;
        block(isolate, limit, |waiter| {
            how = match channel.send(payload, || waiter) {
                Sent::Done => 0,
                Sent::Waiting(_) => 1,
                Sent::Closed(_) => 2,
            };
            how == 1
        });
        Ok(Answer::Code(how))
    }

    /// `(broadcast)`.
    c"broadcastClose" Close(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| {
            shared.broadcast()?.close();
            Ok(Answer::Nothing)
        })
    }

    /// `(broadcast)`.
    c"broadcastClosed" IsClosed(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Bool(shared.broadcast()?.is_closed())))
    }

    /// `(ticker, first in ms, every in ms or 0)`: begins anew; whether the old schedule would still have fired.
    c"tickerReset" Reset(isolate, arguments) {
        let (first, every) = (nanos(arguments.number(1)?), nanos(arguments.number(2)?));
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Bool(shared.get::<Arc<JsTicker>>()?.reset(first, every))))
    }

    /// `(ticker)`: whether it would have fired.
    c"tickerStop" Stop(isolate, arguments) {
        isolate.with_object(arguments.wide(0)?, |shared| Ok(Answer::Bool(shared.get::<Arc<JsTicker>>()?.stop())))
    }
}

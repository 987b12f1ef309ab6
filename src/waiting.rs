//! Whom the end of a wait is told: a slot of an isolate's port, or a thread that blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use millrace_core::channel::{Channel, ChannelTarget, Happened};
use millrace_core::spin::{LONG, spin};
use millrace_core::wait::{Call, WaitOutcome, Waiter, WakeTarget};
use parking_lot::{Condvar, Mutex};

use crate::codec::Payload;
use crate::pool::message::{Settled, Status};
use crate::port::{Message, PortRef};
use crate::queue::{JsQueue, Ranked};
use crate::runtime::processors;

/// A channel of JavaScript's values.
pub(crate) type JsChannel = Channel<Payload, Target>;
/// A wait of JavaScript's.
pub(crate) type JsWaiter = Waiter<Target>;

/// Where the end of a wait goes; the token of its waiter is the number of the wait in its isolate.
#[derive(Clone)]
pub(crate) enum Target {
    /// A promise of this isolate's.
    Port(PortRef),
    /// A thread that blocks, and its isolate.
    Thread(PortRef, Arc<Blocked>),
}

impl Target {
    /// Whether it belongs to the isolate of this port.
    pub(crate) fn is_of(&self, isolate: PortRef) -> bool {
        match self {
            Self::Port(port) | Self::Thread(port, _) => *port == isolate,
        }
    }

    /// The runtime's number for the thread that waits.
    pub(crate) fn thread(&self) -> u32 {
        match self {
            Self::Port(port) | Self::Thread(port, _) => port.thread(),
        }
    }

    fn end(&self, token: u64, status: Status, case: u32) {
        match self {
            Self::Port(port) => {
                let (wait, detail) = (token as u32, f64::from(case));
                port.push(Message::Settled(Settled { wait, status, detail, payload: Payload::UNDEFINED }));
            }
            Self::Thread(_, blocked) => blocked.end(Ending { status, case, delivery: None }),
        }
    }
}

impl Target {
    fn deliver(&self, token: u64, case: u32, payload: Payload, home: Home) {
        let delivery = Delivery { wait: token as u32, case, home, payload: Some(payload) };
        match self {
            Self::Port(port) => port.push(Message::Delivered(delivery)),
            Self::Thread(_, blocked) => {
                blocked.end(Ending { status: Status::Fulfilled, case, delivery: Some(delivery) });
            }
        }
    }
}

impl WakeTarget for Target {
    fn wake(&self, token: u64, outcome: WaitOutcome) {
        let status = match outcome {
            WaitOutcome::Won => Status::Signal,
            WaitOutcome::Cancelled => Status::Aborted,
            WaitOutcome::TimedOut => Status::TimedOut,
            WaitOutcome::Closed => Status::Ended,
        };
        self.end(token, status, 0);
    }

    fn call(&self, call: Call) {
        match self {
            Self::Port(port) => port.push(Message::Called(call)),
            Self::Thread(_, blocked) => blocked.call(call),
        }
    }
}

impl ChannelTarget<Payload> for Target {
    fn happened(&self, token: u64, case: u32, channel: &Arc<JsChannel>, what: Happened<Payload>) {
        let payload = match what {
            Happened::Sent => return self.end(token, Status::Signal, case),
            Happened::Closed => return self.end(token, Status::Ended, case),
            Happened::Received(payload) => payload,
        };
        self.deliver(token, case, payload, Home::Channel(Arc::clone(channel)));
    }
}

impl ChannelTarget<Ranked> for Target {
    fn happened(&self, token: u64, case: u32, queue: &Arc<JsQueue>, what: Happened<Ranked>) {
        match what {
            Happened::Sent => self.end(token, Status::Signal, case),
            Happened::Closed => self.end(token, Status::Ended, case),
            Happened::Received(Ranked { payload, rank }) => {
                self.deliver(token, case, payload, Home::Queue(Arc::clone(queue), rank));
            }
        }
    }
}

/// Where a message goes that does not reach its receiver.
enum Home {
    Channel(Arc<JsChannel>),
    /// With the rank that it has there.
    Queue(Arc<JsQueue>, i32),
    /// Others have it too.
    Nowhere,
}

/// A message on its way to one who waited. If it never gets there, because the isolate is gone, it goes back.
pub(crate) struct Delivery {
    pub(crate) wait: u32,
    pub(crate) case: u32,
    home: Home,
    payload: Option<Payload>,
}

impl Delivery {
    /// Whether the message must be fetched from its sender.
    pub(crate) const fn is_side(&self) -> bool {
        matches!(self.payload, Some(Payload::Side { .. }))
    }

    /// The message, which has arrived.
    pub(crate) fn take(&mut self) -> Payload {
        self.payload.take().unwrap_or(Payload::UNDEFINED)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(payload) = self.payload.take() {
            match &self.home {
                Home::Channel(channel) => channel.give_back(payload),
                Home::Queue(queue, rank) => queue.give_back(Ranked { payload, rank: *rank }),
                Home::Nowhere => drop(payload),
            }
        }
    }
}

/// How the wait of a blocked thread ended.
pub(crate) struct Ending {
    pub(crate) status: Status,
    pub(crate) case: u32,
    pub(crate) delivery: Option<Delivery>,
}

/// A thread that blocks, one wait at a time.
#[derive(Default)]
pub(crate) struct Blocked {
    news: Mutex<News>,
    /// There are news.
    told: AtomicBool,
    sleeps: Condvar,
}

/// What a thread that blocks has been told and has not seen yet.
#[derive(Default)]
struct News {
    ending: Option<Ending>,
    call: Option<Call>,
}

impl Blocked {
    fn end(&self, ending: Ending) {
        self.tell(|news| news.ending = Some(ending));
    }

    fn call(&self, call: Call) {
        self.tell(|news| news.call = Some(call));
    }

    fn tell(&self, tell: impl FnOnce(&mut News)) {
        let mut news = self.news.lock();
        tell(&mut news);
        self.told.store(true, Ordering::Release);
        drop(news);
        self.sleeps.notify_one();
    }

    /// The wait has ended with a value that others get too.
    pub(crate) fn land(&self, status: Status, payload: Payload) {
        let delivery = Delivery { wait: 0, case: 0, home: Home::Nowhere, payload: Some(payload) };
        self.end(Ending { status, case: 0, delivery: Some(delivery) });
    }

    /// Looks for a moment whether there are news, without sleeping.
    pub(crate) fn spin(&self) -> bool {
        spin(LONG, processors(), || self.told.load(Ordering::Acquire))
    }

    /// Blocks until the wait has ended, at most so long: a thread that blocks in native code cannot be terminated.
    pub(crate) fn park(&self, limit: Duration) -> Option<Ending> {
        let mut news = self.news.lock();
        if news.ending.is_none() && news.call.is_none() {
            self.sleeps.wait_for(&mut news, limit);
        }
        if let Some(call) = news.call.take() {
            self.told.store(news.ending.is_some(), Ordering::Relaxed);
            // Whoever it is that gets something is told under that lock.
            drop(news);
            call.answer();
            news = self.news.lock();
        }
        news.ending.take()
    }
}

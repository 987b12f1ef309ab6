//! The one way out: a port per isolate, through which everything native reaches JavaScript.
//!
//! Any thread pushes messages; the first one wakes the isolate through its ThreadsafeFunction and the drain takes all
//! that is there. A port lives in a slot that is never freed and is told apart from later users of the slot by its
//! epoch, so a reference is two words, costs no counting between cores, and goes stale instead of dangling: a push to
//! a port that is gone is dropped.
//!
//! The queue is a vector under a lock that the drain swaps away whole. Measured against a lock-free queue, which pays
//! for each message on both sides, this is the faster one when results come in batches.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use napi::sys;
use parking_lot::{Mutex, MutexGuard};

use millrace_core::spin::{SHORT, spin};
use millrace_core::wait::Call;

use crate::codec::Payload;
use crate::pool::message::{Nudged, Ordered, Settled};
use crate::runtime::processors;
use crate::waiting::Delivery;
use crate::watchers::Told;

/// What native code tells an isolate.
pub(crate) enum Message {
    /// A wait has ended.
    Settled(Settled),
    /// A wait on a channel has ended with a message.
    Delivered(Delivery),
    /// A wait's turn to try has come. It is answered as it is taken out.
    Called(Call),
    /// A wait goes on and has brought a value.
    Item {
        /// The wait.
        wait: u32,
        /// The value.
        payload: Payload,
    },
    /// To a worker, from its pool.
    Nudged(Nudged),
    /// To an isolate that listens to an object.
    Told(Told),
    /// To the isolate that owns a pool.
    Ordered(Ordered),
    /// A worker has begun a task whose input waits in this isolate.
    SideWanted {
        /// Names the input.
        id: u32,
        /// The thread that wants it.
        thread: u32,
    },
}

/// A port's place in the process.
pub(crate) struct Port {
    epoch: AtomicU32,
    /// The runtime's number for the isolate's thread.
    thread: AtomicU32,
    state: Mutex<State>,
    /// The queue is not empty, as far as can be seen without its lock.
    mail: AtomicBool,
    /// Threads that are about to wake the isolate, or at it: its function may not go away meanwhile.
    waking: AtomicU32,
}

struct State {
    messages: VecDeque<Message>,
    /// The isolate has been woken and has not yet found the queue empty.
    awake: bool,
    wake: Option<Waker>,
}

/// The ThreadsafeFunction of an open port.
#[derive(Clone, Copy)]
struct Waker(sys::napi_threadsafe_function);

// SAFETY: a ThreadsafeFunction may be called from any thread until it is released. It is taken out of `State` and counted in
// `Port::waking` under the lock; `close`, which comes before the release, takes it away under that lock and waits for the count.
unsafe impl Send for Waker {}

impl Waker {
    fn wake(&self) {
        // SAFETY: the function is alive, see `Send` above. A full queue or a closing loop is no error of ours.
        let _status = unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                std::ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            )
        };
    }
}

/// Refers to one isolate's port for as long as that isolate lives, and to nothing afterwards. Packed, because each task that
/// waits carries one beside the number of its wait.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(crate) struct PortRef {
    port: &'static Port,
    epoch: u32,
}

impl PartialEq for PortRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.port, other.port) && self.epoch == other.epoch
    }
}

/// How many messages a queue keeps room for when it is empty.
const KEPT_CAPACITY: usize = 4096;

static FREE: Mutex<Vec<&'static Port>> = Mutex::new(Vec::new());

impl PortRef {
    /// Opens a port that wakes its isolate through `function`.
    pub(crate) fn open(function: sys::napi_threadsafe_function, thread: u32) -> Self {
        let port = FREE.lock().pop().unwrap_or_else(|| {
            Box::leak(Box::new(Port {
                epoch: AtomicU32::new(0),
                thread: AtomicU32::new(0),
                mail: AtomicBool::new(false),
                waking: AtomicU32::new(0),
                state: Mutex::new(State { messages: VecDeque::new(), awake: false, wake: None }),
            }))
        });
        port.thread.store(thread, Ordering::Relaxed);
        port.state.lock().wake = Some(Waker(function));
        Self { port, epoch: port.epoch.load(Ordering::Relaxed) }
    }

    /// The runtime's number for the isolate's thread.
    pub(crate) fn thread(self) -> u32 {
        self.port.thread.load(Ordering::Relaxed)
    }

    /// Closes the port: what is in it is dropped, and nothing reaches the isolate any more once this has returned.
    pub(crate) fn close(self) {
        let mut state = self.port.state.lock();
        if self.is_stale() {
            return;
        }
        self.port.epoch.fetch_add(1, Ordering::Relaxed);
        let messages = std::mem::take(&mut state.messages);
        state.awake = false;
        state.wake = None;
        drop(state);
        // Waking never blocks, and nobody begins to any more.
        while self.port.waking.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
        // Payloads may be large; they are freed outside the lock.
        drop(messages);
        FREE.lock().push(self.port);
    }

    /// Hands a message to the isolate, or drops it if the isolate is gone.
    pub(crate) fn push(self, message: Message) {
        let mut state = self.port.state.lock();
        if self.is_stale() {
            // Outside the lock: a message that is dropped may go back to where it came from.
            drop(state);
            drop(message);
            return;
        }
        state.messages.push_back(message);
        self.port.mail.store(true, Ordering::Release);
        if !state.awake {
            self.rouse(state);
        }
    }

    /// Wakes the isolate once the lock is given back: it would run into it.
    fn rouse(self, mut state: MutexGuard<'_, State>) {
        state.awake = true;
        let Some(Waker(function)) = state.wake else { return };
        self.port.waking.fetch_add(1, Ordering::Relaxed);
        drop(state);
        Waker(function).wake();
        self.port.waking.fetch_sub(1, Ordering::Release);
    }

    /// Swaps everything that is there into `into`, which must be empty; called by the isolate itself.
    pub(crate) fn drain(self, into: &mut VecDeque<Message>) {
        let mut state = self.port.state.lock();
        if self.is_stale() {
            return;
        }
        if state.messages.is_empty() {
            state.awake = false;
            // One burst must not keep its memory for ever.
            state.messages.shrink_to(KEPT_CAPACITY);
            into.shrink_to(KEPT_CAPACITY);
            return;
        }
        std::mem::swap(&mut state.messages, into);
        self.port.mail.store(false, Ordering::Relaxed);
    }

    /// Looks for a moment whether a message comes, so that the isolate need not go to sleep and be woken; called by the isolate itself.
    pub(crate) fn linger(self) -> bool {
        // Who pushes meanwhile need not wake it.
        self.port.state.lock().awake = true;
        if spin(SHORT, processors(), || self.port.mail.load(Ordering::Acquire)) {
            return true;
        }
        let mut state = self.port.state.lock();
        state.awake = !state.messages.is_empty();
        state.awake
    }

    /// Wakes the isolate although nothing new has come, for a drain that stopped early to let input and output in.
    pub(crate) fn wake(self) {
        let state = self.port.state.lock();
        if !self.is_stale() {
            self.rouse(state);
        }
    }

    /// Whether the isolate is gone.
    pub(crate) fn is_gone(self) -> bool {
        let _state = self.port.state.lock();
        self.is_stale()
    }

    /// Read under the port's lock: the epoch changes only there.
    fn is_stale(self) -> bool {
        self.port.epoch.load(Ordering::Relaxed) != self.epoch
    }
}

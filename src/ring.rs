//! Ring buffers: the memory that both threads see, and the native calls of those who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering, fence};

use millrace_core::lock::Owner;
use millrace_core::memory::ring::{End, Ring, Taken, Waited, Words};
use napi::Env;
use napi::bindgen_prelude::ArrayBuffer;
use napi_derive::napi;
use parking_lot::Mutex;

use crate::env::Isolate;
use crate::error::Fault;
use crate::fast::{Answer, Arguments, fast_calls};
use crate::memory::{Block, Region, array_buffer};
use crate::object::NativeObject;
use crate::pool::options::Options;
use crate::port::PortRef;
use crate::shared::{Kind, Shared};
use crate::waiting::JsWaiter;
use crate::waiting::Target;
use crate::waits::{attend, block, waiter};

/// The ends of a ring buffer of JavaScript's.
pub(crate) type JsRing = Ring<Arc<Memory>, Target>;

/// Where each word stands, in words of four bytes. What the reader writes, what the writer writes and what seldom changes have a
/// cache line each. `ts/memory/ring-buffer.ts` has the same numbers.
mod word {
    pub(super) const HEAD: usize = 0;
    pub(super) const READER: usize = 1;
    pub(super) const READER_BUSY: usize = 2;
    pub(super) const TAIL: usize = 16;
    pub(super) const WRITER: usize = 17;
    pub(super) const WRITER_BUSY: usize = 18;
    pub(super) const READER_WANTS: usize = 32;
    pub(super) const WRITER_WANTS: usize = 33;
    pub(super) const CLOSED: usize = 34;
    pub(super) const CAPACITY: usize = 35;
}

/// Bytes before the data.
const HEADER: usize = 192;

/// What the calls that wait answer.
mod waited {
    pub(super) const WAITING: i32 = 0;
    pub(super) const READY: i32 = 1;
    pub(super) const CLOSED: i32 = 2;
}

/// A header of words, then the bytes: as many as the capacity, rounded up to a power of two.
pub(crate) struct Memory {
    block: Block,
    capacity: u32,
    /// The threads that see it, once for each buffer they have.
    views: Mutex<Vec<Owner>>,
}

impl Memory {
    fn new(capacity: u32) -> Result<Arc<Self>, Fault> {
        let block = Block::new(HEADER + capacity.next_power_of_two() as usize)?;
        let memory = Self { block, capacity, views: Mutex::default() };
        memory.word(word::CAPACITY).store(capacity, Ordering::Relaxed);
        Ok(Arc::new(memory))
    }

    /// One of the words in [`word`].
    fn word(&self, at: usize) -> &AtomicU32 {
        let at = at.min(HEADER / 4 - 1);
        // SAFETY: it stands within the header.
        let word = unsafe { self.block.start().cast::<u32>().add(at) };
        // SAFETY: it is aligned, lives as long as this, and all threads use it as an atomic, JavaScript's among them.
        unsafe { AtomicU32::from_ptr(word) }
    }

    /// Bytes that are written and not read.
    fn used(&self) -> u32 {
        let head = self.word(word::HEAD).load(Ordering::SeqCst);
        self.word(word::TAIL).load(Ordering::SeqCst).wrapping_sub(head)
    }
}

/// What a thread sees of a ring buffer. When its last one is collected, its ends are free for others.
struct View {
    ring: Arc<JsRing>,
    owner: Owner,
}

impl View {
    fn open(ring: Arc<JsRing>, owner: Owner) -> Arc<Self> {
        ring.words().views.lock().push(owner);
        Arc::new(Self { ring, owner })
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let mut views = self.ring.words().views.lock();
        if let Some(at) = views.iter().position(|owner| *owner == self.owner) {
            views.swap_remove(at);
        }
        // Under the lock: whoever opens the buffer anew takes an end after this.
        if !views.contains(&self.owner) {
            self.ring.release_owner(self.owner);
        }
    }
}

impl Region for View {
    fn start(&self) -> *mut u8 {
        self.ring.words().block.start()
    }

    fn bytes(&self) -> usize {
        self.ring.words().block.bytes()
    }
}

impl Words for Memory {
    fn announce(&self, end: End, wants: u32) {
        let at = if end == End::Reader { word::READER_WANTS } else { word::WRITER_WANTS };
        self.word(at).store(wants, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    fn ready(&self, end: End) -> u32 {
        let used = self.used();
        if end == End::Reader { used } else { self.capacity.saturating_sub(used) }
    }

    fn belongs(&self, end: End, owner: Owner) {
        let (at, busy) = match end {
            End::Reader => (word::READER, word::READER_BUSY),
            End::Writer => (word::WRITER, word::WRITER_BUSY),
        };
        self.word(busy).store(0, Ordering::SeqCst);
        self.word(at).store(owner.0 as u32, Ordering::SeqCst);
    }

    fn close(&self) {
        self.word(word::CLOSED).store(1, Ordering::SeqCst);
    }
}

pub(crate) fn make(options: &mut Options<'_>) -> Result<Arc<JsRing>, Fault> {
    let capacity = options.whole("bytes", 1, 1 << 30)?;
    let missing = || Fault::invalid("bytes", "undefined", "a whole number from 1 to 1073741824");
    Ok(JsRing::new(Memory::new(capacity.ok_or_else(missing)?)?))
}

impl Kind for Arc<JsRing> {
    fn kind(&self) -> &'static str {
        "ring"
    }

    fn each_waiter(&self, see: &mut dyn FnMut(&JsWaiter)) {
        JsRing::each_waiter(self, see);
    }

    /// The bytes in it.
    fn held(&self) -> f64 {
        f64::from(self.words().used())
    }

    fn forget(&self, _isolate: PortRef, owner: Owner) {
        self.release_owner(owner);
    }
}

fn ring_of(shared: &Shared) -> Result<&Arc<JsRing>, Fault> {
    shared.get()
}

/// The memory of a ring buffer, to be asked for once in each thread.
#[napi]
pub fn ring_memory<'env>(env: &'env Env, object: &NativeObject) -> napi::Result<ArrayBuffer<'env>> {
    let ring = Arc::clone(ring_of(object.shared())?);
    let owner = Isolate::with_current(|isolate| Ok(isolate.owner()))?;
    Ok(array_buffer(env, View::open(ring, owner))?)
}

fn end(arguments: &Arguments, at: usize) -> Result<End, Fault> {
    Ok(if arguments.flag(at)? { End::Writer } else { End::Reader })
}

fn with_ring<T>(
    isolate: &Isolate,
    arguments: &Arguments,
    work: impl FnOnce(&Arc<JsRing>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    isolate.with_object(arguments.wide(0)?, |shared| work(ring_of(shared)?))
}

const NOT_YOURS: Fault = Fault::stale("this end of the ring buffer belongs to another thread");

fast_calls! {
    /// `(ring, writer)`: makes an end this thread's. 0, or the number of the thread it belongs to plus one.
    c"ringTake" Take(isolate, arguments) {
        let end = end(arguments, 1)?;
        with_ring(isolate, arguments, |ring| {
            let by = ring.take(end, isolate.owner()).map_or_else(|Taken(by)| by, |()| Owner::NOBODY);
            Ok(Answer::Number(by.0 as f64))
        })
    }

    /// `(ring, writer)`: lets go of an end; whether it was this thread's.
    c"ringRelease" Release(isolate, arguments) {
        let end = end(arguments, 1)?;
        with_ring(isolate, arguments, |ring| Ok(Answer::Bool(ring.release(end, isolate.owner()))))
    }

    /// `(ring, wait, writer, bytes, limit in ms or 0, cancellable)`: waits until so many bytes are ready at an end.
    c"ringWait" Wait(isolate, arguments) {
        let (wait, end, wants) = (arguments.whole(1)?, end(arguments, 2)?, arguments.whole(3)?);
        with_ring(isolate, arguments, |ring| {
            let asked = ring.wait(end, isolate.owner(), wants, || waiter(isolate, wait));
            Ok(Answer::Code(match asked.map_err(|_| NOT_YOURS)? {
                Waited::Ready => waited::READY,
                Waited::Closed => waited::CLOSED,
                Waited::Waiting(waiter) => {
                    attend(isolate, arguments, 4, &waiter)?;
                    waited::WAITING
                }
            }))
        })
    }

    /// `(ring, limit in ms or 0, writer, bytes)`: as `ringWait`; waiting: call `blockedPark` until it has an answer.
    c"ringWaitBlocking" WaitBlocking(isolate, arguments) {
        let (end, wants) = (end(arguments, 2)?, arguments.whole(3)?);
        with_ring(isolate, arguments, |ring| {
            let mut answer = Ok(waited::WAITING);
            block(isolate, arguments.number(1)?, |waiter| {
                answer = ring.wait(end, isolate.owner(), wants, || waiter).map_err(|_| NOT_YOURS).map(|waited| {
                    match waited {
                        Waited::Ready => waited::READY,
                        Waited::Closed => waited::CLOSED,
                        Waited::Waiting(_) => waited::WAITING,
                    }
                });
                matches!(answer, Ok(waited::WAITING))
            });
            answer.map(Answer::Code)
        })
    }

    /// `(ring, writer)`: the one who waits at an end is to look again.
    c"ringWake" Wake(isolate, arguments) {
        let end = end(arguments, 1)?;
        with_ring(isolate, arguments, |ring| {
            ring.wake(end);
            Ok(Answer::Nothing)
        })
    }

    /// `(ring)`: whether it was open.
    c"ringClose" Close(isolate, arguments) {
        with_ring(isolate, arguments, |ring| Ok(Answer::Bool(ring.close())))
    }
}

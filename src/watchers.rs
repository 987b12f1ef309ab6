//! Who listens to an object: isolates that are told each of its changes, whichever thread makes it.

use std::mem;
use std::sync::{Arc, Weak};

use napi_derive::napi;
use parking_lot::Mutex;

use crate::env::Isolate;
use crate::error::Fault;
use crate::object::NativeObject;
use crate::port::{Message, PortRef};

/// The change that an object's end is, of whatever kind it is; each kind numbers its others from 0.
const CLOSED: u8 = 255;

/// The isolates that listen.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Each with the key by which it knows the object.
    isolates: Vec<(PortRef, u32)>,
    /// Those of objects that are at their end when this one is.
    dependents: Vec<Weak<Watchers>>,
    closed: bool,
}

/// One change, as the isolates that listen are told it.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) key: u32,
    /// Which change.
    pub(crate) what: u8,
    pub(crate) detail: [f64; 4],
}

impl Watchers {
    /// Tells all who listen, in the order in which they began to; those that are gone are forgotten. Not to be called under a lock
    /// of the object's rule.
    pub(crate) fn tell(&self, what: u8, detail: [f64; 4]) {
        self.0.lock().isolates.retain(|&(port, key)| {
            let there = !port.is_gone();
            if there {
                port.push(Message::Told(Told { key, what, detail }));
            }
            there
        });
    }

    /// Tells all who listen that the object is closed, once however often it is, and nothing any more from then on.
    pub(crate) fn close(&self) {
        let mut inner = self.0.lock();
        inner.closed = true;
        for (port, key) in mem::take(&mut inner.isolates) {
            port.push(Message::Told(Told { key, what: CLOSED, detail: [0.0; 4] }));
        }
        let dependents = mem::take(&mut inner.dependents);
        drop(inner);
        for watchers in dependents.iter().filter_map(Weak::upgrade) {
            watchers.close();
        }
    }

    /// This object is at its end when another is, or at once if that has been closed.
    pub(crate) fn close_with(self: &Arc<Self>, other: &Self) {
        let mut inner = other.0.lock();
        if inner.closed {
            drop(inner);
            return self.close();
        }
        let dependents = &mut inner.dependents;
        // Looked through only when it would have to grow, so that adding one costs the same however many there are.
        if dependents.len() == dependents.capacity() {
            dependents.retain(|watchers| watchers.strong_count() > 0);
        }
        dependents.push(Arc::downgrade(self));
    }

    /// Whether there will be anything to tell.
    fn add(&self, port: PortRef, key: u32) -> bool {
        let mut inner = self.0.lock();
        if !inner.closed {
            inner.isolates.push((port, key));
        }
        !inner.closed
    }

    fn remove(&self, port: PortRef, key: u32) {
        self.0.lock().isolates.retain(|entry| *entry != (port, key));
    }
}

fn with_watchers<T>(object: &NativeObject, work: impl FnOnce(&Watchers, PortRef) -> T) -> napi::Result<T> {
    let watchers = object.shared().object.watchers();
    let watchers = watchers.ok_or_else(|| Fault::internal("nobody can listen to this kind of object"))?;
    Ok(Isolate::with_current(|isolate| Ok(work(watchers, isolate.port)))?)
}

/// This isolate is told the object's changes from here on, under `key`; false if there are none any more, as it is closed.
#[napi]
pub fn watch_object(object: &NativeObject, key: u32) -> napi::Result<bool> {
    with_watchers(object, |watchers, port| watchers.add(port, key))
}

/// It is told no more; what is on its way may still come.
#[napi]
pub fn unwatch_object(object: &NativeObject, key: u32) -> napi::Result<()> {
    with_watchers(object, |watchers, port| watchers.remove(port, key))
}

//! Who listens to an object: isolates that are told each of its changes, whichever thread makes it.

use napi_derive::napi;
use parking_lot::Mutex;

use crate::env::Isolate;
use crate::error::Fault;
use crate::object::NativeObject;
use crate::port::{Message, PortRef};

/// The isolates that listen, each with the key by which it knows the object.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<Vec<(PortRef, u32)>>);

/// One change, as the isolates that listen are told it.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) key: u32,
    /// Which change; each kind of object numbers its own.
    pub(crate) what: u8,
    pub(crate) detail: [f64; 4],
}

impl Watchers {
    /// Tells all who listen, in the order in which they began to; those that are gone are forgotten. Not to be called under a lock
    /// of the object's rule.
    pub(crate) fn tell(&self, what: u8, detail: [f64; 4]) {
        self.0.lock().retain(|&(port, key)| {
            let there = !port.is_gone();
            if there {
                port.push(Message::Told(Told { key, what, detail }));
            }
            there
        });
    }

    fn add(&self, port: PortRef, key: u32) {
        self.0.lock().push((port, key));
    }

    fn remove(&self, port: PortRef, key: u32) {
        self.0.lock().retain(|entry| *entry != (port, key));
    }
}

fn with_watchers(object: &NativeObject, work: impl FnOnce(&Watchers, PortRef)) -> napi::Result<()> {
    let watchers = object.shared().object.watchers();
    let watchers = watchers.ok_or_else(|| Fault::internal("nobody can listen to this kind of object"))?;
    Ok(Isolate::with_current(|isolate| {
        work(watchers, isolate.port);
        Ok(())
    })?)
}

/// This isolate is told the object's changes from here on, under `key`.
#[napi]
pub fn watch_object(object: &NativeObject, key: u32) -> napi::Result<()> {
    with_watchers(object, |watchers, port| watchers.add(port, key))
}

/// It is told no more; what is on its way may still come.
#[napi]
pub fn unwatch_object(object: &NativeObject, key: u32) -> napi::Result<()> {
    with_watchers(object, |watchers, port| watchers.remove(port, key))
}

//! What is alive in the process, for those who look for leaks.

use napi_derive::napi;

use crate::{goroutines, shared};

/// One object that is alive.
#[napi(object)]
pub struct NativeLiving {
    /// Its kind.
    pub kind: String,
    /// Its number, as in its handle.
    pub id: u32,
    /// Its name.
    pub name: Option<String>,
    /// Milliseconds since it was made.
    pub age: f64,
    /// Those who wait for it.
    pub waiting: f64,
    /// What it holds: messages, or permits that are out, or 1 for a lock that is held.
    pub held: f64,
    /// Of an object: those who wait for it, who has waited longest first.
    pub waits: Option<Vec<NativeWait>>,
    /// Of a goroutine: the thread that started it.
    pub thread: Option<u32>,
    /// Of a goroutine: whether it runs in that thread.
    pub local: Option<bool>,
}

/// One who waits.
#[napi(object)]
pub struct NativeWait {
    /// The thread.
    pub thread: u32,
    /// Milliseconds since it began.
    pub age: f64,
}

/// Every object of the process, then every goroutine.
#[napi]
pub fn diagnose() -> Vec<NativeLiving> {
    let mut all = shared::living();
    all.extend(goroutines::living());
    all
}

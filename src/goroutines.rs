//! The goroutines of all threads, for those who look for leaks.

use std::sync::LazyLock;

use millrace_core::clock::{Clock, MILLI, Nanos};
use millrace_core::registry::Handles;
use parking_lot::Mutex;

use crate::codec::Payload;
use crate::diagnostics::NativeLiving;
use crate::fast::{Answer, fast_calls};
use crate::port::PortRef;
use crate::runtime::clock;

/// One that has not ended.
struct Goroutine {
    /// Its number in its thread.
    id: u32,
    name: Option<String>,
    /// It runs in the thread that started it.
    local: bool,
    began: Nanos,
    starter: PortRef,
}

static GOROUTINES: LazyLock<Mutex<Handles<Goroutine>>> = LazyLock::new(Mutex::default);

/// Those that have not ended, oldest first.
pub(crate) fn living() -> Vec<NativeLiving> {
    let now = clock().now();
    let goroutines = GOROUTINES.lock();
    let mut all: Vec<_> = goroutines.iter().collect();
    all.sort_unstable_by_key(|goroutine| goroutine.began);
    let tell = |goroutine: &Goroutine| NativeLiving {
        kind: "goroutine".to_owned(),
        id: goroutine.id,
        name: goroutine.name.clone(),
        age: now.saturating_sub(goroutine.began) as f64 / MILLI as f64,
        waiting: 0.0,
        held: 0.0,
        waits: None,
        thread: Some(goroutine.starter.thread()),
        local: Some(goroutine.local),
    };
    all.into_iter().map(tell).collect()
}

/// A thread is gone, and with it what it had started.
pub(crate) fn forget(starter: PortRef) {
    let mut goroutines = GOROUTINES.lock();
    goroutines.retain(|goroutine| goroutine.starter != starter);
}

/// A function's name, if it has one that is a text.
fn name_of(payload: &Payload) -> Option<String> {
    let Payload::Bytes { kind, bytes } = payload else { return None };
    let name = match *kind {
        4 => bytes.iter().copied().map(char::from).collect(),
        5 => {
            let wide = bytes
                .chunks_exact(2)
                .map(|pair| pair.iter().rev().fold(0, |all, byte| all << 8 | u16::from(*byte)));
            String::from_utf16_lossy(&wide.collect::<Vec<_>>())
        }
        _ => return None,
    };
    (!name.is_empty()).then_some(name)
}

fast_calls! {
    /// `(number in its thread, whether it is local, name's tag, name's number)`: a goroutine has begun; `goEnd` takes what this gives.
    c"goBegin" Begin(isolate, arguments) {
        let (id, local) = (arguments.whole(0)?, arguments.flag(1)?);
        let name = name_of(&isolate.take_payload(arguments.whole(2)? as u8, arguments.number(3)?)?);
        let goroutine = Goroutine { id, name, local, began: clock().now(), starter: isolate.port };
        Ok(Answer::Number(GOROUTINES.lock().insert(goroutine) as f64))
    }

    /// `(what goBegin gave)`: it has ended.
    c"goEnd" End(_isolate, arguments) {
        let ended = GOROUTINES.lock().remove(arguments.wide(0)?);
        drop(ended);
        Ok(Answer::Nothing)
    }
}

//! The debug mode of locks: who holds what, where it was taken, and who waits for whom.

use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};

use millrace_core::lock::{Claim, Link, Owner, Share, WaitGraph};
use millrace_core::words::Word;
use napi_derive::napi;

use crate::env::Isolate;
use crate::memory::words;
use crate::object::NativeObject;
use crate::shared::named;

/// The graph of the process.
pub(crate) fn graph() -> &'static WaitGraph {
    static GRAPH: LazyLock<WaitGraph> = LazyLock::new(WaitGraph::default);
    &GRAPH
}

fn switch() -> &'static Word {
    static SWITCH: LazyLock<Word> = LazyLock::new(|| words().take());
    &SWITCH
}

/// The thread that an owner is.
fn thread_of(owner: Owner) -> f64 {
    owner.0.saturating_sub(1) as f64
}

/// The place, in `sharedWords`, of a word that is 1 while locks are watched.
#[napi]
pub fn lock_watch_word() -> u32 {
    switch().place()
}

/// Watches the locks of all threads, or stops it.
#[napi]
pub fn lock_watch(wanted: bool) {
    switch().cell().store(u32::from(wanted), Ordering::Release);
}

/// Who waits for whom.
#[napi(object)]
pub struct NativeLink {
    /// The thread that waits.
    pub thread: f64,
    /// Where it asked for the lock.
    pub place: String,
    /// The kind of the lock, and its name or number.
    pub lock: String,
    /// The thread that holds the lock.
    pub holder: f64,
    /// Where it took the lock.
    pub taken: String,
}

impl NativeLink {
    fn of(link: &Link) -> Self {
        Self {
            thread: thread_of(link.waits.owner),
            place: link.waits.place.to_string(),
            lock: named(link.waits.lock),
            holder: thread_of(link.held.owner),
            taken: link.held.place.to_string(),
        }
    }
}

/// What came of entering a wait.
#[napi(object)]
pub struct NativeWatchedWait {
    /// Its number; 0 if it would never end.
    pub id: f64,
    /// Then: who waits for whom.
    pub deadlock: Vec<NativeLink>,
}

fn claim(object: &NativeObject, exclusive: bool, count: u32, place: String) -> napi::Result<Claim> {
    let shared = object.shared();
    let share = shared.lock()?.share(exclusive, count);
    let owner = Isolate::with_current(|isolate| Ok(isolate.owner()))?;
    Ok(Claim { owner, lock: shared.id(), share, place: Arc::from(place) })
}

/// Enters a wait for a lock by one who holds what `holding` names.
#[napi]
pub fn lock_watch_wait(
    object: &NativeObject,
    exclusive: bool,
    count: u32,
    place: String,
    holding: Vec<f64>,
    blocking: bool,
) -> napi::Result<NativeWatchedWait> {
    let holding = holding.into_iter().map(|id| id as u64).collect();
    Ok(match graph().wait(claim(object, exclusive, count, place)?, holding, blocking) {
        Ok(id) => NativeWatchedWait { id: id as f64, deadlock: Vec::new() },
        Err(links) => NativeWatchedWait { id: 0.0, deadlock: links.iter().map(NativeLink::of).collect() },
    })
}

/// A wait has ended.
#[napi]
pub fn lock_watch_end(wait: f64) {
    graph().end(wait as u64);
}

/// Enters what is held now, and gives its number.
#[napi]
pub fn lock_watch_hold(
    object: &NativeObject,
    exclusive: bool,
    count: u32,
    place: String,
) -> napi::Result<f64> {
    Ok(graph().hold(claim(object, exclusive, count, place)?) as f64)
}

/// What is held is about to be given back.
#[napi]
pub fn lock_watch_let_go(hold: f64) {
    graph().let_go(hold as u64);
}

/// Who holds a lock.
#[napi(object)]
pub struct NativeHolder {
    /// The thread.
    pub thread: f64,
    /// How much: permits, or readers.
    pub count: u32,
    /// Whether it is all of the lock.
    pub exclusive: bool,
    /// Where it was taken, if the locks were watched then.
    pub taken: Vec<String>,
}

/// Who holds a lock, thread by thread.
#[napi]
pub fn lock_holders(object: &NativeObject) -> napi::Result<Vec<NativeHolder>> {
    let shared = object.shared();
    let holds = graph().holds(shared.id());
    let holder = |(owner, exclusive, count): (Owner, bool, u32)| {
        let its =
            holds.iter().filter(|hold| hold.owner == owner && (hold.share == Share::Exclusive) == exclusive);
        NativeHolder {
            thread: thread_of(owner),
            count,
            exclusive,
            taken: its.map(|hold| hold.place.to_string()).collect(),
        }
    };
    Ok(shared.lock()?.holders().into_iter().map(holder).collect())
}

use super::super::AGEING;
use super::*;
use crate::clock::{MILLI, ManualClock};
use crate::lock::told::Told;
use crate::timer::{ManualTimers, Timers};

const A: Owner = Owner(1);
const B: Owner = Owner(2);
const ANY: usize = usize::MAX;

type Tested = Bulkhead<Arc<Told>>;

/// Hears what happens.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Happened>>);

impl Observer for Heard {
    fn happened(&self, what: Happened) {
        self.0.lock().push(what);
    }
}

impl Heard {
    fn news(&self) -> Vec<Happened> {
        std::mem::take(&mut *self.0.lock())
    }
}

struct Scene {
    bulkhead: Arc<Tested>,
    told: Arc<Told>,
    heard: Arc<Heard>,
    timers: Arc<ManualTimers>,
}

fn scene(most: u32, room: usize) -> Scene {
    let (timers, heard) = (Arc::new(ManualTimers::default()), Arc::new(Heard::default()));
    let (clock, observer): (Arc<ManualClock>, Arc<Heard>) = (Arc::clone(&timers.clock), Arc::clone(&heard));
    let bulkhead = Bulkhead::new(most, room, Word::default(), clock, observer);
    Scene { bulkhead, told: Arc::default(), heard, timers }
}

impl Scene {
    fn enters(&self, owner: Owner) -> u32 {
        self.bulkhead.try_enter(owner).unwrap()
    }

    fn waits(&self, owner: Owner, priority: i32, token: u64) -> Arc<Waiter<Arc<Told>>> {
        match self.bulkhead.enter(owner, priority, self.told.make(token)) {
            Enter::Waiting(waiter) => waiter,
            other => panic!("it does not wait: {other:?}"),
        }
    }

    fn is_full(&self) {
        assert!(matches!(self.bulkhead.enter(A, 0, self.told.make(99)), Enter::Full));
        assert_eq!(self.told.news(), []);
    }

    /// Waiting, and its limit in milliseconds.
    fn waits_at_most(&self, owner: Owner, token: u64, limit: Nanos) {
        let timers: Arc<dyn Timers> = Arc::clone(&self.timers) as _;
        self.waits(owner, 0, token).arm(&timers, self.timers.clock.now() + limit * MILLI);
    }
}

#[test]
fn so_many_are_inside_so_many_wait_and_the_rest_is_refused() {
    let scene = scene(2, 1);
    assert_eq!((scene.enters(A), scene.enters(B)), (1, 2));
    let _first = scene.waits(A, 0, 0);
    scene.is_full();
    assert_eq!(scene.bulkhead.try_enter(B), None);
    assert_eq!(
        scene.heard.news(),
        [Happened::Queued, Happened::Refused(Refusal::Full), Happened::Refused(Refusal::Full)]
    );
    scene.bulkhead.exit(B).unwrap();
    assert_eq!(scene.told.won(), [0]);
    let figures = scene.bulkhead.figures();
    assert_eq!((figures.calls, figures.queued, figures.rejections), (3, 1, 2));
    assert_eq!((figures.inside, figures.waiting, figures.peak), (2, 0, 2));
}

#[test]
fn without_room_in_the_line_nobody_waits() {
    let scene = scene(1, 0);
    scene.enters(A);
    scene.is_full();
    assert!(!scene.bulkhead.has_room());
    scene.bulkhead.exit(A).unwrap();
    assert!(scene.bulkhead.has_room());
}

#[test]
fn higher_priorities_go_first_and_one_that_waits_long_enough_before_them() {
    let scene = scene(1, ANY);
    scene.enters(A);
    let _waiters = [(0, 0), (0, 1), (2, 2), (1, 3)].map(|(priority, token)| scene.waits(A, priority, token));
    scene.timers.clock.advance(2 * AGEING);
    let _late = scene.waits(B, 2, 4);
    for expected in [2, 3, 0, 1, 4] {
        scene.bulkhead.exit(if expected == 2 { A } else { scene.bulkhead.holders()[0].0 }).unwrap();
        assert_eq!(scene.told.won(), [expected]);
    }
}

#[test]
fn a_wait_that_is_too_late_is_counted_and_heard_and_frees_its_room() {
    let scene = scene(1, 1);
    scene.enters(A);
    scene.waits_at_most(B, 0, 10);
    scene.is_full();
    scene.timers.advance(10 * MILLI);
    assert_eq!(scene.told.news(), [(0, WaitOutcome::TimedOut)]);
    assert_eq!(scene.heard.news().last(), Some(&Happened::Refused(Refusal::TooLate)));
    assert!(scene.waits(B, 0, 1).cancel());
    let figures = scene.bulkhead.figures();
    assert_eq!((figures.timeouts, figures.cancelled, figures.waiting), (1, 1, 0));
    scene.bulkhead.exit(A).unwrap();
    assert_eq!(scene.bulkhead.inside(), 0);
}

#[test]
fn how_long_those_waited_who_got_in_is_measured() {
    let scene = scene(1, ANY);
    scene.enters(A);
    for token in 0..2 {
        let _waiter = scene.waits(A, 0, token);
        scene.timers.clock.advance((token + 1) * 100 * MILLI);
        scene.bulkhead.exit(A).unwrap();
    }
    let waits = scene.bulkhead.figures().waits;
    assert_eq!((waits.count(), waits.min(), waits.max()), (2, 100 * MILLI, 200 * MILLI));
}

#[test]
fn raising_the_most_lets_in_who_waits_and_lowering_it_puts_nobody_out() {
    let scene = scene(1, ANY);
    scene.enters(A);
    let _waiters = [0, 1, 2].map(|token| scene.waits(B, 0, token));
    scene.bulkhead.set_most(3);
    assert_eq!(scene.told.won(), [0, 1]);
    scene.bulkhead.set_most(1);
    assert_eq!((scene.bulkhead.inside(), scene.bulkhead.most()), (3, 1));
    scene.bulkhead.exit(B).unwrap();
    scene.bulkhead.exit(B).unwrap();
    assert_eq!(scene.told.won(), []);
    scene.bulkhead.exit(A).unwrap();
    assert_eq!(scene.told.won(), [2]);
    scene.bulkhead.exit(B).unwrap();
    scene.bulkhead.set_most(0);
    assert_eq!((scene.bulkhead.most(), scene.enters(A), scene.bulkhead.try_enter(A)), (1, 1, None));
}

#[test]
fn limits_of_dead_threads_are_reclaimed() {
    let scene = scene(3, ANY);
    scene.enters(A);
    scene.enters(A);
    scene.enters(B);
    let _its_own = scene.waits(A, 5, 0);
    let _other = scene.waits(B, 0, 1);
    assert_eq!(scene.bulkhead.release_owner(A), 2);
    assert_eq!(scene.told.news(), [(0, WaitOutcome::Cancelled), (1, WaitOutcome::Won)]);
    assert_eq!((scene.bulkhead.inside(), scene.bulkhead.holders()), (2, vec![(B, 2)]));
    assert_eq!(scene.bulkhead.release_owner(A), 0);
}

#[test]
fn nobody_exits_who_is_not_inside() {
    let scene = scene(2, 0);
    scene.enters(A);
    assert_eq!(scene.bulkhead.exit(B), Err(NotHeld { held: 0 }));
    scene.bulkhead.exit(A).unwrap();
    assert_eq!(scene.bulkhead.exit(A), Err(NotHeld { held: 0 }));
    assert_eq!(scene.bulkhead.inside(), 0);
}

#[test]
fn closing_tells_all_who_wait_and_those_inside_may_exit() {
    let scene = scene(1, ANY);
    scene.enters(A);
    let waiter = scene.waits(B, 0, 0);
    scene.bulkhead.close();
    scene.bulkhead.close();
    assert_eq!(scene.told.news(), [(0, WaitOutcome::Closed)]);
    assert!(!waiter.cancel() && scene.bulkhead.is_closed() && !scene.bulkhead.has_room());
    scene.bulkhead.exit(A).unwrap();
    assert_eq!(scene.bulkhead.try_enter(A), None);
    assert!(matches!(scene.bulkhead.enter(A, 0, scene.told.make(1)), Enter::Closed));
    assert_eq!(scene.bulkhead.figures().rejections, 0);
}

#[test]
fn nobody_waits_for_what_is_gone() {
    let Scene { bulkhead, told, .. } = scene(1, ANY);
    let _inside = bulkhead.try_enter(A);
    let _waiting = bulkhead.enter(B, 0, told.make(0));
    drop(bulkhead);
    assert_eq!(told.news(), [(0, WaitOutcome::Closed)]);
}

#[test]
fn a_place_that_comes_free_while_a_waiter_is_made_is_taken_and_the_waiter_told_nothing() {
    let scene = scene(1, ANY);
    scene.enters(A);
    let make = scene.told.make(0);
    let entered = scene.bulkhead.enter(B, 0, || {
        scene.bulkhead.exit(A).unwrap();
        make()
    });
    assert!(matches!(entered, Enter::Now(1)));
    assert_eq!(scene.told.news(), []);
}

#[test]
fn what_a_thread_did_by_itself_is_counted_with_the_rest_and_outlives_it() {
    let scene = scene(3, ANY);
    let words = Arc::new(crate::words::Words::default());
    scene.bulkhead.open_purse(A, || words.take());
    let word = || scene.bulkhead.word().cell();
    assert_eq!(State::unpack(word().load(Ordering::Relaxed)), State { most: 3, inside: 0 });
    // As a thread would: two in, as calls 2^32 and 2^32 + 1.
    let chunk = words.chunk(0).unwrap();
    for (at, value) in [(0, 2), (1, 1), (2, 1), (3, 2)] {
        chunk.words()[at].store(value, Ordering::Relaxed);
    }
    word().fetch_add(2, Ordering::Relaxed);
    scene.enters(B);
    let figures = scene.bulkhead.figures();
    assert_eq!((figures.calls, figures.peak, figures.inside), ((1 << 32) + 2, 3, 3));
    scene.bulkhead.exit(A).unwrap();
    assert_eq!(scene.bulkhead.release_owner(A), 1);
    let figures = scene.bulkhead.figures();
    assert_eq!((figures.calls, figures.peak, figures.inside), ((1 << 32) + 2, 3, 1));
    assert!(chunk.words()[..4].iter().all(|word| word.load(Ordering::Relaxed) == 0));
}

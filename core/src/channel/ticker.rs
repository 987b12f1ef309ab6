//! Channels that fire: once after a time, or again and again.
//!
//! As Go's timers: the channel has room for one, and a tick that finds it full is dropped, so a slow receiver gets fewer and never old
//! ones. Ticks keep to their schedule: one that comes late does not delay the next. Once it is stopped or begun anew, no tick of the
//! old schedule is left.

use super::{Channel, ChannelTarget, Received};
use crate::clock::{Clock, Nanos};
use crate::sync::{Arc, Mutex, Weak};
use crate::timer::{Alarm, TimerKey, Timers};

/// Sends into a channel when its time has come.
pub struct Ticker<T, W> {
    channel: Arc<Channel<T, W>>,
    message: fn(Nanos) -> T,
    clock: Arc<dyn Clock>,
    timers: Arc<dyn Timers>,
    began: Nanos,
    me: Weak<Self>,
    schedule: Mutex<Schedule>,
}

#[derive(Default)]
struct Schedule {
    at: Nanos,
    /// 0: it fires once.
    every: Nanos,
    armed: Option<TimerKey>,
}

impl<T: Send + 'static, W: ChannelTarget<T>> Ticker<T, W> {
    /// Fires `first` from now, and then every `every`; 0 for never again. What it sends is `message` of the time since now.
    pub fn new(
        channel: Arc<Channel<T, W>>,
        message: fn(Nanos) -> T,
        clock: Arc<dyn Clock>,
        timers: Arc<dyn Timers>,
        first: Nanos,
        every: Nanos,
    ) -> Arc<Self> {
        let began = clock.now();
        let ticker = Arc::new_cyclic(|me| Self {
            channel,
            message,
            clock,
            timers,
            began,
            me: Weak::clone(me),
            schedule: Mutex::new(Schedule::default()),
        });
        ticker.reset(first, every);
        ticker
    }

    /// Begins a new schedule from now on. Says whether the old one would still have fired.
    pub fn reset(&self, first: Nanos, every: Nanos) -> bool {
        let mut schedule = self.schedule.lock();
        let active = self.end(&mut schedule);
        schedule.every = every;
        schedule.at = self.clock.now().saturating_add(first);
        self.arm(&mut schedule);
        active
    }

    /// Fires no more. Says whether it would have. A tick that nobody has received is gone.
    pub fn stop(&self) -> bool {
        let mut schedule = self.schedule.lock();
        self.end(&mut schedule)
    }

    /// Whether it will fire.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.schedule.lock().armed.is_some()
    }

    fn arm(&self, schedule: &mut Schedule) {
        let me: Weak<dyn Alarm> = self.me.clone();
        schedule.armed = Some(self.timers.arm(schedule.at, me));
    }

    fn end(&self, schedule: &mut Schedule) -> bool {
        let armed = schedule.armed.take();
        if let Some(key) = armed {
            self.timers.disarm(key);
        }
        while matches!(self.channel.try_receive(), Some(Received::Message(_))) {}
        armed.is_some()
    }
}

impl<T: Send + 'static, W: ChannelTarget<T>> Alarm for Ticker<T, W> {
    fn ring(&self, now: Nanos) {
        let mut schedule = self.schedule.lock();
        // Stopped or begun anew while this alarm was on its way.
        if schedule.armed.is_none() || schedule.at > now {
            return;
        }
        schedule.armed = None;
        if schedule.every > 0 {
            let late = now - schedule.at;
            schedule.at = now + schedule.every - late % schedule.every;
            self.arm(&mut schedule);
        }
        // Under the lock, so that none comes after a stop; a channel knows nothing of its ticker.
        let _full = self.channel.try_send((self.message)(now.saturating_sub(self.began)));
    }
}

impl<T, W> Drop for Ticker<T, W> {
    fn drop(&mut self) {
        if let Some(key) = self.schedule.lock().armed.take() {
            self.timers.disarm(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Happened;
    use crate::timer::ManualTimers;
    use crate::wait::{WaitOutcome, WakeTarget};

    #[derive(Debug)]
    struct Nobody;

    impl WakeTarget for Nobody {
        fn wake(&self, _token: u64, _outcome: WaitOutcome) {}
    }

    impl ChannelTarget<Nanos> for Nobody {
        fn happened(&self, _: u64, _: u32, _: &Arc<Channel<Nanos, Self>>, _: Happened<Nanos>) {}
    }

    struct World {
        timers: Arc<ManualTimers>,
        ticker: Arc<Ticker<Nanos, Nobody>>,
    }

    fn ticking(first: Nanos, every: Nanos) -> World {
        let timers = Arc::new(ManualTimers::default());
        let ticker =
            Ticker::new(Channel::new(1), |since| since, timers.clock.clone(), timers.clone(), first, every);
        World { timers, ticker }
    }

    impl World {
        fn tick(&self) -> Option<Nanos> {
            match self.ticker.channel.try_receive() {
                Some(Received::Message(at)) => Some(at),
                _ => None,
            }
        }
    }

    #[test]
    fn it_ticks_on_schedule_and_drops_what_nobody_takes() {
        let world = ticking(10, 10);
        world.timers.advance(9);
        assert_eq!(world.tick(), None);
        world.timers.advance(1);
        assert_eq!(world.tick(), Some(10));
        world.timers.advance(35);
        assert_eq!((world.tick(), world.tick()), (Some(20), None));
        world.timers.advance(5);
        assert_eq!(world.tick(), Some(50));
    }

    #[test]
    fn once_is_once_unless_it_is_stopped_or_begun_anew() {
        let world = ticking(10, 0);
        assert!(world.ticker.is_active() && world.ticker.stop() && !world.ticker.stop());
        world.timers.advance(20);
        assert_eq!(world.tick(), None);
        assert!(!world.ticker.reset(5, 0));
        world.timers.advance(100);
        assert_eq!((world.tick(), world.ticker.is_active()), (Some(25), false));
        world.ticker.reset(5, 0);
        world.timers.advance(10);
        assert!(!world.ticker.stop());
        assert_eq!(world.tick(), None);
    }

    #[test]
    fn a_ticker_that_is_dropped_leaves_no_deadline() {
        let world = ticking(10, 10);
        assert_eq!(world.timers.armed(), 1);
        drop(world.ticker);
        assert_eq!(world.timers.armed(), 0);
    }
}

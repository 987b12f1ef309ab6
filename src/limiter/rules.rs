//! Rules by their options, in the words of each limiter.

use std::num::NonZeroU64;

use millrace_core::limiter::{FixedWindow, Quota, SlidingLog, SlidingWindow, TokenBucket};

use super::numbers::nanos;
use crate::error::Fault;
use crate::pool::options::Options;

/// A count that is given, or was before, or must be given.
fn count(options: &mut Options<'_>, name: &str, most: u32, old: Option<u64>) -> Result<NonZeroU64, Fault> {
    let given = options.whole(name, 1, most)?.map(u64::from).or(old);
    let missing = || Fault::invalid(name, "nothing", &format!("a whole number from 1 to {most}"));
    given.and_then(NonZeroU64::new).ok_or_else(missing)
}

/// The same for a span.
pub(crate) fn span(options: &mut Options<'_>, name: &str, old: Option<u64>) -> Result<NonZeroU64, Fault> {
    let given = options.millis(name, 1e-3, false)?.map(nanos).or(old);
    let missing = || Fault::invalid(name, "nothing", "milliseconds, at least 0.001");
    given.and_then(NonZeroU64::new).ok_or_else(missing)
}

pub(super) fn quota(
    options: &mut Options<'_>,
    words: [&str; 2],
    old: Option<Quota>,
) -> Result<TokenBucket, Fault> {
    let [rate, interval] = words;
    let rule = TokenBucket::new(Quota {
        capacity: count(options, "capacity", u32::MAX, old.map(|old| old.capacity.get()))?,
        tokens: count(options, rate, u32::MAX, old.map(|old| old.tokens.get()))?,
        interval: span(options, interval, old.map(|old| old.interval.get()))?,
        burst: options.flag("enableBurst")?.unwrap_or_else(|| old.is_none_or(|old| old.burst)),
    });
    if rule.fills_in() > TokenBucket::LONGEST {
        let got = format!("{} at this rate", rule.quota().capacity);
        return Err(Fault::invalid("capacity", &got, "what comes back within nine years"));
    }
    Ok(rule)
}

pub(super) const TOKENS: [&str; 2] = ["refillRate", "refillInterval"];
pub(super) const LEAK: [&str; 2] = ["leakRate", "leakInterval"];

pub(super) type Window = (NonZeroU64, NonZeroU64);

fn window(options: &mut Options<'_>, most: u32, old: Option<Window>) -> Result<Window, Fault> {
    let limit = count(options, "maxRequests", most, old.map(|old| old.0.get()))?;
    Ok((limit, span(options, "windowSize", old.map(|old| old.1.get()))?))
}

pub(super) fn fixed(options: &mut Options<'_>, old: Option<FixedWindow>) -> Result<FixedWindow, Fault> {
    let (limit, size) = window(options, FixedWindow::MOST as u32, old.map(|old| old.numbers()))?;
    Ok(FixedWindow::new(limit, size))
}

pub(super) fn log(options: &mut Options<'_>, old: Option<SlidingLog>) -> Result<SlidingLog, Fault> {
    let (limit, size) = window(options, 1 << 24, old.map(|old| old.numbers()))?;
    Ok(SlidingLog::new(limit, size))
}

pub(super) fn sliding(options: &mut Options<'_>, old: Option<SlidingWindow>) -> Result<SlidingWindow, Fault> {
    let old = old.map(|old| old.numbers());
    let (limit, size) = window(options, u32::MAX, old.map(|old| (old.0, old.1)))?;
    let precision = count(options, "precision", 10_000, Some(old.map_or(10, |old| old.2.get())))?;
    Ok(SlidingWindow::new(limit, size, precision))
}

//! Circuit and rate of targets, shared by every copy of a function through the Cache table.

use std::{collections::HashMap, time::Duration};

use bridge_domain::{
    CallError, Class, TargetId, Timestamp,
    gate::{Admission, Gate, slot},
};
use bridge_runtime::clock::Clock;
use bridge_store::{Cache, Held};
use tokio::sync::Mutex;

/// How long a healthy gate is believed before it is read again.
const FRESH: Duration = Duration::from_secs(2);
/// Longest wait for a free slot inside the function; what has to wait longer goes back to its queue.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a probe may take before another one is let through.
const PATIENCE: Duration = Duration::from_mins(1);
/// Pause after a target asked to slow down without saying for how long.
const DEFAULT_PAUSE: Duration = Duration::from_secs(10);
/// Pause after a target refused our credentials: no use in showing them again at once, but a new
/// token has to be noticed within a minute.
const AUTH_PAUSE: Duration = Duration::from_secs(30);
/// Attempts at a change that others race.
const ATTEMPTS: u32 = 20;
/// Most targets remembered.
const CAPACITY: usize = 500;

/// Lets calls through to targets, or says how long they have to wait.
#[derive(Debug)]
pub struct Gatekeeper {
    cache: Cache,
    clock: Clock,
    known: Mutex<HashMap<TargetId, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    held: Held,
    read: Timestamp,
    /// Slots reserved for this process: the next one, and how many are left.
    next_slot: Timestamp,
    left: u16,
}

impl Gatekeeper {
    /// A gatekeeper on the Cache table.
    #[must_use]
    pub fn new(cache: Cache, clock: Clock) -> Self {
        Self { cache, clock, known: Mutex::default() }
    }

    /// Waits until `target` may be called, which takes `per_second` calls, for a few seconds at most.
    ///
    /// # Errors
    /// How long to stay away, when the circuit is open or the rate is used up.
    pub async fn pass(&self, target: &TargetId, per_second: u16) -> Result<(), Duration> {
        let slot = self.next_slot(target, per_second).await?;
        let wait = self.clock.now().until(slot);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    async fn next_slot(&self, target: &TargetId, per_second: u16) -> Result<Timestamp, Duration> {
        let mut all = self.known.lock().await;
        let now = self.clock.now();
        if let Some(known) = all.get_mut(target).filter(|known| known.is_healthy(now))
            && let Some(slot) = known.take_slot(now, per_second)
        {
            return Ok(slot);
        }
        let mut held = match self.cache.gate(target).await {
            Ok(held) => held,
            Err(error) => {
                warn(&error);
                return Ok(now);
            }
        };
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (mut gate, revision) = held;
            let count = match gate.admit(now, PATIENCE) {
                Admission::Wait(wait) => return Err(wait),
                Admission::Probe => 1,
                Admission::Open => per_second,
            };
            let full = gate.next_slot.map_or(Duration::ZERO, |slot| now.until(slot));
            if full > LONGEST_WAIT {
                return Err(full);
            }
            let first = gate.reserve(now, count, per_second);
            match self.cache.put_gate(target, &gate, revision, now).await {
                Ok(None) => {
                    let held = (gate, Some(revision.unwrap_or_default() + 1));
                    let mut known = Known { held, read: now, next_slot: first, left: count };
                    let slot = known.take_slot(now, per_second).unwrap_or(first);
                    remember(&mut all, target, known, now);
                    return Ok(slot);
                }
                Ok(Some(newer)) => held = newer,
                Err(error) => {
                    warn(&error);
                    return Ok(now);
                }
            }
        }
        Err(slot(per_second))
    }

    /// What a call to `target` came to.
    pub async fn report(&self, target: &TargetId, result: Result<(), &CallError>) {
        let mut all = self.known.lock().await;
        let now = self.clock.now();
        let healthy = all.get(target).is_some_and(|known| known.is_healthy(now));
        let news = News::of(result);
        if matches!(news, News::Good) && healthy {
            return;
        }
        let mut held = match self.cache.gate(target).await {
            Ok(held) => held,
            Err(error) => return warn(&error),
        };
        for _ in 0..ATTEMPTS {
            let (mut gate, revision) = held;
            let opened = match news {
                News::Good if gate.succeeded() => false,
                News::Good => break,
                News::Bad => gate.failed(now),
                News::Pause(wish) => {
                    gate.pause(now, wish);
                    false
                }
            };
            match self.cache.put_gate(target, &gate, revision, now).await {
                Ok(None) => {
                    if opened {
                        tracing::warn!(%target, opened = gate.opened, "the circuit is open");
                    }
                    break;
                }
                Ok(Some(newer)) => held = newer,
                Err(error) => return warn(&error),
            }
        }
        // Read anew before the next call.
        all.remove(target);
    }
}

#[derive(Clone, Copy)]
enum News {
    Good,
    Bad,
    Pause(Duration),
}

impl News {
    fn of(result: Result<(), &CallError>) -> Self {
        let Err(error) = result else { return Self::Good };
        match error.class {
            Class::RateLimited => Self::Pause(error.retry_after.unwrap_or(DEFAULT_PAUSE)),
            Class::Auth => Self::Pause(AUTH_PAUSE),
            Class::Transient | Class::Unknown => error.retry_after.map_or(Self::Bad, Self::Pause),
            // The target is there and says no.
            Class::Invalid | Class::NotFound | Class::Conflict | Class::Permanent => Self::Good,
        }
    }
}

impl Known {
    fn is_healthy(&self, now: Timestamp) -> bool {
        let Gate { failures, closed_until, .. } = self.held.0;
        failures == 0 && closed_until.is_none_or(|until| until <= now) && self.read.until(now) < FRESH
    }

    /// A reserved slot. One whose time has passed is used at once; it was not used by anybody else.
    fn take_slot(&mut self, now: Timestamp, per_second: u16) -> Option<Timestamp> {
        self.left = self.left.checked_sub(1)?;
        let at = self.next_slot;
        self.next_slot = at.plus(slot(per_second));
        Some(at.max(now))
    }
}

fn remember(all: &mut HashMap<TargetId, Known>, target: &TargetId, known: Known, now: Timestamp) {
    if all.len() >= CAPACITY {
        all.retain(|_, known| known.is_healthy(now));
    }
    if all.len() < CAPACITY {
        all.insert(target.clone(), known);
    }
}

/// The Cache table only ever delays: without it a call goes through.
fn warn(error: &CallError) {
    tracing::warn!(class = error.class.as_str(), code = %error.code, detail = %error.detail,
        "circuits and rates can not be read or written");
}

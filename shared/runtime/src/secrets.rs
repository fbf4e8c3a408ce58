//! Secrets, read from Secrets Manager and kept for a short while.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use aws_sdk_secretsmanager::Client;
use bridge_domain::{CallError, Class, Timestamp, secret::Secret};
use tokio::sync::Mutex;

use crate::{
    aws::call_error,
    clock::{Clock, between},
};

/// Usual age up to which a value is used without asking again.
pub const TTL: Duration = Duration::from_mins(1);

/// After authentication failures a secret is read again at most [`REFRESHES`] times in this time: a
/// caller with wrong tokens must not become a flood of reads.
pub const REFRESH_INTERVAL: Duration = Duration::from_secs(10);

/// Refreshes of one secret within [`REFRESH_INTERVAL`]. More than one, so that somebody's failures
/// do not keep a rotation from being noticed at once.
pub const REFRESHES: u32 = 10;

/// Most secrets that are kept. The one read longest ago makes room.
pub const CAPACITY: usize = 1_000;

/// How long it is remembered that a secret does not exist.
const ABSENT_TTL: Duration = Duration::from_secs(10);

/// How long any other failure is remembered: those who waited for the same read share its failure
/// instead of queueing up for theirs.
const FAILURE_TTL: Duration = Duration::from_secs(1);

const SYSTEM: &str = "secretsmanager";

/// A value, and which version of the secret it is.
#[derive(Debug)]
pub struct CachedSecret {
    value: Secret,
    version: String,
}

impl CachedSecret {
    /// The value.
    #[must_use]
    pub const fn value(&self) -> &Secret {
        &self.value
    }

    /// Id of its version, for [`SecretCache::refresh_after_auth_failure`].
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// Secrets by id. Clones share what is cached. Concurrent readers of one secret cause one read.
#[derive(Clone)]
pub struct SecretCache {
    client: Client,
    ttl: Duration,
    clock: Clock,
    slots: Arc<SyncMutex<HashMap<String, Arc<Slot>>>>,
}

impl fmt::Debug for SecretCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretCache").field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

/// One secret. The lock is held while it is read: that makes concurrent readers wait for one read.
#[derive(Default)]
struct Slot(Mutex<Option<Reading>>);

/// What is known of a secret.
#[derive(Clone)]
struct Reading {
    /// When `result` was read.
    at: Timestamp,
    /// Refreshes after failures: since when they are counted, and how many there were.
    refreshes: (Timestamp, u32),
    result: Result<Arc<CachedSecret>, CallError>,
}

impl Reading {
    fn is_fresh(&self, ttl: Duration, now: Timestamp) -> bool {
        let limit = match &self.result {
            Ok(_) => ttl,
            Err(error) if error.class == Class::NotFound => ABSENT_TTL,
            Err(_) => FAILURE_TTL,
        };
        is_within(limit, self.at, now)
    }
}

/// Whether less than `limit` has passed. A clock that went backwards makes everything old.
fn is_within(limit: Duration, earlier: Timestamp, now: Timestamp) -> bool {
    now >= earlier && between(earlier, now) < limit
}

impl SecretCache {
    /// A cache in front of `client` that uses a value for `ttl` (usually [`TTL`]).
    #[must_use]
    pub fn new(client: Client, ttl: Duration) -> Self {
        Self::with_clock(client, ttl, Clock::system())
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(client: Client, ttl: Duration, clock: Clock) -> Self {
        Self { client, ttl, clock, slots: Arc::default() }
    }

    /// The current value of the secret with this name or ARN.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none, `RateLimited` when throttled, `Transient` for time-outs and
    /// 5xx, `Permanent` for everything else, a denied access above all.
    pub async fn get(&self, id: &str) -> Result<Arc<CachedSecret>, CallError> {
        let slot = self.slot(id);
        let mut reading = slot.0.lock().await;
        if let Some(known) = reading.as_ref().filter(|known| known.is_fresh(self.ttl, self.clock.now())) {
            return known.result.clone();
        }
        self.read_into(&mut reading, id).await
    }

    /// The value after a peer or a caller proved the version `seen` wrong: read again, unless a
    /// newer version is known or there were [`REFRESHES`] within [`REFRESH_INTERVAL`].
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn refresh_after_auth_failure(
        &self,
        id: &str,
        seen: &str,
    ) -> Result<Arc<CachedSecret>, CallError> {
        let slot = self.slot(id);
        let mut reading = slot.0.lock().await;
        let now = self.clock.now();
        let Some(known) = reading.as_mut() else { return self.read_into(&mut reading, id).await };
        let is_newer = known.result.as_ref().is_ok_and(|secret| secret.version != seen);
        let is_fresh = known.is_fresh(self.ttl, now);
        let (since, count) = known.refreshes;
        let refreshes = if is_within(REFRESH_INTERVAL, since, now) { (since, count + 1) } else { (now, 1) };
        if (is_newer && is_fresh) || refreshes.1 > REFRESHES {
            return known.result.clone();
        }
        known.refreshes = refreshes;
        match self.read(id).await {
            // An unsuccessful refresh leaves a good value alone.
            Err(error) if is_fresh && known.result.is_ok() => Err(error),
            result => {
                *known = Reading { at: now, refreshes, result: result.clone() };
                result
            }
        }
    }

    async fn read_into(
        &self,
        reading: &mut Option<Reading>,
        id: &str,
    ) -> Result<Arc<CachedSecret>, CallError> {
        let result = self.read(id).await;
        *reading =
            Some(Reading { at: self.clock.now(), refreshes: (Timestamp::MIN, 0), result: result.clone() });
        result
    }

    async fn read(&self, id: &str) -> Result<Arc<CachedSecret>, CallError> {
        let answer = self.client.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|error| call_error(SYSTEM, &error))?;
        let unusable =
            |why| CallError::new(Class::Permanent, SYSTEM, "a secret can not be used").with_detail(why);
        let value = answer.secret_string.ok_or_else(|| unusable("it is not a text"))?;
        let version = answer.version_id.ok_or_else(|| unusable("it has no version"))?;
        Ok(Arc::new(CachedSecret { value: Secret::new(value), version }))
    }

    /// The slot of a secret, made if need be. Whoever holds a slot keeps it alive, so making room
    /// never disturbs a read.
    fn slot(&self, id: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(id) {
            return Arc::clone(slot);
        }
        if slots.len() >= CAPACITY {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.read_at()).map(|(id, _)| id.clone());
            oldest.and_then(|id| slots.remove(&id));
        }
        Arc::clone(slots.entry(id.to_owned()).or_default())
    }
}

impl Slot {
    /// When it was last read; a slot that is being read right now counts as the newest.
    fn read_at(&self) -> Timestamp {
        self.0
            .try_lock()
            .map_or(Timestamp::MAX, |reading| reading.as_ref().map_or(Timestamp::MIN, |known| known.at))
    }
}

#[cfg(test)]
mod tests;

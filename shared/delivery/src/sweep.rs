//! Finding what is owed and not under way.

use std::time::Duration;

use bridge_domain::{AlertId, CallError, Timestamp, outbox::Queued};
use bridge_store::{Found, Put, Store, keys::SHARDS};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::Dispatcher;

/// How long a delivery that was queued again has before the next look, in seconds. Longer than the
/// growing delay of a failing one, so that a long queue is not made longer by every sweep.
const GRACE_SECONDS: i64 = 15 * 60;
/// Alerts read at once.
const CONCURRENT: usize = 8;
/// Alerts of one shard that are looked at in one go.
const PAGE: u16 = 100;
/// Attempts to write an outbox that others change.
const ATTEMPTS: u32 = 5;

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Deliveries queued again.
    pub queued: usize,
    /// How long the oldest undelivered change among them had waited.
    pub oldest: Duration,
    /// Whether there was no time to look at everything.
    pub cut_short: bool,
}

/// Queues every overdue delivery again, the longest overdue first, as long as `time_left` says so.
///
/// A delivery is queued before its next look is put off: dying in between makes a message too many,
/// never one too few.
///
/// # Errors
/// When the store fails. What was queued until then is queued.
pub async fn sweep(
    store: &Store,
    dispatcher: &Dispatcher,
    now: impl Fn() -> Timestamp,
    time_left: impl Fn() -> bool,
) -> Result<Swept, CallError> {
    let mut swept = Swept::default();
    for shard in 0..SHARDS {
        loop {
            if !time_left() {
                swept.cut_short = true;
                return Ok(swept);
            }
            let started = now();
            let overdue = store.overdue(shard, started, PAGE).await?;
            let full = overdue.len() >= usize::from(PAGE);
            let looks = overdue.into_iter().map(|(id, _)| look(store, dispatcher, id, started));
            let found: Vec<(usize, Duration)> =
                stream::iter(looks).buffer_unordered(CONCURRENT).try_collect().await?;
            let queued: usize = found.iter().map(|(queued, _)| queued).sum();
            swept.queued += queued;
            swept.oldest = found.iter().map(|(_, waited)| *waited).fold(swept.oldest, Duration::max);
            // An index lags: a page of which nothing was overdue any more would come again and again.
            if !full || queued == 0 {
                break;
            }
        }
    }
    Ok(swept)
}

/// Queues what an alert owes, if it is still overdue; gives how much, and how long it had waited.
async fn look(
    store: &Store,
    dispatcher: &Dispatcher,
    id: AlertId,
    now: Timestamp,
) -> Result<(usize, Duration), CallError> {
    let Some(mut alert) = store.found(&id).await? else { return Ok((0, Duration::ZERO)) };
    let waited = alert.outbox()?.waiting_since().map_or(Duration::ZERO, |since| since.until(now));
    let queued = overdue_of(&alert, now)?;
    if queued.is_empty() {
        return Ok((0, Duration::ZERO));
    }
    if dispatcher.send(&queued).await < queued.len() {
        // It stays overdue: the next sweep tries again.
        return Ok((0, waited));
    }
    for _ in 0..ATTEMPTS {
        let mut outbox = alert.outbox()?;
        if outbox.sweep(now, GRACE_SECONDS).is_empty() {
            break;
        }
        match store.put_outbox(alert, &outbox).await? {
            Put::Done(_) => break,
            Put::Stale(newer) => alert = newer,
        }
    }
    Ok((queued.len(), waited))
}

fn overdue_of(alert: &Found, now: Timestamp) -> Result<Vec<Queued>, CallError> {
    let overdue = alert.outbox()?.sweep(now, GRACE_SECONDS);
    let queued =
        |(target, channel)| Queued { tenant: alert.tenant.clone(), alert: alert.id.clone(), target, channel };
    Ok(overdue.into_iter().map(queued).collect())
}

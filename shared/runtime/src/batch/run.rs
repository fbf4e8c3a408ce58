//! Handling the records of one batch.

use std::{borrow::Cow, collections::BTreeMap, panic::AssertUnwindSafe, time::Duration};

use aws_lambda_events::sqs::SqsEvent;
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use super::{
    at_most,
    decode::decode,
    failure::{Failure, delay},
    parcel::{BatchError, Parcel, Record, unpack},
    plan::{Dead, Plan, Retry},
};
use crate::{clock::Clock, deadline::Deadline};

/// A record that is still running is cut off this long before the deadline and comes back, so that
/// its neighbours' results are not lost with it. The rest of the time is for [`super::settle`].
pub const SETTLE_RESERVE: Duration = Duration::from_millis(1500);

/// How a batch is worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which order the queue promises.
    pub order: Order,
    /// When Lambda ends the invocation.
    pub deadline: Deadline,
    /// No record is started with less time left than this.
    pub reserve: Duration,
}

/// Which order a queue promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// None: up to `concurrency` records at once, at least one.
    Standard {
        /// Most records at once.
        concurrency: usize,
    },
    /// Records one after the other. Once one of a group has to come back, the rest of the group is
    /// not handled and comes back after it, with the same delay: SQS holds a group back until all
    /// of its messages are visible again. A dead record does not block its group.
    Fifo,
}

/// Handles a batch.
///
/// A body that can not be decoded is dead; a panic means a retry (the queue's `maxReceiveCount`
/// ends that); records that are not started in time come back with no change of their delay.
///
/// # Errors
///
/// When a message id is missing, empty or repeated: nothing was handled, and the invocation has to
/// fail.
pub async fn run<M, F, Handled>(event: SqsEvent, options: Options, handle: F) -> Result<Plan, BatchError>
where
    M: DeserializeOwned,
    F: Fn(M, Record) -> Handled,
    Handled: Future<Output = Result<(), Failure>>,
{
    run_at(event, options, &Clock::system(), handle).await
}

/// [`run`] by another clock.
pub(crate) async fn run_at<M, F, Handled>(
    event: SqsEvent,
    options: Options,
    clock: &Clock,
    handle: F,
) -> Result<Plan, BatchError>
where
    M: DeserializeOwned,
    F: Fn(M, Record) -> Handled,
    Handled: Future<Output = Result<(), Failure>>,
{
    let parcels = unpack(event)?;
    let worker = Worker { options, clock, handle };
    let fates = match options.order {
        Order::Standard { concurrency } => worker.any_order(&parcels, concurrency.max(1)).await,
        Order::Fifo => worker.in_order(&parcels).await,
    };
    let mut plan = Plan::default();
    for (parcel, fate) in parcels.into_iter().zip(fates) {
        plan.add(parcel, fate);
    }
    Ok(plan)
}

/// What became of one record.
enum Fate {
    Done,
    Retry { delay: Option<Duration>, reason: Cow<'static, str> },
    Dead { reason: Cow<'static, str> },
}

impl Plan {
    fn add(&mut self, parcel: Parcel, fate: Fate) {
        let Parcel { record: Record { message_id, correlation_id, group, .. }, body, receipt_handle, .. } =
            parcel;
        match fate {
            Fate::Done => self.done.push(message_id),
            Fate::Retry { delay, reason } => {
                self.retry.push(Retry { message_id, delay, reason, receipt_handle });
            }
            Fate::Dead { reason } => self.dead.push(Dead {
                message_id,
                reason,
                body,
                correlation_id,
                group,
                deduplication_id: parcel.deduplication_id,
            }),
        }
    }
}

struct Worker<'a, F> {
    options: Options,
    clock: &'a Clock,
    handle: F,
}

impl<F> Worker<'_, F> {
    async fn any_order<M, Handled>(&self, parcels: &[Parcel], concurrency: usize) -> Vec<Fate>
    where
        M: DeserializeOwned,
        F: Fn(M, Record) -> Handled,
        Handled: Future<Output = Result<(), Failure>>,
    {
        at_most(concurrency, parcels.iter().map(|parcel| self.one(parcel)).collect()).await
    }

    async fn in_order<M, Handled>(&self, parcels: &[Parcel]) -> Vec<Fate>
    where
        M: DeserializeOwned,
        F: Fn(M, Record) -> Handled,
        Handled: Future<Output = Result<(), Failure>>,
    {
        let mut fates = Vec::with_capacity(parcels.len());
        let mut blocked: BTreeMap<Option<&str>, Option<Duration>> = BTreeMap::new();
        for parcel in parcels {
            let group = parcel.record.group.as_deref();
            let fate = match blocked.get(&group) {
                Some(&delay) => {
                    Fate::Retry { delay, reason: "an earlier record of its group comes back".into() }
                }
                None => self.one(parcel).await,
            };
            if let Fate::Retry { delay, .. } = &fate {
                blocked.entry(group).or_insert(*delay);
            }
            fates.push(fate);
        }
        fates
    }

    /// Handles one record, if there is time to start it.
    async fn one<M, Handled>(&self, parcel: &Parcel) -> Fate
    where
        M: DeserializeOwned,
        F: Fn(M, Record) -> Handled,
        Handled: Future<Output = Result<(), Failure>>,
    {
        let Options { deadline, reserve, .. } = self.options;
        let now = self.clock.now();
        if deadline.remaining(now) < reserve {
            return Fate::Retry { delay: None, reason: "there was no time left to start it".into() };
        }
        let record = &parcel.record;
        let span = tracing::info_span!(
            "record",
            message_id = %record.message_id,
            correlation_id = %record.correlation_id
        );
        // The decoder is inside: it may run code of the message's type, which may panic as well.
        let work = async {
            let message = decode(&parcel.body).map_err(|reason| Failure::Dead { reason: reason.into() })?;
            (self.handle)(message, record.clone()).await
        };
        let work = AssertUnwindSafe(work).catch_unwind().instrument(span);
        let retry = |reason: &'static str| Failure::Retry { after: None, reason: reason.into() };
        let outcome = match tokio::time::timeout(deadline.budget(now, SETTLE_RESERVE), work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(retry("its handler panicked")),
            Err(_) => Err(retry("it was cut off at the deadline")),
        };
        match outcome {
            Ok(()) => Fate::Done,
            Err(Failure::Dead { reason }) => Fate::Dead { reason },
            Err(Failure::Retry { after, reason }) => {
                Fate::Retry { delay: Some(delay(after, record.receive_count)), reason }
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Queue consumers: one batch of SQS messages, record by record.
//!
//! [`run`] decodes and handles each record by itself, so that one that can not be read, panics or
//! takes too long never touches its neighbours, and says in a [`Plan`] what becomes of each.
//! [`settle`] carries the plan out: what can never succeed goes to the dead-letter queue at once,
//! what failed for now comes back after a growing delay.
//!
//! Delivery is at least once: a handler must tolerate a message it has seen before.

mod decode;
mod failure;
mod parcel;
mod plan;
mod run;
mod settle;

use std::{sync::Arc, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::{StreamExt, stream};
use lambda_runtime::{Context, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;

pub use self::{
    failure::{DELAY_LIMIT, FIRST_DELAY, Failure, GROWING_DELAY_LIMIT, growing_delay},
    parcel::{BatchError, Record},
    plan::{Dead, Plan, Retry},
    run::{Options, Order, SETTLE_RESERVE, run},
    settle::{Queue, settle},
};
use crate::{
    Error,
    aws::Aws,
    clock::{Clock, between},
    config::Env,
    start::start,
    telemetry::{BatchHandled, Output},
};

/// [`settle`] is cut off this long before the deadline. What was not settled by then comes back, so
/// a dead message may reach its queue twice; but what is done stays done.
const ANSWER_RESERVE: Duration = Duration::from_millis(200);

/// Runs a function behind a queue until Lambda ends the process. Its event source mapping must
/// have `ReportBatchItemFailures`.
///
/// `read` makes the configuration and `connect` the shared state, as in [`crate::http::serve`];
/// `plan` gives the options for one batch and the queue it came from; `handle` handles one record.
///
/// # Errors
///
/// When the Lambda runtime API fails for good. A batch that is broken as a whole
/// ([`BatchError`]) fails its invocation only.
pub async fn serve<C, A, M, Connected, Handled>(
    function: &'static str,
    read: impl FnOnce(&mut Env) -> Option<C>,
    connect: impl FnOnce(C, Aws) -> Connected,
    plan: impl Fn(&A, &Context) -> (Options, Queue) + Send + Sync + 'static,
    handle: impl Fn(Arc<A>, M, Record) -> Handled + Send + Sync + 'static,
) -> Result<(), Error>
where
    A: Send + Sync + 'static,
    M: DeserializeOwned + Send + 'static,
    Connected: Future<Output = Result<A, Error>>,
    Handled: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let output = Output::stdout();
    let app = start(function, read, connect, &output).await;
    let consumer = Arc::new(Consumer { function, app, plan, handle, clock: Clock::system(), output });
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let consumer = Arc::clone(&consumer);
        async move { consumer.call(event.payload, &event.context).await.map_err(Error::from) }
    }))
    .await
}

/// Runs `work`, at most `limit` at once, started in order; the results are in the same order. A slow
/// one does not keep those behind it from starting.
async fn at_most<W: Future>(limit: usize, work: Vec<W>) -> Vec<W::Output> {
    let numbered = work.into_iter().enumerate().map(|(number, work)| async move { (number, work.await) });
    let numbered: Vec<_> = numbered.collect();
    let mut results: Vec<_> = stream::iter(numbered).buffer_unordered(limit.max(1)).collect().await;
    results.sort_unstable_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

struct Consumer<A, P, H> {
    function: &'static str,
    app: Arc<A>,
    plan: P,
    handle: H,
    clock: Clock,
    output: Output,
}

impl<A, P, H> Consumer<A, P, H>
where
    P: Fn(&A, &Context) -> (Options, Queue),
{
    async fn call<M, Handled>(
        &self,
        event: SqsEvent,
        context: &Context,
    ) -> Result<SqsBatchResponse, BatchError>
    where
        M: DeserializeOwned,
        H: Fn(Arc<A>, M, Record) -> Handled,
        Handled: Future<Output = Result<(), Failure>>,
    {
        let received = self.clock.now();
        let (options, queue) = (self.plan)(&self.app, context);
        let handle = |message, record| (self.handle)(Arc::clone(&self.app), message, record);
        let plan = run::run_at(event, options, &self.clock, handle).await?;
        let (done, retried, dead) = (plan.done.len(), plan.retry.len(), plan.dead.len());
        let kept = plan.kept();
        let budget = options.deadline.budget(self.clock.now(), ANSWER_RESERVE);
        let settled = tokio::time::timeout(budget, settle(plan, &queue)).await;
        let response = settled.unwrap_or_else(|_| {
            tracing::error!(kept = kept.len(), "the batch could not be settled in time");
            let mut response = SqsBatchResponse::default();
            response.set_failures(kept);
            response
        });
        let answered = self.clock.now();
        BatchHandled {
            function: self.function,
            done,
            retried,
            dead,
            latency_ms: u64::try_from(between(received, answered).as_millis()).unwrap_or(u64::MAX),
            request_id: &context.request_id,
        }
        .emit(&self.output, answered);
        Ok(response)
    }
}

#[cfg(test)]
mod tests;

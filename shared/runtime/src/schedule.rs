//! Functions behind a schedule: one run after the other, each with nothing but its time.
//!
//! Nobody waits for the answer of a run, and the next one comes anyway. So a run that fails is
//! told twice: by its event line, and by failing its invocation, which Lambda counts.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bridge_domain::{CallError, Timestamp};
use futures_util::FutureExt;
use lambda_runtime::{Context, LambdaEvent, service_fn};
use serde::de::IgnoredAny;
use tracing::Instrument;

pub use crate::telemetry::Metrics;
use crate::{
    Error,
    aws::Aws,
    clock::{Clock, between},
    config::Env,
    deadline::Deadline,
    start::start,
    telemetry::{Output, Ran, ScheduleHandled},
};

/// A run is cut off this long before the deadline, so that its line is still written.
pub const RUN_RESERVE: Duration = Duration::from_millis(300);

/// What a handler gets to know of its run.
#[derive(Clone, Debug)]
pub struct Run {
    /// When it began.
    pub now: Timestamp,
    /// When Lambda ends it.
    pub deadline: Deadline,
    /// Request id of Lambda: no two runs have the same.
    pub request_id: String,
}

/// Why an invocation failed. The log line of the run has the details.
#[derive(Debug)]
struct RunFailed;

impl fmt::Display for RunFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run failed")
    }
}

impl std::error::Error for RunFailed {}

/// Runs a function behind a schedule until Lambda ends the process. What the schedule sends is not
/// looked at.
///
/// `read` makes the configuration and `connect` the shared state, as in [`crate::http::serve`];
/// `handle` makes one run and gives what it measured.
///
/// # Errors
///
/// When the Lambda runtime API fails for good. A run that fails, panics or takes too long fails its
/// invocation only.
pub async fn serve<C, A, Connected, Handled>(
    function: &'static str,
    read: impl FnOnce(&mut Env) -> Option<C>,
    connect: impl FnOnce(C, Aws) -> Connected,
    handle: impl Fn(Arc<A>, Run) -> Handled + Send + Sync + 'static,
) -> Result<(), Error>
where
    A: Send + Sync + 'static,
    Connected: Future<Output = Result<A, Error>>,
    Handled: Future<Output = Result<Metrics, CallError>> + Send + 'static,
{
    let output = Output::stdout();
    let app = start(function, read, connect, &output).await;
    let runner = Arc::new(Runner { function, app, handle, clock: Clock::system(), output });
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<IgnoredAny>| {
        let runner = Arc::clone(&runner);
        async move { runner.call(&event.context).await.map_err(Error::from) }
    }))
    .await
}

struct Runner<A, H> {
    function: &'static str,
    app: Arc<A>,
    handle: H,
    clock: Clock,
    output: Output,
}

impl<A, H, Handled> Runner<A, H>
where
    H: Fn(Arc<A>, Run) -> Handled,
    Handled: Future<Output = Result<Metrics, CallError>>,
{
    async fn call(&self, context: &Context) -> Result<(), RunFailed> {
        let began = self.clock.now();
        let run = Run { now: began, deadline: context.into(), request_id: context.request_id.clone() };
        let span = tracing::info_span!("run", function = self.function, request_id = %context.request_id);
        let ran = self.guarded(run).instrument(span).await;
        let ended = self.clock.now();
        ScheduleHandled {
            function: self.function,
            ran: &ran,
            latency_ms: u64::try_from(between(began, ended).as_millis()).unwrap_or(u64::MAX),
            request_id: &context.request_id,
        }
        .emit(&self.output, ended);
        if matches!(ran, Ran::Done(_)) { Ok(()) } else { Err(RunFailed) }
    }

    /// The handler, cut off before the deadline, its panics caught.
    async fn guarded(&self, run: Run) -> Ran {
        let budget = run.deadline.budget(run.now, RUN_RESERVE);
        let work = async { (self.handle)(Arc::clone(&self.app), run).await };
        match tokio::time::timeout(budget, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(Ok(metrics))) => Ran::Done(metrics),
            Ok(Ok(Err(error))) => {
                let detail = format!("{error} {} {}", error.code, error.detail).trim_end().to_owned();
                Ran::Failed { class: error.class, detail }
            }
            Ok(Err(_)) => Ran::Panicked,
            Err(_) => Ran::CutOff,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use bridge_domain::Class;
    use serde_json::Value;

    use super::*;
    use crate::testing::{Hand, START, tokio_clock};

    async fn run<H, Handled>(clock: Clock, handle: H) -> (bool, Value)
    where
        H: Fn(Arc<u64>, Run) -> Handled,
        Handled: Future<Output = Result<Metrics, CallError>>,
    {
        let output = Output::memory();
        let runner = Runner { function: "sweeper", app: Arc::new(7), handle, clock, output: output.clone() };
        let mut context = Context::default();
        context.request_id = "lambda-request".into();
        context.deadline = u64::try_from(START / 1000).unwrap() + 60_000;
        let done = runner.call(&context).await.is_ok();
        assert_eq!(output.text().lines().count(), 1);
        (done, serde_json::from_str(output.text().trim_end()).unwrap())
    }

    #[tokio::test]
    async fn a_run_knows_its_time_and_its_metrics_are_told() {
        let hand = Hand::new();
        let (done, line) = run(hand.clock(), |app, run| {
            let hand = hand.clone();
            async move {
                assert_eq!(run.deadline.remaining(run.now), Duration::from_mins(1));
                assert_eq!(run.request_id, "lambda-request");
                hand.advance_ms(40);
                Ok(Metrics::new().count("Requeued", *app))
            }
        })
        .await;
        assert!(done);
        assert_eq!((&line["Requeued"], &line["LatencyMs"]), (&7.into(), &40.into()));
        assert_eq!((&line["Function"], &line["request_id"]), (&"sweeper".into(), &"lambda-request".into()));
    }

    #[tokio::test]
    async fn a_failed_run_fails_its_invocation_and_says_why() {
        let error = CallError::new(Class::Transient, "dynamodb", "busy").with_code("Throttling");
        let (done, line) = run(Hand::new().clock(), |_, _| async { Err(error.clone()) }).await;
        assert!(!done);
        assert_eq!(line["detail"], "busy (transient at dynamodb) Throttling");
        assert_eq!((&line["level"], &line["class"]), (&"WARN".into(), &"transient".into()));
    }

    #[tokio::test]
    async fn a_panic_fails_one_run_only_and_is_not_quoted() {
        let (done, line) = run(Hand::new().clock(), |_, _| async { panic!("canary") }).await;
        assert!(!done);
        assert_eq!(line["Panics"], 1);
        assert!(!line.to_string().contains("canary"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_takes_too_long_still_has_its_line() {
        let (done, line) = run(tokio_clock(), |_, _| pending()).await;
        assert!(!done);
        assert_eq!((&line["class"], &line["LatencyMs"]), (&"time".into(), &59_700.into()));
    }
}

//! The HTTP edge: from an event of API Gateway (HTTP API, payload version 2.0) to its answer.
//!
//! A handler sees a decoded [`Request`] and returns an [`Answer`] or an [`HttpError`]. Everything
//! that is the same for all functions happens around it: size limits, gzip both ways, the
//! correlation id, error bodies as KUMA writes them, the deadline, panics, telemetry.

mod answer;
mod body;
mod edge;
mod encoding;
mod error;
mod event;
mod request;

use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};

pub use self::{
    answer::{ANSWER_LIMIT, Answer, COUNTERS_LIMIT, answer_size, base64_len, json_escaped_len},
    body::{BODY_LIMIT, INFLATED_LIMIT},
    edge::{EDGE_RESERVE, Edge, Response},
    encoding::{GzipSupport, accepts_gzip, gzip},
    error::{ErrorStatus, HttpError, RETRY_AFTER},
    event::Event,
    request::Request,
};
use crate::{Error, aws::Aws, clock::Clock, config::Env, start::start, telemetry::Output};

/// Runs a function behind the HTTP API until Lambda ends the process.
///
/// `read` makes the configuration, `connect` the state that all requests share, `handle` answers a
/// request. When the environment allows several invocations at once, `handle` runs concurrently.
///
/// If the configuration is incomplete or `connect` fails, one JSON line on stderr says why and the
/// process exits with status 1.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use bridge_runtime::{Error, aws::Aws, config::Env, http::{self, Answer, HttpError, Request}};
///
/// struct Config { table: String }
///
/// impl Config {
///     fn read(env: &mut Env) -> Option<Self> {
///         let table = env.required("STATE_TABLE");
///         Some(Self { table: table? })
///     }
/// }
///
/// struct App { table: String }
///
/// impl App {
///     async fn connect(config: Config, _aws: Aws) -> Result<Self, Error> {
///         Ok(Self { table: config.table })
///     }
/// }
///
/// async fn handle(app: Arc<App>, _request: Request) -> Result<Answer, HttpError> {
///     Ok(Answer::json(200, &app.table))
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), Error> {
///     http::serve("example", Config::read, App::connect, handle).await
/// }
/// ```
///
/// # Errors
///
/// When the Lambda runtime API fails for good.
pub async fn serve<C, A, Connected, Handled>(
    function: &'static str,
    read: impl FnOnce(&mut Env) -> Option<C>,
    connect: impl FnOnce(C, Aws) -> Connected,
    handle: impl Fn(Arc<A>, Request) -> Handled + Send + Sync + 'static,
) -> Result<(), Error>
where
    A: Send + Sync + 'static,
    Connected: Future<Output = Result<A, Error>>,
    Handled: Future<Output = Result<Answer, HttpError>> + Send + 'static,
{
    let output = Output::stdout();
    let app = start(function, read, connect, &output).await;
    let edge = Arc::new(Edge::new(function, app, handle, Clock::system(), output));
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Event>| {
        let edge = Arc::clone(&edge);
        async move { Ok::<_, Error>(edge.call(event.payload, &event.context).await) }
    }))
    .await
}

//! Around the handler: everything that happens to every request.

use std::{borrow::Cow, collections::BTreeMap, fmt, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bridge_domain::{Class, Timestamp};
use futures_util::FutureExt;
use lambda_runtime::Context;
use serde::Serialize;
use tracing::Instrument;

use super::{
    ANSWER_LIMIT, Answer, GzipSupport, HttpError, RETRY_AFTER, Request, accepts_gzip,
    answer::{Body, json_escaped_len},
    body,
    event::Event,
    gzip, request,
};
use crate::{
    clock::{Clock, between},
    telemetry::{Output, RequestHandled},
};

/// A handler is cut off this long before Lambda would end the invocation, so that there is an
/// answer of ours.
pub const EDGE_RESERVE: Duration = Duration::from_millis(300);

/// A body larger than this is compressed for callers who ask, in bytes.
const GZIP_FROM: usize = 1024;

/// A function's handler with its surroundings. [`super::serve`] puts it under Lambda; a test can
/// drive it with events of its own.
pub struct Edge<A, H> {
    function: &'static str,
    app: Arc<A>,
    handle: H,
    clock: Clock,
    output: Output,
}

impl<A, H> fmt::Debug for Edge<A, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("function", &self.function).finish_non_exhaustive()
    }
}

/// The answer as API Gateway wants it.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Status.
    pub status_code: u16,
    /// Headers, one value each, names in lower case.
    pub headers: BTreeMap<Cow<'static, str>, String>,
    /// Body, in base64 if the flag says so.
    pub body: String,
    /// Whether the body is base64.
    pub is_base64_encoded: bool,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status_code", &self.status_code).finish_non_exhaustive()
    }
}

impl<A, H, Handled> Edge<A, H>
where
    H: Fn(Arc<A>, Request) -> Handled,
    Handled: Future<Output = Result<Answer, HttpError>>,
{
    /// Surrounds `handle`.
    pub const fn new(function: &'static str, app: Arc<A>, handle: H, clock: Clock, output: Output) -> Self {
        Self { function, app, handle, clock, output }
    }

    /// Answers one event. Whatever goes wrong, there is an answer and one event line.
    pub async fn call(&self, mut event: Event, context: &Context) -> Response {
        let received = self.clock.now();
        let headers = request::headers(&mut event);
        let route = event.route_key.clone().unwrap_or_default();
        let correlation_id = request::correlation_id(&headers, &event, &context.request_id);
        let compress = accepts_gzip(&headers) == GzipSupport::Asked;
        let bytes_in = event.body.as_deref().map_or(0, |text| body::sent_len(text, event.is_base64_encoded));

        let span = tracing::info_span!(
            "request",
            function = self.function,
            correlation_id = %correlation_id,
            request_id = %context.request_id
        );
        let decoded = Request::decode(event, headers, correlation_id.clone(), received, context.into());
        let outcome = match decoded {
            Ok(request) => self.guarded(request).instrument(span).await,
            Err(error) => Err(error),
        };
        let Outgoing { response, bytes_out, verdict } = outgoing(outcome, &correlation_id, compress);

        let answered = self.clock.now();
        RequestHandled {
            function: self.function,
            route: &route,
            status: response.status_code,
            class: verdict.class,
            latency_ms: millis(received, answered),
            bytes_in,
            bytes_out,
            correlation_id: &correlation_id,
            request_id: &context.request_id,
            detail: &verdict.detail,
            counters: &verdict.counters,
        }
        .emit(&self.output, answered);
        response
    }

    /// The handler, cut off before the deadline, its panics caught. What it shared with other
    /// requests must stay usable after a panic: our state is immutable but for caches, whose locks
    /// are never held over foreign code.
    async fn guarded(&self, request: Request) -> Result<Answer, HttpError> {
        let budget = request.deadline.budget(self.clock.now(), EDGE_RESERVE);
        let work = async { (self.handle)(Arc::clone(&self.app), request).await };
        match tokio::time::timeout(budget, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(HttpError { class: PANIC, ..HttpError::internal("the handler panicked") }),
            Err(_) => {
                Err(HttpError::unavailable("time is up", RETRY_AFTER).with_detail("cut off at the deadline"))
            }
        }
    }
}

/// Class of a request whose handler panicked; also counted by a metric of its own.
const PANIC: &str = "panic";

/// What telemetry says about an outcome.
struct Verdict {
    class: &'static str,
    detail: Cow<'static, str>,
    counters: Vec<(&'static str, u64)>,
}

struct Outgoing {
    response: Response,
    /// Size of the body on the wire, in bytes.
    bytes_out: usize,
    verdict: Verdict,
}

fn outgoing(outcome: Result<Answer, HttpError>, correlation_id: &str, compress: bool) -> Outgoing {
    let error = match outcome {
        Ok(answer) => match respond(answer, correlation_id, compress) {
            Ok((response, bytes_out, counters)) => {
                let class = match response.status_code {
                    500.. => Class::Transient.as_str(),
                    400.. => Class::Invalid.as_str(),
                    _ => "ok",
                };
                let verdict = Verdict { class, detail: "".into(), counters };
                return Outgoing { response, bytes_out, verdict };
            }
            Err(error) => error,
        },
        Err(error) => error,
    };
    let counters = if error.class == PANIC { vec![("Panics", 1)] } else { Vec::new() };
    let verdict = Verdict { class: error.class, detail: error.detail_for_log.clone(), counters };
    let (response, bytes_out) = match respond(error.answer(correlation_id), correlation_id, compress) {
        Ok((response, bytes_out, _)) => (response, bytes_out),
        // Only details of megabytes get here; the status alone still tells the truth.
        Err(_) => (bare(error.status.as_u16(), correlation_id), 0),
    };
    Outgoing { response, bytes_out, verdict }
}

type Sent = (Response, usize, Vec<(&'static str, u64)>);

/// Writes an answer out, compressed if that is wanted and worth it.
fn respond(answer: Answer, correlation_id: &str, compress: bool) -> Result<Sent, HttpError> {
    let mut response = bare(answer.status, correlation_id);
    response.headers.extend(answer.headers);
    let mut header = |name: &'static str, value: &str| {
        response.headers.entry(name.into()).or_insert_with(|| value.to_owned());
    };
    // Without a type the gateway puts its own, JSON, on an empty answer, and clients try to read it.
    let is_empty = matches!(answer.body, Body::Empty);
    header("content-type", if is_empty { "text/plain" } else { "application/json; charset=utf-8" });
    let body = match answer.body {
        Body::Json(text) if text.len() > GZIP_FROM => {
            header("vary", "accept-encoding");
            let packed = if compress { gzip(text.as_bytes()).ok() } else { None };
            packed.map_or(Body::Json(text), Body::Gzip)
        }
        body => body,
    };
    let bytes_out = match body {
        Body::Empty => 0,
        Body::Json(text) => {
            let length = text.len();
            response.body = text;
            length
        }
        Body::Gzip(bytes) => {
            header("content-encoding", "gzip");
            header("vary", "accept-encoding");
            response.body = STANDARD.encode(&bytes);
            response.is_base64_encoded = true;
            bytes.len()
        }
        Body::Unwritable(why) => return Err(HttpError::internal(format!("the answer is no JSON: {why}"))),
    };
    match response_size(&mut response) {
        size if size > ANSWER_LIMIT => {
            Err(HttpError::internal(format!("the answer has {size} bytes, Lambda takes {ANSWER_LIMIT}")))
        }
        _ => Ok((response, bytes_out, answer.counters)),
    }
}

/// A response without a body, with the headers that every answer has.
fn bare(status: u16, correlation_id: &str) -> Response {
    let headers = BTreeMap::from([
        (request::CORRELATION_ID.into(), correlation_id.to_owned()),
        ("cache-control".into(), "no-store".to_owned()),
        ("x-content-type-options".into(), "nosniff".to_owned()),
    ]);
    Response { status_code: status, headers, body: String::new(), is_base64_encoded: false }
}

/// Exact size of the response as JSON, without writing the body once more.
fn response_size(response: &mut Response) -> usize {
    let body = std::mem::take(&mut response.body);
    let around = serde_json::to_string(response).map_or(ANSWER_LIMIT, |json| json.len());
    response.body = body;
    around + if response.is_base64_encoded { response.body.len() } else { json_escaped_len(&response.body) }
}

fn millis(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(between(from, to).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

//! A request as a handler sees it.

use std::{collections::BTreeMap, fmt};

use bridge_domain::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::de::DeserializeOwned;

use super::{HttpError, body, event::Event};
use crate::deadline::Deadline;

/// Header with the caller's correlation id, in requests and in answers.
pub(super) const CORRELATION_ID: &str = "x-correlation-id";

/// Longest correlation id that is taken from a caller, in characters.
const CORRELATION_ID_LIMIT: usize = 64;

/// Longest text that an error quotes from a body, in characters.
const ECHO_LIMIT: usize = 300;

/// A request, decoded. Its `Debug` names method and time only: the rest may be secret or personal.
#[derive(Clone)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// The route of the API that matched, for example `GET /bridge/v1/tenants/{id}`: without a
    /// trailing slash, however it was declared.
    pub route: String,
    /// Path without the stage, as it was sent, trailing slash included.
    pub path: String,
    /// Query string as it was sent, without `?`; empty when there is none.
    pub raw_query: String,
    /// Headers. API Gateway joins repeated ones with commas.
    pub headers: HeaderMap,
    /// Values of the placeholders in the route.
    pub path_parameters: BTreeMap<String, String>,
    /// Body, after base64 and gzip: at most [`super::INFLATED_LIMIT`] bytes.
    pub body: Vec<u8>,
    /// Ties the log lines of this request, and of all it causes, together.
    pub correlation_id: String,
    /// When it reached the function.
    pub received: Timestamp,
    /// When Lambda ends the invocation.
    pub deadline: Deadline,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// The value of a placeholder in the route; empty when the route has none of that name.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> &str {
        self.path_parameters.get(name).map_or("", String::as_str)
    }

    /// The body, a JSON object, as `T`.
    ///
    /// # Errors
    ///
    /// 400 that names the field at fault, or the place where the body stops being JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        if self.body.is_empty() {
            return Err(HttpError::bad_request("the body is empty: send JSON", ()));
        }
        // Without this an array of the members' values would pass for the object.
        if self.body.trim_ascii_start().first().is_some_and(|byte| *byte != b'{') {
            return Err(HttpError::bad_request("invalid body: must be a JSON object", ()));
        }
        let mut json = serde_json::Deserializer::from_slice(&self.body);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = brief(error.path().to_string());
            HttpError::bad_request(brief(format!("invalid body: {}", error.inner())), path)
        })?;
        json.end().map_err(|error| HttpError::bad_request(format!("invalid body: {error}"), ()))?;
        Ok(value)
    }

    /// Decodes an event whose headers and correlation id are already known.
    pub(super) fn decode(
        event: Event,
        headers: HeaderMap,
        correlation_id: String,
        received: Timestamp,
        deadline: Deadline,
    ) -> Result<Self, HttpError> {
        let method = Method::from_bytes(event.request_context.http.method.as_bytes())
            .map_err(|_| HttpError::bad_request("invalid method", ()))?;
        let path = event.path().to_owned();
        let body = body::decode(event.body.unwrap_or_default(), event.is_base64_encoded, &headers)?;
        let route = event.route_key.unwrap_or_default().trim_end_matches('/').to_owned();
        Ok(Self {
            method,
            route,
            path,
            raw_query: event.raw_query_string.unwrap_or_default(),
            headers,
            path_parameters: event.path_parameters.unwrap_or_default(),
            body,
            correlation_id,
            received,
            deadline,
        })
    }
}

/// A text that may quote the caller, who may have sent megabytes, cut to what a person reads.
fn brief(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(ECHO_LIMIT) {
        text.truncate(end);
        text.push_str(" ...");
    }
    text
}

/// The headers of an event. One with an impossible name or value is left out.
pub(super) fn headers(event: &mut Event) -> HeaderMap {
    event
        .headers
        .take()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        })
        .collect()
}

/// The caller's correlation id if it is a harmless one, else the request id of API Gateway, else
/// that of Lambda.
pub(super) fn correlation_id(headers: &HeaderMap, event: &Event, request_id: &str) -> String {
    headers
        .get(CORRELATION_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_correlation_id(id))
        .or(event.request_context.request_id.as_deref().filter(|id| id.bytes().all(|b| b.is_ascii_graphic())))
        .unwrap_or(request_id)
        .to_owned()
}

fn is_correlation_id(id: &str) -> bool {
    (1..=CORRELATION_ID_LIMIT).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

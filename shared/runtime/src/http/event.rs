//! The event as API Gateway sends it.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

/// An event of an HTTP API, payload version 2.0: the parts the bridge uses.
///
/// It is read leniently: what a caller can influence must be able to fail inside our edge, with an
/// answer of ours, and not in the decoding of the event. So headers stay texts here (the type of
/// `aws_lambda_events` refuses the whole event for one header that is not ASCII).
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    #[serde(default)]
    pub(super) route_key: Option<String>,
    #[serde(default)]
    pub(super) raw_path: String,
    #[serde(default)]
    pub(super) raw_query_string: Option<String>,
    #[serde(default)]
    pub(super) headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) path_parameters: Option<BTreeMap<String, String>>,
    pub(super) request_context: RequestContext,
    #[serde(default)]
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) is_base64_encoded: bool,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestContext {
    #[serde(default)]
    pub(super) stage: Option<String>,
    #[serde(default)]
    pub(super) request_id: Option<String>,
    pub(super) http: HttpDescription,
}

#[derive(Clone, Deserialize)]
pub(super) struct HttpDescription {
    pub(super) method: String,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("route_key", &self.route_key).finish_non_exhaustive()
    }
}

impl Event {
    /// The path without the stage, which API Gateway puts in front of it for a named stage.
    pub(super) fn path(&self) -> &str {
        let stage = self.request_context.stage.as_deref().unwrap_or("$default");
        let inner = self.raw_path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
        match inner {
            Some("") => "/",
            Some(path) if path.starts_with('/') => path,
            _ => &self.raw_path,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(stage: &str, raw_path: &str) -> String {
        let event: Event = serde_json::from_value(json!({
            "rawPath": raw_path,
            "requestContext": { "stage": stage, "http": { "method": "GET" } },
        }))
        .unwrap();
        event.path().to_owned()
    }

    #[test]
    fn a_named_stage_is_no_part_of_the_path() {
        for (stage, raw, expected) in [
            ("$default", "/api/v1/alerts/", "/api/v1/alerts/"),
            ("prod", "/prod/api/v1/alerts", "/api/v1/alerts"),
            ("prod", "/prod", "/"),
            ("prod", "/production/api", "/production/api"),
            // A custom domain maps to the stage without naming it.
            ("prod", "/api/v1/alerts", "/api/v1/alerts"),
        ] {
            assert_eq!(path(stage, raw), expected, "{stage} {raw}");
        }
    }
}

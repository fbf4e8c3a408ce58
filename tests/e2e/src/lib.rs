//! The suites are under `tests/`: `e2e` is what users of a deployed stack meet. Here is what they know of
//! the emulator beneath it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "used by tests alone, which fail by panicking"
)]

use std::time::{Duration, SystemTime};

use bridge_harness::Stack;
use reqwest::{Client, RequestBuilder, header::AUTHORIZATION};
use serde_json::{Value, json};

/// Longest time that a function may take.
const PATIENCE: Duration = Duration::from_mins(3);
/// Most log lines that the emulator gives in an answer.
const PAGE: usize = 10_000;

/// A request to a service of the emulator, which takes any signature of its root user.
fn request(stack: &Stack, service: &str, path: &str) -> RequestBuilder {
    let scope = format!("test/20260101/{}/{service}/aws4_request", stack.region);
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    client
        .post(format!("{}{path}", stack.aws_endpoint))
        .header(AUTHORIZATION, signature)
        .header("x-amz-date", "20260101T000000Z")
}

/// How an invocation ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Run {
    /// With an answer.
    Done,
    /// With an error.
    Failed,
    /// It did not begin: the function is at work.
    Busy,
}

/// Runs a function, by its short name, to its end.
pub async fn invoke(stack: &Stack, function: &str, event: &Value) -> Run {
    let path = format!("/2015-03-31/functions/{}-{function}/invocations", stack.name);
    let answer = request(stack, "lambda", &path).body(event.to_string()).send().await.unwrap();
    let failed = answer.headers().contains_key("x-amz-function-error");
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    match status {
        200 if failed => Run::Failed,
        200 => Run::Done,
        429 => Run::Busy,
        _ => panic!("{function}: {status}: {text:.1000}"),
    }
}

/// What the functions logged from some moment on.
#[derive(Debug)]
pub struct Logs {
    stack: Stack,
    /// In milliseconds since 1970.
    since: u64,
}

impl Logs {
    /// The logs from now on.
    #[must_use]
    pub fn new(stack: &Stack) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Self { stack: stack.clone(), since: u64::try_from(now.as_millis()).unwrap() - 1 }
    }

    /// Everything that a function has logged. The emulator passes on what a process wrote when it is called
    /// again.
    pub async fn read(&self, function: &str) -> Vec<String> {
        let (mut lines, mut since, mut token) = (Vec::new(), self.since, Value::Null);
        loop {
            let group = format!("/aws/lambda/{}-{function}", self.stack.name);
            let mut wanted = json!({"logGroupName": group, "startTime": since});
            if !token.is_null() {
                wanted["nextToken"] = token;
            }
            let answer = self.page(&wanted).await;
            let events = answer["events"].as_array().unwrap();
            lines.extend(events.iter().map(|event| event["message"].as_str().unwrap().to_owned()));
            token = answer["nextToken"].clone();
            let last = events.last().map_or(since, |event| event["timestamp"].as_u64().unwrap());
            // A full page may come without a token: on from its last line.
            let full = events.len() >= PAGE && last > since;
            if token.is_null() && !full {
                return lines;
            }
            if token.is_null() {
                since = last;
            }
        }
    }

    async fn page(&self, wanted: &Value) -> Value {
        let request = request(&self.stack, "logs", "/")
            .header("x-amz-target", "Logs_20140328.FilterLogEvents")
            .header("content-type", "application/x-amz-json-1.1");
        let answer = request.body(wanted.to_string()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text:.500}");
        serde_json::from_str(&text).unwrap()
    }

    /// Checks that none of these lines, and none of the emulator's own, holds any of these. The latter has
    /// what a function writes to stderr.
    pub fn check(&self, lines: &[String], forbidden: &[String]) {
        let emulator = self.stack.log.as_deref().map(|log| std::fs::read(log).unwrap()).unwrap_or_default();
        let emulator = String::from_utf8_lossy(&emulator);
        for line in lines.iter().map(String::as_str).chain(emulator.lines()) {
            for secret in forbidden {
                assert!(!line.contains(secret.as_str()), "a log holds {secret}: {line:.1000}");
            }
            assert!(!line.contains("panicked"), "{line:.1000}");
        }
    }
}

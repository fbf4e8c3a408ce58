//! What the functions logged.

use std::time::SystemTime;

use reqwest::{Client, header::AUTHORIZATION};
use serde_json::{Value, json};

use crate::{alerts::text, world::World};

/// The logs from now on.
pub(crate) struct Logs {
    client: Client,
    endpoint: String,
    region: String,
    stack: String,
    since: u64,
}

impl Logs {
    pub(crate) fn new(world: &World) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            endpoint: world.stack.aws_endpoint.clone(),
            region: world.stack.region.clone(),
            stack: world.stack.name.clone(),
            since: u64::try_from(now.as_millis()).unwrap() - 1,
        }
    }

    /// What a function has logged. The emulator passes on what a process wrote when it is called again.
    pub(crate) async fn read(&self, function: &str) -> Vec<String> {
        let (mut lines, mut since) = (Vec::new(), self.since);
        loop {
            let group = format!("/aws/lambda/{}-{function}", self.stack);
            let answer = self.call(&json!({"logGroupName": group, "startTime": since})).await;
            let events = answer["events"].as_array().unwrap();
            lines.extend(events.iter().map(|event| text(event, "message").to_owned()));
            let last = events.last().map_or(since, |event| event["timestamp"].as_u64().unwrap());
            // The emulator gives 10,000: on from the last one.
            if events.len() < 10_000 || last == since {
                return lines;
            }
            since = last;
        }
    }

    /// The emulator takes any signature of its root user.
    async fn call(&self, body: &Value) -> Value {
        let scope = format!("test/20260101/{}/logs/aws4_request", self.region);
        let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let request = self.client.post(&self.endpoint).header(AUTHORIZATION, signature);
        let request = request.header("x-amz-date", "20260101T000000Z");
        let request = request.header("x-amz-target", "Logs_20140328.FilterLogEvents");
        let request = request.header("content-type", "application/x-amz-json-1.1");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text:.500}");
        serde_json::from_str(&text).unwrap()
    }
}

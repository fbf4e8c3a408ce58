//! What the tests of this crate share.

use std::sync::{Arc, Mutex};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use bridge_domain::Timestamp;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{aws::Aws, clock::Clock};

/// A moment to count from, in microseconds since 1970.
pub(crate) const START: i64 = 1_700_000_000_000_000;

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct Hand(Arc<Mutex<i64>>);

impl Hand {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(START)))
    }

    pub(crate) fn advance_ms(&self, millis: i64) {
        *self.0.lock().unwrap() += millis * 1000;
    }

    pub(crate) fn clock(&self) -> Clock {
        let micros = Arc::clone(&self.0);
        Clock::from_fn(move || Timestamp::from_micros(*micros.lock().unwrap()).unwrap())
    }
}

/// A clock that follows tokio's, paused or not.
pub(crate) fn tokio_clock() -> Clock {
    let start = tokio::time::Instant::now();
    Clock::from_fn(move || {
        let passed = i64::try_from(start.elapsed().as_micros()).unwrap();
        Timestamp::from_micros(START + passed).unwrap()
    })
}

/// A call that a [`Peer`] received.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The operation, for example `GetSecretValue`.
    pub(crate) operation: String,
    pub(crate) body: Value,
}

/// An AWS service over a real socket, with answers of the test's choice.
pub(crate) struct Peer {
    pub(crate) url: String,
    pub(crate) calls: Arc<Mutex<Vec<Call>>>,
}

impl Peer {
    /// Starts a service that answers each call with a status and a JSON body.
    pub(crate) async fn start(answer: impl Fn(&Call) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&calls), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    converse(socket, |call| {
                        seen.lock().unwrap().push(call.clone());
                        answer(&call)
                    })
                    .await;
                });
            }
        });
        Self { url, calls }
    }

    /// Starts a service that takes connections and never answers.
    pub(crate) async fn silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let _open = listener;
            std::future::pending::<()>().await;
        });
        Self { url, calls: Arc::default() }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Clients that talk to this service, without retries: a test must not wait.
    pub(crate) fn aws(&self) -> Aws {
        aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(Credentials::new(
                "id", "key", None, None, "test",
            )))
            .endpoint_url(&self.url)
            .retry_config(RetryConfig::disabled())
            .build()
            .into()
    }
}

async fn converse(mut socket: TcpStream, answer: impl FnOnce(Call) -> (u16, Value)) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length: usize = header(head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let operation = header(&head, "x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or("");
    let body = serde_json::from_str(&body).unwrap();
    let (status, answer) = answer(Call { operation: operation.to_owned(), body });
    let answer = answer.to_string();
    let reply = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    );
    let _ = socket.write_all(reply.as_bytes()).await;
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

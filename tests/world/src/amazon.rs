//! AWS as the functions meet it: one endpoint for everything. DynamoDB is a real engine; of SQS and
//! Secrets Manager there is as much as is used.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig};
use bridge_engine::Engine;
use bridge_runtime::aws::Aws;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// The services, until dropped.
#[derive(Debug)]
pub struct Amazon {
    /// For clients that reach everything through one endpoint.
    pub aws: Aws,
    /// The tables.
    pub engine: Engine,
    inner: Arc<Inner>,
    _serving: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Inner {
    tables: String,
    forward: reqwest::Client,
    /// Texts and versions by name.
    secrets: Mutex<BTreeMap<String, (String, u32)>>,
    /// Bodies by the queue's URL.
    queues: Mutex<BTreeMap<String, Vec<String>>>,
    queues_are_down: AtomicBool,
    /// Requests to the tables that are under way.
    open: AtomicUsize,
    /// Requests to the tables by operation, and how many keys they named.
    calls: Mutex<BTreeMap<String, (usize, usize)>>,
}

impl Amazon {
    /// Starts everything, empty.
    pub async fn start() -> Self {
        let engine = Engine::start().await.unwrap();
        let inner = Arc::new(Inner {
            tables: engine.config.endpoint_url().unwrap().to_owned(),
            forward: reqwest::Client::builder().no_proxy().build().unwrap(),
            ..Inner::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&inner)));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(engine.config.region().cloned())
            .credentials_provider(engine.config.credentials_provider().unwrap())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            // A test must not wait for what it ordered to fail.
            .retry_config(RetryConfig::disabled())
            .endpoint_url(endpoint)
            .build();
        Self { aws: config.into(), engine, inner, _serving: serving }
    }

    /// Stores a secret under a new version.
    pub fn put_secret(&self, name: &str, text: &str) {
        let mut secrets = self.inner.secrets.lock().unwrap();
        let entry = secrets.entry(name.to_owned()).or_default();
        *entry = (text.to_owned(), entry.1 + 1);
    }

    /// Whether queues take messages.
    pub fn break_queues(&self, broken: bool) {
        self.inner.queues_are_down.store(broken, Ordering::SeqCst);
    }

    /// Waits until everything that was asked for is done, whether or not anybody still waits for it.
    pub async fn calm(&self) {
        let mut quiet = 0;
        // What was sent over the loopback before is read before the answers of several round trips.
        while quiet < 6 {
            let none = self.aws.secrets().get_secret_value().secret_id("none").send().await;
            assert!(none.is_err());
            quiet = if self.inner.open.load(Ordering::SeqCst) == 0 { quiet + 1 } else { 0 };
        }
    }

    /// What the tables were asked through here since the last time: how often, by operation, and for how
    /// many items.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, (usize, usize)> {
        std::mem::take(&mut *self.inner.calls.lock().unwrap())
    }

    /// Takes the bodies out of a queue.
    #[must_use]
    pub fn drain(&self, queue: &str) -> Vec<String> {
        self.inner.queues.lock().unwrap().remove(queue).unwrap_or_default()
    }
}

async fn serve(listener: TcpListener, inner: Arc<Inner>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let inner = Arc::clone(&inner);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let inner = Arc::clone(&inner);
                async move { Ok::<_, Infallible>(inner.answer(request).await) }
            });
            // How a connection ends is the client's own affair.
            let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Inner {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
            return said(400, &json!({}));
        };
        let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or("");
        if target.starts_with("DynamoDB") {
            self.count(target, &body);
            // A request that has arrived is carried out, even if its sender is gone.
            self.open.fetch_add(1, Ordering::SeqCst);
            let this = Arc::clone(&self);
            let done = tokio::spawn(async move {
                let answer = this.forward(head.headers, body).await;
                this.open.fetch_sub(1, Ordering::SeqCst);
                answer
            });
            return done.await.unwrap();
        }
        let asked: Value = serde_json::from_slice(&body).unwrap();
        match target {
            "secretsmanager.GetSecretValue" => self.secret(asked["SecretId"].as_str().unwrap()),
            _ if self.queues_are_down.load(Ordering::SeqCst) => {
                said(500, &json!({"__type": "InternalFailure"}))
            }
            "AmazonSQS.SendMessage" => {
                self.enqueue(&asked["QueueUrl"], &asked["MessageBody"]);
                said(200, &json!({"MessageId": "m", "MD5OfMessageBody": "m"}))
            }
            "AmazonSQS.SendMessageBatch" => {
                let entries = asked["Entries"].as_array().unwrap();
                for entry in entries {
                    self.enqueue(&asked["QueueUrl"], &entry["MessageBody"]);
                }
                let sent =
                    |entry: &Value| json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "m"});
                let sent: Vec<Value> = entries.iter().map(sent).collect();
                said(200, &json!({"Successful": sent, "Failed": []}))
            }
            other => panic!("{other} is not played here"),
        }
    }

    fn count(&self, target: &str, body: &[u8]) {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let keys = |tables: &Value| {
            let tables = tables.as_object().unwrap().values();
            tables.map(|table| table["Keys"].as_array().map_or(1, Vec::len)).sum()
        };
        let items = match (&asked["RequestItems"], &asked["TransactItems"]) {
            (tables @ Value::Object(_), _) => keys(tables),
            (_, Value::Array(steps)) => steps.len(),
            _ => 1,
        };
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut calls = self.calls.lock().unwrap();
        let count = calls.entry(operation).or_default();
        *count = (count.0 + 1, count.1 + items);
    }

    async fn forward(&self, mut headers: HeaderMap, body: Bytes) -> Response<Full<Bytes>> {
        for hop in ["host", "content-length", "connection"] {
            headers.remove(hop);
        }
        let Ok(answer) = self.forward.post(&self.tables).headers(headers).body(body).send().await else {
            return said(500, &json!({}));
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut told = Response::new(Full::new(answer.bytes().await.unwrap_or_default()));
        *told.status_mut() = status;
        *told.headers_mut() = headers;
        told.headers_mut().remove("transfer-encoding");
        told
    }

    fn secret(&self, name: &str) -> Response<Full<Bytes>> {
        match self.secrets.lock().unwrap().get(name) {
            Some((text, version)) => said(
                200,
                &json!({"ARN": name, "Name": name, "SecretString": text, "VersionId": format!("v{version}")}),
            ),
            None => said(400, &json!({"__type": "ResourceNotFoundException"})),
        }
    }

    fn enqueue(&self, queue: &Value, body: &Value) {
        let mut queues = self.queues.lock().unwrap();
        let queue = queues.entry(queue.as_str().unwrap().to_owned()).or_default();
        queue.push(body.as_str().unwrap().to_owned());
    }
}

fn said(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body.to_string().into()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

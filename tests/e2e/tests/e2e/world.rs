//! The stack under test, those who call it, and what they are told.

use std::{io::Read as _, sync::Arc, time::Duration};

use bridge_harness::Stack;
use flate2::read::GzDecoder;
use reqwest::{
    Certificate, Client, Method, RequestBuilder, Url,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
};
use serde_json::{Value, json};

use crate::contract;

/// The running stack. Each test has a client of its own: connections belong to a test's runtime.
pub(crate) struct World {
    pub(crate) stack: Stack,
    client: Client,
}

impl World {
    /// The stack that the environment names.
    pub(crate) fn new() -> Arc<Self> {
        let stack = Stack::from_env().unwrap_or_else(|error| panic!("{error}"));
        let pem = std::fs::read(&stack.ca).unwrap_or_else(|error| panic!("{}: {error}", stack.ca.display()));
        let client = Client::builder()
            .tls_certs_only(Certificate::from_pem_bundle(&pem).unwrap())
            .https_only(true)
            .no_proxy()
            // Encodings are part of what is tested: nothing is asked for or undone behind our back.
            .no_gzip()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_mins(1))
            .build()
            .unwrap();
        Arc::new(Self { stack, client })
    }

    /// A request to a path, with a query string sent byte for byte.
    pub(crate) fn request(&self, method: &Method, target: &str) -> RequestBuilder {
        self.client.request(method.clone(), format!("{}{target}", self.stack.url))
    }

    /// The first general administrator.
    pub(crate) fn admin(self: &Arc<Self>) -> User {
        self.user(&self.stack.admin_token)
    }

    /// Whoever holds this token.
    pub(crate) fn user(self: &Arc<Self>, token: &str) -> User {
        User { world: Arc::clone(self), token: token.to_owned() }
    }
}

/// The holder of a token.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) world: Arc<World>,
    pub(crate) token: String,
}

impl User {
    /// A request with this user's token. The header's name goes out in lower case, as every
    /// client of HTTP/1.1 in Rust writes it, and as Security Vision does.
    pub(crate) fn request(&self, method: &Method, target: &str) -> RequestBuilder {
        self.world.request(method, target).header(AUTHORIZATION, format!("Bearer {}", self.token))
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        Reply::of(self.request(&Method::GET, target)).await
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Reply {
        self.post_text(target, body.to_string()).await
    }

    pub(crate) async fn post_text(&self, target: &str, body: String) -> Reply {
        let request = self.request(&Method::POST, target).header(CONTENT_TYPE, "application/json");
        Reply::of(request.body(body)).await
    }

    pub(crate) async fn patch(&self, target: &str, body: &Value) -> Reply {
        Reply::of(self.request(&Method::PATCH, target).json(body)).await
    }

    pub(crate) async fn put(&self, target: &str, body: &Value) -> Reply {
        Reply::of(self.request(&Method::PUT, target).json(body)).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Reply {
        Reply::of(self.request(&Method::DELETE, target)).await
    }

    /// Posts one alert or an array of alerts.
    pub(crate) async fn ingest(&self, alerts: &Value) -> Reply {
        self.post("/bridge/v1/alerts", alerts).await
    }

    /// Searches alerts, which must succeed.
    pub(crate) async fn search(&self, query: &str) -> Vec<Value> {
        self.get(&format!("/api/v1/alerts?{query}")).await.expect(200).array()
    }

    /// One alert with its events, assets and accounts.
    pub(crate) async fn alert(&self, id: &str) -> Value {
        let mut found = self.search(&format!("withEvents&withAffected&id={id}")).await;
        assert_eq!(found.len(), 1, "alert {id}");
        found.remove(0)
    }

    pub(crate) async fn close(&self, id: &str, reason: &str) -> Reply {
        self.post("/api/v1/alerts/close", &json!({"id": id, "reason": reason})).await
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body as it came.
    pub(crate) wire: Vec<u8>,
    /// The body, decompressed.
    pub(crate) text: String,
    asked: String,
}

impl Reply {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let asked = format!("{method} {}", request.url());
        let answer = client.execute(request).await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let wire = answer.bytes().await.unwrap_or_else(|error| panic!("{asked}: {error:?}")).to_vec();
        let mut text = String::new();
        if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip") {
            GzDecoder::new(wire.as_slice()).read_to_string(&mut text).unwrap();
        } else {
            text.push_str(std::str::from_utf8(&wire).unwrap());
        }
        contract::check(&method, &path, status, &text);
        Self { status, headers, wire, text, asked }
    }

    /// The same, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {:.2000}", self.asked, self.text);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{} {}: {error}: {:.2000}", self.asked, self.status, self.text))
    }

    #[track_caller]
    pub(crate) fn array(&self) -> Vec<Value> {
        match self.json() {
            Value::Array(list) => list,
            other => panic!("{} {}: no array: {other}", self.asked, self.status),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Checks an error: its status, and a body of `message` and `details` and nothing else.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, message: &str, details: &Value) {
        assert_eq!(
            (self.status, self.json()),
            (status, json!({"message": message, "details": details})),
            "{}",
            self.asked
        );
    }

    /// Checks an error whose `message` only has to contain a text.
    #[track_caller]
    pub(crate) fn refused_with(&self, status: u16, part: &str) {
        let body = self.json();
        let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((self.status, &*keys), (status, &["details", "message"][..]), "{}: {body}", self.asked);
        assert!(body["message"].as_str().unwrap().contains(part), "{}: {body}", self.asked);
    }
}

/// A query string, escaped.
pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("https://localhost/", pairs).unwrap();
    url.query().unwrap_or_default().to_owned()
}

//! The stack under attack, and what may never be in its answers.

use std::time::Duration;

use bridge_harness::Stack;
use reqwest::{
    Certificate, Client, Method, RequestBuilder,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// The running stack, a tenant on it that nobody else knows, and those who work there.
pub(crate) struct World {
    pub(crate) stack: Stack,
    client: Client,
    pub(crate) tenant: String,
    /// An operator of the tenant, who may post, search and close.
    pub(crate) operator: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let stack = Stack::from_env().unwrap_or_else(|error| panic!("{error}"));
        let pem = std::fs::read(&stack.ca).unwrap_or_else(|error| panic!("{}: {error}", stack.ca.display()));
        let client = Client::builder()
            .tls_certs_only(Certificate::from_pem_bundle(&pem).unwrap())
            .https_only(true)
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_mins(2))
            .build()
            .unwrap();
        let mut world = Self { stack, client, tenant: String::new(), operator: String::new() };
        let made = world.admin(&Method::POST, "/bridge/v1/tenants", &json!({"name": fresh("Hostile")})).await;
        world.tenant = text(&made.expect(201).json(), "id");
        world.operator = world.token("operator").await;
        world
    }

    /// A new token with this role in the tenant.
    pub(crate) async fn token(&self, role: &str) -> String {
        let wanted = json!({"name": "Somebody", "roles": [{"tenantID": self.tenant, "role": role}]});
        let issued = self.admin(&Method::POST, "/bridge/v1/tokens", &wanted).await;
        text(&issued.expect(201).json(), "token")
    }

    /// A request without any token; the target goes out byte for byte.
    pub(crate) fn request(&self, method: &Method, target: &str) -> RequestBuilder {
        self.client.request(method.clone(), format!("{}{target}", self.stack.url))
    }

    /// A request by the holder of a token.
    pub(crate) fn by(&self, token: &str, method: &Method, target: &str) -> RequestBuilder {
        self.request(method, target).header(AUTHORIZATION, format!("Bearer {token}"))
    }

    /// A request by the operator, with a body of JSON or what claims to be.
    pub(crate) fn post(&self, target: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.by(&self.operator, &Method::POST, target);
        request.header(CONTENT_TYPE, "application/json").body(body)
    }

    /// What the general administrator is told.
    pub(crate) async fn admin(&self, method: &Method, target: &str, body: &Value) -> Reply {
        self.send(self.by(&self.stack.admin_token, method, target).json(body)).await
    }

    /// Sends a request; whatever comes back must not show what is inside.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let asked = format!("{} {:.200}", request.method(), request.url().path());
        let answer = client.execute(request).await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        let reply = Reply {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap_or_else(|error| panic!("{asked}: {error:?}")),
            asked,
        };
        self.check_silence(&reply);
        reply
    }

    /// Nothing of the inside, no secret of the stack, and never the caller's own token.
    fn check_silence(&self, reply: &Reply) {
        let headers = format!("{:?}", reply.headers);
        let issues = reply.status == 201 && reply.asked.contains("/bridge/v1/t");
        let inside = [
            "panicked",
            "backtrace",
            ".rs:",
            "Traceback",
            "bridge_",
            "core::",
            "alloc::",
            "std::",
            "serde::",
            "tokio",
            "aws_sdk",
            "dynamodb",
            "DynamoDB",
            "arn:aws",
            "AccessDenied",
            "struct ",
            &self.stack.state_table,
            &self.stack.admin_token,
            &self.stack.admin_token_secret,
        ];
        let own = [self.operator.as_str()];
        for secret in inside.iter().chain(if issues { [].iter() } else { own.iter() }) {
            let shown = !secret.is_empty() && (reply.text.contains(secret) || headers.contains(secret));
            assert!(!shown, "{secret} is shown by {} {}: {:.1000}", reply.asked, reply.status, reply.text);
        }
    }

    /// The alerts of the tenant.
    pub(crate) async fn alerts(&self) -> Vec<Value> {
        let target = format!("/api/v1/alerts?tenantID={}", self.tenant);
        let reply = self.send(self.by(&self.stack.admin_token, &Method::GET, &target)).await;
        serde_json::from_str(&reply.expect(200).text).unwrap()
    }

    /// Nothing came of all that was sent.
    pub(crate) async fn nothing_was_written(&self) {
        let found = self.alerts().await;
        assert!(found.is_empty(), "written all the same: {found:?}");
    }

    /// A good alert of the tenant.
    pub(crate) fn alert(&self) -> Value {
        json!({
            "id": Uuid::new_v4().to_string(), "tenantID": self.tenant, "name": "Brute force", "priority": "high",
            "firstSeen": "2024-05-06T10:00:00Z", "lastSeen": "2024-05-06T11:00:00Z"
        })
    }

    /// The same with one field changed.
    pub(crate) fn alert_with(&self, field: &str, value: Value) -> Value {
        let mut alert = self.alert();
        alert[field] = value;
        alert
    }

    /// Posts a good alert and gives its id.
    pub(crate) async fn posted(&self) -> String {
        let alert = self.alert();
        self.send(self.post("/bridge/v1/alerts", alert.to_string())).await.expect(202);
        text(&alert, "id")
    }
}

/// A name that nobody has used.
pub(crate) fn fresh(what: &str) -> String {
    format!("{what} {}", Uuid::new_v4())
}

#[track_caller]
pub(crate) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no text in {value}")).to_owned()
}

/// Brackets around nothing.
pub(crate) fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    asked: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {:.1000}", self.asked, self.text);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{} {}: {error}: {:.1000}", self.asked, self.status, self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// A refusal: this status, and KUMA's error body with a message that contains `part`.
    #[track_caller]
    pub(crate) fn refused(&self, case: &str, status: u16, part: &str) -> Value {
        let body = self.json();
        assert_eq!(self.status, status, "{case}: {body:.1000}");
        let message =
            body["message"].as_str().unwrap_or_else(|| panic!("{case}: no message in {body:.1000}"));
        assert!(message.contains(part), "{case}: {message} does not say: {part}");
        assert!(message.len() < 500, "{case}: a message of {} bytes", message.len());
        assert!(body.get("details").is_some(), "{case}: no details in {body:.1000}");
        assert_eq!(self.header("content-type"), Some("application/json; charset=utf-8"), "{case}");
        body["details"].clone()
    }
}

//! Calls over real sockets and real TLS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use bridge_domain::CallError;
use bridge_http::{Answer, Client, Effect, Names, Options, reqwest::Method};

mod answers;
mod connections;
#[allow(dead_code, reason = "the tests of several crates use it, each its part")]
mod peer;
mod proxies;
mod tls;

/// Long enough for anything that is not meant to run into it.
const AMPLE: Duration = Duration::from_secs(20);

fn options(roots: &str) -> Options<'_> {
    Options {
        roots_pem: Some(roots),
        proxy: None,
        timeout: AMPLE,
        max_body: 1 << 20,
        names: Names::default(),
    }
}

fn client(url: &str, options: &Options<'_>) -> Client {
    Client::new("peer", url, options).unwrap()
}

/// A GET with a secret wherever a request can hold one.
async fn get(client: &Client) -> Result<Answer, CallError> {
    let mut url = client.url("/path");
    url.set_query(Some("key=canary-query"));
    client.send(client.request(Method::GET, url).header("x-token", "canary-header"), Effect::Repeatable).await
}

/// A POST that must not happen twice.
async fn post_once(client: &Client) -> Result<Answer, CallError> {
    let request = client.request(Method::POST, client.url("/path")).body("canary-body");
    client.send(request, Effect::Once).await
}

/// What an error says. Nothing in it may be of the request or of the answer.
fn said(error: &CallError) -> String {
    let all = format!("{error} {error:?}");
    assert!(!all.contains("canary"), "{all}");
    error.public.to_string()
}

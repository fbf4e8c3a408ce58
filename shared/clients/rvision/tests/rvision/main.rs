//! The client of R-Vision, byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use bridge_domain::{CallError, secret::Secret};
use bridge_http::{Client, Names, Options};
use bridge_rvision::RVision;

mod find;
#[allow(dead_code, reason = "the tests of several crates use it, each its part")]
#[path = "../../../http/tests/calls/peer.rs"]
mod peer;
mod save;
mod token;

use peer::{Authority, Peer, Reply, Request};

const TOKEN: &str = "canary-token";

/// An R-Vision that answers as `script` says, and a client of it.
async fn rvision(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Peer, RVision) {
    let ca = Authority::new("ca");
    let peer = Peer::start(ca.localhost(), script).await;
    let options = Options {
        roots_pem: Some(&ca.pem),
        proxy: None,
        timeout: Duration::from_secs(20),
        max_body: bridge_rvision::MAX_ANSWER,
        names: Names::default(),
    };
    let http = Client::new(bridge_rvision::SYSTEM, &peer.url(), &options).unwrap();
    (peer, RVision::new(http, &Secret::new(TOKEN.to_owned())).unwrap())
}

/// What an error says. Nothing in it may be of the token, the incident or R-Vision's own words.
fn said(error: &CallError) -> String {
    let all = format!("{error} {error:?}");
    assert!(!all.contains("canary"), "{all}");
    assert_eq!(error.system, "r-vision");
    error.public.to_string()
}

/// Path and query of a GET, the query decoded.
fn asked(request: &Request) -> (String, Vec<(String, String)>) {
    let target = request.line.strip_prefix("GET ").unwrap().strip_suffix(" HTTP/1.1").unwrap();
    let url = bridge_http::reqwest::Url::parse(&format!("https://localhost{target}")).unwrap();
    (url.path().to_owned(), url.query_pairs().into_owned().collect())
}

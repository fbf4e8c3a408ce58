//! The TLS front over a real socket, before a server that echoes what reached it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use bridge_harness::front::Limits;
use futures_util::future::join_all;
use support::{Fixture, Reply};

fn limits() -> Limits {
    Limits { headers: Duration::from_millis(500), answer: Duration::from_secs(5), body: 1024, connections: 8 }
}

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST /bridge/v1/alerts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

#[tokio::test]
async fn method_path_and_raw_query_pass_unchanged() {
    let fixture = Fixture::start(limits()).await;
    for target in [
        "/api/v1/alerts/?withEvents&status=new",
        "/api/v1/alerts?status=new&status=closed&withEvents=&withAffected=false",
        "/api/v1/alerts?name=%5EMy+alert%24&from=2026-11-20T00:00:00%2B03:00",
        "//api//v1/alerts",
        "/api/v1/alerts?",
        "/api/v1/alerts?a=b?c=d&&=&e==",
        "/%2Fapi/./v1/../alerts",
    ] {
        for method in ["GET", "DELETE", "PATCH"] {
            let request =
                format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let reply = fixture.raw(request.as_bytes()).await;
            assert_eq!(reply.status, 200, "{target}");
            assert_eq!(reply.echo["target"], target);
            assert_eq!(reply.echo["method"], method);
        }
    }
}

#[tokio::test]
async fn headers_pass_except_the_host_and_those_of_the_connection() {
    let fixture = Fixture::start(limits()).await;
    let reply = fixture
        .raw(
            b"GET /x HTTP/1.1\r\nhost: kuma.example.com:7223\r\nauthorization: Bearer a b\r\nX-Twice: 1\r\nx-twice: 2\r\n\
              accept-encoding: gzip\r\nwebhook-signature: v1,aGk= v1,aG8=\r\nconnection: close, x-mine\r\nx-mine: 1\r\nte: trailers\r\n\r\n",
        )
        .await;
    assert_eq!(reply.header("host"), ["api1.execute-api.localhost"]);
    assert_eq!(reply.header("authorization"), ["Bearer a b"]);
    assert_eq!(reply.header("x-twice"), ["1", "2"]);
    assert_eq!(reply.header("accept-encoding"), ["gzip"]);
    assert_eq!(reply.header("webhook-signature"), ["v1,aGk= v1,aG8="]);
    assert!(reply.header("x-mine").is_empty());
    assert!(reply.header("te").is_empty());
}

#[tokio::test]
async fn a_compressed_body_keeps_its_bytes_and_becomes_binary_to_the_emulator() {
    let fixture = Fixture::start(limits()).await;
    let gzip = [0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe, 0x00, 0x80];
    let headers = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
    let reply = fixture.raw(&post(headers, &gzip)).await;
    assert_eq!(reply.header("content-type"), ["application/octet-stream"]);
    assert_eq!(reply.header("content-encoding"), ["gzip"]);
    assert_eq!(reply.body(), gzip);

    let reply = fixture.raw(&post("Content-Type: application/json\r\n", b"{}")).await;
    assert_eq!(reply.header("content-type"), ["application/json"]);
    assert_eq!(reply.body(), b"{}");
}

#[tokio::test]
async fn a_body_over_the_cap_is_refused() {
    let fixture = Fixture::start(limits()).await;
    assert_eq!(fixture.raw(&post("", &[b'a'; 1024])).await.status, 200);
    let declared = fixture.raw(&post("", &[b'a'; 1025])).await;
    assert_eq!((declared.status, declared.message()), (413, "request too large".to_owned()));

    let mut chunked =
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for _ in 0..5 {
        chunked.extend_from_slice(b"100\r\n");
        chunked.extend_from_slice(&[b'a'; 0x100]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(fixture.raw(&chunked).await.status, 413);
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let fixture = Fixture::start(limits()).await;
    let client = fixture.client();
    for number in 0..20 {
        let answer = client.get(fixture.url(&format!("/n?{number}"))).send().await.unwrap();
        let echo: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(echo["target"], format!("/n?{number}"));
    }
    assert_eq!(fixture.connections(), 1);
}

#[tokio::test]
async fn more_connections_than_the_cap_wait_and_are_served() {
    let fixture = Fixture::start(Limits { connections: 4, ..limits() }).await;
    let all =
        (0..24).map(|_| fixture.raw(b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    let replies: Vec<Reply> = join_all(all).await;
    assert!(replies.iter().all(|reply| reply.status == 200));
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_dropped() {
    let fixture = Fixture::start(limits()).await;
    let started = std::time::Instant::now();
    let got = fixture.bytes(b"GET /x HTTP/1.1\r\nHost: loc").await;
    assert!(started.elapsed() < Duration::from_secs(3));
    assert!(!String::from_utf8_lossy(&got).contains(" 200 "));
}

#[tokio::test]
async fn an_absent_emulator_is_a_json_502() {
    let fixture = Fixture::without_upstream(limits()).await;
    let reply = fixture.raw(&post("", b"{}")).await;
    assert_eq!(reply.status, 502);
    assert!(reply.message().contains("the emulator did not answer"));
    assert!(reply.echo["details"].is_null());
}

#[tokio::test]
async fn only_the_stacks_own_authority_is_trusted() {
    let (fixture, other) = (Fixture::start(limits()).await, Fixture::start(limits()).await);
    assert!(fixture.client().get(fixture.url("/x")).send().await.is_ok());
    assert!(other.client().get(fixture.url("/x")).send().await.is_err());
}

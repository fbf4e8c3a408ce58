//! The client of KUMA Core, byte by byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use bridge_domain::{CallError, Class, close::Reason, secret::Secret};
use bridge_http::{Client, Names, Options};
use bridge_kuma::{Closed, Filter, Kuma, VisibleTenant};

#[allow(dead_code, reason = "the tests of several crates use it, each its part")]
#[path = "../../../http/tests/calls/peer.rs"]
mod peer;

use peer::{Authority, Peer, Reply, Request, answer, json};

/// A KUMA that answers as `script` says, and a client of it.
async fn kuma(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Peer, Kuma) {
    let ca = Authority::new("ca");
    let peer = Peer::start(ca.localhost(), script).await;
    let options = Options {
        roots_pem: Some(&ca.pem),
        proxy: None,
        timeout: Duration::from_secs(20),
        max_body: bridge_kuma::MAX_ANSWER,
        names: Names::default(),
    };
    let http = Client::new(bridge_kuma::SYSTEM, &peer.url(), &options).unwrap();
    (peer, Kuma::new(http, &Secret::new("canary-token".to_owned())).unwrap())
}

/// What an error says. Nothing in it may be of the token or of KUMA's own words.
fn said(error: &CallError) -> String {
    let all = format!("{error} {error:?}");
    assert!(!all.contains("canary"), "{all}");
    assert_eq!(error.system, "kuma-core");
    error.public.to_string()
}

#[tokio::test]
async fn alerts_are_asked_for_with_bare_flags_and_kept_as_they_were_written() {
    let body = r#"[{"id":"a-1","n":1.50,"b":  "x"},{"id":"a-2"}]"#;
    let (peer, client) = kuma(move |_| json(200, body)).await;
    let filter = Filter { tenant_ids: vec!["t 1".into()], page: 2, with_events: true, ..Filter::default() };
    let alerts = client.alerts(&filter).await.unwrap();
    assert_eq!(alerts[0].get(), r#"{"id":"a-1","n":1.50,"b":  "x"}"#);
    assert_eq!(alerts.len(), 2);
    let request = peer.only();
    assert_eq!(
        request.line,
        "GET /api/v1/alerts?page=2&tenantID=t+1&timestampField=lastSeen&withEvents HTTP/1.1"
    );
    assert_eq!(request.header("authorization"), Some("Bearer canary-token"));
    assert!(!format!("{client:?}").contains("canary"));
}

#[tokio::test]
async fn no_alerts_are_an_empty_array_and_nothing_else_is() {
    let (_peer, client) = kuma(|_| json(200, "[]")).await;
    assert!(client.alerts(&Filter::default()).await.unwrap().is_empty());
    for body in ["", "null", "{}", r#"{"data":[]}"#, "<html>canary</html>", "[{}"] {
        let (_peer, client) = kuma(move |_| json(200, body)).await;
        let error = client.alerts(&Filter::default()).await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{body}");
        assert!(said(&error).contains("7223"), "{error:?}");
    }
}

#[tokio::test]
async fn one_alert_comes_with_everything_and_is_the_one_that_was_asked_for() {
    let (peer, client) = kuma(|_| json(200, r#"[{"name":"n","id":"a\/1"}]"#)).await;
    let alert = client.alert("a/1").await.unwrap().unwrap();
    assert_eq!(alert.get(), r#"{"name":"n","id":"a\/1"}"#);
    assert_eq!(
        peer.only().line,
        "GET /api/v1/alerts?id=a%2F1&timestampField=lastSeen&withEvents&withAffected HTTP/1.1"
    );
    let (_peer, client) = kuma(|_| json(200, "[]")).await;
    assert!(client.alert("a-1").await.unwrap().is_none());
    let (_peer, client) = kuma(|_| json(200, r#"[{"id":"canary"},{"name":"canary"}]"#)).await;
    let error = client.alert("a-1").await.unwrap_err();
    assert_eq!(error.class, Class::Permanent);
    said(&error);
}

#[tokio::test]
async fn an_alert_with_40_megabytes_of_events_is_read() {
    let body = format!(r#"[{{"id":"a-1","events":["{}"]}}]"#, "x".repeat(40 << 20));
    let (_peer, client) = kuma(move |_| json(200, &body)).await;
    assert!(client.alert("a-1").await.unwrap().unwrap().get().len() > 40 << 20);
}

#[tokio::test]
async fn an_alert_is_closed_as_the_api_documents_it() {
    let (peer, client) = kuma(|_| Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())).await;
    for reason in Reason::ALL {
        assert_eq!(client.close("a\"1", reason).await.unwrap(), Closed::Now);
    }
    let request = &peer.seen()[1];
    assert_eq!(request.line, "POST /api/v1/alerts/close HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer canary-token"));
    assert_eq!(request.text(), r#"{"id":"a\"1","reason":"incorrect data"}"#);
}

#[tokio::test]
async fn closing_a_closed_alert_is_no_failure() {
    for body in
        [r#"{"message":"alert already closed","details":null}"#, r#"{"message":"Alert already closed "}"#]
    {
        let (_peer, client) = kuma(move |_| json(406, body)).await;
        assert_eq!(client.close("a-1", Reason::Responded).await.unwrap(), Closed::Already);
    }
}

#[tokio::test]
async fn every_answer_to_closing_has_its_class() {
    let message = |text: &str| format!(r#"{{"message":"{text}","details":"canary"}}"#);
    let cases = [
        (400, "id required", Class::Permanent, "id required"),
        (400, "invalid reason", Class::Permanent, "invalid reason"),
        (400, "invalid authorization header", Class::Auth, "invalid authorization header"),
        (400, "canary", Class::Permanent, "400"),
        (401, "canary", Class::Auth, "401"),
        (403, "access denied", Class::Auth, "access denied"),
        (404, "alert not found", Class::NotFound, "alert not found"),
        (404, "canary", Class::Permanent, "404"),
        (406, "tenant disabled", Class::Permanent, "tenant disabled"),
        (406, "canary", Class::Permanent, "406"),
        (429, "", Class::RateLimited, "429"),
        (500, "canary: correlator not running", Class::Transient, "500"),
        (502, "", Class::Transient, "502"),
        (503, "", Class::Transient, "503"),
        (200, "canary", Class::Permanent, "answer"),
    ];
    for (status, text, class, code) in cases {
        let body = message(text);
        let (_peer, client) = kuma(move |_| json(status, &body)).await;
        let error = client.close("a-1", Reason::Responded).await.unwrap_err();
        assert_eq!((error.class, error.code.as_ref()), (class, code), "{status} {text}");
        assert_eq!(said(&error).contains("correlator"), status == 500);
    }
    for status in [404, 406] {
        let (_peer, client) = kuma(move |_| answer(status, "", "<html>canary</html>")).await;
        let error = client.close("a-1", Reason::Responded).await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "a page of another program says nothing of the alert");
        said(&error);
    }
}

#[tokio::test]
async fn closing_may_be_repeated_when_its_end_is_open() {
    let (_peer, client) = kuma(|_| Reply::Reset).await;
    let error = client.close("a-1", Reason::Responded).await.unwrap_err();
    assert_eq!(error.class, Class::Transient, "the next try finds it closed already");
    said(&error);
}

#[tokio::test]
async fn both_forms_of_a_user_tell_the_tenants() {
    let tenant = |id: &str, name: &str| VisibleTenant { id: id.into(), name: name.into() };
    for body in [
        r#"{"id":"u","name":"n","tenants":[{"id":"t2","name":"B","role":"r"},{"id":"t1","name":"A","role":"r"}]}"#,
        r#"{"id":"u","roles":[{"id":"r","tenants":[{"id":"t2","name":"B"}]},
            {"id":"s","tenants":[{"id":"t1","name":"A"},{"id":"t2","name":"B"}]}]}"#,
    ] {
        let (peer, client) = kuma(move |_| json(200, body)).await;
        assert_eq!(client.whoami().await.unwrap(), [tenant("t1", "A"), tenant("t2", "B")]);
        assert_eq!(peer.only().line, "GET /api/v1/users/whoami HTTP/1.1");
    }
}

#[tokio::test]
async fn a_token_that_kuma_does_not_know_is_told() {
    let (_peer, client) = kuma(|_| json(403, r#"{"message":"access denied","details":""}"#)).await;
    let error = client.whoami().await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Auth, "access denied"));
    assert!(said(&error).contains("secretID"));
    let (_peer, client) = kuma(|_| json(200, r#"{"login":"canary"}"#)).await;
    assert_eq!(client.whoami().await.unwrap_err().class, Class::Permanent);
}

//! From settings and secrets to calls: a Secrets Manager and systems over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

use bridge_connect::Connector;
use bridge_domain::{
    CallError, Class,
    close::Reason,
    secret::Secret,
    target::{Settings, Target},
    vault::Value,
};
use serde_json::json;

mod ncircc;
#[allow(dead_code, reason = "the tests of several crates use it, each its part")]
#[path = "../../../clients/http/tests/calls/peer.rs"]
mod peer;
mod secrets;

use peer::{Authority, Peer, Reply, Request, answer};
use secrets::Secrets;

fn token(text: &str) -> Value {
    Value::Token(Secret::new(text.to_owned()))
}

fn certificate(pem: &str) -> Value {
    Value::Certificate(Secret::new(pem.to_owned()))
}

/// An R-Vision target of tenant `t`, with a secret `token` and a certificate `ca`.
fn rvision_at(url: &str) -> Target {
    let target = json!({
        "id": "target", "tenantID": "t", "name": "IRP", "disabled": false,
        "created": "2026-11-20T09:30:00Z", "updated": "2026-11-20T09:30:00Z",
        "kind": "r-vision", "url": url, "secretID": "token", "certificateSecretID": "ca",
        "timeoutSeconds": 20, "requestsPerSecond": 10,
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL", "category": "c", "eventFields": ["Name"],
        "severity": {"low": "l", "medium": "m", "high": "h", "critical": "c"}, "closedStatus": "Закрыт",
        "fields": {}, "sendAlerts": true, "sendChanges": true, "sendClose": true, "acceptClose": true,
    });
    serde_json::from_value(target).unwrap()
}

/// The same for a KUMA Core.
fn kuma_at(url: &str) -> Target {
    let target = json!({
        "id": "target-2", "tenantID": "t", "name": "KUMA", "disabled": false,
        "created": "2026-11-20T09:30:00Z", "updated": "2026-11-20T09:30:00Z",
        "kind": "kuma-core", "url": url, "secretID": "token", "certificateSecretID": "ca",
        "timeoutSeconds": 20, "requestsPerSecond": 10, "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL",
        "acceptPush": true, "pull": true, "pullIntervalSeconds": 60, "sendClose": true,
    });
    serde_json::from_value(target).unwrap()
}

/// A system that knows one token, the secrets for it, and a connector.
async fn system(known: &'static str) -> (Peer, Secrets, Connector) {
    let ca = Authority::new("ca");
    let peer = Peer::start(ca.localhost(), move |request| reply(request, known)).await;
    let secrets = Secrets::default();
    secrets.put("t/token", &token("canary-1"));
    secrets.put("t/ca", &certificate(&ca.pem));
    let connector = Connector::new(secrets.vault().await);
    (peer, secrets, connector)
}

fn reply(request: &Request, known: &str) -> Reply {
    let signed_in = request.header("x-token") == Some(known)
        || request.header("authorization").is_some_and(|value| value.strip_prefix("Bearer ") == Some(known));
    match (signed_in, request.line.starts_with("POST")) {
        (false, _) => answer(403, "", ""),
        (true, false) => answer(200, "", r#"{"success":true,"id":"u"}"#),
        (true, true) => answer(500, "", ""),
    }
}

/// What an error says, which is nothing of a secret.
fn said(error: &CallError) -> String {
    let all = format!("{error} {error:?}");
    assert!(!all.contains("canary"), "{all}");
    error.public.to_string()
}

#[tokio::test]
async fn a_client_is_made_of_the_secrets_that_the_settings_name() {
    let (peer, secrets, connector) = system("canary-1").await;
    let mut rvision = connector.rvision(&rvision_at(&peer.url())).await.unwrap();
    rvision.with_fresh_token(|client| async move { client.check().await }).await.unwrap();
    let mut kuma = connector.kuma(&kuma_at(&peer.url())).await.unwrap();
    kuma.with_fresh_token(|client| async move { client.whoami().await }).await.unwrap();
    assert_eq!(secrets.reads(), ["stack/vault/t/token", "stack/vault/t/ca"], "each once");
    assert!(!format!("{rvision:?} {kuma:?} {connector:?}").contains("canary"));
}

#[tokio::test]
async fn connections_are_kept_until_the_settings_or_the_certificate_change() {
    let (peer, secrets, connector) = system("canary-1").await;
    let mut target = rvision_at(&peer.url());
    let connections = || peer.seen().last().unwrap().connection;
    for _ in 0..3 {
        connector.rvision(&target).await.unwrap().client().check().await.unwrap();
        assert_eq!(connections(), 1);
    }
    target.updated = target.updated.plus_seconds(1);
    connector.rvision(&target).await.unwrap().client().check().await.unwrap();
    assert_eq!(connections(), 2);

    let (tenant, ca) = (target.tenant.clone(), target.connection().certificate.clone().unwrap());
    secrets.put("t/ca", &certificate(&Authority::new("new").pem));
    connector.vault().refresh(&tenant, &ca, "v1").await.unwrap();
    let error = connector.rvision(&target).await.unwrap().client().check().await.unwrap_err();
    assert_eq!(error.code, "tls", "what is no longer trusted is not spoken to over an old connection");
}

#[tokio::test]
async fn a_refused_token_is_read_again_and_a_newer_one_used_from_then_on() {
    let (peer, secrets, connector) = system("canary-2").await;
    let target = rvision_at(&peer.url());
    let mut opened = connector.rvision(&target).await.unwrap();
    secrets.put("t/token", &token("canary-2"));
    for _ in 0..2 {
        opened.with_fresh_token(|client| async move { client.check().await }).await.unwrap();
    }
    let mut another = connector.rvision(&target).await.unwrap();
    another.with_fresh_token(|client| async move { client.check().await }).await.unwrap();
    let tokens: Vec<String> =
        peer.seen().iter().map(|request| request.header("x-token").unwrap().to_owned()).collect();
    assert_eq!(tokens, ["canary-1", "canary-2", "canary-2", "canary-2"]);
    assert_eq!(secrets.reads().iter().filter(|name| name.ends_with("token")).count(), 2);
}

#[tokio::test]
async fn a_refused_token_without_a_newer_one_is_a_failure_after_one_call() {
    let (peer, secrets, connector) = system("another").await;
    let mut opened = connector.kuma(&kuma_at(&peer.url())).await.unwrap();
    let refused = async |opened: &mut bridge_connect::Opened<bridge_kuma::Kuma>| {
        let error = opened.with_fresh_token(|client| async move { client.whoami().await }).await.unwrap_err();
        assert_eq!(error.class, Class::Auth);
        assert!(said(&error).contains("secretID"));
    };
    refused(&mut opened).await;
    assert_eq!(peer.seen().len(), 1);
    // Wrong again: twice, not for ever.
    secrets.put("t/token", &token("canary-wrong"));
    refused(&mut opened).await;
    assert_eq!(peer.seen().len(), 3);
    // Neither a secret that can not be read nor one of another type hides the refusal.
    secrets.put_text("t/token", "busy");
    refused(&mut opened).await;
    secrets.put("t/token", &certificate("canary"));
    refused(&mut opened).await;
    assert_eq!(peer.seen().len(), 5);
}

#[tokio::test]
async fn another_failure_is_not_repeated() {
    let (peer, _secrets, connector) = system("canary-1").await;
    let mut opened = connector.kuma(&kuma_at(&peer.url())).await.unwrap();
    let call =
        opened.with_fresh_token(|client| async move { client.close("a-1", Reason::Responded).await }).await;
    assert_eq!(call.unwrap_err().class, Class::Transient);
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn a_secret_that_can_not_serve_is_named_by_its_setting() {
    let password = Value::Credentials {
        user: Secret::new("canary".to_owned()),
        password: Secret::new("canary".to_owned()),
    };
    let unusable = [
        ("t/token", None, "the secret that secretID names does not exist"),
        ("t/ca", None, "the secret that certificateSecretID names does not exist"),
        ("t/token", Some(password.render()), "secretID must name a secret of type token"),
        (
            "t/ca",
            Some(token("canary").render()),
            "certificateSecretID must name a secret of type certificate",
        ),
        ("t/token", Some(Secret::new("canary".into())), "secretID: a secret holds what was not stored here"),
        ("t/ca", Some(Secret::new("canary".into())), "certificateSecretID: a secret holds"),
        (
            "t/ca",
            Some(certificate("canary").render()),
            "certificateSecretID holds a certificate that can not",
        ),
        ("t/token", Some(token("canary\n").render()), "the token in secretID holds characters"),
    ];
    for (name, value, text) in unusable {
        let secrets = Secrets::default();
        secrets.put("t/token", &token("canary-1"));
        secrets.put("t/ca", &certificate(&Authority::new("ca").pem));
        let mut target = rvision_at("https://localhost:1");
        match value {
            Some(value) => secrets.put_text(name, value.expose()),
            None => absent(&mut target, name == "t/ca"),
        }
        let error = Connector::new(secrets.vault().await).rvision(&target).await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{text}");
        assert!(said(&error).contains(text), "{error:?}");
    }
}

/// Lets a setting name a secret that does not exist.
fn absent(target: &mut Target, is_certificate: bool) {
    let Settings::RVision(settings) = &mut target.settings else { panic!() };
    if is_certificate {
        settings.connection.certificate = Some("gone".parse().unwrap());
    } else {
        settings.connection.secret = "gone".parse().unwrap();
    }
}

#[tokio::test]
async fn a_busy_secrets_manager_is_a_passing_fault() {
    let (peer, secrets, connector) = system("canary-1").await;
    secrets.put_text("t/token", "busy");
    assert_eq!(connector.rvision(&rvision_at(&peer.url())).await.unwrap_err().class, Class::Transient);
}

#[tokio::test]
async fn a_target_of_another_kind_is_refused() {
    let (peer, secrets, connector) = system("canary-1").await;
    assert_eq!(connector.kuma(&rvision_at(&peer.url())).await.unwrap_err().class, Class::Permanent);
    assert_eq!(connector.rvision(&kuma_at(&peer.url())).await.unwrap_err().class, Class::Permanent);
    assert!(secrets.reads().is_empty());
}

#[tokio::test]
async fn the_proxy_of_the_settings_is_used() {
    let (peer, _secrets, connector) = system("canary-1").await;
    let mut target = rvision_at(&peer.url());
    let Settings::RVision(settings) = &mut target.settings else { panic!() };
    settings.connection.proxy = Some("http://proxy.invalid:3128".into());
    let error = connector.rvision(&target).await.unwrap().client().check().await.unwrap_err();
    assert!(said(&error).contains("the proxy proxy.invalid:3128"), "{error:?}");
}

//! A connection with NCIRCC that can not be.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::world::{World, nested};

pub(crate) const NCIRCC: &str = "/bridge/v1/integrations/ncircc";
pub(crate) const TEST: &str = "/bridge/v1/integrations/ncircc/test";

static TURN: Mutex<()> = Mutex::const_new(());

/// There is one connection: whoever makes it, or looks whether it stays as it is, waits for its turn and
/// finds it not configured. Keep what this gives until the end of the test.
pub(crate) async fn turn(world: &World) -> MutexGuard<'static, ()> {
    let turn = TURN.lock().await;
    let reply = world.admin(&Method::DELETE, NCIRCC, &Value::Null).await;
    assert!([204, 404].contains(&reply.status), "{}", reply.text);
    turn
}

/// Sends a body; whatever is wrong is told in few words, and what may be a secret is not told again.
async fn refused(world: &World, (method, path): (&Method, &str), body: String, message: &str) {
    let case = format!("{method} {path} {body:.200}");
    let request = world.by(&world.stack.admin_token, method, path).header(CONTENT_TYPE, "application/json");
    let reply = world.send(request.body(body)).await;
    assert!(reply.text.len() < 20_000, "{case}: {} bytes", reply.text.len());
    assert!(!reply.text.contains("canary"), "{case}: {:.2000}", reply.text);
    reply.refused(&case, 400, message);
}

/// The revision that is kept; `None` when nothing is.
async fn revision(world: &World) -> Option<Value> {
    let reply = world.send(world.by(&world.stack.admin_token, &Method::GET, NCIRCC)).await;
    (reply.status == 200).then(|| reply.json()["revision"].clone())
}

/// What no field may hold.
fn wrong(token: &Value) -> Vec<(&'static str, Value)> {
    vec![
        ("enabled", json!("canary")),
        ("url", json!("https://user:canary@lk.example.ru")),
        ("url", json!("https://lk.example.ru/api/v2?x-token=canary")),
        ("url", json!("https://lk.example.ru/api/v2/../../canary")),
        ("url", json!("file:///etc/passwd")),
        ("url", json!("http://169.254.169.254/api/v2")),
        ("url", json!("https://lk.example.ru\r\nx-token: canary")),
        ("url", json!(format!("https://{}", "a".repeat(1_000_000)))),
        ("tenantID", json!("a#b")),
        ("tenantID", json!("none")),
        ("tokenSecretID", json!("a/../b")),
        ("tokenSecretID", json!({"token": "canary"})),
        ("rootCASecretID", token.clone()),
        ("rootCASecretID", json!("-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----")),
        ("companyScope", json!("canary")),
        ("companyName", json!("ж".repeat(100_000))),
        ("companyName", json!("a\u{0}canary")),
        ("location", json!("RU-MOW' OR '1'='1")),
        ("proxy", json!("socks5://proxy:1080")),
        ("proxy", json!("http://user:canary@proxy:3128")),
        ("timeoutSeconds", json!(-1)),
        ("timeoutSeconds", json!(1e300)),
        ("inn", json!(7_701_234_567_u64)),
        ("email", json!("canary@example.ru\r\nbcc: canary@example.ru")),
        ("operatorAddress", json!(["canary"])),
        ("requestsPerSecond", json!("5")),
        ("exportTenantIDs", json!([])),
        ("exportTenantIDs", json!(vec!["a"; 100_000])),
        ("exportTenantIDs", json!({"canary": 1})),
        ("allowVulnerabilityNotifications", json!("yes")),
        ("created", json!("2026-01-01T00:00:00Z")),
        ("insecure", json!(true)),
    ]
}

#[tokio::test]
async fn a_connection_that_can_not_be_is_neither_kept_nor_tried() {
    let world = World::new().await;
    let _turn = turn(&world).await;
    let before = revision(&world).await;
    let secret = json!({
        "tenantID": world.tenant, "type": "token", "name": "Token", "value": {"token": "canary"},
    });
    let token =
        world.admin(&Method::POST, "/bridge/v1/secrets", &secret).await.expect(201).json()["id"].clone();
    let base = json!({
        "url": "https://lk.example.ru", "tenantID": world.tenant, "tokenSecretID": token, "companyScope": "Science",
        "companyName": "Институт", "location": "RU-MOW",
    });
    let many: Vec<String> = (0..50_000).map(|n| format!("\"canar{n}\":1")).collect();
    for to in [(&Method::PUT, NCIRCC), (&Method::POST, TEST)] {
        for (body, message) in [
            ("[]".to_owned(), "must be a JSON object"),
            ("\"canary\"".to_owned(), "must be a JSON object"),
            (nested(100_000), "must be a JSON object"),
            ("{".to_owned(), "invalid body"),
            ("{\"url\":\"canary\",\"url\":\"canary\"}".to_owned(), "invalid body: duplicate field"),
            ("{\"$serde_json::private::RawValue\":\"{}\"}".to_owned(), "invalid body"),
            (format!("{{{}}}", many.join(",")), "invalid body"),
        ] {
            refused(&world, to, body, message).await;
        }
        for (name, value) in wrong(&token) {
            let mut body = base.clone();
            body[name] = value;
            refused(&world, to, body.to_string(), "invalid body").await;
        }
    }
    refused(&world, (&Method::PUT, NCIRCC), String::new(), "the body is empty").await;
    refused(&world, (&Method::PUT, NCIRCC), "{}".to_owned(), "invalid body").await;
    assert_eq!(revision(&world).await, before, "something was kept");
}

#[tokio::test]
async fn nobody_but_a_general_administrator_learns_of_the_connection_or_changes_it() {
    let world = World::new().await;
    let _turn = turn(&world).await;
    let before = revision(&world).await;
    let administrator = world.token("tenant administrator").await;
    for token in [world.operator.as_str(), &administrator, "kb_none", ""] {
        for (method, path) in
            [(Method::GET, NCIRCC), (Method::PUT, NCIRCC), (Method::DELETE, NCIRCC), (Method::POST, TEST)]
        {
            let case = format!("{method} {path}");
            let reply = world.send(world.by(token, &method, path).json(&json!({}))).await;
            assert!([400, 403].contains(&reply.status), "{case}: {}", reply.status);
            if token.len() > 10 {
                reply.refused(&case, 403, "access denied");
            }
        }
    }
    assert_eq!(revision(&world).await, before);
}

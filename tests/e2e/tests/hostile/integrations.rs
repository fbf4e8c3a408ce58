//! Secrets and integrations that can not be.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::world::{World, fresh, nested};

const SECRETS: &str = "/bridge/v1/secrets";
const IRP: &str = "/bridge/v1/integrations/irp";

struct Attempt<'a> {
    world: &'a World,
    token: &'a str,
    method: Method,
    path: &'a str,
}

impl Attempt<'_> {
    /// Whatever is wrong is told in few words, and what may be a secret is not told again.
    async fn refused(&self, body: String, status: u16, message: &str) {
        let case = format!("{} {} {body:.200}", self.method, self.path);
        let request = self.world.by(self.token, &self.method, self.path).body(body);
        let reply = self.world.send(request.header(CONTENT_TYPE, "application/json")).await;
        assert!(reply.text.len() < 20_000, "{case}: {} bytes", reply.text.len());
        assert!(!reply.text.contains("canary"), "{case}: {:.2000}", reply.text);
        reply.refused(&case, status, message);
    }
}

/// Bodies that are wrong wherever a form is expected.
fn no_forms() -> Vec<(String, &'static str)> {
    let object = "must be a JSON object";
    let many: Vec<String> = (0..50_000).map(|n| format!("\"canar{n}\":1")).collect();
    vec![
        (String::new(), "the body is empty"),
        ("[]".to_owned(), object),
        ("null".to_owned(), object),
        ("\"canary\"".to_owned(), object),
        (nested(100_000), object),
        ("{".to_owned(), "invalid body"),
        ("{}{}".to_owned(), "invalid body"),
        ("{}".to_owned(), "invalid body"),
        ("{\"value\":".repeat(100_000), "invalid body"),
        ("{\"value\":\"canary".to_owned(), "invalid body"),
        ("{\"value\":\"canary\\x\"}".to_owned(), "invalid body"),
        ("{\"value\":\"canary\",\"value\":\"canary\"}".to_owned(), "invalid body: duplicate field"),
        ("{\"$serde_json::private::RawValue\":\"{}\"}".to_owned(), "invalid body"),
        (format!("{{\"{}\":1}}", "a".repeat(1_000_000)), "invalid body"),
        (format!("{{{}}}", many.join(",")), "invalid body"),
    ]
}

fn changed(base: &Value, name: &str, value: Value) -> String {
    let mut wanted = base.clone();
    wanted[name] = value;
    wanted.to_string()
}

#[tokio::test]
async fn a_secret_that_can_not_be_is_not_kept() {
    let world = World::new().await;
    let administrator = world.token("tenant administrator").await;
    let attempt = Attempt { world: &world, token: &administrator, method: Method::POST, path: SECRETS };
    for (body, message) in no_forms() {
        attempt.refused(body, 400, message).await;
    }
    let base = json!({
        "tenantID": world.tenant, "type": "token", "name": fresh("Secret"), "value": {"token": "canary"},
    });
    for (name, value) in [
        ("tenantID", json!("a#b")),
        ("tenantID", json!("none")),
        ("tenantID", json!(5)),
        ("type", json!("Token")),
        ("type", json!(["token"])),
        ("name", json!("a\u{0}")),
        ("name", json!("ж".repeat(129))),
        ("name", json!({})),
        ("description", json!("ж".repeat(100_000))),
        ("tags", json!("irp")),
        ("tags", json!([5])),
        ("tags", json!(vec!["x"; 100_000])),
        ("tags", json!(["a\nb"])),
        ("value", json!("canary")),
        ("value", json!(["canary"])),
        ("value", json!({"token": ["canary"]})),
        ("value", json!({"token": "canary\r\nx-other: 1"})),
        ("value", json!({"token": "canary".repeat(700)})),
        ("value", json!({"token": "canary", "type": "token"})),
        ("value", json!({"user": "canary", "password": "canary"})),
        ("value", json!({"certificate": "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"})),
        ("usedBy", json!([])),
        ("revision", json!(1)),
        ("id", json!("mine")),
    ] {
        attempt.refused(changed(&base, name, value), 400, "invalid body").await;
    }
    let operator = Attempt { token: &world.operator, ..attempt };
    operator.refused(base.to_string(), 403, "access denied").await;
    let reply = world.send(world.by(&administrator, &Method::GET, SECRETS)).await.expect(200);
    assert_eq!(reply.json(), json!([]), "something was kept");
    for id in ["none", "a%23b", "%00", "%2e%2e", "a%2Fb", &"a".repeat(1_000)] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let path = format!("{SECRETS}/{id}");
            let request = world.by(&administrator, &method, &path).json(&json!({"name": "x"}));
            let status = world.send(request).await.status;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn an_integration_that_can_not_be_is_not_made() {
    let world = World::new().await;
    let admin = world.stack.admin_token.clone();
    let secret = json!({
        "tenantID": world.tenant, "type": "token", "name": "Token", "value": {"token": "canary"},
    });
    let made = world.admin(&Method::POST, SECRETS, &secret).await.expect(201).json();
    let base = json!({
        "tenantID": world.tenant, "kind": "r-vision", "name": "SOC", "url": "https://irp.example.com",
        "secretID": made["id"], "alertIDField": "A", "alertURLField": "B", "category": "C", "eventFields": ["D"],
        "severity": {"low": "a", "medium": "b", "high": "c", "critical": "d"},
    });
    let wrong = [
        ("kind", json!("rvision")),
        ("kind", json!(null)),
        ("url", json!("https://user:canary@irp.example.com")),
        ("url", json!("https://irp.example.com/?token=canary")),
        ("url", json!("file:///etc/passwd")),
        ("url", json!("http://169.254.169.254")),
        ("url", json!("https://irp.example.com\r\nhost: canary")),
        ("url", json!(format!("https://{}", "a".repeat(1_000_000)))),
        ("proxy", json!("socks5://proxy:1080")),
        ("proxy", json!("http://user:canary@proxy:3128")),
        ("secretID", json!("none")),
        ("secretID", json!("a/../b")),
        ("certificateSecretID", made["id"].clone()),
        ("eventFields", json!({})),
        ("eventFields", json!(vec!["a"; 1_000_000])),
        ("severity", json!("high")),
        ("severity", json!({"low": "a", "medium": "b", "high": "c", "critical": 5})),
        ("fields", json!({"name": "A"})),
        ("fields", json!({"other": "X"})),
        ("timeoutSeconds", json!(-1)),
        ("timeoutSeconds", json!(1e300)),
        ("requestsPerSecond", json!("5")),
        ("sendAlerts", json!(1)),
        ("callerTokenID", json!("none")),
        ("pull", json!(true)),
        ("revision", json!(1)),
        ("id", json!("mine")),
    ];
    for path in [IRP.to_owned(), format!("{IRP}/test")] {
        let attempt = Attempt { world: &world, token: &admin, method: Method::POST, path: &path };
        for (body, message) in no_forms() {
            attempt.refused(body, 400, message).await;
        }
        for (name, value) in wrong.clone() {
            attempt.refused(changed(&base, name, value), 400, "invalid body").await;
        }
        let operator = Attempt { token: &world.operator, ..attempt };
        operator.refused(base.to_string(), 403, "access denied").await;
    }
    let listed = format!("{IRP}?tenantID={}", world.tenant);
    assert_eq!(world.admin(&Method::GET, &listed, &json!(null)).await.expect(200).json(), json!([]));
    for id in ["none", "a%23b", "%00", "%2e%2e", "a%2Fb", &"a".repeat(1_000)] {
        for (method, rest) in [
            (Method::GET, ""),
            (Method::PUT, ""),
            (Method::DELETE, ""),
            (Method::POST, "/test"),
            (Method::POST, "/pull"),
        ] {
            let path = format!("{IRP}/{id}{rest}");
            let status = world.send(world.by(&admin, &method, &path).json(&base)).await.status;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
        }
    }
}

//! Who is not let in, what is said of it, and what is in no log.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use bridge_e2e::Logs;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    alerts::text,
    directory::{
        BASE, DOMAIN_AUTH, Domain, PASSWORD, TEST, credentials, group_dn, post, refused, unaddressed, user,
    },
    ncircc_settings::with,
    tenant::Tenant,
    vault::faults,
    world::{Reply, World},
};

const LOGIN: &str = "/bridge/v1/login";

#[track_caller]
pub(crate) fn denied(reply: &Reply, message: &str) {
    reply.refused(403, message, &json!(null));
}

#[tokio::test]
async fn whoever_is_not_let_in_is_told_why_and_always_alike() {
    let blank = unaddressed("canary-blank", 1009, &["Operators"]).with("mail", b"  ");
    let outside = user("canary-outside", 1010, &["Operators"]);
    let domain = Domain::new(vec![
        user("canary-ivan", 1001, &["Analysts"]),
        refused("canary-locked", 1002, "775"),
        refused("canary-off", 1003, "533"),
        refused("canary-over", 1004, "701"),
        refused("canary-old", 1005, "532"),
        refused("canary-new", 1006, "773"),
        unaddressed("canary-nomail", 1007, &["Operators"]),
        user("canary-nobody", 1008, &["Others"]),
        blank,
        bridge_slapd::Object { dn: "CN=canary-outside,DC=elsewhere".to_owned(), ..outside },
    ])
    .await;
    let wrong = "the user name or the password is wrong";
    for (name, password) in
        [("canary-ivan", "wrong"), ("nobody-here", PASSWORD), ("canary-locked", "wrong"), ("CHILD\\x", "x")]
    {
        denied(&domain.try_password(name, password).await, wrong);
    }
    for (name, message) in [
        ("canary-locked", "the directory refuses the sign-in: the account is locked out (775)"),
        ("canary-off", "the directory refuses the sign-in: the account is disabled (533)"),
        ("canary-over", "the directory refuses the sign-in: the account has expired (701)"),
        ("canary-old", "the directory refuses the sign-in: the password has expired (532)"),
        ("canary-new", "the directory refuses the sign-in: the password must be changed first (773)"),
        (
            "canary-nomail",
            "the account has no e-mail address in the directory: ask its administrator to enter one",
        ),
        (
            "canary-blank",
            "the account has no e-mail address in the directory: ask its administrator to enter one",
        ),
        ("canary-nobody", "the account is in no group that has a role here"),
        ("canary-outside", "the account is not below the base DN of domain authorization"),
    ] {
        denied(&domain.log_in(name).await, message);
    }

    // What is refused before the directory is asked.
    let before = domain.controller.binds();
    let spaces = "the user name contains a space: a domain user with such a name can not log in";
    let bad = "the user name must be user@domain, DOMAIN\\user or user";
    for (name, password, message) in [
        ("canary ivan", PASSWORD, spaces),
        (" canary-ivan", PASSWORD, spaces),
        ("", PASSWORD, bad),
        ("@corp.test", PASSWORD, bad),
        (&*format!("CN=canary-ivan,OU=Staff,{BASE}"), PASSWORD, bad),
        ("canary-ivan)(mail=*", PASSWORD, bad),
        ("canary-ivan", "", "the password must not be empty"),
        ("canary-ivan", &*"x".repeat(1_025), "the password is too long"),
    ] {
        denied(&domain.try_password(name, password).await, message);
    }
    for (body, fields) in [
        (json!({}), vec!["password", "user"]),
        (json!({"user": "canary-ivan"}), vec!["password"]),
        (
            json!({"user": ["canary-ivan"], "password": 5, "domain": "corp"}),
            vec!["domain", "password", "user"],
        ),
    ] {
        let reply = post(&domain.admin, &body).await;
        assert_eq!(faults(&reply), fields);
        assert!(!reply.text.contains("canary"), "{}", reply.text);
    }
    domain.change(&json!({"disabled": true})).await;
    denied(&domain.log_in("canary-ivan").await, "domain authorization is disabled");
    domain.admin.delete(DOMAIN_AUTH).await.expect(204);
    denied(&domain.log_in("canary-ivan").await, "no domain is configured for domain authorization");
    assert_eq!(domain.controller.binds(), before, "nothing of it was sent");
}

#[tokio::test]
async fn a_directory_that_can_not_be_asked_is_no_fault_of_the_user() {
    let domain = Domain::new(vec![user("canary-ivan", 1001, &["Analysts"])]).await;
    let told = |reply: &Reply, status: u16, message: &str| {
        assert_eq!((reply.status, &reply.json()["message"]), (status, &json!(message)), "{}", reply.text);
        // Who knocks learns no address.
        assert!(!reply.text.contains("localhost") && !reply.text.contains("canary"), "{}", reply.text);
    };
    domain.change(&json!({"urls": "localhost:1"})).await;
    let reply = domain.log_in("canary-ivan").await;
    told(&reply, 503, "the directory does not answer, try again later");
    assert!(reply.header("retry-after").is_some());
    let unusable = "the directory can not be asked: a test of domain authorization tells why";
    // No TLS there.
    domain.change(&json!({"urls": domain.controller.plain_url()})).await;
    let reply = domain.log_in("canary-ivan").await;
    assert!([502, 503].contains(&reply.status), "{}", reply.text);
    assert!(!reply.text.contains("localhost") && !reply.text.contains("canary"), "{}", reply.text);
    let other = bridge_slapd::Authority::new("Other").unwrap().root_pem;
    let main = Tenant::main(&domain.admin.world).await;
    let other = crate::directory::certificate(&main, &other).await;
    domain.change(&json!({"certificateSecretID": other})).await;
    told(&domain.log_in("canary-ivan").await, 502, unusable);
    domain.change(&json!({})).await;
    domain.log_in("canary-ivan").await.expect(201);
}

/// How long it may take until the emulator shows what was logged.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test]
async fn no_log_holds_a_name_an_address_a_group_or_a_password() {
    let logs = Logs::new(&World::new().stack);
    let domain = Domain::new(vec![
        user("canary-ivan", 1001, &["Night shift"]),
        refused("canary-locked", 1002, "775"),
        unaddressed("canary-nomail", 1003, &["Operators"]),
    ])
    .await;
    let (admin, main) = (&domain.admin, Tenant::main(&domain.admin.world).await);
    let mut secrets = Vec::new();
    for name in ["canary-ivan", "CORP\\canary-ivan", "canary-ivan@corp.test"] {
        let login = domain.log_in(name).await.expect(201);
        secrets.push(text(&login.json(), "token").splitn(3, '_').nth(2).unwrap().to_owned());
        domain.holder(&login).get("/api/v1/users/whoami").await.expect(200);
        domain.holder(&login).delete(LOGIN).await.expect(204);
    }
    for (name, password) in [
        ("canary-ivan", "canary-wrong"),
        ("canary-locked", PASSWORD),
        ("canary-nomail", PASSWORD),
        ("canary ivan", PASSWORD),
        ("canary-ivan", ""),
    ] {
        domain.try_password(name, password).await.expect(403);
    }
    for body in [
        json!({"user": {"canary-a": "canary-b"}, "password": ["canary-c"], "canary-d": "canary-e"}),
        json!({"user": "canary-ivan", "password": 5}),
    ] {
        post(admin, &body).await.expect(400);
    }
    let text_body = admin.world.request(&Method::POST, LOGIN).body("{\"user\":\"canary-ivan\", canary");
    Reply::of(text_body).await.expect(400);
    let signer = credentials(&main, "canary-service@corp.test", PASSWORD).await;
    let wrong = credentials(&main, "canary-service@corp.test", "canary-wrong").await;
    for (signer, changes) in [
        (&signer, json!({})),
        (&wrong, json!({})),
        (&signer, json!({"baseDN": "OU=canary none,DC=corp,DC=test"})),
        (&signer, json!({"generalAdministratorsGroup": group_dn("canary none")})),
    ] {
        let body = with(with(domain.form.clone(), &changes), &json!({"credentialsSecretID": signer}));
        admin.post(TEST, &body).await.expect(200);
    }
    admin.put(DOMAIN_AUTH, &with(domain.form.clone(), &json!({"baseDN": "canary"}))).await.expect(400);
    domain.change(&json!({"baseDN": "OU=canary none,DC=corp,DC=test"})).await;
    domain.log_in("canary-ivan").await.expect(403);
    domain.change(&json!({"urls": "localhost:1"})).await;
    domain.log_in("canary-ivan").await.expect(503);

    // The emulator shows what a function wrote when it is called again.
    let begin = Instant::now();
    let (mut lines, mut seen) = (Vec::new(), 0);
    while seen < 5 {
        assert!(begin.elapsed() < PATIENCE, "the log tells of {seen} refusals");
        domain.try_password("x y", "x").await.expect(403);
        admin.get(DOMAIN_AUTH).await.expect(200);
        lines = logs.read("login").await;
        seen = lines.iter().filter(|line| line.contains("login refused")).count();
        lines.extend(logs.read("domain-auth").await);
        lines.extend(logs.read("settings").await);
    }
    for word in
        ["bind_52e", "bind_775", "no_email", "space_in_name", "empty_password", "logged in", "logged out"]
    {
        assert!(lines.iter().any(|line| line.contains(word)), "the log does not tell of {word}");
    }
    assert!(lines.iter().any(|line| line.contains("localhost:1")), "the log names the controller");
    secrets
        .extend(["canary", "Canary", "Night shift", "corp.test", "DC=corp", PASSWORD].map(ToOwned::to_owned));
    for line in &lines {
        let held = secrets.iter().find(|secret| line.contains(secret.as_str()));
        assert!(held.is_none(), "a log holds {held:?}: {line:.1000}");
    }
}

/// The samples of both functions, by their path under `events/`.
fn samples() -> BTreeMap<String, Value> {
    let mut samples = BTreeMap::new();
    for function in ["domain-auth", "login"] {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(function);
        for file in fs::read_dir(home).unwrap() {
            let file = file.unwrap().path();
            let name = format!("{function}/{}", file.file_name().unwrap().display());
            samples.insert(name, serde_json::from_slice(&fs::read(file).unwrap()).unwrap());
        }
    }
    samples
}

#[tokio::test]
async fn every_sample_is_a_request_that_succeeds() {
    let domain = Domain::unconfigured(vec![user("ivan", 1001, &["Analysts"])]).await;
    let (admin, main) = (&domain.admin, Tenant::main(&domain.admin.world).await);
    let reader = credentials(&main, "canary-service@corp.test", PASSWORD).await;
    let certificate = text(&domain.form, "certificateSecretID").to_owned();
    let moved = |text: &str| {
        text.replace("7f2c1d8e-5a0b-4c36-9e21-3b8a6f4d0c15", &domain.tenants[0].id)
            .replace("b1c7e0a2-93d4-4f6b-8a55-2e0d7c91f346", &certificate)
            .replace("5d0c6b1f-7a42-4e0e-9c37-f1b86a2d9e50", &reader)
            .replace("dc1.example.com:636,dc2.example.com:636", &domain.controller.url())
            .replace("OU=Groups,DC=example,DC=com", &format!("OU=canary groups,{BASE}"))
            .replace("DC=example,DC=com", BASE)
            .replace("KUMA ", "")
            .replace("ivan@example.com", "ivan@corp.test")
            .replace("correct horse battery staple", PASSWORD)
    };
    let samples = samples();
    let mut session = None;
    for name in [
        "domain-auth/put-settings.json",
        "domain-auth/show-settings.json",
        "domain-auth/test-saved.json",
        "login/log-in.json",
        "login/log-out.json",
    ] {
        let sample = &samples[name];
        let http = &sample["requestContext"]["http"];
        let method: Method = text(http, "method").parse().unwrap();
        assert_eq!(text(sample, "routeKey"), format!("{method} {}", text(sample, "rawPath")), "{name}");
        let mut request = match (name, &session) {
            ("login/log-in.json", _) => admin.world.request(&method, text(sample, "rawPath")),
            ("login/log-out.json", Some(holder)) => domain.holder(holder).request(&method, LOGIN),
            _ => admin.request(&method, text(sample, "rawPath")),
        };
        if let Some(body) = sample["body"].as_str() {
            assert_eq!(text(&sample["headers"], "content-length"), body.len().to_string(), "{name}");
            request = request.header("content-type", "application/json").body(moved(body));
        }
        let reply = Reply::of(request).await;
        assert!((200..300).contains(&reply.status), "{name}: {reply:?}");
        if name == "domain-auth/test-saved.json" {
            assert_eq!(reply.json()["ok"], true, "{}", reply.text);
        }
        session = (name == "login/log-in.json").then_some(reply);
    }
    assert_eq!(samples.len(), 5, "the samples have changed: name them here");
}

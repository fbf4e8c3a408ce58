//! The connection with NCIRCC: one for the whole stack, kept with its defaults, tried out against a
//! simulator.

use bridge_simulators::Process;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    alerts::{text, uuid},
    tenant::Tenant,
    vault::{faults, keep, place as secret_place, token},
    world::{Reply, User},
};

pub(crate) const NCIRCC: &str = "/bridge/v1/integrations/ncircc";
pub(crate) const TEST: &str = "/bridge/v1/integrations/ncircc/test";

static TURN: Mutex<()> = Mutex::const_new(());

/// There is one connection: whoever needs it waits for its turn, and finds it not configured. Keep what
/// this gives until the end of the test.
pub(crate) async fn turn(admin: &User) -> MutexGuard<'static, ()> {
    let turn = TURN.lock().await;
    let reply = admin.delete(NCIRCC).await;
    assert!([204, 404].contains(&reply.status), "{reply:?}");
    turn
}

/// What is required and no more.
pub(crate) fn form(tenant: &Tenant, secret: &str) -> Value {
    json!({
        "url": "https://lk.example.ru/api/v2/", "tenantID": tenant.id, "tokenSecretID": secret,
        "companyScope": "Banking and other financial market sectors", "companyName": "Банк «Ромашка»",
        "location": "RU-MOW",
    })
}

pub(crate) fn with(mut value: Value, changes: &Value) -> Value {
    value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    value
}

#[tokio::test]
async fn the_connection_is_made_with_its_defaults_replaced_and_removed() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let _turn = turn(admin).await;
    admin.get(NCIRCC).await.refused(404, "NCIRCC is not configured", &json!(null));
    let secret = keep(admin, &token(&tenant, "canary-x")).await;
    let made = admin.put(NCIRCC, &form(&tenant, &secret)).await.expect(201);
    let settings = made.json();
    let expected = with(
        form(&tenant, &secret),
        &json!({
            "url": "https://lk.example.ru", "enabled": false, "timeoutSeconds": 30, "requestsPerSecond": 1,
            "exportTenantIDs": [tenant.id], "allowVulnerabilityNotifications": false, "revision": 1, "warnings": [],
            "created": settings["created"], "updated": settings["updated"],
        }),
    );
    assert_eq!(settings, expected);
    let shown = admin.get(NCIRCC).await.expect(200);
    assert_eq!(shown.json(), settings);
    assert!(!shown.text.contains("canary"));

    let other = Tenant::on(&admin.world).await;
    let change = with(
        form(&tenant, &secret),
        &json!({
            "enabled": true, "location": "RU-ZZ", "inn": "7701234567", "email": "soc@example.ru",
            "operatorAddress": "Москва", "exportTenantIDs": [other.id, tenant.id], "revision": 1,
        }),
    );
    let replaced = admin.put(NCIRCC, &change).await.expect(200).json();
    assert_eq!((&replaced["revision"], &replaced["enabled"]), (&json!(2), &json!(true)));
    assert_eq!(replaced["warnings"].as_array().unwrap().len(), 1, "a region that nobody knows");
    assert_eq!(replaced["exportTenantIDs"], json!([other.id, tenant.id]));
    assert_eq!(replaced["created"], settings["created"]);
    admin.put(NCIRCC, &change).await.refused_with(409, "changed meanwhile");

    let used = admin.delete(&secret_place(&secret)).await;
    let by = json!([{"id": "ncircc", "name": "NCIRCC", "kind": "ncircc"}]);
    used.refused(409, "the secret is in use", &by);
    admin.delete(NCIRCC).await.expect(204);
    admin.delete(NCIRCC).await.refused(404, "NCIRCC is not configured", &json!(null));
    admin.put(NCIRCC, &change).await.refused_with(409, "changed meanwhile");
    admin.delete(&secret_place(&secret)).await.expect(204);
}

#[tokio::test]
async fn every_fault_is_named_also_those_that_only_the_store_knows() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let _turn = turn(admin).await;
    let other = Tenant::on(&admin.world).await;
    let foreign = keep(admin, &token(&other, "x")).await;
    let own = keep(admin, &token(&tenant, "x")).await;
    let wanted = with(
        form(&tenant, &foreign),
        &json!({
            "url": "http://lk.example.ru/api/v2", "rootCASecretID": own, "companyScope": "Банк", "location": "MOW",
            "companyName": "", "proxy": "proxy", "timeoutSeconds": 61, "inn": "1", "email": "soc",
            "requestsPerSecond": 51, "exportTenantIDs": [tenant.id, uuid()], "surplus": 1,
        }),
    );
    let expected = [
        "companyName",
        "companyScope",
        "email",
        "exportTenantIDs",
        "inn",
        "location",
        "proxy",
        "requestsPerSecond",
        "rootCASecretID",
        "surplus",
        "timeoutSeconds",
        "tokenSecretID",
        "url",
    ];
    assert_eq!(faults(&admin.put(NCIRCC, &wanted).await), expected);
    assert_eq!(faults(&admin.post(TEST, &wanted).await), expected);
    let nowhere = with(form(&tenant, &own), &json!({"tenantID": uuid()}));
    assert_eq!(faults(&admin.put(NCIRCC, &nowhere).await), ["tenantID", "tokenSecretID"]);
    admin.get(NCIRCC).await.refused(404, "NCIRCC is not configured", &json!(null));
}

#[tokio::test]
async fn the_connection_is_for_general_administrators() {
    let tenant = Tenant::new().await;
    let administrator = tenant.user("tenant administrator").await;
    let denied = |reply: Reply| reply.refused(403, "access denied", &json!(null));
    denied(administrator.get(NCIRCC).await);
    denied(administrator.put(NCIRCC, &form(&tenant, "s")).await);
    denied(administrator.delete(NCIRCC).await);
    denied(administrator.post(TEST, &json!({})).await);
}

#[tokio::test]
async fn of_several_that_configure_at_once_one_does_and_no_secret_is_lost() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let _turn = turn(admin).await;
    let first = keep(admin, &token(&tenant, "x")).await;
    let second = keep(admin, &token(&tenant, "y")).await;
    admin.put(NCIRCC, &form(&tenant, &first)).await.expect(201);
    let change = with(form(&tenant, &second), &json!({"revision": 1}));
    let answers = join_all((0..6).map(|_| admin.put(NCIRCC, &change))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused_with(409, "changed meanwhile");
    }
    admin.delete(&secret_place(&first)).await.expect(204);
    admin.delete(&secret_place(&second)).await.refused_with(409, "in use");
    // A secret that is being deleted is either in use or gone: both at once never succeed.
    for _ in 0..5 {
        let secret = keep(admin, &token(&tenant, "z")).await;
        let (place, wanted) = (secret_place(&secret), form(&tenant, &secret));
        let (put, deleted) = tokio::join!(admin.put(NCIRCC, &wanted), admin.delete(&place));
        assert!(put.status != 200 || deleted.status != 204, "{put:?} {deleted:?}");
    }
    admin.delete(NCIRCC).await.expect(204);
}

/// What a test found: the checks that were good, and the first that was not with its text.
pub(crate) fn found(reply: &Reply) -> (Vec<String>, Option<(String, String)>) {
    let report = reply.json();
    let checks = report["checks"].as_array().unwrap();
    let good = checks.iter().take_while(|check| check["ok"] == true);
    let good: Vec<String> = good.map(|check| text(check, "check").to_owned()).collect();
    let bad = checks.get(good.len());
    let bad = bad.map(|check| (text(check, "check").to_owned(), text(check, "message").to_owned()));
    assert_eq!(report["ok"] == true, bad.is_none(), "{report}");
    (good, bad)
}

const ALL: [&str; 5] = ["secret", "connection", "tls", "token", "notifications"];

#[track_caller]
fn good(reply: &Reply) {
    assert_eq!(found(reply), (ALL.map(ToOwned::to_owned).to_vec(), None), "{}", reply.text);
}

/// Checks that a test failed at a check, with a text that has some words, and that it shows no token.
#[track_caller]
pub(crate) fn bad(reply: &Reply, check: &str, words: &str) {
    let (at, message) = found(reply).1.unwrap_or_else(|| panic!("nothing failed: {}", reply.text));
    assert_eq!(at, check, "{message}");
    assert!(message.contains(words), "{message}");
    assert!(!reply.text.contains("canary"), "{}", reply.text);
}

async fn certificate(tenant: &Tenant, pem: &str) -> String {
    let wanted = json!({
        "tenantID": tenant.id, "type": "certificate", "name": format!("CA {}", uuid()),
        "value": {"certificate": pem},
    });
    keep(&tenant.admin, &wanted).await
}

#[tokio::test]
async fn the_connection_is_tried_out_and_the_answer_says_what_is_wrong() {
    let peer = Process::start("sim-ncircc", &[]).await.unwrap();
    peer.control.configure(&json!({"token": "canary-good"})).await.unwrap();
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let _turn = turn(admin).await;
    admin.post(TEST, &json!({})).await.refused(404, "NCIRCC is not configured", &json!(null));
    let secret = keep(admin, &token(&tenant, "canary-good")).await;
    let root = certificate(&tenant, &peer.ca_pem).await;
    let both = certificate(&tenant, &format!("{}\n{}", peer.intermediate_pem, peer.ca_pem)).await;
    let wanted = with(
        form(&tenant, &secret),
        &json!({"url": format!("{}/api/v2", peer.url), "rootCASecretID": both, "timeoutSeconds": 3}),
    );
    let tried = async |changes: Value| admin.post(TEST, &with(wanted.clone(), &changes)).await.expect(200);
    good(&tried(json!({})).await);
    admin.get(NCIRCC).await.refused(404, "NCIRCC is not configured", &json!(null));

    bad(&tried(json!({"rootCASecretID": null})).await, "tls", "rootCASecretID");
    bad(&tried(json!({"rootCASecretID": root})).await, "tls", "INTERMEDIATE");
    bad(&tried(json!({"url": "https://localhost:1"})).await, "connection", "localhost:1");
    let nowhere = tried(json!({"url": "https://no-such-host.invalid"})).await;
    bad(&nowhere, "connection", "no-such-host.invalid");
    let refused = keep(admin, &token(&tenant, "canary-bad")).await;
    bad(&tried(json!({"tokenSecretID": refused})).await, "token", "tokenSecretID");
    peer.control.fault(&json!({"fault": "hang", "times": 1})).await.unwrap();
    bad(&tried(json!({})).await, "connection", "timeoutSeconds");
    peer.control.fault(&json!({"fault": "status", "status": 404, "times": 1})).await.unwrap();
    bad(&tried(json!({})).await, "token", "404");

    // What is saved, whose token is put wrong and right again. It need not be enabled.
    admin.put(NCIRCC, &wanted).await.expect(201);
    let value = |value: &str| json!({"name": "Token", "value": {"token": value}});
    admin.put(&secret_place(&secret), &value("canary-bad")).await.expect(200);
    bad(&admin.post(TEST, &json!({})).await.expect(200), "token", "tokenSecretID");
    admin.put(&secret_place(&secret), &value("canary-good")).await.expect(200);
    good(&admin.post(TEST, &json!({})).await.expect(200));
    good(&admin.post_text(TEST, String::new()).await.expect(200));
    let state = peer.control.state().await.unwrap();
    assert_eq!((&state["notifications"], &state["counts"]["comments"]), (&json!([]), &json!(0)));
    admin.delete(NCIRCC).await.expect(204);
    peer.stop().await.unwrap();
}

//! Integrations: kept with their defaults, checked as a whole, tried out against simulators.

use bridge_simulators::{KumaCore, Options, RVision, Running};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::{text, uuid},
    tenant::Tenant,
    vault::{SECRETS, faults, keep, place as secret_place, token},
    world::Reply,
};

pub(crate) const IRP: &str = "/bridge/v1/integrations/irp";

fn place(id: &str) -> String {
    format!("{IRP}/{id}")
}

/// An R-Vision with all that is required and no more.
pub(crate) fn rvision(tenant: &Tenant, secret: &str) -> Value {
    json!({
        "tenantID": tenant.id, "kind": "r-vision", "name": "SOC", "url": "https://irp.example.com/",
        "secretID": secret, "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL",
        "category": "Инцидент KUMA", "eventFields": ["DeviceVendor", "SourceAddress"],
        "severity": {"low": "Низкий", "medium": "Средний", "high": "Высокий", "critical": "Критический"},
    })
}

pub(crate) fn kuma(tenant: &Tenant, secret: &str) -> Value {
    json!({
        "tenantID": tenant.id, "kind": "kuma-core", "name": "Core", "url": "https://kuma.example.com:7223",
        "secretID": secret,
    })
}

fn with(mut value: Value, changes: &Value) -> Value {
    value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    value
}

async fn make(tenant: &Tenant, wanted: &Value) -> String {
    text(&tenant.admin.post(IRP, wanted).await.expect(201).json(), "id").to_owned()
}

#[tokio::test]
async fn an_integration_is_made_with_its_defaults_replaced_and_deleted() {
    let tenant = Tenant::new().await;
    let secret = keep(&tenant.admin, &token(&tenant, "x")).await;
    let made = tenant.admin.post(IRP, &rvision(&tenant, &secret)).await.expect(201);
    let soc = made.json();
    let id = text(&soc, "id");
    assert_eq!(made.header("location"), Some(&*place(id)));
    assert_eq!(text(&soc, "url"), "https://irp.example.com");
    let expected = json!({
        "disabled": false, "timeoutSeconds": 30, "requestsPerSecond": 10, "closedStatus": "Закрыт", "revision": 1,
        "sendAlerts": true, "sendChanges": true, "sendClose": true, "acceptClose": true,
        "fields": {
            "name": "ALERT_NAME", "status": "ALERT_STATUS", "lastSeen": "ALERT_LAST_SEEN",
            "assignee": "ALERT_ASSIGNEE", "assets": "ALERT_ASSETS", "users": "ALERT_USERS", "changeLog": "ALERT_LOG",
        },
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(soc[key], *value, "{key}");
    }
    assert_eq!(tenant.admin.get(&place(id)).await.expect(200).json(), soc);
    let core = tenant.admin.post(IRP, &kuma(&tenant, &secret)).await.expect(201).json();
    assert_eq!((&core["pull"], &core["pullIntervalSeconds"]), (&json!(true), &json!(60)));
    let list = tenant.admin.get(&format!("{IRP}?tenantID={}", tenant.id)).await.expect(200).array();
    assert_eq!(list, [soc.clone(), core]);

    // What was shown, but for what the bridge adds, may be sent back.
    let mut change = soc.clone();
    change.as_object_mut().unwrap().retain(|key, _| !["id", "created", "updated"].contains(&key.as_str()));
    change["fields"] = json!({"users": null, "name": "TITLE"});
    change["disabled"] = json!(true);
    let replaced = tenant.admin.put(&place(id), &change).await.expect(200).json();
    assert_eq!((&replaced["revision"], &replaced["disabled"]), (&json!(2), &json!(true)));
    assert_eq!((&replaced["fields"]["users"], &replaced["fields"]["name"]), (&json!(null), &json!("TITLE")));
    assert_eq!(replaced["created"], soc["created"]);
    tenant.admin.put(&place(id), &change).await.refused_with(409, "changed meanwhile");
    tenant.admin.delete(&place(id)).await.expect(204);
    for gone in [tenant.admin.get(&place(id)).await, tenant.admin.delete(&place(id)).await] {
        gone.refused(404, "integration not found", &json!(null));
    }
}

#[tokio::test]
async fn every_fault_is_named_also_those_that_only_the_store_knows() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let foreign = keep(&tenant.admin, &token(&other, "x")).await;
    let own = keep(&tenant.admin, &token(&tenant, "x")).await;
    let wanted = with(
        rvision(&tenant, &foreign),
        &json!({
            "certificateSecretID": own, "callerTokenID": uuid().replace('-', ""), "url": "http://irp.example.com",
            "proxy": "proxy", "eventFields": [], "severity": {"low": "a", "medium": "b", "high": "c"},
            "timeoutSeconds": 51, "fields": {"name": "ALERT_URL"}, "surplus": 1,
        }),
    );
    let expected = [
        "callerTokenID",
        "certificateSecretID",
        "eventFields",
        "fields.name",
        "proxy",
        "secretID",
        "severity.critical",
        "surplus",
        "timeoutSeconds",
        "url",
    ];
    assert_eq!(faults(&tenant.admin.post(IRP, &wanted).await), expected);
    assert_eq!(faults(&tenant.admin.post(&place("test"), &wanted).await), expected);
    let nowhere = with(rvision(&tenant, &own), &json!({"tenantID": uuid()}));
    assert_eq!(faults(&tenant.admin.post(IRP, &nowhere).await), ["secretID", "tenantID"]);
    let id = make(&tenant, &rvision(&tenant, &own)).await;
    let moved = with(rvision(&tenant, &own), &json!({"tenantID": other.id, "kind": "kuma-core"}));
    assert_eq!(faults(&tenant.admin.put(&place(&id), &moved).await), ["kind", "tenantID"]);
}

#[tokio::test]
async fn integrations_are_for_general_administrators() {
    let tenant = Tenant::new().await;
    let secret = keep(&tenant.admin, &token(&tenant, "x")).await;
    let id = make(&tenant, &rvision(&tenant, &secret)).await;
    let administrator = tenant.user("tenant administrator").await;
    let denied = |reply: Reply| reply.refused(403, "access denied", &json!(null));
    denied(administrator.get(IRP).await);
    denied(administrator.get(&place(&id)).await);
    denied(administrator.post(IRP, &rvision(&tenant, &secret)).await);
    denied(administrator.put(&place(&id), &rvision(&tenant, &secret)).await);
    denied(administrator.delete(&place(&id)).await);
    denied(administrator.post(&place("test"), &rvision(&tenant, &secret)).await);
    for what in ["test", "pull"] {
        denied(administrator.post(&format!("{}/{what}", place(&id)), &json!({})).await);
    }
}

#[tokio::test]
async fn of_changes_at_once_one_goes_through_and_its_secrets_are_counted() {
    let tenant = Tenant::new().await;
    let first = keep(&tenant.admin, &token(&tenant, "x")).await;
    let second = keep(&tenant.admin, &token(&tenant, "y")).await;
    let id = make(&tenant, &rvision(&tenant, &first)).await;
    let (target, change) = (place(&id), with(rvision(&tenant, &second), &json!({"revision": 1})));
    let answers = join_all((0..6).map(|_| tenant.admin.put(&target, &change))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused_with(409, "changed meanwhile");
    }
    tenant.admin.delete(&secret_place(&first)).await.expect(204);
    tenant.admin.delete(&secret_place(&second)).await.refused_with(409, "in use");
    // A secret that is being deleted is either in use or gone: both at once never succeed.
    for _ in 0..5 {
        let secret = keep(&tenant.admin, &token(&tenant, "z")).await;
        let (secret_target, wanted) = (secret_place(&secret), kuma(&tenant, &secret));
        let (made, deleted) =
            tokio::join!(tenant.admin.post(IRP, &wanted), tenant.admin.delete(&secret_target));
        assert!(made.status != 201 || deleted.status != 204, "{made:?} {deleted:?}");
    }
}

#[tokio::test]
async fn a_kuma_core_is_asked_for_the_alerts_of_a_given_time() {
    let tenant = Tenant::new().await;
    let secret = keep(&tenant.admin, &token(&tenant, "x")).await;
    let id = make(&tenant, &with(kuma(&tenant, &secret), &json!({"pull": false}))).await;
    let pull = format!("{}/pull", place(&id));
    let wanted = json!({"from": "2026-01-01T00:00:00Z", "to": "2026-04-03T00:00:00Z"});
    let queued = tenant.admin.post(&pull, &wanted).await.expect(202).json();
    let expected = json!({
        "targetID": id, "tenantID": tenant.id,
        "from": "2026-01-01T00:00:00.000Z", "to": "2026-04-03T00:00:00.000Z",
    });
    assert_eq!(queued, expected);
    for (wanted, fields) in [
        (json!({}), &["from", "to"][..]),
        (json!({"from": "yesterday", "to": 5}), &["from", "to"]),
        (json!({"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}), &["from"]),
        (json!({"from": "2026-01-01T00:00:00Z", "to": "2026-04-03T00:00:00.000001Z"}), &["from"]),
        (json!({"from": "2026-01-01T00:00:00Z", "to": "9999-01-01T00:00:00Z"}), &["to"]),
        (json!({"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "all": true}), &["all"]),
    ] {
        assert_eq!(faults(&tenant.admin.post(&pull, &wanted).await), fields, "{wanted}");
    }
    let change = with(kuma(&tenant, &secret), &json!({"disabled": true}));
    tenant.admin.put(&place(&id), &change).await.expect(200);
    tenant.admin.post(&pull, &wanted).await.refused(409, "the integration is disabled", &json!(null));
    let soc = make(&tenant, &rvision(&tenant, &secret)).await;
    let refused = tenant.admin.post(&format!("{}/pull", place(&soc)), &wanted).await;
    refused.refused(409, "only a KUMA Core is asked for alerts", &json!(null));
}

/// What a test found: the checks that were good, and the first that was not with its text.
fn found(reply: &Reply) -> (Vec<String>, Option<(String, String)>) {
    let report = reply.json();
    let checks = report["checks"].as_array().unwrap();
    let good = checks.iter().take_while(|check| check["ok"] == true);
    let good: Vec<String> = good.map(|check| text(check, "check").to_owned()).collect();
    let bad = checks.iter().find(|check| check["ok"] == false);
    let bad = bad.map(|check| (text(check, "check").to_owned(), text(check, "message").to_owned()));
    assert_eq!(report["ok"] == true, bad.is_none(), "{report}");
    assert!(checks.iter().skip(good.len()).all(|check| check["ok"] == false), "{report}");
    (good, bad)
}

/// Tries an integration out that is expected to fail at a check, with a text that has some words.
async fn fails_at(tenant: &Tenant, wanted: &Value, check: &str, words: &str) {
    let reply = tenant.admin.post(&place("test"), wanted).await.expect(200);
    let (_, bad) = found(&reply);
    let (at, message) = bad.unwrap_or_else(|| panic!("nothing failed: {}", reply.text));
    assert_eq!(at, check, "{message}");
    assert!(message.contains(words), "{message}");
    assert!(!reply.text.contains("canary"), "{}", reply.text);
}

async fn certificate(tenant: &Tenant, peer: &Running) -> String {
    let wanted = json!({
        "tenantID": tenant.id, "type": "certificate", "name": format!("CA {}", uuid()),
        "value": {"certificate": peer.ca_pem},
    });
    keep(&tenant.admin, &wanted).await
}

#[tokio::test]
async fn an_r_vision_is_tried_out_and_the_answer_says_what_is_wrong() {
    let peer = RVision::start(Options::default()).await.unwrap();
    peer.control.configure(&json!({"token": "canary-good", "companies": ["Main"]})).await.unwrap();
    let tenant = Tenant::new().await;
    let secret = keep(&tenant.admin, &token(&tenant, "canary-good")).await;
    let ca = certificate(&tenant, &peer).await;
    let good = with(
        rvision(&tenant, &secret),
        &json!({"url": peer.url, "certificateSecretID": ca, "company": "Main", "timeoutSeconds": 3}),
    );
    let reply = tenant.admin.post(&place("test"), &good).await.expect(200);
    let all = ["secret", "connection", "tls", "token", "company", "alertIDField"];
    assert_eq!(found(&reply), (all.map(ToOwned::to_owned).to_vec(), None), "{}", reply.text);

    let mut untrusted = good.clone();
    untrusted.as_object_mut().unwrap().remove("certificateSecretID");
    fails_at(&tenant, &untrusted, "tls", "certificateSecretID").await;
    fails_at(
        &tenant,
        &with(good.clone(), &json!({"url": "https://localhost:1"})),
        "connection",
        "localhost:1",
    )
    .await;
    let nowhere = with(good.clone(), &json!({"url": "https://no-such-host.invalid"}));
    fails_at(&tenant, &nowhere, "connection", "no-such-host.invalid").await;
    fails_at(&tenant, &with(good.clone(), &json!({"company": "Nobody"})), "company", "Nobody").await;
    let unnamed = with(good.clone(), &json!({"company": null}));
    fails_at(&tenant, &unnamed, "company", &tenant.name).await;
    fails_at(&tenant, &with(good.clone(), &json!({"alertIDField": "NONE"})), "alertIDField", "NONE").await;
    peer.control.fault(&json!({"fault": "hang", "times": 1})).await.unwrap();
    fails_at(&tenant, &good, "connection", "timeoutSeconds").await;

    // A saved one, whose token is wrong and is put right.
    let id = make(&tenant, &good).await;
    let test = format!("{}/test", place(&id));
    let value = |value: &str| json!({"name": "Token", "value": {"token": value}});
    tenant.admin.put(&secret_place(&secret), &value("canary-bad")).await.expect(200);
    let reply = tenant.admin.post_text(&test, String::new()).await.expect(200);
    let (_, bad) = found(&reply);
    assert_eq!(bad.unwrap().0, "token", "{}", reply.text);
    tenant.admin.put(&secret_place(&secret), &value("canary-good")).await.expect(200);
    let reply = tenant.admin.post_text(&test, String::new()).await.expect(200);
    assert_eq!(found(&reply).1, None, "the new value is used at once");
    assert_eq!(peer.control.state().await.unwrap()["incidents"], json!([]), "nothing was made there");
}

#[tokio::test]
async fn a_kuma_core_is_tried_out_and_the_answer_says_what_is_wrong() {
    let peer = KumaCore::start(Options::default()).await.unwrap();
    let tenant = Tenant::new().await;
    let there = uuid();
    let tenants = json!([{"id": there, "name": tenant.name}]);
    peer.control.configure(&json!({"token": "canary-good", "tenants": tenants})).await.unwrap();
    let secret = keep(&tenant.admin, &token(&tenant, "canary-good")).await;
    let ca = certificate(&tenant, &peer).await;
    let good = with(kuma(&tenant, &secret), &json!({"url": peer.url, "certificateSecretID": ca}));
    for change in [json!({}), json!({"kumaTenantID": there})] {
        let reply = tenant.admin.post(&place("test"), &with(good.clone(), &change)).await.expect(200);
        let all = ["secret", "connection", "tls", "token", "whoami"];
        assert_eq!(found(&reply), (all.map(ToOwned::to_owned).to_vec(), None), "{}", reply.text);
    }
    fails_at(&tenant, &with(good.clone(), &json!({"kumaTenantID": uuid()})), "whoami", "kumaTenantID").await;
    let wrong = keep(&tenant.admin, &token(&tenant, "canary-bad")).await;
    fails_at(&tenant, &with(good.clone(), &json!({"secretID": wrong})), "token", "secretID").await;
    tenant.admin.delete(&format!("{SECRETS}/{wrong}")).await.expect(204);
}

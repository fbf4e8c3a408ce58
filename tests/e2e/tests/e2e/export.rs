//! Exports: from an incident to the account at NCIRCC, once, and back.

use bridge_domain::ncircc::{
    dictionary::{Category, Kind},
    matrix::{self, Shape},
};
use bridge_e2e::Logs;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::{alert, at, text, with},
    export_account::Account,
    incidents::place,
    tenant::{Tenant, issue},
};

#[tokio::test]
async fn an_export_arrives_once_and_its_status_comes_back() {
    let account = Account::new(json!({})).await;
    let logs = Logs::new(&account.user.world.stack);
    let seen = json!({
        "events": [{"ID": "e1", "Timestamp": 1, "SourceAddress": "203.0.113.9", "SourceUserName": "person-canary"}],
    });
    let seen = with(&alert(&account.tenant), seen);
    account.user.ingest(&seen).await.expect(202);
    let incident = json!({"alertIDs": [seen["id"]], "description": "text-canary"});
    let id = account.incident(incident).await;
    let shown = format!("{}/export", place(&id));
    account.user.get(&shown).await.refused(404, "the incident was not exported", &json!(null));

    let wanted = json!({"affectedSystemHasConnection": true, "city": "Москва"});
    let dry = account.export(&id, with(&wanted, json!({"dryRun": true}))).await.expect(200).json();
    assert_eq!(account.user.get(&shown).await.status, 404, "a dry run leaves nothing");
    let ordered = account.export(&id, wanted.clone()).await.expect(202).json();
    assert_eq!(
        (text(&ordered, "state"), text(&ordered, "exportToNCIRCC")),
        ("pending", "Export in progress")
    );

    let sent = account.sent(&id).await;
    let [there] = &*account.notifications().await else { panic!("not one") };
    for key in ["uuid", "identifier"] {
        assert_eq!(sent[key], there[key], "{key}");
    }
    assert_eq!((&sent["body"], &sent["attempts"], &sent["asked"]), (&there["body"], &json!(1), &json!(0)));
    assert_eq!(sent["body"]["related_indicators_ipv4"][0]["value"], "203.0.113.9");
    assert_eq!(sent["body"]["detect_time"], at("10:00:00"));
    // The dry run told the same, but for the text by which it is found again.
    let description = "event_description";
    let (told, done) = (text(&dry["body"], description), text(&sent["body"], description));
    assert!(told != done && done.starts_with(&format!("text-canary\nKUMA Bridge: {id}/")), "{done}");
    assert_eq!(with(&dry["body"], json!({description: done})), sent["body"]);
    let ours = account.user.get(&place(&id)).await.expect(200).json();
    assert_eq!(
        (text(&ours, "exportToNCIRCC"), &ours["ncircc"]["uuid"]),
        ("Exported successfully", &there["uuid"])
    );

    let again = account.export(&id, json!({})).await;
    let details = json!({"state": "sent", "uuid": there["uuid"], "number": null});
    again.refused(409, "already exported", &details);
    account.export(&id, with(&wanted, json!({"dryRun": true}))).await.expect(200);

    account.act(json!({"act": "register", "uuid": there["uuid"], "number": "RMSH-26-11-1"})).await;
    let ours = account.synced(&id, |report| report["number"] == "RMSH-26-11-1").await;
    assert_eq!(text(&ours["ncircc"], "status"), "Зарегистрировано");
    let sent = account.sent(&id).await;
    assert_eq!((text(&sent, "number"), text(&sent, "status")), ("RMSH-26-11-1", "Зарегистрировано"));
    assert_eq!(account.state().await["counts"]["creates"], 1);

    for function in ["incident-export", "ncircc-send", "ncircc-sync"] {
        let lines = logs.read(function).await;
        assert!(!lines.is_empty(), "{function} said nothing");
        for secret in [account.token.as_str(), "text-canary", "person-canary"] {
            assert!(!lines.iter().any(|line| line.contains(secret)), "{function} told {secret}");
        }
    }
}

#[tokio::test]
async fn of_many_exports_at_once_one_arrives() {
    let account = Account::new(json!({})).await;
    let id = account.incident(json!({})).await;
    let answers = join_all((0..50).map(|_| account.export(&id, json!({})))).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(taken, 1);
    for answer in answers.iter().filter(|answer| ![202, 429, 503].contains(&answer.status)) {
        answer.refused_with(409, "already exported");
    }
    account.sent(&id).await;
    let state = account.state().await;
    assert_eq!((&state["counts"]["notifications"], &state["counts"]["creates"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn who_may_not_export_is_told_why() {
    let account = Account::new(json!({})).await;
    let (tenant, id) = (&account.tenant, account.incident(json!({})).await);
    let export = format!("{}/export", place(&id));
    let stranger = Tenant::on(&tenant.admin.world).await.analyst().await;
    for answer in [stranger.get(&export).await, stranger.post(&export, &json!({})).await] {
        answer.refused(404, "incident not found", &json!(null));
    }
    let roles = json!([{"tenantID": tenant.id, "role": "analyst"}]);
    let wanted = json!({"name": "Reader", "roles": roles, "operations": ["GET /incidents"]});
    let reader = issue(&tenant.admin, wanted).await.user;
    reader.post(&export, &json!({})).await.refused(403, "access denied", &json!(null));

    let other = Tenant::on(&tenant.admin.world).await;
    account.change(json!({"exportTenantIDs": [other.id]})).await;
    account.export(&id, json!({})).await.refused_with(403, "the tenant has no right to export");
    account.change(json!({"enabled": false})).await;
    account.export(&id, json!({})).await.refused_with(409, "disabled");
    account.change(json!({})).await;
    let wrong = json!({
        "affectedSystemName": "a".repeat(5_001), "detectedAt": "2100-01-01T00:00:00Z",
        "technical": {"indicators": {"asn": "1"}}, "vulnerabilityID": "CVE-2020-1231", "tlp": "BLUE",
    });
    let refused = account.export(&id, wrong).await;
    let details = refused.json()["details"].clone();
    refused.refused(400, "the incident can not be exported yet", &details);
    let fields: Vec<&str> = details.as_array().unwrap().iter().map(|fault| text(fault, "field")).collect();
    for field in [
        "affectedSystemName",
        "detectedAt",
        "technical",
        "technical.indicators.asn",
        "tlp",
        "vulnerabilityID",
    ] {
        assert!(fields.contains(&field), "{field} is not among {fields:?}");
    }
    tenant.disable().await;
    account.export(&id, json!({})).await.refused(406, "tenant disabled", &json!(null));
    assert_eq!(account.notifications().await.len(), 0);
}

/// Every technical field that a type has, as the form has it.
fn technical(kind: Kind) -> Value {
    let mut block = json!({});
    for field in matrix::allowed(kind) {
        let name = field.as_str();
        let plain = match name.rsplit('.').next().unwrap() {
            "ipv4" => "203.0.113.7",
            "ipv6" => "2001:db8::7",
            "domains" => "evil.example.com",
            "urls" => "https://evil.example.com/a",
            "emails" => "a@evil.example.com",
            "malwareHashes" => "44d88612fea8a8f36de82e1278abb02f",
            "vulnerabilities" => "CVE-2020-1231",
            _ => "64500",
        };
        let value = match field.shape() {
            Shape::Values => json!([plain]),
            Shape::Functions => json!([{"value": plain, "function": "Undefined"}]),
            Shape::Services => json!([{"name": "веб", "value": "443/TCP"}]),
            Shape::Text => json!(plain),
        };
        let mut place = &mut block;
        for part in name.trim_start_matches("technical.").split('.') {
            place = &mut place[part];
        }
        *place = value;
    }
    block
}

#[tokio::test]
async fn every_category_and_type_arrives() {
    let account = Account::new(json!({"allowVulnerabilityNotifications": true})).await;
    account.peer.control.configure(&json!({"vulnerabilityOn": true})).await.unwrap();
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| !kind.removed()).collect();
    let mut ids = Vec::new();
    for kind in &kinds {
        let id = account.incident(json!({"type": kind.as_str()})).await;
        let mut wanted = json!({"affectedSystemHasConnection": true, "technical": technical(*kind)});
        if kind.category() == Category::Incident {
            wanted = with(&wanted, json!({"availabilityImpact": "High", "customImpact": "Простой"}));
        }
        if kind.category() == Category::Vulnerability {
            wanted = with(&wanted, json!({"productInfo": [{"name": "MS Office", "version": "2.4"}]}));
        }
        account.export(&id, wanted).await.expect(202);
        ids.push(id);
    }
    for (id, kind) in ids.iter().zip(&kinds) {
        let sent = account.sent(id).await;
        assert_eq!(
            (text(&sent["body"], "type"), text(&sent["body"], "category")),
            (kind.wire(), kind.category().wire())
        );
        for field in matrix::allowed(*kind) {
            assert!(!sent["body"][field.wire()].is_null(), "{kind}: {}", field.wire());
        }
    }
    let there = account.notifications().await;
    assert_eq!(there.len(), kinds.len());
    // Those that NCIRCC struck off.
    for kind in Kind::ALL.iter().filter(|kind| kind.removed()) {
        let id = account.incident(json!({})).await;
        let refused = account.export(&id, json!({"type": kind.as_str()})).await.expect(400).json();
        assert_eq!(refused["details"][0]["field"], "type", "{kind}");
    }
}

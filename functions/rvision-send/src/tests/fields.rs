//! What R-Vision gets to see of an alert.

use super::*;

const TAGS: [&str; 9] =
    ["ALERT_ID", "ALERT_URL", "NAME", "STATUS", "LAST", "ASSIGNEE", "ASSETS", "USERS", "LOG"];

fn extra() -> Value {
    json!({
        "name": "NAME", "status": "STATUS", "lastSeen": "LAST", "assignee": "ASSIGNEE", "assets": "ASSETS",
        "users": "USERS", "changeLog": "LOG",
    })
}

fn full() -> Value {
    json!({
        "name": "Brute force", "correlationRuleName": "Many logins", "priority": "critical", "status": "assigned",
        "assignee": "Ivanov",
        "alertURL": "https://kuma.example/alerts/a",
        "affectedAssets": [{"name": "srv-1", "fqdn": ["srv-1.example"], "ipAddresses": ["10.0.0.1"]}],
        "affectedAccounts": [{"displayName": "Petrov", "samAccountName": "petrov"}],
        "events": [{
            "ID": "1", "Timestamp": 1, "Name": "Login", "Raw": "canary", "SourceAddress": "192.0.2.7",
            "BaseEvents": [{"ID": "2", "Name": "Base", "Raw": "canary"}],
        }],
    })
}

#[tokio::test]
async fn every_field_of_the_alert_has_its_place() {
    let mut bench = Bench::start(json!({"fields": extra()})).await;
    bench.irp.control.configure(&json!({ "fields": TAGS })).await.unwrap();
    bench.take("a", 60, full()).await;
    let incident = bench.incident().await;
    let fields = &incident["fields"];
    for (tag, value) in [
        ("company", "Main"),
        ("category", "Инцидент KUMA"),
        ("level", "Критический"),
        ("detection", "2026-11-20T09:30:00.000Z"),
        ("description", "Many logins"),
        ("ALERT_ID", "a"),
        ("NAME", "Brute force"),
        ("STATUS", "assigned"),
        ("LAST", "2026-11-20T09:31:00.000Z"),
        ("ASSIGNEE", "Ivanov"),
        ("LOG", "2026-11-20T10:00:00.000Z created by the SIEM"),
    ] {
        assert_eq!(fields[tag], value, "{tag}");
    }
    let text = |tag: &str| fields[tag].as_str().unwrap_or_default().to_owned();
    assert!(text("ASSETS").contains("srv-1") && text("ASSETS").contains("192.0.2.7 (external)"), "{fields}");
    assert!(text("USERS").contains("petrov") || text("USERS").contains("Petrov"), "{fields}");
    let file = &incident["files"][0];
    assert_eq!((&file["name"], &file["type"]), (&json!("events.json"), &json!("application/json")));
    let expected = r#"[{"BaseEvents":[{"Name":"Base"}],"Name":"Login"}]"#;
    assert_eq!(file["size"], expected.len(), "{file}");
    assert_eq!(
        last_fields(&incident).iter().filter(|field| TAGS.contains(field)).count(),
        8 + usize::from(!text("ALERT_URL").is_empty())
    );
}

#[tokio::test]
async fn a_link_is_the_alerts_own_or_made_of_the_consoles_address() {
    let mut bench = Bench::start(json!({"consoleURL": "https://kuma.example:7220"})).await;
    bench.take("a", 0, json!({})).await;
    assert_eq!(bench.incident().await["fields"]["ALERT_URL"], "https://kuma.example:7220/alerts/a");
    let own = "https://elsewhere.example/1";
    bench.take("a", 1, json!({ bridge_domain::push::URL_FIELD: own })).await;
    assert_eq!(bench.incident().await["fields"]["ALERT_URL"], own);
}

#[tokio::test]
async fn the_company_is_the_tenant_unless_the_settings_say_otherwise() {
    let mut bench = Bench::start(json!({})).await;
    bench.irp.control.configure(&json!({"companies": ["Main", "Branch"]})).await.unwrap();
    bench.take("a", 0, json!({})).await;
    assert_eq!(bench.incident().await["fields"]["company"], "Main");
    bench
        .world
        .change_target(&bench.target, |target| {
            let bridge_domain::target::Settings::RVision(settings) = &mut target.settings else { panic!() };
            settings.company = Some("Branch".to_owned());
        })
        .await;
    bench.take("b", 0, json!({})).await;
    assert_eq!(bench.incidents().await[1]["fields"]["company"], "Branch");
    bench.take("a", 1, json!({})).await;
    assert_eq!(bench.incidents().await[0]["fields"]["company"], "Main", "it is R-Vision's from then on");
}

#[tokio::test]
async fn a_field_without_a_name_or_a_value_is_not_sent() {
    let mut bench = Bench::start(json!({"fields": {"name": "NAME", "assignee": "ASSIGNEE"}})).await;
    bench.irp.control.configure(&json!({ "fields": TAGS })).await.unwrap();
    bench.take("a", 0, json!({})).await;
    let incident = bench.incident().await;
    let mut sent = last_fields(&incident);
    sent.sort_unstable();
    assert_eq!(
        sent,
        ["ALERT_ID", "NAME", "category", "company", "description", "detection", "files", "level"]
    );
    assert_eq!(incident["fields"]["description"], "Alert a");
}

//! From the JSON door to incidents: what R-Vision gets of an alert, and what the bridge says about it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    alerts::{alert, at, event_ids, noise, text, with},
    irp::{IRP, Irp, detail, names},
    kuma_core::eventually,
    tenant::Tenant,
};

fn kinds(incident: &Value) -> Vec<&str> {
    incident["writes"].as_array().unwrap().iter().map(|write| text(write, "kind")).collect()
}

fn log(detail: &Value) -> Vec<&str> {
    detail["changeLog"].as_array().unwrap().iter().map(|entry| text(entry, "event")).collect()
}

#[tokio::test]
async fn an_alert_becomes_one_incident_that_follows_it_to_its_close() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let irp = Irp::new(&tenant, json!({"consoleURL": "https://kuma.example.com:7220/"})).await;
    let event = |id: &str, raw: &str| {
        json!({
            "ID": id, "Timestamp": 1_714_989_600_000_i64, "DeviceVendor": "Microsoft", "Raw": raw,
            "SourceAddress": "198.51.100.7", "SourceUserName": "petrov",
        })
    };
    let first = with(
        &alert(&tenant),
        json!({
            "correlationRuleName": "Подбор пароля", "assignee": "ivanova", "events": [event("e1", "a")],
            "affectedAssets": [{"id": "h", "name": "srv", "fqdn": ["srv.example.com"], "ipAddresses": ["192.0.2.5"]}],
            "affectedAccounts": [{"displayName": "И. Петров", "sAMAccountName": "petrov"}],
        }),
    );
    let id = text(&first, "id");
    user.ingest(&first).await.expect(202);

    // Every field, as R-Vision has it.
    let shown = irp.delivered(&user, id).await;
    let incident = irp.incident(id, |_| true).await;
    let mut fields = incident["fields"].clone();
    let written = fields["ALERT_LOG"].take();
    assert!(written.as_str().unwrap().ends_with("Z created by the SIEM"), "{written}");
    let link = format!("https://kuma.example.com:7220/alerts/{id}");
    let expected = json!({
        "company": tenant.name, "category": "Инцидент KUMA", "level": "Высокий", "status": "Открыт",
        "detection": at("10:00:00.000"), "description": "Подбор пароля", "ALERT_ID": id, "ALERT_URL": link,
        "ALERT_NAME": "Brute force", "ALERT_STATUS": "new", "ALERT_LAST_SEEN": at("11:00:00.000"),
        "ALERT_ASSIGNEE": "ivanova", "ALERT_ASSETS": "srv srv.example.com, 192.0.2.5\n198.51.100.7 (external)",
        "ALERT_USERS": "И. Петров (petrov)", "ALERT_LOG": null,
    });
    assert_eq!(fields, expected);
    assert_eq!(irp.events(&incident).await, [json!({"ID": "e1", "DeviceVendor": "Microsoft"})]);

    // And as the bridge shows it.
    let number = text(&incident, "identifier");
    assert_eq!((text(&shown, "remoteID"), text(&shown, "kind")), (number, "r-vision"));
    assert_eq!(shown["targetName"], irp.settings["name"]);
    assert!(text(&shown, "link").starts_with(&irp.vision.url) && text(&shown, "link").contains(number));
    let nothing = json!(null);
    assert_eq!(
        (&shown["attempts"], &shown["lastError"], &shown["closed"]),
        (&json!(0), &nothing, &json!(false))
    );
    assert_eq!((&shown["waitingSince"], &shown["nextAttempt"]), (&nothing, &nothing));
    let whole = detail(&user, id).await;
    assert_eq!(log(&whole), ["created", "delivered"]);
    assert_eq!((&whole["changeLog"][0]["by"], &whole["closedBy"]), (&json!({"kind": "siem"}), &nothing));

    // A change without a new event sends no file; the same again sends nothing; a new event does.
    let second =
        with(&first, json!({"lastSeen": at("11:30:00"), "priority": "critical", "assignee": "sidorov"}));
    user.ingest(&second).await.expect(202);
    let changed = irp.incident(id, |incident| incident["fields"]["level"] == "Критический").await;
    assert_eq!(changed["fields"]["ALERT_ASSIGNEE"], "sidorov");
    assert_eq!(changed["files"].as_array().unwrap().len(), 1);
    irp.delivered(&user, id).await;
    user.ingest(&second).await.expect(202);
    let third =
        with(&second, json!({"lastSeen": at("11:40:00"), "events": [event("e1", "b"), event("e2", "a")]}));
    user.ingest(&third).await.expect(202);
    let grown = irp.incident(id, |incident| incident["files"].as_array().unwrap().len() == 2).await;
    assert_eq!(irp.events(&grown).await.len(), 2);
    assert_eq!(kinds(&grown), ["create", "update", "update"]);
    irp.delivered(&user, id).await;

    // The close, and a close too many.
    user.close(id, "responded").await.expect(204);
    let closed = irp.incident(id, |incident| incident["closed"] == true).await;
    assert_eq!(closed["fields"]["ALERT_STATUS"], "closed");
    assert_eq!(irp.delivered(&user, id).await["closed"], true);
    user.close(id, "responded").await.expect(406);
    let whole = detail(&user, id).await;
    assert_eq!((text(&whole, "closingReason"), text(&whole["closedBy"], "kind")), ("responded", "token"));
    assert_eq!(log(&whole)[4..], ["closed", "closeDelivered"]);
    assert_eq!(kinds(&irp.incident(id, |_| true).await), ["create", "update", "update", "update"]);
    assert_eq!(irp.writes().await, 4);
}

#[tokio::test]
async fn each_integration_gets_what_its_switches_let_through_and_no_tenant_sees_anothers() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let (plain, quiet, still) = (json!({}), json!({"sendChanges": false, "sendClose": false}), json!({}));
    let mute = json!({"sendAlerts": false});
    let off = json!({"disabled": true});
    let (all, quiet, mute, off, theirs) = tokio::join!(
        Irp::new(&tenant, plain),
        Irp::closing(&tenant, with(&quiet, json!({"acceptClose": false}))),
        Irp::new(&tenant, mute),
        Irp::closing(&tenant, off),
        Irp::new(&other, still),
    );
    let (user, stranger) = (tenant.analyst().await, other.analyst().await);
    let (ours, foreign) = (alert(&tenant), alert(&other));
    let (id, foreign_id) = (text(&ours, "id"), text(&foreign, "id"));
    user.ingest(&ours).await.expect(202);
    stranger.ingest(&foreign).await.expect(202);
    for (irp, reader, alert) in [(&all, &user, id), (&quiet, &user, id), (&theirs, &stranger, foreign_id)] {
        irp.delivered(reader, alert).await;
        irp.incident(alert, |_| true).await;
    }
    user.get(&format!("/bridge/v1/alerts/{foreign_id}")).await.refused(404, "alert not found", &json!(null));

    // Whose closes are not taken.
    quiet.act("close", id).await;
    let refused = eventually("the refused close", || async {
        quiet.vision.control.state().await.unwrap()["calls"].as_array().unwrap().first().cloned()
    });
    assert_eq!(refused.await["status"], 403);
    quiet.act("reopen", id).await;

    user.ingest(&with(&ours, json!({"lastSeen": at("11:30:00"), "priority": "low"}))).await.expect(202);
    user.close(id, "responded").await.expect(204);
    let closed = all.incident(id, |incident| incident["closed"] == true).await;
    assert_eq!(closed["fields"]["level"], "Низкий");
    all.delivered(&user, id).await;
    let unchanged = quiet.incident(id, |_| true).await;
    assert_eq!((&unchanged["closed"], &unchanged["fields"]["level"]), (&json!(false), &json!("Высокий")));
    assert_eq!(quiet.writes().await, 1);
    for silent in [&mute, &off] {
        assert_eq!(silent.vision.control.history().await.unwrap(), Vec::<Value>::new());
    }
    let whole = detail(&user, id).await;
    let targets: Vec<&str> =
        whole["deliveries"].as_array().unwrap().iter().map(|delivery| text(delivery, "targetID")).collect();
    assert_eq!(BTreeSet::from_iter(targets), BTreeSet::from([&*all.id, &*quiet.id]));
    for irp in [&all, &quiet, &theirs] {
        let state = irp.vision.control.state().await.unwrap();
        assert_eq!(state["incidents"].as_array().unwrap().len(), 1, "{state}");
    }
    assert_eq!(theirs.writes().await, 1);

    // Switched on again it gets what comes from now on.
    let change = with(&off.settings, json!({"disabled": false}));
    tenant.admin.put(&format!("{IRP}/{}", off.id), &change).await.expect(200);
    eventually("an alert of after that", || async {
        let later = alert(&tenant);
        user.ingest(&later).await.expect(202);
        all.delivered(&user, text(&later, "id")).await;
        off.incidents(text(&later, "id")).await.pop()
    })
    .await;
    assert!(off.incidents(id).await.is_empty());
}

/// As many and as much as an alert can have; no request carries more than 6 MB.
#[tokio::test]
async fn an_alert_of_10_000_events_and_16_megabytes_goes_through() {
    const EVENTS: usize = 10_000;
    const POSTS: usize = 4;
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let changes = json!({"eventFields": ["ID", "Message"], "timeoutSeconds": 50});
    let irp = Irp::new(&tenant, changes).await;
    let large = alert(&tenant);
    let id = text(&large, "id");
    // One that begins and takes turns: the same letters from another place are as good as new ones.
    let letters = noise(7, 64 * 1024);
    let event = |n: usize| {
        let from = n * 977 % (letters.len() - 1_600);
        json!({
            "ID": format!("event-{n:05}"), "Timestamp": 1_714_989_600_000_i64 + i64::try_from(n).unwrap(),
            "Message": letters[from..from + 1_545],
        })
    };
    let events: Vec<Value> = (0..EVENTS).map(event).collect();
    let bytes = json!(events).to_string().len();
    assert!((16_000_000..16 << 20).contains(&bytes), "{bytes}");
    for (n, part) in events.chunks(EVENTS / POSTS).enumerate() {
        let post = with(&large, json!({"events": part, "lastSeen": at(&format!("11:0{n}:00"))}));
        user.ingest(&post).await.expect(202);
    }
    let newest = at(&format!("11:0{}:00.000", POSTS - 1));
    let incident = irp.incident(id, |incident| incident["fields"]["ALERT_LAST_SEEN"] == newest).await;
    let sent = json!({ "events": irp.events(&incident).await });
    assert_eq!(event_ids(&sent).len(), EVENTS);
    let same = sent["events"].as_array().unwrap().iter().zip(&events);
    assert!(
        same.into_iter()
            .all(|(sent, event)| sent["Message"] == event["Message"] && sent["ID"] == event["ID"])
    );
    irp.delivered(&user, id).await;
    assert_eq!(names(&incident["writes"][0]["fields"]).iter().filter(|name| **name == "files").count(), 1);
}

//! Incidents that can not be, of alerts that are not there for whoever asks.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, nested, text};

const INCIDENTS: &str = "/bridge/v1/incidents";

/// The incidents of the tenant.
async fn incidents(world: &World) -> Vec<Value> {
    let target = format!("{INCIDENTS}?tenantID={}", world.tenant);
    let reply = world.send(world.by(&world.stack.admin_token, &Method::GET, &target)).await;
    serde_json::from_str(&reply.expect(200).text).unwrap()
}

async fn made(world: &World) -> String {
    let wanted = json!({"name": "Phishing", "tenantID": world.tenant}).to_string();
    text(&world.send(world.post(INCIDENTS, wanted)).await.expect(201).json(), "id")
}

/// Bodies that are wrong wherever a form is expected.
fn no_forms() -> Vec<String> {
    vec![
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
        "5".to_owned(),
        "{".to_owned(),
        "{}{}".to_owned(),
        nested(100_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"name\":{}}}", nested(100_000)),
        format!("{{\"{}\":1}}", "a".repeat(1_000_000)),
        "{\"name\":\"a\",\"name\":\"b\"}".to_owned(),
        "{\"$serde_json::private::RawValue\":\"[]\"}".to_owned(),
    ]
}

#[tokio::test]
async fn an_incident_that_can_not_be_is_not_made() {
    let world = World::new().await;
    let alert = world.posted().await;
    let kumas = ["/api/v3/incidents/create", "/api/v2.1/incidents/create/"];
    for path in [INCIDENTS, kumas[0], kumas[1]] {
        for body in no_forms() {
            let case = format!("{path} {body:.100}");
            let details = world.send(world.post(path, body)).await.refused(&case, 400, "");
            assert!(details.to_string().len() < 10_000, "{case}: {details:.1000}");
        }
    }
    let wanted = |key: &str, value: Value| {
        let mut wanted = json!({"name": "Marked", "tenantID": world.tenant, "alertIDs": [alert]});
        wanted[key] = value;
        wanted.to_string()
    };
    let many: Vec<String> = (0..100_000).map(|n| format!("a{n}")).collect();
    for (key, value) in [
        ("name", json!("")),
        ("name", json!(" ")),
        ("name", json!("a\0b")),
        ("name", json!("ж".repeat(129))),
        ("name", json!({"$ne": null})),
        ("tenantID", json!("a#open")),
        ("tenantID", json!("other")),
        ("tenantID", json!("")),
        ("tenantID", json!([world.tenant])),
        ("priority", json!("High")),
        ("priority", json!(4)),
        ("description", json!("ж".repeat(257))),
        ("category", json!("incident")),
        ("type", json!("Malware infection ")),
        ("assignee", json!("a\nb")),
        ("assignee", json!("ж".repeat(129))),
        ("alertIDs", json!(alert)),
        ("alertIDs", json!([alert, alert])),
        ("alertIDs", json!([format!("{alert}#EVENTS")])),
        ("alertIDs", json!(["../a"])),
        ("alertIDs", json!([null])),
        ("alertIDs", json!(many)),
        ("assetIDs", json!(["a\0b"])),
        ("accountIDs", json!([["a"]])),
        ("accountIDs", json!(many)),
        ("id", json!("INC-1")),
        ("status", json!("closed")),
        ("report", json!({"state": "Exported successfully"})),
        ("exportToNCIRCC", json!("Exported successfully")),
        ("revision", json!(7)),
    ] {
        let case = format!("{key}: {value:.100}");
        let reply = world.send(world.post(INCIDENTS, wanted(key, value))).await;
        let details = reply.refused(&case, 400, "invalid body");
        assert!(details.as_array().is_some_and(|faults| !faults.is_empty()), "{case}: {details}");
        assert!(details.to_string().len() < 1_000, "{case}: {details:.1000}");
    }
    // KUMA's own call does not look at what it does not know; what it knows has to be right.
    for (key, value) in [
        ("priority", json!(-1)),
        ("priority", json!(1e300)),
        ("alerts", json!([{"id": null}])),
        ("alerts", json!([[]])),
        ("assets", json!([{"id": "a\0b"}])),
        ("type", json!([])),
    ] {
        let case = format!("KUMA's {key}: {value:.100}");
        world.send(world.post(kumas[0], wanted(key, value))).await.refused(&case, 400, "invalid body");
    }
    assert!(incidents(&world).await.is_empty());
    assert_eq!(world.alerts().await[0]["status"], "new");
}

#[tokio::test]
async fn an_incident_is_not_changed_by_nonsense() {
    let world = World::new().await;
    let id = made(&world).await;
    let here = format!("{INCIDENTS}/{id}");
    let read = async || world.admin(&Method::GET, &here, &json!(null)).await.expect(200).json();
    let before = read().await;
    for (method, path) in [
        (Method::PATCH, here.clone()),
        (Method::POST, format!("{here}/assign")),
        (Method::POST, format!("{here}/close")),
        (Method::POST, format!("{here}/link")),
        (Method::POST, format!("{here}/unlink")),
        (Method::POST, format!("{here}/comments")),
        (Method::POST, "/api/v3/incidents/assign".to_owned()),
        (Method::POST, "/api/v3/incidents/close".to_owned()),
        (Method::POST, "/api/v3/incidents/comment".to_owned()),
        (Method::POST, "/api/v3/incidents/link".to_owned()),
        (Method::POST, "/api/v3/incidents/unlink".to_owned()),
    ] {
        for body in no_forms() {
            // A member of a name is fine where names are changed; twice it is not.
            let case = format!("{method} {path} {body:.100}");
            let request =
                world.by(&world.operator, &method, &path).header("content-type", "application/json");
            world.send(request.body(body)).await.refused(&case, 400, "");
        }
    }
    for change in [
        json!({"status": "closed"}),
        json!({"tenantID": "other"}),
        json!({"alertIDs": []}),
        json!({"report": null, "uuid": "x"}),
        json!({"name": "ж".repeat(129)}),
    ] {
        let case = change.to_string();
        let request = world.by(&world.operator, &Method::PATCH, &here).json(&change);
        world.send(request).await.refused(&case, 400, "invalid body");
    }
    for odd in ["none", "INC-0", "a%23b", "%00", "..", "a%2Fb", "INC-1%23EXPORT", &"a".repeat(1_000)] {
        for what in ["", "/comments"] {
            let path = format!("{INCIDENTS}/{odd}{what}");
            let status = world.send(world.by(&world.operator, &Method::GET, &path)).await.status;
            assert!((400..500).contains(&status), "{path}: {status}");
        }
        let body = json!({"incidentIDs": [odd], "resolution": 1}).to_string();
        let status = world.send(world.post("/api/v3/incidents/close", body)).await.status;
        assert!((400..500).contains(&status), "{odd}: {status}");
    }
    assert_eq!(read().await, before);
}

#[tokio::test]
async fn a_search_that_can_not_be_is_refused() {
    let world = World::new().await;
    made(&world).await;
    for (query, name) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=99999999999999999999", "page"),
        ("status=new", "status"),
        ("status=open%00", "status"),
        ("id=INC-1%23ROW", "id"),
        ("from=%00", "from"),
        ("to=99999-01-01T00:00:00Z", "to"),
        ("timestampField=created", "timestampField"),
        ("name=(a%7B1000%7D)%7B1000%7D", "name"),
        ("name=%5B", "name"),
        (&format!("search={}", "a".repeat(1_025)), "search"),
    ] {
        for path in [INCIDENTS, "/api/v3/incidents/"] {
            let request = world.by(&world.operator, &Method::GET, &format!("{path}?{query}"));
            let details = world.send(request).await.refused(query, 400, "invalid query parameter value");
            assert_eq!(details, name, "{path} {query}");
        }
    }
    for query in ["page=4294967295", "tenantID=%23", "tenantID=INCIDENTS", "search=%00", "id=INC-0"] {
        let request = world.by(&world.operator, &Method::GET, &format!("{INCIDENTS}?{query}"));
        assert_eq!(world.send(request).await.expect(200).text, "[]", "{query}");
    }
}

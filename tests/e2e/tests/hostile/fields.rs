//! Alerts with one field at fault: it is named, and the alert is not taken.

use serde_json::{Value, json};

use crate::world::{World, nested};

const PATH: &str = "/bridge/v1/alerts";

/// Values that no field takes as a text, a time, a list or a flag.
fn odd_values() -> Vec<Value> {
    vec![json!(5), json!(-1.5), json!({"a": []}), json!([[]]), json!(u64::MAX)]
}

async fn is_rejected(world: &World, field: &str, body: String) {
    let case = format!("{field}: {body:.300}");
    let reply = world.send(world.post(PATH, body)).await;
    assert_eq!(reply.refused(&case, 400, "no alert was accepted"), field, "{case}");
    let answer = reply.json();
    let line = &answer["results"][0];
    assert_eq!((&line["result"], &line["field"]), (&json!("rejected"), &json!(field)), "{case}");
    let message = line["message"].as_str().unwrap();
    assert!((5..200).contains(&message.len()), "{case}: {message}");
    assert_eq!(answer["rejected"], 1, "{case}");
}

#[tokio::test]
async fn a_field_of_a_wrong_type_is_named() {
    let world = World::new().await;
    let texts = [
        "id",
        "tenantID",
        "name",
        "priority",
        "status",
        "firstSeen",
        "lastSeen",
        "assignee",
        "closingReason",
        "tenantName",
        "correlationRuleID",
    ];
    for field in texts {
        for value in odd_values().into_iter().chain([json!(true)]) {
            is_rejected(&world, field, world.alert_with(field, value).to_string()).await;
        }
    }
    for value in odd_values().into_iter().chain([json!("true")]) {
        is_rejected(&world, "overflow", world.alert_with("overflow", value).to_string()).await;
    }
    for field in ["affectedAssets", "affectedAccounts", "events"] {
        for value in [json!(5), json!("x"), json!(true), json!({})] {
            is_rejected(&world, field, world.alert_with(field, value).to_string()).await;
        }
    }
    for field in ["affectedAssets", "affectedAccounts"] {
        for value in [json!([1]), json!([{}, null]), json!([[{}]])] {
            is_rejected(&world, field, world.alert_with(field, value).to_string()).await;
        }
    }
    world.nothing_was_written().await;
}

#[tokio::test]
async fn a_value_that_can_not_be_used_is_named() {
    let world = World::new().await;
    let long = |count| json!("ж".repeat(count));
    let id = "a".repeat(200);
    for (field, values) in [
        (
            "id",
            vec![json!(null), json!(""), json!("a#b"), json!("a/b"), json!("a\0b"), json!("../a"), json!(id)],
        ),
        ("id", vec![json!("ид"), json!("a b"), json!("a\r\nb"), json!("%23"), json!(" a")]),
        (
            "tenantID",
            vec![json!(""), json!("a#new"), json!("other"), json!("00000000-0000-0000-0000-000000000000")],
        ),
        (
            "name",
            vec![
                json!(null),
                json!(""),
                json!("  "),
                long(129),
                json!("a\0b"),
                json!("a\nb"),
                json!("\u{85}"),
            ],
        ),
        ("priority", vec![json!(null), json!(""), json!("urgent"), json!("High"), json!("5")]),
        ("status", vec![json!(""), json!("open"), json!("New"), json!("closed ")]),
        ("assignee", vec![long(1_025)]),
        ("closingReason", vec![long(1_025)]),
        ("lastSeen", vec![json!("2024-05-06T09:59:59.999Z"), json!("2999-01-01T00:00:00Z")]),
        ("lastSeen", vec![json!("9999-12-31T23:59:59Z")]),
    ] {
        for value in values {
            is_rejected(&world, field, world.alert_with(field, value).to_string()).await;
        }
    }
    let times = [
        "",
        "now",
        "1714989600",
        "1714989600000",
        "2024-05-06",
        "2024-05-06T10:00:00",
        "2024-05-06 10:00",
        "06.05.2024 10:00:00",
        "Mon, 06 May 2024 10:00:00 GMT",
        "2024-02-30T10:00:00Z",
        "2024-05-06T25:00:00Z",
        "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
        "2024-05-06T10:00:00+24:00",
        "２０２４-05-06T10:00:00Z",
    ];
    for field in ["firstSeen", "lastSeen"] {
        for value in times.map(Value::from).into_iter().chain([json!(null), json!(1_714_989_600)]) {
            is_rejected(&world, field, world.alert_with(field, value).to_string()).await;
        }
    }
    world.nothing_was_written().await;
}

#[tokio::test]
async fn an_event_that_can_not_be_kept_is_named() {
    let world = World::new().await;
    for event in [
        "1",
        "null",
        "\"x\"",
        "[]",
        "{\"ID\":5}",
        "{\"ID\":{}}",
        "{\"ID\":\"\\ud800\"}",
        "{\"Timestamp\":\"now\"}",
        "{\"Timestamp\":1.5}",
        "{\"Timestamp\":1e400}",
        "{\"Timestamp\":9223372036854775808}",
        "{\"Timestamp\":[]}",
        "{\"ID\":\"a\",\"ID\":\"b\"}",
    ] {
        let body = world.alert().to_string().replace('}', &format!(",\"events\":[{{}},{event}]}}"));
        is_rejected(&world, "events[1]", body).await;
    }
    world.nothing_was_written().await;
}

/// What only looks like JSON to some readers, or would be something else when it is read back.
#[tokio::test]
async fn an_alert_that_could_not_be_read_back_is_not_taken() {
    let world = World::new().await;
    let with = |extra: &str| world.alert().to_string().replace('}', &format!(",{extra}}}"));
    let smuggled = |text: &str| json!({"$serde_json::private::RawValue": text}).to_string();
    let deep = json!({"a": smuggled(&nested(120))}).to_string();
    for extra in [
        "\"a\":1e999".to_owned(),
        "\"a\":-1e99999999999999999999".to_owned(),
        "\"a\":\"\\ud800\"".to_owned(),
        "\"\\udc00\":1".to_owned(),
        "\"affectedAssets\":[{\"a\":1e400}]".to_owned(),
        format!("\"a\":{}", smuggled(&nested(120))),
        format!("\"a\":{}", smuggled(&deep)),
        format!("\"a\":{}", smuggled("no JSON")),
        format!("\"affectedAssets\":[{}]", smuggled("{}")),
        "\"\\u0024serde_json::private::RawValue\":\"1\"".to_owned(),
    ] {
        is_rejected(&world, "", with(&extra)).await;
    }
    // Of a key sent twice the last value counts, for the check as for the store.
    is_rejected(&world, "id", with("\"id\":\"a#b\"")).await;
    is_rejected(&world, "tenantID", with("\"tenantID\":\"another\"")).await;
    is_rejected(&world, "", "[1]".to_owned()).await;
    world.nothing_was_written().await;
}

/// Huge and odd, but good: it has to be taken, and shown as it was sent.
#[tokio::test]
async fn what_is_only_unusual_is_taken() {
    let world = World::new().await;
    let odd = json!({
        "": "", "__proto__": {"polluted": true}, "constructor": null, "$where": "1", "a.b": [], "<script>": "' OR 1=1 --",
        "exact": 0.300_000_000_000_000_04, "large": u64::MAX, "small": i64::MIN, "tiny": 5e-324,
        "unicode": "\u{0}\u{202e}\u{feff}\u{10ffff}"
    });
    let mut alert = world.alert_with("extra", odd.clone());
    alert["events"] = json!([{"ID": "e", "Extra": odd}]);
    alert["name"] = json!("ж".repeat(128));
    alert["id"] = json!(format!("{}.:_-", uuid::Uuid::new_v4()));
    for result in ["created", "duplicate", "duplicate"] {
        let answer = world.send(world.post(PATH, alert.to_string())).await.expect(202).json();
        assert_eq!(answer["results"][0]["result"], result, "{answer}");
    }
    let target = format!("/api/v1/alerts?withEvents&id={}", alert["id"].as_str().unwrap());
    let reply = world.send(world.by(&world.operator, &reqwest::Method::GET, &target)).await;
    let found = &reply.expect(200).json()[0];
    assert_eq!((&found["extra"], &found["events"], &found["name"]), (&odd, &alert["events"], &alert["name"]));
}

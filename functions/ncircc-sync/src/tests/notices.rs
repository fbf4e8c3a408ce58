//! What NCIRCC sends of its own accord.

use super::*;

const UUID: &str = "4a4d5b1e-0000-4000-8000-000000000001";
const ID: &str = "ALRT-4a4d5b1e-0000-4000-8000-000000000001";

fn message() -> Value {
    json!({
        "act": "message", "type": "Зараженный ресурс", "uuid": UUID, "number": null, "at": EARLY,
        "event_description": "Обнаружена активность", "detect_time": "2026-11-18T00:00:00Z",
        "fields": {"inrelated_indicators_ipv4": [{"value": "203.0.113.5"}]},
    })
}

#[tokio::test]
async fn a_notice_becomes_one_incident_that_is_renamed_when_its_number_comes() {
    let bench = Bench::start().await;
    bench.act(message()).await;
    bench.run().await;
    let made = bench.incident(ID).await.unwrap();
    assert_eq!((made.name.as_str(), made.tenant.as_str()), (ID, bridge_world::TENANT));
    assert_eq!((made.priority.as_str(), made.status.as_str()), ("critical", "open"));
    assert_eq!(made.description, "Обнаружена активность\n\nMalicious IPv4: 203.0.113.5");
    assert_eq!(made.first_seen, at("2026-11-18T00:00:00Z"));
    let report = made.report.as_ref().unwrap();
    assert_eq!((report.state, report.status.as_str()), (ReportState::Notice, "Новое"));
    assert_eq!((report.kind.as_str(), report.uuid.as_str()), ("Зараженный ресурс", UUID));

    // It is read again with the overlap, and nothing comes of that.
    bench.run().await;
    assert_eq!(bench.incident(ID).await.unwrap(), made);

    let act =
        json!({"act": "register", "uuid": UUID, "number": "ALRT-26-11-77", "at": "2026-11-20T10:08:00Z"});
    bench.act(act).await;
    bench.run().await;
    let named = bench.incident(ID).await.unwrap();
    assert_eq!(named.name.as_str(), "ALRT-26-11-77");
    assert_eq!((named.description, named.created), (made.description, made.created));
    assert_eq!(bench.mark().await.strangers, []);
}

#[tokio::test]
async fn a_notice_without_technical_data_and_one_with_a_number_come_too() {
    let bench = Bench::start().await;
    let act = json!({"act": "message", "type": "Уязвимый ресурс", "uuid": UUID, "number": "ALRT-26-11-3", "at": EARLY});
    bench.act(act).await;
    // The account refuses the fields that only notices have.
    let order = json!({"fault": "status", "status": 400, "path": "/api/v2/incidents", "skip": 1, "times": 1});
    bench.there.control.fault(&order).await.unwrap();
    bench.run().await;
    let made = bench.incident(ID).await.unwrap();
    assert_eq!((made.name.as_str(), made.description.as_str()), ("ALRT-26-11-3", "Обнаружена активность"));
}

#[tokio::test]
async fn comments_on_a_notice_and_its_new_status_reach_its_incident() {
    let bench = Bench::start().await;
    bench.act(message()).await;
    bench.act(json!({"act": "comment", "uuid": UUID, "text": "Ответьте", "at": EARLY})).await;
    bench.run().await;
    let comments = bench.comments(ID).await;
    assert_eq!((comments.len(), &*comments[0].1, &*comments[0].2), (1, "ncircc", "Ответьте"));
    bench.status(UUID, "Взаимодействие завершено", "2026-11-20T10:04:00Z").await;
    bench.run().await;
    assert_eq!(bench.report(ID).await.status, "Взаимодействие завершено");
}

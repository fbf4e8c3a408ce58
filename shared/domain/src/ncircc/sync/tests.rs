use serde_json::json;

use super::*;
use crate::incident::{Priority, Status};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2026-11-20T10:00:00Z";

fn facts(uuid: &str) -> Facts {
    Facts {
        uuid: uuid.to_owned(),
        identifier: Some("26-11-1".to_owned()),
        number: None,
        status: Some("Новое".to_owned()),
        result: None,
        updated: Some(at("2026-11-20T09:00:00Z")),
    }
}

fn notice() -> Incident {
    let notice = Notice { facts: facts("u-1"), ..Notice::default() };
    notice.into_incident("t".parse().unwrap(), at(NOW)).unwrap()
}

#[test]
fn a_run_begins_before_the_mark_while_something_may_still_become_visible_there() {
    let (now, made) = (at(NOW), at("2026-11-10T10:00:00Z"));
    assert_eq!(begin(None, made, now), at("2026-11-09T10:00:00Z"));
    assert_eq!(begin(Some(at("2026-11-20T09:58:00Z")), made, now), at("2026-11-20T09:53:00Z"));
    assert_eq!(begin(Some(at("2026-11-20T09:00:00Z")), made, now), at("2026-11-20T08:55:00Z"));
    assert_eq!(begin(Some(at("2026-11-20T08:59:59Z")), made, now), at("2026-11-20T08:59:59.001Z"));
}

#[test]
fn the_mark_never_moves_back_nor_into_the_future() {
    let (mut mark, now) = (Mark::default(), at(NOW));
    mark.cards_read(None, now);
    mark.comments_read(None, now);
    assert_eq!(mark, Mark::default());
    mark.cards_read(Some(at("2026-11-20T09:00:00Z")), now);
    mark.cards_read(Some(at("2026-11-20T08:00:00Z")), now);
    assert_eq!(mark.cards, Some(at("2026-11-20T09:00:00Z")));
    mark.cards_read(Some(at("2099-01-01T00:00:00Z")), now);
    mark.comments_read(Some(at("2099-01-01T00:00:00Z")), now);
    assert_eq!((mark.cards, mark.comments), (Some(now), Some(now)));
}

#[test]
fn the_mark_of_one_account_is_none_of_another() {
    let mut mark = Mark::default().of_account("https://a");
    mark.cards_read(Some(at(NOW)), at(NOW));
    mark.meet("u", at(NOW));
    assert_eq!(mark.clone().of_account("https://a"), mark);
    let other = Mark { account: "https://b".to_owned(), ..Mark::default() };
    assert_eq!(mark.of_account("https://b"), other);
}

#[test]
fn strangers_are_few_and_do_not_stay() {
    let (mut mark, now) = (Mark::default(), at(NOW));
    for n in 0..STRANGERS + 3 {
        mark.meet(&format!("u{n}"), now.plus_seconds(i64::try_from(n).unwrap()));
    }
    mark.meet("u7", now.plus_seconds(9_999));
    assert_eq!(mark.strangers.len(), STRANGERS);
    assert_eq!((mark.strangers[0].uuid.as_str(), mark.strangers[4].uuid.as_str()), ("u3", "u7"));
    assert_eq!(mark.strangers[4].since, now.plus_seconds(7));
    mark.recognize("u7");
    assert_eq!(mark.strangers[4].uuid, "u8");
    mark.forget(now.plus_seconds(STRANGER_SECONDS + 8));
    assert_eq!(mark.strangers[0].uuid, "u9");
    let kept: Mark = serde_json::from_value(serde_json::to_value(&mark).unwrap()).unwrap();
    assert_eq!(kept, mark);
    assert_eq!(serde_json::from_str::<Mark>("{}").unwrap(), Mark::default());
}

#[test]
fn what_is_new_of_an_incident_is_taken_and_what_is_not_changes_nothing() {
    let (old, now) = (notice(), at("2026-11-20T11:00:00Z"));
    assert_eq!(refreshed(&old, &facts("u-1"), now), None);
    assert_eq!(refreshed(&old, &Facts { uuid: "u-1".to_owned(), ..Facts::default() }, now), None);

    let mut told = Facts { status: Some("В работе".to_owned()), ..facts("u-1") };
    let new = refreshed(&old, &told, now).unwrap();
    let report = new.report.as_ref().unwrap();
    assert_eq!((report.status.as_str(), new.updated), ("В работе", now));
    assert_eq!((report.identifier.as_str(), report.state), ("26-11-1", ReportState::Notice));

    told.uuid = "u-2".to_owned();
    assert_eq!(refreshed(&old, &told, now), None, "it is about something else");
    let own = Incident { report: None, ..old.clone() };
    assert_eq!(refreshed(&own, &facts("u-1"), now), None);
    let stale =
        Facts { updated: Some(at("2026-11-20T08:59:59Z")), ..Facts { uuid: "u-1".to_owned(), ..told } };
    assert_eq!(refreshed(&old, &stale, now), None, "what is older never overwrites");
}

#[test]
fn a_closed_incident_takes_what_ncircc_says_too() {
    let mut old = notice();
    old.close(crate::incident::Resolution::Approved, at(NOW)).unwrap();
    let told = Facts { status: Some("Отправлено в архив".to_owned()), ..facts("u-1") };
    let new = refreshed(&old, &told, at(NOW)).unwrap();
    assert_eq!((new.status, new.report.unwrap().status.as_str()), (Status::Closed, "Отправлено в архив"));
}

#[test]
fn a_notice_is_called_by_its_number_unless_a_person_called_it_otherwise() {
    let (old, now) = (notice(), at(NOW));
    assert_eq!(old.name.as_str(), "ALRT-u-1");
    let told = Facts { number: Some("ALRT-26-11-7".to_owned()), ..facts("u-1") };
    let named = refreshed(&old, &told, now).unwrap();
    assert_eq!(named.name.as_str(), "ALRT-26-11-7");
    let told = Facts { number: Some("ALRT-26-11-8".to_owned()), ..facts("u-1") };
    assert_eq!(refreshed(&named, &told, now).unwrap().name.as_str(), "ALRT-26-11-8");

    let called = Incident { name: "Phishing".parse().unwrap(), ..old.clone() };
    assert_eq!(refreshed(&called, &told, now).unwrap().name.as_str(), "Phishing");
    let told = Facts { number: Some("\u{7}".to_owned()), ..facts("u-1") };
    assert_eq!(refreshed(&old, &told, now).unwrap().name.as_str(), "ALRT-u-1", "that is no name");

    let mut ours = Incident { name: "ALRT-u-1".parse().unwrap(), ..old };
    ours.report.as_mut().unwrap().state = ReportState::Exported;
    let told = Facts { number: Some("RMSH-26-11-9".to_owned()), ..facts("u-1") };
    let new = refreshed(&ours, &told, now).unwrap();
    assert_eq!((new.name.as_str(), new.report.unwrap().number.as_str()), ("ALRT-u-1", "RMSH-26-11-9"));
}

#[test]
fn a_notice_becomes_an_open_critical_incident_with_all_it_says() {
    let fields = json!({
        "inrelated_indicators_ipv4": [
            {"value": "203.0.113.5", "function": {"id": 1, "name": "Центр управления ВПО"}, "asn": 64500, "lir": null},
            {"value": "203.0.113.6"},
        ],
        "related_observables_uri": {"value": "https://example.com/\nlogin"},
        "related_observables_service": [{"name": "веб", "value": "443/TCP"}],
        "product_info": [{"name": "nginx", "version": "1.0"}],
        "product_category": {"id": 3, "name": "Средства защиты информации"},
        "related_indicators_asn": "64501", "related_indicators_as": null, "inrelated_indicators_hash": [],
        "something": "else",
    });
    let notice = Notice {
        facts: Facts { number: Some("ALRT-26-11-7".to_owned()), ..facts("u-1") },
        kind: Some("Зараженный ресурс".to_owned()),
        description: Some(" Обнаружена активность\n".to_owned()),
        detected: Some(at("2026-11-19T00:00:00Z")),
        fields: fields.as_object().unwrap().clone(),
    };
    let incident = notice.clone().into_incident("t".parse().unwrap(), at(NOW)).unwrap();
    assert_eq!((incident.id.as_str(), incident.name.as_str()), ("ALRT-u-1", "ALRT-26-11-7"));
    assert_eq!((incident.priority, incident.status), (Priority::Critical, Status::Open));
    assert_eq!((incident.first_seen, incident.last_seen), (at("2026-11-19T00:00:00Z"), at(NOW)));
    assert_eq!(incident.export_state(), "Received from NCIRCC");
    let report = incident.report.unwrap();
    assert_eq!((report.kind.as_str(), report.status.as_str()), ("Зараженный ресурс", "Новое"));
    assert_eq!((report.uuid.as_str(), report.number.as_str()), ("u-1", "ALRT-26-11-7"));
    let lines: Vec<&str> = incident.description.lines().collect();
    assert_eq!(
        lines,
        [
            "Обнаружена активность",
            "",
            "Attacked URI: https://example.com/ login",
            "Attacked service: веб 443/TCP",
            "Malicious IPv4: 203.0.113.5 (Центр управления ВПО, 64500), 203.0.113.6",
            "ASN: 64501",
            "Product: nginx 1.0",
            "Category of product: Средства защиты информации",
        ]
    );

    let early = Notice { detected: Some(at("2099-01-01T00:00:00Z")), ..notice.clone() };
    let incident = early.into_incident("t".parse().unwrap(), at(NOW)).unwrap();
    assert_eq!(incident.first_seen, at(NOW), "it was not noticed in the future");
    let odd = Notice { facts: facts("a b"), ..notice };
    assert!(odd.into_incident("t".parse().unwrap(), at(NOW)).is_none());
}

#[test]
fn the_longest_notice_is_cut() {
    let values: Vec<_> =
        (0..2_000).map(|n| json!({"value": format!("10.0.{}.{}", n / 250, n % 250)})).collect();
    let notice = Notice {
        facts: facts("u-1"),
        description: Some("я".repeat(NOTICE_LIMIT + 1)),
        fields: json!({"inrelated_indicators_ipv4": values}).as_object().unwrap().clone(),
        ..Notice::default()
    };
    let incident = notice.into_incident("t".parse().unwrap(), at(NOW)).unwrap();
    let (text, technical) = incident.description.split_once("\n\n").unwrap();
    assert_eq!((text.chars().count(), technical.chars().count()), (NOTICE_LIMIT, TECHNICAL_LIMIT));
}

//! What is sent: every type, all defaults, two bodies in full.

use std::collections::BTreeSet;

use super::*;

const REQUIRED: [&str; 12] = [
    "company",
    "category",
    "type",
    "owner_name",
    "event_description",
    "tlp",
    "detect_time",
    "activity_status",
    "affected_system_name",
    "affected_system_category",
    "affected_system_function",
    "location",
];

#[test]
fn every_type_gives_a_body_with_every_field_that_it_allows() {
    for kind in exportable() {
        let ready = check(&most(kind), &defaults()).unwrap_or_else(|problems| panic!("{kind}: {problems:?}"));
        assert_eq!((ready.kind, ready.marker.as_str()), (kind, MARKER));
        assert_eq!(ready.warnings, Vec::<String>::new());
        let body: Value = serde_json::from_str(&ready.body).unwrap();
        let names: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected: BTreeSet<&str> =
            REQUIRED.into_iter().chain(allowed(kind).map(Field::wire)).collect();
        expected.extend(["assistance", "detection_tool", "end_time", "affected_system_connection"]);
        expected.extend(["custom_impact", "city"]);
        match kind.category() {
            Category::Incident => {
                expected.extend(["availability_impact", "integrity_impact", "confidentiality_impact"]);
            }
            Category::Attack => {}
            Category::Vulnerability => {
                expected.extend(["product_info", "vulnerability_id", "product_category"]);
            }
        }
        assert_eq!(names, expected, "{kind}");
        assert_eq!(body["category"], kind.category().wire());
        assert_eq!(body["type"], kind.wire());
    }
}

#[test]
fn every_type_gives_a_body_of_the_least_that_is_said() {
    for kind in exportable() {
        let body = body(&least(kind), &defaults());
        for name in REQUIRED {
            assert!(body[name].as_str().is_some_and(|text| !text.is_empty()), "{kind} {name}");
        }
    }
}

#[test]
fn a_malware_infection_in_full() {
    let mut export = most(Kind::MalwareInfection);
    export["personalDataLeak"] = json!({"reasons": "Phishing", "personalData": "Names", "damage": "Low"});
    let ready = check(&export, &defaults()).unwrap();
    let expected = r#"{
        "activity_status": "Возобновлены мероприятия по реагированию",
        "affected_system_category": "Информационный ресурс не является объектом КИИ",
        "affected_system_connection": true,
        "affected_system_function": "СМИ",
        "affected_system_name": "Billing",
        "assistance": true,
        "availability_impact": "Низкое",
        "category": "Уведомление о компьютерном инциденте",
        "city": "Красноярск",
        "company": "Company",
        "confidentiality_impact": "Низкое",
        "custom_impact": "Reputation",
        "detect_time": "2026-11-20T09:30:00Z",
        "detection_tool": "KUMA 3.2",
        "end_time": "2026-11-20T10:00:00Z",
        "event_description": "What happened.\nAnd then.\nKUMA Bridge: INC-42/3f9c2a41",
        "integrity_impact": "Низкое",
        "location": "RU-MOW",
        "malware_hash": [{"value": "d41d8cd98f00b204e9800998ecf8427e"}],
        "owner_name": "Owner",
        "related_indicators_domain": [{"function": "Центр управления ВПО", "value": "evil.example.net"}],
        "related_indicators_email": [{"value": "evil@example.net"}],
        "related_indicators_ipv4": [{"function": "Центр управления ВПО", "value": "198.51.100.1"}],
        "related_indicators_ipv6": [{"function": "Центр управления ВПО", "value": "2001:db8::2"}],
        "related_indicators_uri": [{"function": "Центр управления ВПО", "value": "http://evil.example.net/x"}],
        "related_indicators_vuln": [{"value": "CVE-2020-1231"}],
        "related_observables_domain": [{"value": "mail.example.com"}],
        "related_observables_email": [{"value": "user@example.com"}],
        "related_observables_ipv4": [{"value": "192.0.2.1"}],
        "related_observables_ipv6": [{"value": "2001:db8::1"}],
        "related_observables_service": [{"name": "веб", "value": "443/TCP"}],
        "related_observables_uri": [{"value": "https://mail.example.com/owa"}],
        "rkn_address": "Москва, ул. Ленина, 1",
        "rkn_damage": "Low",
        "rkn_email": "cert@example.com",
        "rkn_full_name": "АО Ромашка",
        "rkn_inn": 7712345678,
        "rkn_leak_pd": true,
        "rkn_pers_data": "Names",
        "rkn_reasons": "Phishing",
        "tlp": "TLP:AMBER",
        "type": "Заражение ВПО"
    }"#;
    let [body, expected] =
        [ready.body.as_str(), expected].map(|text| serde_json::from_str::<Value>(text).unwrap());
    assert_eq!(body, expected);
    assert_eq!(ready.detected, "2026-11-20T09:30:00Z".parse().unwrap());
}

#[test]
fn the_defaults_fill_in_a_network_scan() {
    let body = body(&least(Kind::NetworkScanning), &defaults());
    let expected = json!({
        "activity_status": "Проводятся мероприятия по реагированию",
        "affected_system_category": "Информационный ресурс не является объектом КИИ",
        "affected_system_connection": false,
        "affected_system_function": "Здравоохранение",
        "affected_system_name": "Billing",
        "assistance": false,
        "category": "Уведомление о компьютерной атаке",
        "company": "АО Ромашка",
        "detect_time": "2026-11-20T09:30:15Z",
        "detection_tool": "KUMA",
        "event_description": "Brute force\nKUMA Bridge: INC-42/3f9c2a41",
        "location": "RU-KYA",
        "owner_name": "АО Ромашка",
        "tlp": "TLP:RED",
        "type": "Сетевое сканирование",
    });
    assert_eq!(body, expected);
}

#[test]
fn the_incident_says_how_far_the_work_is_and_when_it_ended() {
    let at = "2026-11-20T11:00:00Z".parse().unwrap();
    for (confirmed, activity) in [(true, "Меры приняты"), (false, "Инцидент не подтвержден")]
    {
        let state = State::Closed { at, confirmed };
        let closed = Defaults { state, description: "Done.".to_owned(), ..defaults() };
        let body = body(&least(Kind::Ddos), &closed);
        assert_eq!(body["activity_status"], activity);
        assert_eq!(body["end_time"], "2026-11-20T11:00:00Z");
        assert_eq!(body["event_description"], "Done.\nKUMA Bridge: INC-42/3f9c2a41");
    }
}

#[test]
fn category_and_type_come_from_the_incident_when_nobody_says_more() {
    let known = Defaults { category: Some(Category::Incident), kind: Some(Kind::NotAnAttack), ..defaults() };
    let mut export = least(Kind::Ddos);
    export["category"] = Value::Null;
    assert_eq!(body(&export, &known)["category"], Category::Attack.wire());
    export["type"] = Value::Null;
    let body = body(&export, &known);
    assert_eq!([&body["category"], &body["type"]], [Category::Incident.wire(), Kind::NotAnAttack.wire()]);
    // Another category needs a type of its own.
    export["category"] = json!(Category::Attack);
    assert_eq!(at_fault(&export, &known), ["type"]);
    assert_eq!(at_fault(&export, &defaults()), ["type"]);
    export["category"] = Value::Null;
    assert_eq!(at_fault(&export, &defaults()), ["category", "type"]);
}

#[test]
fn a_region_that_the_standard_lacks_is_sent_with_a_warning() {
    let mut export = least(Kind::Ddos);
    export["location"] = json!("RU-QQ");
    let ready = check(&export, &defaults()).unwrap();
    assert_eq!(ready.warnings.len(), 1);
    assert!(ready.warnings[0].starts_with("location:") && !ready.warnings[0].contains("QQ"));
    assert!(ready.body.contains("\"RU-QQ\""));
}

#[test]
fn nothing_of_an_incident_is_printed() {
    let ready = check(&least(Kind::Ddos), &defaults()).unwrap();
    let draft = Draft::read(form(&most(Kind::MalwareInfection)));
    let text = format!("{ready:?} {draft:?} {:?}", defaults());
    for canary in ["Billing", "Brute force", "Ромашка", "198.51.100.1", "7712345678", "cert@example.com"]
    {
        assert!(!text.contains(canary), "{canary}");
    }
}

//! NCIRCC: new notifications.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::peer::{Peer, notification, sent, text, with};

const INCIDENTS: &str = "/api/v2/incidents";
const ATTACK: &str = "Уведомление о компьютерной атаке";
const VULNERABILITY: &str = "Уведомление о наличии уязвимости";
const DISCLOSURE: &str = "Несанкционированное разглашение информации";

fn leak() -> Value {
    let leak = json!({
        "type": DISCLOSURE, "rkn_leak_pd": true, "rkn_full_name": "Ромашка", "rkn_inn": 7_700_000_000_u64,
        "rkn_address": "Москва", "rkn_email": "dpo@example.com", "rkn_reasons": "r", "rkn_pers_data": "p",
        "rkn_damage": "d",
    });
    with(&notification(), leak)
}

fn without(value: &Value, tag: &str) -> Value {
    let mut value = value.clone();
    assert!(value.as_object_mut().unwrap().remove(tag).is_some(), "{tag}");
    value
}

fn connected(changes: Value) -> Value {
    with(&with(&notification(), json!({"affected_system_connection": true})), changes)
}

#[tokio::test]
async fn a_notification_is_taken() {
    let peer = Peer::ncircc().await;
    let answer = sent(peer.post(INCIDENTS).json(&notification())).await;
    assert_eq!((answer.0, &answer.1["success"]), (201, &json!(true)));
    let made = &answer.1["data"][0];
    assert_eq!(answer.1["data"].as_array().unwrap().len(), 1);
    assert!(text(made, "create_time").ends_with('Z') && text(made, "identifier").ends_with("-1"));
    let state = peer.control().state().await.unwrap();
    let held = &state["notifications"][0];
    assert_eq!((&held["uuid"], &held["body"]), (&made["uuid"], &notification()));
    assert_eq!((&held["status"], &held["number"]), (&json!("Создано"), &Value::Null));
    assert_eq!((&state["counts"]["creates"], &state["counts"]["notifications"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn what_is_complete_is_taken() {
    let peer = Peer::ncircc().await;
    peer.control().configure(&json!({"vulnerabilityOn": true})).await.unwrap();
    let bodies = [
        with(
            &notification(),
            json!({
                "assistance": true, "detection_tool": "KUMA", "end_time": "2024-05-06T10:00:00.5Z", "city": "Москва",
                "integrity_impact": "Высокое", "availability_impact": "Низкое", "custom_impact": "-",
                "confidentiality_impact": "Отсутствует", "affected_system_connection": false,
            }),
        ),
        connected(json!({
            "related_observables_ipv4": [{"value": "10.0.0.1"}], "related_observables_ipv6": [{"value": "fe80::1"}],
            "related_observables_email": [{"value": "a@example.com"}], "malware_hash": [{"value": "00"}],
            "related_observables_service": [{"name": "web", "value": "443/TCP"}],
            "related_indicators_domain": [{"function": "Тип не определен", "value": "example.com"}],
        })),
        connected(json!({"type": "Захват сетевого трафика", "related_indicators_asn": "AS1"})),
        leak(),
        with(&leak(), json!({"rkn_measures": "m", "rkn_add_info": "i", "rkn_investigation": "n"})),
        with(&notification(), json!({"rkn_leak_pd": false})),
        with(&notification(), json!({"category": ATTACK, "type": "DDoS-атака"})),
        with(
            &notification(),
            json!({
                "category": VULNERABILITY, "type": "Уязвимый ресурс", "vulnerability_id": "CVE-2024-1",
                "product_info": [{"name": "nginx", "version": "1"}], "product_category": "IoT-устройства",
            }),
        ),
        with(&notification(), json!({"event_description": "й".repeat(5000)})),
    ];
    for body in &bodies {
        assert_eq!(sent(peer.post(INCIDENTS).json(body)).await.0, 201, "{body}");
    }
    assert_eq!(peer.control().state().await.unwrap()["counts"]["notifications"], bodies.len());
}

#[tokio::test]
async fn what_is_missing_is_told() {
    let peer = Peer::ncircc().await;
    for tag in notification().as_object().unwrap().keys() {
        let missing = format!("`{tag}` is required");
        sent(peer.post(INCIDENTS).json(&without(&notification(), tag))).await.refused(400, &missing);
    }
    for tag in
        leak().as_object().unwrap().keys().filter(|tag| tag.starts_with("rkn_") && *tag != "rkn_leak_pd")
    {
        let missing = format!("`{tag}` is required");
        sent(peer.post(INCIDENTS).json(&without(&leak(), tag))).await.refused(400, &missing);
    }
    assert_eq!(peer.control().state().await.unwrap()["counts"]["notifications"], 0);
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let peer = Peer::ncircc().await;
    let indicator = |function: &str, value: &str| json!([{"function": function, "value": value}]);
    for (changes, part) in [
        (json!({"text1": "x"}), "PublicApiError: Can't get field info for tag 'text1'"),
        (json!({"eventdescription": "x"}), "Can't get field info for tag 'eventdescription'"),
        (json!({"affected_system_Connection": true}), "Can't get field info for tag"),
        (json!({"rkn_number": "5982306"}), "Can't get field info for tag"),
        (json!({"status": "Создано"}), "`status` can not be written"),
        (json!({"inrelated_indicators_hash": []}), "can not be written"),
        (json!({"company": "Лютик"}), "`company` is no organisation"),
        (json!({"company": 1}), "`company` is not text"),
        (json!({"owner_name": ""}), "`owner_name` is required"),
        (json!({"city": "x".repeat(5001)}), "`city` is longer"),
        (json!({"city": null}), "`city` is not text"),
        (json!({"assistance": "true"}), "`assistance` is not true or false"),
        (json!({"affected_system_connection": 1}), "is not true or false"),
        (json!({"tlp": "RED"}), "`tlp` has no such value"),
        (json!({"activity_status": "меры приняты"}), "`activity_status` has no such value"),
        (json!({"integrity_impact": "High"}), "`integrity_impact` has no such value"),
        (json!({"affected_system_category": "КИИ"}), "has no such value"),
        (json!({"affected_system_function": "Прочее"}), "has no such value"),
        (json!({"location": "RU-MOSC"}), "`location` is no code"),
        (json!({"location": "ru-mow"}), "`location` is no code"),
        (json!({"detect_time": "2024-05-06T10:00:00+03:00"}), "is not a time in UTC"),
        (json!({"detect_time": "2024-05-06 10:00:00Z"}), "is not a time in UTC"),
        (json!({"detect_time": "2024-02-30T10:00:00Z"}), "is not a time in UTC"),
        (json!({"detect_time": "2999-05-06T10:00:00Z"}), "`detect_time` is in the future"),
        (json!({"end_time": "2999-05-06T10:00:00Z"}), "`end_time` is in the future"),
        (json!({"category": "Сообщение от НКЦКИ", "type": "Зараженный ресурс"}), "no such category"),
        (json!({"category": ATTACK}), "no such category, or no such type"),
        (json!({"type": "Рассылка спам-сообщений с контролируемого ресурса"}), "no such type"),
        (json!({"category": VULNERABILITY, "type": "Уязвимый ресурс"}), "switched off"),
        (
            json!({"category": ATTACK, "type": "DDoS-атака", "integrity_impact": "Низкое"}),
            "`integrity_impact` is of incidents only",
        ),
        (json!({"related_observables_ipv4": [{"value": "10.0.0.1"}]}), "needs `affected_system_connection`"),
        (json!({"vulnerability_id": "CVE-2024-1"}), "does not belong to this type"),
        (json!({"rkn_full_name": "Ромашка"}), "`rkn_full_name` needs `rkn_leak_pd`"),
        (json!({"type": "Захват сетевого трафика", "rkn_leak_pd": false}), "does not belong to this type"),
    ] {
        sent(peer.post(INCIDENTS).json(&with(&notification(), changes))).await.refused(400, part);
    }
    for (changes, part) in [
        (
            json!({"related_observables_ipv4": [{"value": "10.0.0.256"}]}),
            "`value` of `related_observables_ipv4`",
        ),
        (
            json!({"related_observables_ipv6": [{"value": "10.0.0.1"}]}),
            "`value` of `related_observables_ipv6`",
        ),
        (json!({"related_observables_email": [{"value": "a@b"}]}), "`value` of `related_observables_email`"),
        (json!({"related_observables_domain": "example.com"}), "is not a list"),
        (json!({"related_observables_domain": ["example.com"]}), "holds what is no object"),
        (json!({"related_observables_domain": [{"value": ""}]}), "needs `value`"),
        (
            json!({"related_observables_domain": [{"value": "x", "function": "y"}]}),
            "has no member `function`",
        ),
        (json!({"related_observables_service": [{"value": "443/TCP"}]}), "needs `name`"),
        (json!({"related_indicators_uri": [{"value": "http://x"}]}), "needs `function`"),
        (
            json!({"related_indicators_uri": indicator("C2", "http://x")}),
            "`function` of `related_indicators_uri`",
        ),
        (json!({"related_indicators_ipv4": indicator("Тип не определен", "x")}), "`value` of"),
        (json!({"related_observables_as_path": "1 2"}), "does not belong to this type"),
        (
            json!({"type": "DDoS-атака", "category": ATTACK, "malware_hash": []}),
            "does not belong to this type",
        ),
    ] {
        sent(peer.post(INCIDENTS).json(&connected(changes))).await.refused(400, part);
    }
    for (changes, part) in [
        (json!({"rkn_inn": "7700000000"}), "`rkn_inn` is not a number"),
        (json!({"rkn_email": "dpo"}), "`rkn_email` is no e-mail"),
        (json!({"rkn_leak_pd": false}), "needs `rkn_leak_pd`"),
        (json!({"category": ATTACK, "type": "Попытки внедрения ВПО"}), "does not belong to this type"),
    ] {
        sent(peer.post(INCIDENTS).json(&with(&leak(), changes))).await.refused(400, part);
    }
    assert_eq!(peer.control().state().await.unwrap()["counts"]["notifications"], 0);
}

#[tokio::test]
async fn a_type_has_its_technical_fields_and_no_others() {
    let peer = Peer::ncircc().await;
    let value = |tag: &str| match tag {
        "related_observables_ipv4" => json!([{"value": "10.0.0.1"}]),
        "related_observables_service" => json!([{"name": "web", "value": "443/TCP"}]),
        "related_indicators_uri" => json!([{"function": "Тип не определен", "value": "http://example.com"}]),
        "related_indicators_as_lir" => json!("lir"),
        _ => json!([{"value": "x@example.com"}]),
    };
    let tags = [
        "related_observables_ipv4",
        "related_observables_email",
        "related_observables_service",
        "related_indicators_uri",
        "related_indicators_email",
        "malware_hash",
        "related_indicators_vuln",
        "related_indicators_as_lir",
    ];
    for (kind, marks) in [
        ("Заражение ВПО", "+++++++."),
        ("Замедление работы ресурса в результате DDoS-атаки", "+.+...+."),
        ("Захват сетевого трафика", ".......+"),
        ("Компрометация учетной записи", "+++...+."),
        ("Несанкционированное изменение информации", "+.++..+."),
        ("Несанкционированное разглашение информации", "+++++.+."),
        ("Публикация на ресурсе запрещенной законодательством РФ информации", "...+..+."),
        ("Успешная эксплуатация уязвимости", "+++++.+."),
        ("Использование контролируемого ресурса для проведения атак", "...++++."),
        ("Событие не связано с компьютерной атакой", "+++....."),
    ] {
        for (tag, mark) in tags.iter().zip(marks.chars()) {
            let body = connected(json!({"type": kind, *tag: value(tag)}));
            let status = sent(peer.post(INCIDENTS).json(&body)).await.0;
            assert_eq!(status, if mark == '+' { 201 } else { 400 }, "{kind}: {tag}");
        }
    }
}

#[tokio::test]
async fn a_notification_can_come_with_files() {
    let peer = Peer::ncircc().await;
    let mut form = Form::new();
    for (tag, value) in notification().as_object().unwrap() {
        form = form.text(tag.clone(), value.as_str().unwrap().to_owned());
    }
    let form = form
        .text("affected_system_connection", "true")
        .text("related_observables_ipv4", r#"[{"value":"10.0.0.1"}]"#)
        .part("files", Part::text("one").file_name("one.txt"))
        .part("files", Part::bytes(vec![0; 3]).file_name("two.bin"));
    let answer = sent(peer.post(INCIDENTS).multipart(form)).await;
    assert_eq!(answer.0, 201, "{answer:?}");
    let held = peer.control().state().await.unwrap()["notifications"][0].clone();
    let technical = json!({
        "affected_system_connection": true, "related_observables_ipv4": [{"value": "10.0.0.1"}],
    });
    assert_eq!(held["body"], with(&notification(), technical));
    let files = &held["files"];
    assert_eq!((&files[0]["name"], &files[1]["size"]), (&json!("one.txt"), &json!(3)));
    assert_eq!(files[0]["sha1"], "fe05bcdcdc4928012781a5f1a2a77cbb5398e106");
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    let peer = Peer::ncircc().await;
    sent(peer.post(INCIDENTS)).await.refused(400, "there is no body");
    sent(peer.post(INCIDENTS).form(&notification())).await.refused(400, "unsupported content type");
    sent(peer.post(INCIDENTS).body(notification().to_string()))
        .await
        .refused(400, "unsupported content type");
    sent(peer.post(INCIDENTS).json(&json!([notification()]))).await.refused(400, "no object");
    let broken = peer.post(INCIDENTS).header("content-type", "application/json").body("{");
    sent(broken).await.refused(400, "no JSON");
    let other = Form::new().part("file", Part::text("x").file_name("x"));
    sent(peer.post(INCIDENTS).multipart(other)).await.refused(400, "tag 'file'");
    let twice = Form::new().text("city", "x").text("city", "y").part("files", Part::text("x").file_name("x"));
    sent(peer.post(INCIDENTS).multipart(twice)).await.refused(400, "twice");
    sent(peer.post(&format!("{INCIDENTS}?x=1")).json(&notification()))
        .await
        .refused(400, "unknown parameter");
    peer.control().configure(&json!({"bodyLimit": 100})).await.unwrap();
    sent(peer.post(INCIDENTS).json(&notification())).await.refused(400, "too large");
}

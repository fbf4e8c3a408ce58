//! NCIRCC: supplements, files and answers to messages.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::peer::{Peer, Reply, notification, sent, text, with};

const INCIDENTS: &str = "/api/v2/incidents";

/// A notification that is to be supplemented.
async fn wanting(peer: &Peer, changes: Value) -> String {
    let made = sent(peer.post(INCIDENTS).json(&with(&notification(), changes))).await.ok();
    let uuid = text(&made["data"][0], "uuid").to_owned();
    peer.control()
        .act(&json!({"act": "status", "uuid": uuid, "status": "Требуется дополнение"}))
        .await
        .unwrap();
    uuid
}

async fn update(peer: &Peer, body: Value) -> Reply {
    sent(peer.post(INCIDENTS).json(&body)).await
}

#[tokio::test]
async fn a_notification_is_supplemented_once_it_is_asked_for() {
    let peer = Peer::ncircc().await;
    let uuid = wanting(&peer, json!({})).await;
    let base = json!({"uuid": uuid, "company": "Ромашка", "status": "Проверка НКЦКИ"});
    for (changes, part) in [
        (json!({"status": "Создано"}), "`status` has to be"),
        (json!({"company": "Лютик"}), "`company` is no organisation"),
        (json!({"tlp": "TLP:GREEN"}), "`tlp` is no part of a supplement"),
        (json!({"malware_hash": []}), "`malware_hash` is no part"),
        (json!({"city": 1}), "`city` is not text"),
        (json!({"activity_status": "x"}), "has no such value"),
        (json!({"end_time": "2999-05-06T10:00:00Z"}), "in the future"),
        (json!({"text1": "x"}), "Can't get field info for tag 'text1'"),
        (json!({"int_result": "Меры приняты"}), "no part of a supplement"),
    ] {
        update(&peer, with(&base, changes)).await.refused(400, part);
    }
    update(&peer, json!({"uuid": uuid, "status": "Проверка НКЦКИ"}))
        .await
        .refused(400, "`company` is required");
    update(&peer, json!({"uuid": uuid, "company": "Ромашка"})).await.refused(400, "`status` has to be");
    let changes = json!({
        "end_time": "2024-05-06T12:00:00Z", "activity_status": "Меры приняты", "detection_tool": "KUMA", "city": "x",
        "event_description": "more", "integrity_impact": "Низкое", "availability_impact": "Низкое",
        "confidentiality_impact": "Низкое", "custom_impact": "-",
    });
    let answer = update(&peer, with(&base, changes)).await;
    assert_eq!((answer.0, &answer.1["data"][0]["uuid"]), (200, &json!(uuid)));
    assert!(text(&answer.1["data"][0], "update_time").ends_with('Z'));
    let held = peer.control().state().await.unwrap()["notifications"][0].clone();
    assert_eq!((&held["status"], &held["fields"]["city"]), (&json!("Проверка НКЦКИ"), &json!("x")));
    assert_eq!((&held["updated"], &held["body"]), (&answer.1["data"][0]["update_time"], &notification()));
    assert_eq!(held["updates"][0]["custom_impact"], "-");
    update(&peer, base).await.refused(400, "not in the status `Требуется дополнение`");
}

#[tokio::test]
async fn an_attack_has_no_impacts_to_supplement() {
    let peer = Peer::ncircc().await;
    let attack = json!({"category": "Уведомление о компьютерной атаке", "type": "DDoS-атака"});
    let uuid = wanting(&peer, attack).await;
    let base = json!({"uuid": uuid, "company": "Ромашка", "status": "Проверка НКЦКИ"});
    for tag in ["integrity_impact", "availability_impact", "confidentiality_impact", "custom_impact"] {
        update(&peer, with(&base, json!({tag: "Низкое"}))).await.refused(400, "is no part of a supplement");
    }
    assert_eq!(update(&peer, with(&base, json!({"city": "x"}))).await.0, 200);
}

#[tokio::test]
async fn files_are_attached_once_they_are_asked_for() {
    let peer = Peer::ncircc().await;
    let uuid = wanting(&peer, json!({})).await;
    let form = || {
        Form::new()
            .text("uuid", uuid.clone())
            .text("company", "Ромашка")
            .part("files", Part::text("one").file_name("one.txt").mime_str("text/plain").unwrap())
    };
    sent(peer.post(INCIDENTS).multipart(form().text("city", "x")))
        .await
        .refused(400, "does not go with files");
    let empty = Form::new().text("uuid", uuid.clone()).text("company", "Ромашка");
    sent(peer.post(INCIDENTS).multipart(empty)).await.refused(400, "a form without `files`");
    let foreign = Form::new().text("uuid", uuid.clone()).part("files", Part::text("x").file_name("x"));
    sent(peer.post(INCIDENTS).multipart(foreign)).await.refused(400, "`company` is required");
    assert_eq!(sent(peer.post(INCIDENTS).multipart(form())).await.0, 200);
    let listed = sent(peer.get(&format!("{INCIDENTS}/{uuid}/files"))).await.ok()["data"].clone();
    let file = &listed[0];
    assert_eq!(
        (text(file, "filename"), &file["size"], text(file, "type")),
        ("one.txt", &json!(3), "text/plain")
    );
    assert_eq!(text(file, "md5"), "f97c5d29941bfb1b2fdab0874906ab82");
    let download = peer.get(&format!("{INCIDENTS}/files/{}/download", file["id"])).send().await.unwrap();
    assert_eq!(download.bytes().await.unwrap(), "one");
    let status = json!({"act": "status", "uuid": uuid, "status": "Проверка НКЦКИ"});
    peer.control().act(&status).await.unwrap();
    sent(peer.post(INCIDENTS).multipart(form())).await.refused(400, "not in the status");
    let state = peer.control().state().await.unwrap();
    assert_eq!((&state["counts"]["attaches"], &state["counts"]["files"]), (&json!(1), &json!(1)));
    assert_eq!(state["counts"]["updates"], 0);
}

#[tokio::test]
async fn a_message_is_answered() {
    let peer = Peer::ncircc().await;
    let made = peer.control().act(&json!({"act": "message", "type": "Зараженный ресурс"})).await.unwrap();
    let base = json!({"uuid": made["uuid"]});
    for (changes, part) in [
        (json!({}), "`status` of a message"),
        (json!({"status": "Новое"}), "`status` of a message"),
        (json!({"status": "Принято решение"}), "`int_result` is required"),
        (json!({"status": "Принято решение", "int_result": "Готово"}), "a word of its list"),
        (json!({"status": "Принято решение", "in_result": "Меры приняты"}), "tag 'in_result'"),
        (json!({"status": "В работе", "int_result": "Меры приняты"}), "goes with a decision only"),
        (json!({"status": "В работе", "city": "x"}), "`city` of a message can not be written"),
        (json!({"status": "В работе", "company": "Лютик"}), "`company` is no organisation"),
    ] {
        update(&peer, with(&base, changes)).await.refused(400, part);
    }
    assert_eq!(update(&peer, with(&base, json!({"status": "В работе"}))).await.0, 200);
    let decision =
        json!({"company": "Ромашка", "status": "Принято решение", "int_result": "Информация учтена"});
    assert_eq!(update(&peer, with(&base, decision)).await.0, 200);
    let held = peer.control().state().await.unwrap()["messages"][0].clone();
    let told = (text(&held, "status"), text(&held, "result"), held["updates"].as_array().unwrap().len());
    assert_eq!(told, ("Принято решение", "Информация учтена", 2));
}

#[tokio::test]
async fn an_update_names_what_there_is() {
    let peer = Peer::ncircc().await;
    let body = |uuid: Value| json!({"uuid": uuid, "company": "Ромашка", "status": "Проверка НКЦКИ"});
    let empty = update(&peer, body(json!(""))).await;
    let message = "[500 Server Error] Передан пустой идентификатор инцидента";
    assert_eq!((empty.0, &empty.1["message"]), (500, &json!(message)));
    update(&peer, body(json!("other"))).await.refused(404, "no such card");
    update(&peer, body(json!(1))).await.refused(400, "`uuid` is not text");
    let made = sent(peer.post(INCIDENTS).json(&notification())).await.ok();
    update(&peer, body(made["data"][0]["uuid"].clone())).await.refused(400, "not in the status");
}

//! What goes to NCIRCC beside an export: supplements with files, comments, decisions about its notices.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{
    alerts::{text, uuid},
    export_account::Account,
    incidents::place,
    kuma_core::eventually,
    world::Reply,
};

const WANTED: &str = "Требуется дополнение";

/// Sends a form of text parts and of files: name and content.
async fn supplement(account: &Account, id: &str, texts: &[(&str, &str)], files: &[(&str, &[u8])]) -> Reply {
    let edge = uuid();
    let mut body = Vec::new();
    for (name, value) in texts {
        let part = format!("--{edge}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    for (name, bytes) in files {
        let head = format!("Content-Disposition: form-data; name=\"files\"; filename=\"{name}\"");
        body.extend(format!("--{edge}\r\n{head}\r\nContent-Type: text/plain\r\n\r\n").into_bytes());
        body.extend_from_slice(bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{edge}--\r\n").into_bytes());
    let request = account.user.request(&Method::POST, &format!("{}/export/supplement", place(id)));
    let kind = format!("multipart/form-data; boundary={edge}");
    Reply::of(request.header(CONTENT_TYPE, kind).body(body)).await
}

#[tokio::test]
async fn a_supplement_with_files_arrives_when_it_is_asked_for() {
    let account = Account::new(json!({})).await;
    let id = account.incident(json!({})).await;
    supplement(&account, &id, &[("city", "Москва")], &[]).await.refused_with(409, "export it first");
    account.export(&id, json!({})).await.expect(202);
    let there = account.sent(&id).await["uuid"].clone();
    supplement(&account, &id, &[("city", "Москва")], &[]).await.refused_with(409, WANTED);
    account.act(json!({"act": "status", "uuid": there, "status": WANTED})).await;
    account.synced(&id, |report| report["status"] == WANTED).await;

    // What does not fit is told with both limits.
    let half = vec![b'a'; 2_200_000];
    let large = supplement(&account, &id, &[], &[("a.txt", &half), ("b.txt", &half)]).await;
    large.refused_with(413, "4194304");
    large.refused_with(413, "50 MB");
    let wrong = supplement(&account, &id, &[("tlp", "RED")], &[("a.txt", b"")]).await.expect(400).json();
    let fields: Vec<&str> =
        wrong["details"].as_array().unwrap().iter().map(|fault| text(fault, "field")).collect();
    assert_eq!(fields, ["files[0]", "tlp"]);

    let log: Vec<u8> = (0..1_500_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let texts = [("activityStatus", "Measures taken"), ("integrityImpact", "Low"), ("comment", "Готово")];
    let ordered = supplement(&account, &id, &texts, &[("журнал.txt", &log), ("b.txt", b"abc")]).await;
    let ordered = ordered.expect(202).json();
    assert_eq!((text(&ordered, "kind"), text(&ordered, "state")), ("supplement", "pending"));
    account.row(&id, "supplement").await;
    account.row(&id, "comment").await;
    let there = account.notifications().await.remove(0);
    assert_eq!(text(&there, "status"), "Проверка НКЦКИ");
    assert_eq!(there["fields"]["activity_status"], "Меры приняты");
    assert_eq!(there["fields"]["integrity_impact"], "Низкое");
    let sizes: Vec<_> = there["files"].as_array().unwrap().iter().map(|file| file["size"].clone()).collect();
    assert_eq!(sizes, [json!(log.len()), json!(3)]);
    let sums = |files: &Value| -> Vec<Value> {
        files.as_array().unwrap().iter().map(|file| file["sha1"].clone()).collect()
    };
    assert_eq!(sums(&there["files"]), sums(&ordered["files"]));
    assert_eq!(there["comments"][0]["text"], "Готово");
}

#[tokio::test]
async fn comments_go_both_ways_also_of_a_closed_incident() {
    let account = Account::new(json!({})).await;
    let id = account.incident(json!({"description": "Троян"})).await;
    account.order(&id, "export/comments", &json!({"text": "x"})).await.refused_with(409, "export it first");
    account.export(&id, json!({})).await.expect(202);
    let there = account.sent(&id).await["uuid"].clone();
    account.order(&id, "close", &json!({"resolution": "approved"})).await.expect(200);
    let ordered =
        account.order(&id, "export/comments", &json!({"text": "Прошу уточнить"})).await.expect(202).json();
    assert_eq!((text(&ordered, "kind"), text(&ordered, "text")), ("comment", "Прошу уточнить"));
    account.row(&id, "comment").await;
    let comments = account.notifications().await.remove(0)["comments"].clone();
    assert_eq!((comments.as_array().unwrap().len(), text(&comments[0], "text")), (1, "Прошу уточнить"));

    account.act(json!({"act": "comment", "uuid": there, "text": "Уточняем"})).await;
    account.sync().await;
    let found = eventually("both comments here", || async {
        let list = account.user.get(&format!("{}/comments", place(&id))).await.expect(200).array();
        Some(list).filter(|list| list.len() >= 2)
    })
    .await;
    let said: Vec<_> = found.iter().map(|one| (text(one, "from"), text(one, "text"))).collect();
    assert_eq!(said, [("export", "Прошу уточнить"), ("ncircc", "Уточняем")]);
}

#[tokio::test]
async fn a_notice_becomes_an_incident_and_is_decided() {
    let account = Account::new(json!({})).await;
    let number = format!("ALRT-26-11-{}", uuid());
    let notice = json!({"act": "message", "type": "Зараженный ресурс", "number": number});
    let there = account.act(notice).await["uuid"].clone();
    account.sync().await;
    let ours = eventually("the incident of the notice", || async {
        let list = account.user.get("/bridge/v1/incidents?status=open").await.expect(200).array();
        list.into_iter().find(|incident| incident["ncircc"]["uuid"] == there)
    })
    .await;
    let id = text(&ours, "id");
    assert!(id.starts_with("ALRT-"), "{id}");
    assert_eq!(
        (text(&ours, "priority"), text(&ours, "exportToNCIRCC")),
        ("critical", "Received from NCIRCC")
    );
    account.export(id, json!({"type": "DDoS attack"})).await.refused_with(409, "came from NCIRCC");
    let shown = account.user.get(&format!("{}/export", place(id))).await.expect(200).json();
    assert_eq!((&shown["rows"], &shown["uuid"]), (&json!([]), &there));

    account.order(id, "decision", &json!({"status": "decided"})).await.expect(400);
    account.order(id, "decision", &json!({"status": "in work"})).await.expect(202);
    account.row(id, "decision").await;
    let message = |state: &Value| state["messages"][0].clone();
    assert_eq!(text(&message(&account.state().await), "status"), "В работе");
    let decided = json!({"status": "decided", "result": "measures taken"});
    account.order(id, "decision", &decided).await.expect(202);
    account.order(id, "export/comments", &json!({"text": "Очищено"})).await.expect(202);
    account.row(id, "comment").await;
    let there = eventually("the decision there", || async {
        let there = message(&account.state().await);
        Some(there).filter(|there| there["status"] == "Принято решение")
    })
    .await;
    assert_eq!((text(&there, "result"), text(&there["comments"][0], "text")), ("Меры приняты", "Очищено"));
    let own = account.incident(json!({})).await;
    account.order(&own, "decision", &json!({"status": "in work"})).await.refused_with(409, "no notice");
}

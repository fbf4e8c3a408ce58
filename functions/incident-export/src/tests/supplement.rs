//! Supplements: only when asked for, with files that fit through the door.

use std::sync::Arc;

use bridge_domain::{
    IncidentId,
    ncircc::errand::{Errand, FileNote},
};
use bridge_runtime::http::{Answer, HttpError};
use bridge_world::cut;
use http::{HeaderValue, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::{Bridge, SUPPLEMENT, accepted, fields, process, refused, request};
use crate::{attached::FILES_LIMIT, handler::handle};

const WANTED: &str = "Требуется дополнение";

/// A part of a form: its head behind `form-data`, and what is in it.
type Part<'a> = (&'a str, &'a [u8]);

fn multipart(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, content) in parts {
        body.extend(format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n").into_bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    body
}

async fn send(bridge: &Bridge, id: &IncidentId, parts: &[Part<'_>]) -> Result<Answer, HttpError> {
    let mut request = request(&bridge.world, SUPPLEMENT, id, &json!({}));
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=edge"));
    request.body = multipart(parts);
    handle(Arc::clone(&bridge.app), request).await
}

async fn asked(bridge: &Bridge, id: &str) -> IncidentId {
    bridge.exported(id, |report| WANTED.clone_into(&mut report.status)).await
}

/// The supplements of an incident: body and files.
async fn supplements(bridge: &Bridge, id: &IncidentId) -> Vec<(Value, Vec<FileNote>)> {
    let rows = bridge.rows(id).await.into_iter();
    rows.filter_map(|row| match row.value.errand {
        Errand::Supplement { uuid, company, body, status, files } => {
            assert_eq!(
                (uuid, company.as_str(), status.as_str()),
                (format!("uuid-{id}"), "Ромашка", "Проверка НКЦКИ")
            );
            Some((serde_json::from_str(&body).unwrap(), files))
        }
        _ => None,
    })
    .collect()
}

#[tokio::test]
async fn fields_and_files_are_kept_until_they_are_sent() {
    let bridge = Bridge::new().await;
    let id = asked(&bridge, "INC-1").await;
    let large: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).take(1_000_000).collect();
    let parts: &[Part<'_>] = &[
        ("name=\"activityStatus\"", "Measures taken".as_bytes()),
        ("name=\"endedAt\"", b"2026-11-20T09:00:00Z"),
        ("name=\"comment\"", "Готово".as_bytes()),
        (
            "name=\"files\"; filename=\"C:\\logs\\журнал.txt\"\r\nContent-Type: text/plain; charset=utf-8",
            b"abc",
        ),
        ("name=\"files\"; filename=\"dump.bin\"", &large),
    ];
    accepted(send(&bridge, &id, parts).await);
    let [(body, files)] = &*supplements(&bridge, &id).await else { panic!("not one") };
    let wanted = json!({
        "uuid": "uuid-INC-1", "company": "Ромашка", "status": "Проверка НКЦКИ", "activity_status": "Меры приняты",
        "end_time": "2026-11-20T09:00:00Z",
    });
    assert_eq!(*body, wanted);
    let told: Vec<_> = files.iter().map(|file| (&*file.name, &*file.content_type, file.size)).collect();
    assert_eq!(told, [("журнал.txt", "text/plain", 3), ("dump.bin", "application/octet-stream", 1_000_000)]);
    assert_eq!(files[0].sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    let queued = bridge.queued();
    let kinds: Vec<&str> = {
        let rows = bridge.rows(&id).await;
        let kind = |id| rows.iter().find(|row| row.value.id == id).unwrap().value.errand.kind();
        queued.iter().map(|message| kind(message.row.clone())).collect()
    };
    assert_eq!(kinds, ["supplement", "comment"]);
    let store = &bridge.world.store;
    let kept = store.file(&id, &queued[0].row, 1, files[1].parts).await.unwrap();
    assert!(files[1].parts > 1 && kept.as_deref() == Some(&large), "{} parts", files[1].parts);
}

#[tokio::test]
async fn fields_alone_need_no_form() {
    let bridge = Bridge::new().await;
    let id = asked(&bridge, "INC-1").await;
    accepted(bridge.call(SUPPLEMENT, &id, &json!({"city": "Москва", "integrityImpact": "Low"})).await);
    let [(body, files)] = &*supplements(&bridge, &id).await else { panic!("not one") };
    assert_eq!(
        (&body["city"], &body["integrity_impact"], files.len()),
        (&json!("Москва"), &json!("Низкое"), 0)
    );
    let error = refused(bridge.call(SUPPLEMENT, &id, &json!({"comment": "c"})).await, 400);
    assert!(error.message.contains("export/comments"), "{error}");
    let error = refused(bridge.call(SUPPLEMENT, &id, &json!({})).await, 400);
    assert_eq!(fields(&error), ["supplement"]);
}

#[tokio::test]
async fn nothing_is_taken_that_nobody_asked_for() {
    let bridge = Bridge::new().await;
    let id = bridge.exported("INC-1", |report| "Зарегистрировано".clone_into(&mut report.status)).await;
    let error = refused(bridge.call(SUPPLEMENT, &id, &json!({"city": "Москва"})).await, 409);
    assert!(error.message.contains("Зарегистрировано") && error.message.contains(WANTED), "{error}");
    let id = bridge.incident("INC-2", json!({})).await;
    refused(bridge.call(SUPPLEMENT, &id, &json!({"city": "Москва"})).await, 409);
    assert!(bridge.queued().is_empty());
}

#[tokio::test]
async fn what_does_not_fit_or_is_wrong_is_told_and_not_kept() {
    let bridge = Bridge::new().await;
    let id = asked(&bridge, "INC-1").await;
    let file = "name=\"files\"; filename=\"a\"";
    let half = vec![0; FILES_LIMIT / 2 + 1];
    let error = refused(send(&bridge, &id, &[(file, &half), (file, &half)]).await, 413);
    assert!(error.message.contains("4194304") && error.message.contains("50 MB"), "{error}");
    assert_eq!(error.details["limitBytes"], FILES_LIMIT);
    let parts: &[Part<'_>] = &[
        ("name=\"tlp\"", b"RED"),
        ("name=\"endedAt\"", b"tomorrow"),
        ("name=\"files\"; filename=\"\"", b"a"),
        ("name=\"evidence\"; filename=\"b\"", b""),
    ];
    let error = refused(send(&bridge, &id, parts).await, 400);
    let mut found = fields(&error);
    found.sort_unstable();
    assert_eq!(found, ["endedAt", "files[0]", "files[1]", "files[1]", "tlp"]);
    let many: Vec<Part<'_>> = (0..21).map(|_| (file, &b"a"[..])).collect();
    refused(send(&bridge, &id, &many).await, 400);
    for broken in
        [&b"--edge\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\nabc"[..], b""]
    {
        let mut request = request(&bridge.world, SUPPLEMENT, &id, &json!({}));
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=edge"));
        request.body = broken.to_vec();
        refused(handle(Arc::clone(&bridge.app), request).await, 400);
    }
    assert!(supplements(&bridge, &id).await.is_empty() && bridge.queued().is_empty());
    accepted(send(&bridge, &id, &[(file, &vec![0; FILES_LIMIT])]).await);
}

/// A row that is there has all of its files.
#[tokio::test]
async fn wherever_it_dies_a_row_has_its_files() {
    let bridge = Bridge::new().await;
    for waits in 0.. {
        let id = asked(&bridge, &format!("INC-{}", waits + 1)).await;
        let mut request = request(&bridge.world, SUPPLEMENT, &id, &json!({}));
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=edge"));
        request.body = multipart(&[("name=\"files\"; filename=\"a\"", &vec![7; 800_000])]);
        let end = cut(handle(process(&bridge.world).await, request), waits).await;
        bridge.world.amazon.calm().await;
        let rows = bridge.rows(&id).await;
        for row in rows.iter().map(|row| &row.value) {
            let Errand::Supplement { files, .. } = &row.errand else { continue };
            let kept = bridge.world.store.file(&id, &row.id, 0, files[0].parts).await.unwrap().unwrap();
            assert_eq!(kept.len(), 800_000);
            let due = bridge.world.store.overdue_rows(bridge.world.hand.now(), 200).await.unwrap();
            assert!(due.iter().any(|(_, due, _)| *due == row.id), "after {waits} waits");
        }
        bridge.queued();
        if let Some(end) = end {
            accepted(end);
            assert_eq!(rows.len(), 2, "the export and the supplement");
            return;
        }
    }
}

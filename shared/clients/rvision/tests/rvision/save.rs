//! Creating and changing incidents.

use bridge_domain::Class;
use bridge_rvision::{File, Key, Save, Saved};

use super::*;
use crate::peer::{answer, json};

const CREATED: &str = r#"{"success":true,"data":[{"identifier":"24-05-1","uuid":"iu","company":{"id":1}}]}"#;

fn save(incident: Option<Key>, fields: &[(&str, &str)]) -> Save {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Save { incident, fields, files: Vec::new() }
}

/// The parts of a form as they lie on the wire.
fn parts(request: &Request) -> Vec<String> {
    assert_eq!(request.line, "POST /api/v2/incidents HTTP/1.1");
    assert_eq!(request.header("x-token"), Some(TOKEN));
    let boundary =
        request.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = request.text();
    let body = body.strip_suffix(&format!("\r\n--{boundary}--\r\n")).unwrap();
    let body = body.strip_prefix(&format!("--{boundary}\r\n")).unwrap();
    body.split(&format!("\r\n--{boundary}\r\n")).map(str::to_owned).collect()
}

fn text_part(name: &str, value: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}")
}

#[tokio::test]
async fn a_new_incident_is_a_form_with_the_fields_in_order_and_the_files_last() {
    let (peer, client) = rvision(|_| json(200, CREATED)).await;
    let mut new = save(None, &[("ALERT_ID", "a-1"), ("company", "Завод \"Юг\"\r\n"), ("level", "Высокий")]);
    new.files.push(File { name: "events.json".into(), content: b"[{\"a\":1}]".as_slice().into() });
    let saved = client.save(&new).await.unwrap();
    assert_eq!(saved, Saved { identifier: "24-05-1".into(), uuid: Some("iu".into()) });
    assert_eq!(
        parts(&peer.only()),
        [
            text_part("ALERT_ID", "a-1"),
            text_part("company", "Завод \"Юг\"\r\n"),
            text_part("level", "Высокий"),
            "Content-Disposition: form-data; name=\"files\"; filename=\"events.json\"\r\n\
             content-type: application/json\r\n\r\n[{\"a\":1}]"
                .to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_change_begins_with_the_key_of_the_incident() {
    for (key, part) in [
        (Key::Identifier("24-05-1".into()), text_part("identifier", "24-05-1")),
        (Key::Uuid("iu".into()), text_part("uuid", "iu")),
    ] {
        let (peer, client) = rvision(|_| json(200, CREATED)).await;
        client.save(&save(Some(key), &[("status", "Закрыт")])).await.unwrap();
        assert_eq!(parts(&peer.only()), [part, text_part("status", "Закрыт")]);
    }
}

#[tokio::test]
async fn the_name_of_a_field_can_be_any_tag_and_stays_in_its_place() {
    let (peer, client) = rvision(|_| json(200, CREATED)).await;
    client
        .save(&save(None, &[("Номер алерта", "1"), ("a\"; name=\"status", "2"), ("50%/x\\", "3")]))
        .await
        .unwrap();
    assert_eq!(
        parts(&peer.only()),
        [text_part("Номер алерта", "1"), text_part("a%22; name=%22status", "2"), text_part("50%/x\\", "3")]
    );
}

#[tokio::test]
async fn a_number_for_people_may_come_as_a_number_and_the_data_as_an_object() {
    for body in
        [r#"{"data":[{"identifier":7}]}"#, r#"{"success":true,"data":{"identifier":"7","uuid":null}}"#]
    {
        let (_peer, client) = rvision(move |_| json(200, body)).await;
        let saved = client.save(&save(None, &[("a", "b")])).await.unwrap();
        assert_eq!(saved, Saved { identifier: "7".into(), uuid: None });
    }
}

#[tokio::test]
async fn success_alone_is_enough_for_a_change_but_not_for_a_new_incident() {
    for body in [r#"{"success":true}"#, r#"{"success":true,"data":[]}"#, r#"{"success":true,"data":[{}]}"#] {
        let (_peer, client) = rvision(move |_| json(200, body)).await;
        let change = save(Some(Key::Identifier("24-05-1".into())), &[]);
        assert_eq!(client.save(&change).await.unwrap(), Saved { identifier: "24-05-1".into(), uuid: None });
        let error = client.save(&save(None, &[("a", "b")])).await.unwrap_err();
        assert_eq!(error.class, Class::Unknown, "{body}");
        said(&error);
    }
}

#[tokio::test]
async fn a_refusal_names_our_fields_that_it_mentions_and_repeats_nothing_else() {
    let words = r#"{"success":false,"error":"canary Иванов: no value \"x\" in category, level"}"#;
    let fields = [("category", "x"), ("level", "y"), ("company", "z")];
    for (status, code) in [(200, "refused"), (400, "400"), (422, "422")] {
        let (_peer, client) = rvision(move |_| json(status, words)).await;
        for key in [None, Some(Key::Uuid("iu".into()))] {
            let error = client.save(&save(key, &fields)).await.unwrap_err();
            assert_eq!((error.class, error.code.as_ref()), (Class::Permanent, code));
            let said = said(&error);
            assert!(said.ends_with("; its answer mentions the fields: category, level"), "{said}");
        }
    }
}

#[tokio::test]
async fn the_code_of_a_refusal_is_kept_when_it_is_a_code() {
    let (_peer, client) = rvision(|_| json(200, r#"{"success":false,"error":"BAD_LEVEL"}"#)).await;
    assert_eq!(client.save(&save(None, &[])).await.unwrap_err().code, "BAD_LEVEL");
}

#[tokio::test]
async fn a_write_of_unknown_effect_is_told_apart() {
    for (reply, class) in
        [(500, Class::Unknown), (503, Class::Transient), (429, Class::RateLimited), (403, Class::Auth)]
    {
        let (_peer, client) = rvision(move |_| answer(reply, "retry-after: 9\r\n", "canary")).await;
        let error = client.save(&save(Some(Key::Uuid("iu".into())), &[])).await.unwrap_err();
        assert_eq!(error.class, class, "{reply}");
        assert_eq!(error.retry_after.is_some(), reply != 403);
        assert_eq!(client.save(&save(None, &[])).await.unwrap_err().class, class, "{reply}");
        said(&error);
    }
    let (_peer, client) = rvision(|_| answer(200, "", "canary")).await;
    assert_eq!(client.save(&save(None, &[])).await.unwrap_err().class, Class::Unknown);
    assert_eq!(
        client.save(&save(Some(Key::Uuid("iu".into())), &[])).await.unwrap_err().class,
        Class::Unknown
    );
}

#[tokio::test]
async fn a_refused_change_of_an_incident_that_is_not_there_is_told_apart() {
    let none = r#"{"success":true,"data":{"result":[]}}"#;
    let one = r#"{"success":true,"data":{"result":[{"identifier":"24-05-1"}]}}"#;
    let change = save(Some(Key::Identifier("24-05-1".into())), &[("a", "b")]);
    for (status, refusal) in
        [(400, "canary"), (404, "canary"), (200, r#"{"success":false,"error":"canary"}"#)]
    {
        for (list_status, list, class) in [
            (200, none, Class::NotFound),
            (200, one, Class::Permanent),
            (200, "canary", Class::Permanent),
            (500, none, Class::Permanent),
        ] {
            let (peer, client) = rvision(move |request| {
                if request.line.starts_with("POST") { json(status, refusal) } else { json(list_status, list) }
            })
            .await;
            let error = client.save(&change).await.unwrap_err();
            assert_eq!(error.class, class, "{status} {list}");
            said(&error);
            let (path, query) = asked(&peer.seen()[1]);
            assert_eq!(path, "/api/v2/incidents");
            let filter = r#"[{"operator":"=","property":"identifier","value":"24-05-1"}]"#;
            assert!(query.contains(&("filter".to_owned(), filter.to_owned())), "{query:?}");
        }
    }
    let (peer, client) = rvision(|_| answer(503, "", "")).await;
    client.save(&change).await.unwrap_err();
    assert_eq!(peer.seen().len(), 1, "a passing fault is no refusal");
}

#[test]
fn what_is_saved_is_not_printed() {
    let mut new = save(None, &[("description", "canary")]);
    new.files.push(File { name: "canary".into(), content: b"canary".as_slice().into() });
    let text = format!("{new:?}");
    assert!(text.contains("description") && !text.contains("canary"), "{text}");
}

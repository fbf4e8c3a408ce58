//! Answers: what is read of them, and what a refusal means.

use bridge_domain::Class;
use bridge_ncircc::{CommentQuery, Created, Query};

use super::*;
use crate::peer::{answer, json};

#[tokio::test]
async fn every_refusal_has_its_class() {
    let token = r#"{"success":false,"message":"[400 Bad Request] x","error":"Передан неверный Токен","statusCode":400}"#;
    let other = r#"{"success":false,"message":"[400] canary","error":"Ошибка"}"#;
    for (status, body, read, write) in [
        (400, token, Class::Auth, Class::Auth),
        (400, other, Class::Permanent, Class::Permanent),
        (400, "токен", Class::Permanent, Class::Permanent),
        (401, other, Class::Auth, Class::Auth),
        (403, other, Class::Auth, Class::Auth),
        (404, other, Class::Permanent, Class::Permanent),
        (413, "", Class::Permanent, Class::Permanent),
        (422, other, Class::Permanent, Class::Permanent),
        (429, other, Class::RateLimited, Class::RateLimited),
        (500, token, Class::Transient, Class::Unknown),
        (500, other, Class::Transient, Class::Unknown),
        (501, other, Class::Permanent, Class::Unknown),
        (502, "<html>canary</html>", Class::Transient, Class::Unknown),
        (503, other, Class::Transient, Class::Unknown),
        (504, "", Class::Transient, Class::Unknown),
    ] {
        let (peer, client) = scripted(move |_| json(status, body)).await;
        let reads = [
            client.probe().await.unwrap_err(),
            client.list(&Query::default()).await.unwrap_err(),
            client.comments(&CommentQuery::default()).await.unwrap_err(),
            client.incident_comments("iu", None).await.unwrap_err(),
            client.files("iu").await.unwrap_err(),
        ];
        let writes = [
            client.create("{}").await.unwrap_err(),
            client.update("{}").await.unwrap_err(),
            client.attach("iu", None, vec![file("a", b"b")]).await.unwrap_err(),
            client.comment("iu", "text").await.unwrap_err(),
        ];
        for (error, class) in reads.iter().map(|e| (e, read)).chain(writes.iter().map(|e| (e, write))) {
            assert_eq!(error.class, class, "{status} {body}");
            let said = said(error);
            assert!(said.contains(&status.to_string()), "{said}");
            assert_eq!(said.contains("its answer: Ошибка"), body == other, "{said}");
        }
        assert_eq!(peer.seen().len(), 9, "one call is one attempt");
    }
}

#[tokio::test]
async fn the_words_of_ncircc_are_cut_and_can_do_no_harm() {
    let error = format!("Ошибка\\n\\u001b[31m {TOKEN} \\u202e{}", "я".repeat(1000));
    let body = format!(r#"{{"success":false,"error":"{error}"}}"#);
    let (_peer, client) = scripted(move |_| json(400, &body)).await;
    let error = client.create("{}").await.unwrap_err();
    let said = said(&error);
    let words = said.split_once("its answer: ").unwrap().1;
    assert!(words.starts_with("Ошибка [31m [redacted] я"), "{words}");
    assert!(words.ends_with("яяя..."), "{words}");
    assert_eq!(words.chars().count(), 303);
}

#[tokio::test]
async fn a_success_that_says_nothing_of_itself_may_have_been_one() {
    for body in [
        "",
        "<html>canary</html>",
        "[]",
        r#"{"success":true}"#,
        r#"{"success":true,"data":[]}"#,
        r#"{"success":true,"data":[{"identifier":"21-07-573"}]}"#,
        r#"{"success":true,"data":[{"uuid":"a/b"}]}"#,
        r#"{"success":true,"data":"canary"}"#,
    ] {
        let (_peer, client) = scripted(move |_| json(201, body)).await;
        let error = client.create("{}").await.unwrap_err();
        assert_eq!(error.class, Class::Unknown, "{body}");
        said(&error);
        let error = client.comment("iu", "text").await.unwrap_err();
        assert_eq!(error.class, Class::Unknown, "{body}");
        let error = client.list(&Query::default()).await.err();
        assert_ne!(error.map(|error| error.class), Some(Class::Unknown), "{body}");
    }
    // Which card was changed is known; that it was is all there is to say.
    let (_peer, client) = scripted(|_| json(200, r#"{"success":true}"#)).await;
    client.update("{}").await.unwrap();
    let (_peer, client) = scripted(|_| json(200, "<html>canary</html>")).await;
    assert_eq!(client.update("{}").await.unwrap_err().class, Class::Unknown);
}

#[tokio::test]
async fn a_refusal_inside_a_success_counts_by_its_own_status() {
    for (status, read, write) in [
        ("400", Class::Permanent, Class::Permanent),
        ("429", Class::RateLimited, Class::RateLimited),
        ("500", Class::Transient, Class::Unknown),
    ] {
        let body = format!(r#"{{"success":false,"error":"Ошибка","statusCode":{status}}}"#);
        let (_peer, client) = scripted(move |_| json(200, &body)).await;
        assert_eq!(client.probe().await.unwrap_err().class, read);
        assert_eq!(client.create("{}").await.unwrap_err().class, write);
    }
}

#[tokio::test]
async fn what_was_created_is_read_from_a_list_or_an_object() {
    let full = r#"{"identifier":"21-07-573","uuid":"iu","create_time":"2021-07-05T10:00:00Z"}"#;
    let old = r#"{"identifier":{"name":"21-07-573"},"uuid":"iu","createtime":"2021-07-05 10:00:00"}"#;
    for row in [full, old] {
        for body in [format!(r#"{{"success":true,"data":[{row}]}}"#), format!(r#"{{"data":{row}}}"#)] {
            let (_peer, client) = scripted(move |_| json(201, &body)).await;
            let created = Created {
                uuid: "iu".into(),
                identifier: Some("21-07-573".into()),
                created: "2021-07-05T10:00:00Z".parse().ok(),
            };
            assert_eq!(client.create("{}").await.unwrap(), created);
        }
    }
}

#[tokio::test]
async fn a_card_is_read_in_every_form() {
    let rows = r#"[
        {"uuid":"1","regnumber":"RMSH-20-09-256","status":{"id":4,"name":"Отправлено в архив"},"intresult":null,
         "createtime":"2020-09-01T00:00:00.000Z","updated":"2020-09-02T03:00:00+03:00","eventdescription":"о",
         "company":{"id":1,"name":"К","uuid":"x"},"type":"Т","tlp":{"id":565,"name":"TLP:RED"},"text1":5},
        {"uuid":"2","reg_number":null,"updated":"never","status":null},
        {"uuid":"","status":"canary"}, {"status":"canary"}, "canary", null]"#;
    let body = format!(r#"{{"success":true,"data":{{"next":true,"result":{rows}}}}}"#);
    let (_peer, client) = scripted(move |_| json(200, &body)).await;
    let page = client.list(&Query::default()).await.unwrap();
    assert_eq!((page.rows, page.next, page.cards.len()), (6, true, 2), "what is no card is counted");
    let card = &page.cards[0];
    assert_eq!(card.reg_number.as_deref(), Some("RMSH-20-09-256"));
    assert_eq!(card.status.as_deref(), Some("Отправлено в архив"));
    assert_eq!((card.int_result.as_deref(), card.kind.as_deref()), (None, Some("Т")));
    assert_eq!((card.company.as_deref(), card.tlp.as_deref()), (Some("К"), Some("TLP:RED")));
    assert_eq!(card.event_description.as_deref(), Some("о"));
    assert_eq!(card.created, "2020-09-01T00:00:00Z".parse().ok());
    assert_eq!(card.updated, "2020-09-02T00:00:00Z".parse().ok());
    assert_eq!(card.others.keys().collect::<Vec<_>>(), ["text1"]);
    assert_eq!((page.cards[1].uuid.as_str(), page.cards[1].updated), ("2", None));
}

#[tokio::test]
async fn a_list_goes_on_only_when_there_may_be_more() {
    let one = r#"{"uuid":"1"}"#;
    for (data, next) in [
        (format!(r#"{{"next":true,"result":[{one}]}}"#), true),
        (format!(r#"{{"next":false,"result":[{one},{one}]}}"#), false),
        (r#"{"next":true,"result":[]}"#.to_owned(), false),
        (format!(r#"{{"result":[{one},{one}]}}"#), true),
        (format!("[{one},{one}]"), true),
        (format!("[{one}]"), false),
    ] {
        let body = format!(r#"{{"success":true,"data":{data}}}"#);
        let (_peer, client) = scripted(move |_| json(200, &body)).await;
        let query = Query { limit: 2, offset: 4, ..Query::default() };
        let page = client.list(&query).await.unwrap();
        assert_eq!(page.next, next, "{data}");
        let after = query.after(&page).map(|query| query.offset);
        assert_eq!(after, next.then_some(4 + page.rows as u64), "{data}");
    }
}

#[tokio::test]
async fn a_comment_is_read_in_both_forms() {
    let body = r#"{"success":true,"data":[
        {"id":7,"incident.uuid":"iu","text":"а","login":"ТИ НКЦКИ","incident.id":1,"create_time":"2024-01-01T00:00:00Z"},
        {"id":"8","incident_uuid":"iu","comment":"б","createdAt":"2024-01-01T00:00:00Z"},
        {"id":9}, {"text":"canary"}]}"#;
    let (_peer, client) = scripted(move |_| json(200, body)).await;
    let page = client.comments(&CommentQuery::default()).await.unwrap();
    assert_eq!((page.rows, page.comments.len(), page.next), (4, 2, false));
    for (comment, (id, text)) in page.comments.iter().zip([("7", "а"), ("8", "б")]) {
        assert_eq!((comment.id.as_str(), comment.text.as_str()), (id, text));
        assert_eq!(comment.incident.as_deref(), Some("iu"));
        assert_eq!(comment.created, "2024-01-01T00:00:00Z".parse().ok());
    }
    assert_eq!(page.comments[0].login.as_deref(), Some("ТИ НКЦКИ"));
}

#[tokio::test]
async fn another_program_at_the_address_is_told() {
    for body in ["<html>canary</html>", "{}", "[]", "", r#"{"success":true,"data":{}}"#] {
        let (_peer, client) = scripted(move |_| answer(200, "", body)).await;
        let error = client.probe().await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{body}");
        assert!(said(&error).contains("check the address in url"));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (peer, client) = scripted(|_| answer(302, "location: https://localhost/canary\r\n", "")).await;
    for error in [client.probe().await.unwrap_err(), client.create("{}").await.unwrap_err()] {
        assert_eq!((error.class, error.code.as_ref()), (Class::Permanent, "redirect"));
        said(&error);
    }
    assert_eq!(peer.seen().len(), 2);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read() {
    let large = vec![b' '; bridge_ncircc::MAX_ANSWER + 1];
    let (_peer, client) = scripted(move |_| answer(200, "", &large)).await;
    let error = client.list(&Query::default()).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Permanent, "too_large"));
    assert_eq!(client.create("{}").await.unwrap_err().class, Class::Unknown);
}

//! Requests, byte by byte.

use bridge_domain::{Class, Timestamp};
use bridge_ncircc::{CommentQuery, Direction, Property, Query};

use super::*;
use crate::peer::json;

const NO_CARDS: &str = r#"{"success":true,"data":{"next":false,"result":[]}}"#;
const CREATED: &str = r#"{"success":true,"data":[{"identifier":"21-07-573","uuid":"iu"}]}"#;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Path and query of a GET, the query decoded. It has no plus sign, which some read as itself.
fn asked(request: &Request) -> (String, Vec<(String, String)>) {
    let target = request.line.strip_prefix("GET ").unwrap().strip_suffix(" HTTP/1.1").unwrap();
    assert!(!target.contains('+'), "{target}");
    let url = bridge_http::reqwest::Url::parse(&format!("https://localhost{target}")).unwrap();
    (url.path().to_owned(), url.query_pairs().into_owned().collect())
}

fn pairs<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_list_is_asked_for_with_json_in_the_query() {
    let (peer, client) = scripted(|_| json(200, NO_CARDS)).await;
    let query = Query {
        filter: vec![
            Property::Updated.since(at("2024-10-11T14:18:01.1109+03:00")),
            Property::CreateTime.until(at("2024-10-12T00:00:00Z")),
            Property::Category.is("Сообщение от НКЦКИ"),
            Property::Status.is_one_of(["Новое", "В работе"]),
        ],
        fields: vec!["uuid", "updated"],
        sort: vec![(Property::CreateTime, Direction::Ascending), (Property::Uuid, Direction::Descending)],
        limit: 7,
        offset: 14,
    };
    assert_eq!(client.list(&query).await.unwrap(), bridge_ncircc::Page::default());
    let request = peer.only();
    assert_eq!(request.header("x-token"), Some(TOKEN));
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!((request.header("content-type"), request.header("authorization")), (None, None));
    let (path, query) = asked(&request);
    assert_eq!(path, "/api/v2/incidents");
    let filter = concat!(
        r#"[{"operator":">=","property":"updated","value":"2024-10-11T11:18:01.110Z"},"#,
        r#"{"operator":"<=","property":"create_time","value":"2024-10-12T00:00:00.000Z"},"#,
        r#"{"operator":"=","property":"category","value":"Сообщение от НКЦКИ"},"#,
        r#"{"operator":"in","property":"status","value":["Новое","В работе"]}]"#,
    );
    let sort = concat!(
        r#"[{"direction":"ASC","property":"create_time"},"#,
        r#"{"direction":"DESC","property":"uuid"}]"#,
    );
    let fields = r#"["uuid","updated"]"#;
    assert_eq!(
        query,
        pairs(&[("filter", filter), ("fields", fields), ("sort", sort), ("limit", "7"), ("offset", "14")])
    );
}

#[tokio::test]
async fn the_default_list_asks_for_what_a_card_has() {
    let (peer, client) = scripted(|_| json(200, NO_CARDS)).await;
    client.list(&Query::default()).await.unwrap();
    let (_, query) = asked(&peer.only());
    let fields = serde_json::to_string(bridge_ncircc::CARD_FIELDS).unwrap();
    assert_eq!(query, pairs(&[("fields", &fields), ("limit", "250"), ("offset", "0")]));
}

#[tokio::test]
async fn the_probe_is_the_harmless_read() {
    let (peer, client) = scripted(|_| json(200, NO_CARDS)).await;
    client.probe().await.unwrap();
    let (path, query) = asked(&peer.only());
    assert_eq!(
        (path.as_str(), query),
        ("/api/v2/incidents", pairs(&[("fields", r#"["uuid"]"#), ("limit", "1")]))
    );
}

#[tokio::test]
async fn comments_are_asked_for_oldest_first() {
    let (peer, client) = scripted(|_| json(200, r#"{"success":true,"data":[]}"#)).await;
    let sort = r#"[{"direction":"ASC","property":"create_time"}]"#;
    client.comments(&CommentQuery::default()).await.unwrap();
    let since = Some(at("2024-10-11T00:00:00Z"));
    let query = CommentQuery { since, incidents: vec!["a".into(), "b".into()], limit: 9, offset: 18 };
    client.comments(&query).await.unwrap();
    client.incident_comments("iu", since).await.unwrap();
    client.incident_comments("iu", None).await.unwrap();
    let asked: Vec<_> = peer.seen().iter().map(asked).collect();
    let from = r#"{"operator":">=","property":"create_time","value":"2024-10-11T00:00:00.000Z"}"#;
    let of = r#"{"operator":"in","property":"incident_uuid","value":["a","b"]}"#;
    let all = "/api/v2/incidents/comments".to_owned();
    assert_eq!(asked[0], (all.clone(), pairs(&[("sort", sort), ("limit", "250"), ("offset", "0")])));
    let filter = format!("[{from},{of}]");
    assert_eq!(
        asked[1],
        (all, pairs(&[("filter", &filter), ("sort", sort), ("limit", "9"), ("offset", "18")]))
    );
    let one = "/api/v2/incidents/iu/comments".to_owned();
    assert_eq!(asked[2], (one.clone(), pairs(&[("filter", &format!("[{from}]"))])));
    assert_eq!(asked[3], (one, Vec::new()));
}

#[tokio::test]
async fn a_body_is_sent_as_it_is() {
    let (peer, client) = scripted(|_| json(201, CREATED)).await;
    let body = "{\"b\" : 1,\n\"a\":\"\\u0410\", \"big\": 7701234567890123456789}";
    client.create(body).await.unwrap();
    client.update(body).await.unwrap();
    for request in peer.seen() {
        assert_eq!(
            (request.line.as_str(), request.text().as_str()),
            ("POST /api/v2/incidents HTTP/1.1", body)
        );
        assert_eq!(request.header("x-token"), Some(TOKEN));
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_comment_names_its_card_with_a_dot_in_the_key() {
    let (peer, client) = scripted(|_| json(200, r#"{"success":true,"data":{"id":77}}"#)).await;
    assert_eq!(client.comment("iu", "a \"b\"").await.unwrap(), "77");
    let request = peer.only();
    assert_eq!(request.line, "POST /api/v2/comments HTTP/1.1");
    assert_eq!(request.text(), r#"{"data":{"comment":"a \"b\""},"incident.uuid":"iu"}"#);
}

#[tokio::test]
async fn files_are_parts_of_a_form_after_the_card_and_the_company() {
    for (company, part) in [
        (Some("ООО \"Юг\""), "Content-Disposition: form-data; name=\"company\"\r\n\r\nООО \"Юг\""),
        (None, ""),
    ] {
        let (peer, client) = scripted(|_| json(200, CREATED)).await;
        let broken_type = Attachment { content_type: "a\r\nb".into(), ..file("b\"\r\n.log", b"2") };
        client.attach("iu", company, vec![file("отчёт.txt", b"1"), broken_type]).await.unwrap();
        let request = peer.only();
        assert_eq!(request.line, "POST /api/v2/incidents HTTP/1.1");
        assert_eq!(request.header("x-token"), Some(TOKEN));
        let kind = request.header("content-type").unwrap();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let body = request.text();
        let body = body.strip_prefix(&format!("--{boundary}\r\n")).unwrap();
        let body = body.strip_suffix(&format!("\r\n--{boundary}--\r\n")).unwrap();
        let parts: Vec<&str> = body.split(&*format!("\r\n--{boundary}\r\n")).collect();
        let all = [
            "Content-Disposition: form-data; name=\"uuid\"\r\n\r\niu",
            part,
            "Content-Disposition: form-data; name=\"files\"; filename=\"отчёт.txt\"\r\n\
             content-type: text/plain\r\n\r\n1",
            "Content-Disposition: form-data; name=\"files\"; filename=\"b%22%0D%0A.log\"\r\n\
             content-type: application/octet-stream\r\n\r\n2",
        ];
        let all: Vec<&str> = all.into_iter().filter(|part| !part.is_empty()).collect();
        assert_eq!(parts, all);
    }
}

#[tokio::test]
async fn what_is_no_id_never_gets_into_a_path() {
    let (peer, client) = scripted(|_| json(200, CREATED)).await;
    for uuid in ["", "..", "a/b", "a?b", "а", " "] {
        for error in [
            client.files(uuid).await.unwrap_err(),
            client.incident_comments(uuid, None).await.unwrap_err(),
            client.comment(uuid, "x").await.unwrap_err(),
            client.attach(uuid, None, Vec::new()).await.unwrap_err(),
        ] {
            assert_eq!(error.class, Class::Invalid, "{uuid}");
        }
    }
    assert!(peer.seen().is_empty());
}

#[test]
fn a_query_does_not_print_what_it_asks_for() {
    let query = Query { filter: vec![Property::EventDescription.is("canary")], ..Query::default() };
    let text = format!("{query:?} {:?}", file("canary", b"canary"));
    assert!(text.contains("event_description =") && !text.contains("canary"), "{text}");
}

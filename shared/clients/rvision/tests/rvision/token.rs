//! Signing in, and companies.

use bridge_domain::{Class, secret::Secret};
use bridge_http::{Client, Names, Options};

use super::*;
use crate::peer::{answer, json};

#[tokio::test]
async fn the_token_is_checked_where_kuma_checks_it() {
    let (peer, client) = rvision(|_| json(200, r#"{"success":true}"#)).await;
    client.check().await.unwrap();
    let request = peer.only();
    assert_eq!(request.line, "GET /api/v2/tokens/get_info_by_token HTTP/1.1");
    assert_eq!(request.header("x-token"), Some(TOKEN));
    assert_eq!(request.header("authorization"), None);
    assert!(!format!("{client:?}").contains("canary"));
}

#[tokio::test]
async fn an_unknown_token_is_told_in_every_form() {
    for (status, body) in
        [(200, r#"{"success":false,"error":"canary"}"#), (401, r#"{"success":false}"#), (403, "canary")]
    {
        let (_peer, client) = rvision(move |_| json(status, body)).await;
        let error = client.check().await.unwrap_err();
        assert_eq!(error.class, Class::Auth, "{status}");
        assert!(said(&error).contains("secretID"));
    }
}

#[tokio::test]
async fn another_program_at_the_address_is_told() {
    for body in ["<html>canary</html>", "{}", "[]", "", r#"{"success":"true"}"#] {
        let (_peer, client) = rvision(move |_| answer(200, "", body)).await;
        let error = client.check().await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{body}");
        assert!(said(&error).contains("check the address in url"));
    }
}

#[test]
fn a_token_that_no_header_can_hold_is_told() {
    let options = Options {
        roots_pem: None,
        proxy: None,
        timeout: std::time::Duration::from_secs(1),
        max_body: 1,
        names: Names::default(),
    };
    let http = Client::new("r-vision", "https://localhost", &options).unwrap();
    let error = RVision::new(http, &Secret::new("canary\ntoken".to_owned())).unwrap_err();
    assert_eq!(error.class, Class::Permanent);
    assert!(said(&error).contains("secretID"));
}

#[tokio::test]
async fn a_company_is_looked_for_by_its_exact_name() {
    let companies =
        r#"{"success":true,"data":[{"id":1,"uuid":"cu","name":"Main"},{"id":2,"name":"Main 2"}]}"#;
    let (peer, client) = rvision(move |_| json(200, companies)).await;
    assert!(client.company("Main").await.unwrap());
    assert!(!client.company("main").await.unwrap());
    assert!(!client.company("Завод").await.unwrap());
    let (path, query) = asked(&peer.seen()[2]);
    assert_eq!(path, "/api/v2/companies");
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(
        query,
        [
            ("fields", "id"),
            ("fields", "uuid"),
            ("fields", "name"),
            ("filter", r#"[{"operator":"=","property":"name","value":"Завод"}]"#),
            ("limit", "1000"),
        ]
    );
}

#[tokio::test]
async fn an_answer_about_companies_without_companies_is_a_failure() {
    for body in [r#"{"success":true}"#, r#"{"data":{}}"#, r#"{"data":[{"id":1}]}"#, r#"{"data":null}"#] {
        let (_peer, client) = rvision(move |_| json(200, body)).await;
        let error = client.company("Main").await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{body}");
        said(&error);
    }
}

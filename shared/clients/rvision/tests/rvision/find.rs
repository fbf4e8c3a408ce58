//! Finding the incident of an alert.

use bridge_domain::Class;
use bridge_rvision::Incident;

use super::*;
use crate::peer::json;

/// What is found in an answer.
async fn found(body: &'static str) -> Result<Option<Incident>, CallError> {
    let (_peer, client) = rvision(move |_| json(200, body)).await;
    client.find("ALERT_ID", "a-1").await
}

#[tokio::test]
async fn the_filter_is_json_in_the_query() {
    let (peer, client) = rvision(|_| json(200, r#"{"success":true,"data":{"result":[],"total":0}}"#)).await;
    assert_eq!(client.find("kuma_alert_id", r#"a"1&x"#).await.unwrap(), None);
    let request = peer.only();
    assert_eq!(request.header("x-token"), Some(TOKEN));
    let (path, query) = asked(&request);
    assert_eq!(path, "/api/v2/incidents");
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(
        query,
        [
            ("fields", r#"["identifier","uuid","status","creation","kuma_alert_id"]"#),
            ("filter", r#"[{"operator":"=","property":"kuma_alert_id","value":"a\"1&x"}]"#),
            ("sort", r#"[{"direction":"ASC","property":"creation"}]"#),
            ("limit", "100"),
            ("offset", "0"),
        ]
    );
}

#[tokio::test]
async fn a_catalog_field_is_read_as_an_object_or_as_its_name() {
    let incident = |status: Option<&str>| Incident {
        identifier: "24-05-1".into(),
        uuid: Some("iu".into()),
        status: status.map(str::to_owned),
    };
    let cases = [
        (r#"{"id":3,"name":"Закрыт","x":{}}"#, Some("Закрыт")),
        (r#""Закрыт""#, Some("Закрыт")),
        ("null", None),
        (r#"{"id":3}"#, None),
    ];
    for (status, name) in cases {
        let (_peer, client) = rvision(move |_| {
            let row = format!(r#"{{"identifier":"24-05-1","uuid":"iu","status":{status},"ALERT_ID":"a-1"}}"#);
            json(200, &format!(r#"{{"success":true,"data":{{"result":[{row}]}}}}"#))
        })
        .await;
        assert_eq!(client.find("ALERT_ID", "a-1").await.unwrap(), Some(incident(name)), "{status}");
    }
}

#[tokio::test]
async fn the_oldest_of_several_is_taken_whatever_their_order() {
    // By time; of the same time, by number, part by part.
    let body = r#"{"data":{"result":[
        {"identifier":"24-05-9","ALERT_ID":"a-1","creation":"2024-05-06T00:00:00.5Z"},
        {"identifier":"24-05-10","ALERT_ID":"a-1","creation":"2024-05-06T00:00:00Z"},
        {"identifier":"24-05-2","ALERT_ID":"a-1","creation":"2024-05-06T00:00:00.000Z"},
        {"identifier":"24-05-1","ALERT_ID":"A-1","creation":"2023-05-06T00:00:00.000Z"},
        {"identifier":"24-05-0","ALERT_ID":"a-1"}]}}"#;
    assert_eq!(found(body).await.unwrap().unwrap().identifier, "24-05-2");
    let body = r#"{"data":{"result":[
        {"identifier":"24-05-10","ALERT_ID":"a-1"},{"identifier":"24-05-9","ALERT_ID":"a-1"}]}}"#;
    assert_eq!(found(body).await.unwrap().unwrap().identifier, "24-05-9");
}

#[tokio::test]
async fn an_incident_of_another_alert_is_never_taken() {
    for body in [
        r#"{"data":{"result":[{"identifier":"24-05-1","uuid":"iu"}]}}"#,
        r#"{"data":{"result":[{"identifier":"24-05-1","ALERT_ID":null}]}}"#,
        r#"{"data":{"result":[{"identifier":"24-05-1","ALERT_ID":"canary"}]}}"#,
        r#"{"data":{"result":[{"identifier":"1","ALERT_ID":"a-1"},{"identifier":"2","ALERT_ID":"canary"}]}}"#,
    ] {
        let error = found(body).await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{body}");
        assert!(said(&error).contains("alertIDField"), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_a_list_of_incidents_is_a_failure() {
    for body in [
        "",
        "[]",
        "null",
        "<html>canary</html>",
        r#"{"success":true}"#,
        r#"{"data":[]}"#,
        r#"{"data":{"result":{}}}"#,
        r#"{"data":{"result":[{"uuid":"canary","ALERT_ID":"a-1"}]}}"#,
        r#"{"success":false,"data":{"result":[]}}"#,
        r#"{"success":true,"error":"canary","data":{"result":[]}}"#,
        r#"{"error":{"message":"canary"},"data":{"result":[]}}"#,
    ] {
        let error = found(body).await.unwrap_err();
        assert_eq!(error.class, Class::Permanent, "{body}");
        said(&error);
    }
}

#[tokio::test]
async fn an_empty_error_member_is_no_error() {
    for error in ["null", "false", r#""""#, "[]", "{}"] {
        let (_peer, client) =
            rvision(move |_| json(200, &format!(r#"{{"error":{error},"data":{{"result":[]}}}}"#))).await;
        assert_eq!(client.find("ALERT_ID", "a-1").await.unwrap(), None, "{error}");
    }
}

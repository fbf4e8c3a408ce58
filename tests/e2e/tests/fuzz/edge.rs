//! The HTTP edge, driven with events of API Gateway that no client would cause.

use std::{
    cell::RefCell,
    io::Read,
    sync::{Arc, LazyLock},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bridge_domain::{
    Name, TenantId,
    access::{Bearer, Operation},
    intake,
    query::Query,
    search::Search,
};
use bridge_runtime::{
    auth,
    clock::Clock,
    http::{ANSWER_LIMIT, Answer, Edge, Event, HttpError, Request, Response, gzip},
    telemetry::Output,
};
use flate2::read::GzDecoder;
use lambda_runtime::Context;
use proptest::{collection::vec, prelude::*};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    config,
    mutation::{mutated, mutated_text},
    now,
    seeds::{ALERTS, GATEWAY},
};

thread_local! {
    static RUNTIME: RefCell<tokio::runtime::Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    );
}

/// Runs a future to its end on a runtime that this thread keeps.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.with_borrow(|runtime| runtime.block_on(future))
}

/// A body as the functions have them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    name: Option<Name>,
    #[serde(default)]
    roles: Vec<TenantId>,
    operations: Option<Vec<Operation>>,
    #[expect(dead_code, reason = "read, not used")]
    overlap_hours: Option<u16>,
}

/// Uses every part of a request that a function uses.
async fn handle(_: Arc<()>, request: Request) -> Result<Answer, HttpError> {
    let query = Query::parse(&request.raw_query);
    let search = Search::parse(&query)
        .map_err(|fault| HttpError::bad_request("invalid query parameter value", fault.0))?;
    match request.method.as_str() {
        "GET" => {
            let Bearer::Issued { id, .. } = auth::bearer(&request)? else {
                return Err(HttpError::forbidden());
            };
            Ok(Answer::json(200, &json!({ "id": id, "page": search.page, "path": request.path })))
        }
        "POST" => {
            let alerts = intake::read(&request.body, None, request.received)
                .map_err(|error| HttpError::bad_request(error.to_string(), ()))?;
            let (taken, refused): (Vec<_>, Vec<_>) = alerts.into_iter().partition(Result::is_ok);
            // As large as it was sent, and more: answers have a limit too.
            let copies = vec![String::from_utf8_lossy(&request.body); 1 + refused.len()];
            Ok(Answer::json(202, &json!({ "taken": taken.len(), "copies": copies }))
                .with_header("location", &request.path))
        }
        _ => {
            let body: Body = request.json()?;
            let count = body.roles.len() + body.operations.map_or(0, |list| list.len());
            Ok(Answer::json(200, &json!({ "name": body.name, "count": count })).metrics("Roles", 1))
        }
    }
}

struct Exchange {
    response: Response,
    log: String,
}

fn exchange(event: Event) -> Exchange {
    let output = Output::memory();
    let edge = Edge::new("fuzz", Arc::new(()), handle, Clock::from_fn(now), output.clone());
    let mut context = Context::default();
    "lambda-request".clone_into(&mut context.request_id);
    context.deadline = u64::MAX;
    let response = block_on(edge.call(event, &context));
    Exchange { response, log: output.text() }
}

/// What every answer has to be.
fn check(Exchange { response, log }: Exchange) -> Result<(), TestCaseError> {
    let status = response.status_code;
    prop_assert!((200..600).contains(&status), "{}", status);
    let size = serde_json::to_vec(&response).unwrap().len();
    prop_assert!(size <= ANSWER_LIMIT, "the answer has {} bytes", size);
    for (name, value) in &response.headers {
        prop_assert!(!value.contains(|c: char| !c.is_ascii_graphic() && c != ' '), "{}: {:?}", name, value);
    }
    let body = if response.is_base64_encoded {
        let packed = STANDARD.decode(&response.body).unwrap();
        let mut body = String::new();
        GzDecoder::new(packed.as_slice()).read_to_string(&mut body).unwrap();
        body
    } else {
        response.body.clone()
    };
    let json: Value = serde_json::from_str(&body).map_err(|error| TestCaseError::fail(error.to_string()))?;
    if status >= 400 {
        let keys: Vec<_> = json.as_object().unwrap().keys().collect();
        prop_assert_eq!(keys, ["details", "message"]);
        prop_assert!(json["message"].as_str().is_some_and(|text| !text.is_empty()));
        prop_assert!(body.len() < 4_000, "an error of {} bytes", body.len());
        for inner in ["bridge_", "core::", "alloc::", "std::", ".rs:", "struct "] {
            prop_assert!(!body.contains(inner), "{} in {}", inner, body);
        }
    }
    // One line per request, of which nobody outside decides what is in it.
    prop_assert_eq!(log.lines().count(), 1);
    let line: Value = serde_json::from_str(&log).unwrap();
    prop_assert_eq!(line["status"].as_u64(), Some(u64::from(status)));
    prop_assert!(!log.contains("CANARY"), "{}", log);
    Ok(())
}

/// A sound event around a hostile body, query and headers.
fn around(method: &str, query: &str, headers: &[(String, String)], body: &[u8], base64: bool) -> Event {
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let body = if base64 { STANDARD.encode(body) } else { String::from_utf8_lossy(body).into_owned() };
    serde_json::from_value(json!({
        "routeKey": "PATCH /bridge/v1/tenants/{id}",
        "rawPath": "/bridge/v1/tenants/CANARY",
        "rawQueryString": query,
        "headers": headers,
        "pathParameters": { "id": "CANARY" },
        "requestContext": { "requestId": "r1", "stage": "$default", "http": { "method": method } },
        "body": body,
        "isBase64Encoded": base64,
    }))
    .unwrap()
}

static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut all = crate::seeds::texts(&[
        r#"{"name":"CANARY","roles":["t1"],"operations":["GET /alerts"],"overlapHours":24}"#,
        r#"{"roles":[["t1"]],"CANARY":1}"#,
        r#"["CANARY",["t1"]]"#,
        r#"{"operations":["CANARY"]}"#,
        "CANARY",
        "",
    ]);
    all.push(ALERTS.last().unwrap().clone());
    all
});

static PACKED: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| BODIES.iter().map(|body| gzip(body).unwrap()).collect());

fn header() -> impl Strategy<Value = (String, String)> {
    let name = prop::sample::select(vec![
        "authorization",
        "accept-encoding",
        "content-encoding",
        "x-correlation-id",
        "content-type",
        "CANARY",
        "a b",
    ]);
    let value = prop_oneof![
        Just("gzip".to_owned()),
        Just("Bearer kb_a_CANARY".to_owned()),
        Just("CANARY\r\nset-cookie: a=b".to_owned()),
        "\\PC{0,40}",
    ];
    (name.prop_map(ToOwned::to_owned), value)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_event_that_can_be_read_is_answered(bytes in mutated(&GATEWAY, 3)) {
        if let Ok(event) = serde_json::from_slice::<Event>(&bytes) {
            check(exchange(event))?;
        }
    }

    #[test]
    fn any_body_query_and_headers_are_answered(
        method in prop::sample::select(vec!["GET", "POST", "PATCH", "CANARY", "a b"]),
        query in "[a-zA-Z=&%+.:-]{0,30}",
        headers in vec(header(), 0..4),
        body in mutated(&BODIES, 3),
        base64 in any::<bool>(),
    ) {
        check(exchange(around(method, &query, &headers, &body, base64)))?;
    }

    #[test]
    fn any_compressed_body_is_answered(body in mutated(&PACKED, 2), method in prop::sample::select(vec!["POST", "PATCH"])) {
        let headers = [("content-encoding".to_owned(), "gzip".to_owned())];
        check(exchange(around(method, "", &headers, &body, true)))?;
    }

    #[test]
    fn what_says_base64_may_be_anything(text in mutated_text(&BODIES, 2)) {
        let mut event = json!({
            "requestContext": { "http": { "method": "POST" } }, "isBase64Encoded": true
        });
        event["body"] = Value::from(text);
        check(exchange(serde_json::from_value(event).unwrap()))?;
    }
}

#[test]
fn an_error_about_megabytes_is_short() {
    let key = "CANARY".repeat(1_000_000);
    for body in [
        format!("{{\"{key}\":1}}"),
        format!("{{\"name\":\"{key}\"}}"),
        format!("{{\"operations\":[\"{key}\"]}}"),
        format!("{{\"operations\":{{\"{key}\":1}}}}"),
    ] {
        let packed = gzip(body.as_bytes()).unwrap();
        let headers = [("content-encoding".to_owned(), "gzip".to_owned())];
        let exchange = exchange(around("PATCH", "", &headers, &packed, true));
        assert_eq!(exchange.response.status_code, 400);
        check(exchange).unwrap();
    }
}

#[test]
fn the_sample_events_are_answered() {
    for bytes in GATEWAY.iter() {
        check(exchange(serde_json::from_slice(bytes).unwrap())).unwrap();
    }
}

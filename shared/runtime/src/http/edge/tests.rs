use std::{future::pending, io::Read};

use bridge_domain::{CallError, Class};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::*;
use crate::{
    http::{BODY_LIMIT, INFLATED_LIMIT},
    testing::{Hand, START, tokio_clock},
};

/// An event as AWS documents it, with these headers and this body.
fn event(headers: &[(&str, &str)], body: Option<&str>, is_base64: bool) -> Value {
    let headers: BTreeMap<_, _> = headers.iter().copied().collect();
    json!({
        "version": "2.0",
        "routeKey": "POST /api/v1/alerts/{id}",
        "rawPath": "/prod/api/v1/alerts/canary-path",
        "rawQueryString": "name=canary-query&withEvents",
        "cookies": ["cookie1", "cookie2"],
        "headers": headers,
        "queryStringParameters": { "name": "canary-query" },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "http": {
                "method": "POST",
                "path": "/prod/api/v1/alerts/canary-path",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "POST /api/v1/alerts/{id}",
            "stage": "prod",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_i64
        },
        "body": body,
        "pathParameters": { "id": "canary-path" },
        "isBase64Encoded": is_base64,
        "stageVariables": null
    })
}

fn context(left_ms: i64) -> Context {
    let mut context = Context::default();
    context.request_id = "lambda-request".into();
    context.deadline = u64::try_from(START / 1000 + left_ms).unwrap();
    context
}

struct Exchange {
    response: Response,
    line: Value,
    log: String,
}

impl Exchange {
    fn header(&self, name: &str) -> Option<&str> {
        self.response.headers.get(name).map(String::as_str)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.response.body).unwrap()
    }
}

async fn exchange<H, Handled>(event: Value, handle: H) -> Exchange
where
    H: Fn(Arc<()>, Request) -> Handled,
    Handled: Future<Output = Result<Answer, HttpError>>,
{
    let output = Output::memory();
    let edge = Edge::new("alert-close", Arc::new(()), handle, Hand::new().clock(), output.clone());
    let response = edge.call(serde_json::from_value(event).unwrap(), &context(30_000)).await;
    let log = output.text();
    Exchange { response, line: serde_json::from_str(log.trim_end()).unwrap(), log }
}

/// Answers with what it received.
async fn echo(_: Arc<()>, request: Request) -> Result<Answer, HttpError> {
    Ok(Answer::json(200, &String::from_utf8_lossy(&request.body)))
}

async fn echo_of(headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    exchange(event(headers, Some(&STANDARD.encode(body)), true), echo).await
}

async fn answered(headers: &[(&str, &str)], answer: Result<Answer, HttpError>) -> Exchange {
    exchange(event(headers, None, false), |_, _| async { answer.clone() }).await
}

#[tokio::test]
async fn a_request_is_decoded_as_aws_sends_it() {
    let exchange =
        exchange(event(&[("X-Upper", "Ü"), ("bad", "a\nb")], Some("text"), false), |_, request| async move {
            assert_eq!(request.method, "POST");
            assert_eq!(request.path, "/api/v1/alerts/canary-path");
            assert_eq!(request.raw_query, "name=canary-query&withEvents");
            assert_eq!(request.path_parameters["id"], "canary-path");
            assert_eq!(request.headers["x-upper"].as_bytes(), "Ü".as_bytes());
            assert!(!request.headers.contains_key("bad"));
            assert_eq!(request.body, b"text");
            assert_eq!(request.received.micros(), START);
            assert_eq!(request.deadline.remaining(request.received), Duration::from_secs(30));
            assert!(!format!("{request:?}").contains("canary"));
            Ok(Answer::empty(204))
        });
    assert_eq!(exchange.await.response.status_code, 204);
}

#[tokio::test]
async fn the_smallest_event_is_enough() {
    let event = json!({ "requestContext": { "http": { "method": "GET" } } });
    let exchange = exchange(event, echo).await;
    assert_eq!((exchange.response.status_code, exchange.response.body.as_str()), (200, "\"\""));
    assert_eq!(exchange.header("x-correlation-id"), Some("lambda-request"));
}

#[tokio::test]
async fn an_answer_without_a_body_has_the_common_headers_only() {
    let exchange = answered(&[("accept-encoding", "gzip")], Ok(Answer::empty(204))).await;
    assert_eq!(
        serde_json::to_value(&exchange.response).unwrap(),
        json!({
            "statusCode": 204,
            "headers": {
                "cache-control": "no-store",
                "content-type": "text/plain",
                "x-content-type-options": "nosniff",
                "x-correlation-id": "JKJaXmPLvHcESHA=",
            },
            "body": "",
            "isBase64Encoded": false,
        })
    );
}

#[tokio::test]
async fn a_harmless_correlation_id_is_kept_and_any_other_replaced() {
    let long = "x".repeat(65);
    for (sent, kept) in [("Case-7_a.b", true), ("a b", false), ("", false), ("a/b", false), (&long, false)] {
        let exchange = answered(&[("x-correlation-id", sent)], Ok(Answer::empty(204))).await;
        let id = if kept { sent } else { "JKJaXmPLvHcESHA=" };
        assert_eq!(exchange.header("x-correlation-id"), Some(id));
        assert_eq!(exchange.line["correlation_id"], id);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_plain_or_base64() {
    let exact = "a".repeat(BODY_LIMIT);
    let over = "a".repeat(BODY_LIMIT + 1);
    let plain = exchange(event(&[], Some(&over), false), echo).await;
    for refused in [plain, echo_of(&[], over.as_bytes()).await] {
        assert_eq!(refused.response.status_code, 413);
        assert_eq!(
            refused.json(),
            json!({ "message": "request body too large", "details": "at most 6291456 bytes" })
        );
        assert_eq!(refused.line["bytes_in"], BODY_LIMIT + 1);
    }
    let taken = exchange(event(&[], Some(&exact), false), |_, _| async { Ok(Answer::empty(204)) }).await;
    assert_eq!(taken.response.status_code, 204);
}

#[tokio::test]
async fn a_gzip_body_is_unpacked() {
    let packed = gzip(b"hello").unwrap();
    for name in ["gzip", "GZip", "x-gzip"] {
        assert_eq!(echo_of(&[("content-encoding", name)], &packed).await.response.body, "\"hello\"");
    }
    assert_eq!(echo_of(&[("content-encoding", "identity")], b"hello").await.response.body, "\"hello\"");
}

#[tokio::test]
async fn a_bomb_is_413() {
    let bomb = gzip(&vec![0; INFLATED_LIMIT + 1]).unwrap();
    let exchange = echo_of(&[("content-encoding", "gzip")], &bomb).await;
    assert_eq!(exchange.response.status_code, 413);
    assert_eq!(exchange.json()["details"], "at most 20971520 bytes");
    assert_eq!(exchange.line["bytes_in"], bomb.len());
}

#[tokio::test]
async fn a_body_that_is_not_what_it_claims_is_400() {
    let mut cut = gzip(b"hello, hello, hello").unwrap();
    cut.truncate(cut.len() - 9);
    let gzip_header = [("content-encoding", "gzip")];
    for exchange in [
        echo_of(&gzip_header, b"plain").await,
        echo_of(&gzip_header, &cut).await,
        exchange(event(&[], Some("%%%"), true), echo).await,
    ] {
        assert_eq!(exchange.response.status_code, 400);
        assert_eq!(exchange.json()["message"], "invalid body");
        assert_eq!((&exchange.line["Rejections"], &exchange.line["class"]), (&1.into(), &"invalid".into()));
    }
}

#[tokio::test]
async fn an_unknown_encoding_is_415() {
    for encoding in ["br", "deflate", "gzip, gzip", "gzip, br", "Ü"] {
        let exchange = echo_of(&[("content-encoding", encoding)], b"x").await;
        assert_eq!(exchange.response.status_code, 415, "{encoding}");
        assert_eq!(exchange.json()["details"], "use gzip or identity");
    }
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_those_who_ask() {
    let text = format!("\"{}\"", "a".repeat(2000));
    let asked =
        answered(&[("accept-encoding", "br, gzip;q=0.3")], Ok(Answer::json_text(200, text.clone()))).await;
    assert_eq!(asked.header("content-encoding"), Some("gzip"));
    assert_eq!(asked.header("vary"), Some("accept-encoding"));
    assert!(asked.response.is_base64_encoded);
    let packed = STANDARD.decode(&asked.response.body).unwrap();
    assert_eq!(asked.line["bytes_out"], packed.len());
    let mut unpacked = String::new();
    GzDecoder::new(&*packed).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, text);

    for headers in [&[][..], &[("accept-encoding", "gzip;q=0")], &[("accept-encoding", "identity")]] {
        let plain = answered(headers, Ok(Answer::json_text(200, text.clone()))).await;
        assert_eq!((plain.header("content-encoding"), plain.response.is_base64_encoded), (None, false));
        assert_eq!((plain.header("vary"), &plain.response.body), (Some("accept-encoding"), &text));
    }
    let small = answered(&[("accept-encoding", "gzip")], Ok(Answer::json(200, &[1, 2]))).await;
    assert_eq!((small.header("content-encoding"), small.response.body.as_str()), (None, "[1,2]"));
    assert_eq!(small.header("content-type"), Some("application/json; charset=utf-8"));
}

#[tokio::test]
async fn an_answer_packed_by_the_handler_is_sent_as_it_is() {
    let packed = gzip(b"[]").unwrap();
    let exchange = answered(&[], Ok(Answer::encoded_gzip(200, packed.clone()))).await;
    assert_eq!(exchange.header("content-encoding"), Some("gzip"));
    assert_eq!(STANDARD.decode(&exchange.response.body).unwrap(), packed);
}

#[tokio::test]
async fn an_answer_that_lambda_would_refuse_is_an_honest_500() {
    // Two bytes per quotation mark: the text is within the limit, its escaped form is not.
    let text = format!("[{}]", "\"\",".repeat(ANSWER_LIMIT / 5));
    assert!(text.len() < ANSWER_LIMIT);
    let refused = answered(&[], Ok(Answer::json_text(200, text.clone()))).await;
    assert_eq!(refused.response.status_code, 500);
    assert!(refused.line["detail"].as_str().unwrap().contains("Lambda takes 6291556"));
    let packed = answered(&[("accept-encoding", "gzip")], Ok(Answer::json_text(200, text))).await;
    assert_eq!(packed.response.status_code, 200);
}

#[tokio::test]
async fn the_limit_is_exact_and_the_predicted_size_never_below_the_truth() {
    let size = |answer: &Answer| answer_size_of(answer.clone());
    let around = size(&Answer::json_text(200, "a".repeat(2000))) - 2000;
    let fits = Answer::json_text(200, "a".repeat(ANSWER_LIMIT - around));
    let over = Answer::json_text(200, "a".repeat(ANSWER_LIMIT - around + 1));
    assert_eq!(size(&fits), ANSWER_LIMIT);
    assert_eq!(answered(&[], Ok(fits.clone())).await.response.status_code, 200);
    assert_eq!(answered(&[], Ok(over)).await.response.status_code, 500);
    let packed = Answer::encoded_gzip(200, vec![7; 1000]).with_header("x-note", "\"quoted\"");
    for answer in [fits, packed, Answer::empty(204)] {
        assert!(crate::http::answer_size(&answer) >= size(&answer));
    }
}

fn answer_size_of(answer: Answer) -> usize {
    let (response, ..) = respond(answer, "JKJaXmPLvHcESHA=", false).unwrap();
    serde_json::to_string(&response).unwrap().len()
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_500() {
    let exchange = answered(&[], Ok(Answer::json(200, &BTreeMap::from([(vec![1], 2)])))).await;
    assert_eq!(exchange.response.status_code, 500);
    assert!(exchange.line["detail"].as_str().unwrap().starts_with("the answer is no JSON"));
}

#[tokio::test]
async fn a_rejection_is_kumas_json() {
    let exchange = answered(
        &[],
        Err(HttpError::bad_request("invalid query parameter value", "page").with_detail("why")),
    )
    .await;
    assert_eq!(exchange.response.status_code, 400);
    assert_eq!(exchange.json(), json!({ "message": "invalid query parameter value", "details": "page" }));
    assert_eq!((&exchange.line["detail"], &exchange.line["level"]), (&"why".into(), &"INFO".into()));
    let denied = answered(&[], Err(HttpError::forbidden())).await;
    assert_eq!(denied.json(), json!({ "message": "access denied", "details": null }));
}

#[tokio::test]
async fn a_fault_shows_a_standard_phrase_and_the_correlation_id() {
    let call = CallError::new(Class::Transient, "dynamodb", "public-canary").with_detail("detail-canary");
    let exchange = answered(&[("x-correlation-id", "c-1")], Err(call.into())).await;
    assert_eq!(exchange.response.status_code, 503);
    assert_eq!(exchange.header("retry-after"), Some("2"));
    assert_eq!(
        exchange.json(),
        json!({ "message": "service unavailable", "details": { "correlationID": "c-1" } })
    );
    assert_eq!((&exchange.line["Faults"], &exchange.line["class"]), (&1.into(), &"transient".into()));
    assert!(exchange.line["detail"].as_str().unwrap().contains("detail-canary"));
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_edge_lives_on() {
    let output = Output::memory();
    let handle = |_, request: Request| async move {
        assert!(request.body != b"boom", "canary in the message of a panic");
        Ok(Answer::empty(204))
    };
    let edge = Edge::new("f", Arc::new(()), handle, Hand::new().clock(), output.clone());
    for (body, status) in [("boom", 500), ("calm", 204)] {
        let event = serde_json::from_value(event(&[], Some(body), false)).unwrap();
        assert_eq!(edge.call(event, &context(30_000)).await.status_code, status);
    }
    let line: Value = serde_json::from_str(output.text().lines().next().unwrap()).unwrap();
    assert_eq!((&line["Panics"], &line["Faults"], &line["class"]), (&1.into(), &1.into(), &"panic".into()));
    assert!(!output.text().contains("canary in the message"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_cut_off_before_the_deadline() {
    let started = tokio::time::Instant::now();
    let output = Output::memory();
    let edge = Edge::new("f", Arc::new(()), |_, _| pending(), tokio_clock(), output.clone());
    let response = edge.call(serde_json::from_value(event(&[], None, false)).unwrap(), &context(1000)).await;
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap();
    assert!((700..=701).contains(&elapsed), "{elapsed} ms; a timer may be a millisecond late");
    assert_eq!((response.status_code, &*response.headers["retry-after"]), (503, "2"));
    assert_eq!(serde_json::from_str::<Value>(&response.body).unwrap()["message"], "time is up");
    let line: Value = serde_json::from_str(output.text().trim_end()).unwrap();
    assert_eq!(line["LatencyMs"], elapsed);
}

#[tokio::test]
async fn nothing_that_the_caller_sent_is_in_the_event_line() {
    let headers = [("authorization", "Bearer canary-token"), ("cookie", "canary-cookie")];
    let body = STANDARD.encode("canary-body");
    let handle = |_, _| async { Ok(Answer::json(200, &"canary-answer").metrics("AlertsFound", 3)) };
    let exchange = exchange(event(&headers, Some(&body), true), handle).await;
    assert!(!exchange.log.contains("canary") && !exchange.log.contains(&body), "{}", exchange.log);
    assert_eq!(exchange.log.lines().count(), 1);
    assert_eq!(exchange.line["route"], "POST /api/v1/alerts/{id}");
    assert_eq!(exchange.line["AlertsFound"], 3);
    assert_eq!(exchange.line["bytes_in"], 11);
}

#[tokio::test]
async fn a_handlers_own_log_lines_carry_the_correlation_id() {
    let output = Output::memory();
    let subscriber = crate::telemetry::subscriber("f", crate::config::LogLevel::Info, output.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let handle = |_, _| async {
        tracing::info!("inside");
        Ok(Answer::empty(204))
    };
    let edge = Edge::new("f", Arc::new(()), handle, Hand::new().clock(), output.clone());
    edge.call(
        serde_json::from_value(event(&[("x-correlation-id", "c-9")], None, false)).unwrap(),
        &context(9000),
    )
    .await;
    let line: Value = serde_json::from_str(output.text().lines().next().unwrap()).unwrap();
    assert_eq!((&line["message"], &line["span"]["correlation_id"]), (&"inside".into(), &"c-9".into()));
    assert_eq!(line["span"]["request_id"], "lambda-request");
}

//! Pages that are larger than what a Lambda function can answer.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use reqwest::{
    Method,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING},
};
use serde_json::{Value, json};

use crate::{
    alerts::{alert, at, event_ids, ids, noise, second, text, with},
    tenant::Tenant,
    world::{Reply, User},
};

/// What AWS lets a function answer, in bytes of the JSON around the body.
const LAMBDA_LIMIT: usize = 6 * 1024 * 1024 + 100;

/// A search that says so about compression.
async fn accepting(user: &User, encoding: Option<&str>, query: &str) -> Reply {
    let request = user.request(&Method::GET, &format!("/api/v1/alerts?{query}"));
    let request = match encoding {
        Some(encoding) => request.header(ACCEPT_ENCODING, encoding),
        None => request,
    };
    let reply = Reply::of(request).await.expect(200);
    // Inside Lambda's answer the body is a JSON text, or base64 when it is compressed.
    let carried = match reply.header("content-encoding") {
        Some(_) => reply.wire.len().div_ceil(3) * 4,
        None => serde_json::to_string(&reply.text).unwrap().len(),
    };
    assert!(carried < LAMBDA_LIMIT, "{carried} bytes");
    reply
}

/// Events that hardly shrink: the newest has the highest number.
fn events(seed: usize, count: usize, bytes: usize) -> Vec<Value> {
    let note = |n: usize| noise((seed * 1000 + n) as u64, bytes);
    (0..count).map(|n| json!({"ID": format!("{n:03}"), "Timestamp": 1000 + n, "Note": note(n)})).collect()
}

/// Checks that of some events the newest are shown, and that `overflow` says whether that is all.
/// Gives how many there are.
fn newest(shown: &Value, posted: &Value) -> usize {
    let (all, kept) = (event_ids(posted), event_ids(shown));
    assert_eq!(kept, all[all.len() - kept.len()..], "{}", text(shown, "id"));
    assert_eq!(shown["overflow"], json!(kept.len() < all.len()), "{}", text(shown, "id"));
    kept.len()
}

#[tokio::test]
async fn a_page_that_does_not_fit_loses_its_oldest_events_and_says_so() {
    const LARGE: usize = 40;
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    // 12 MB of events that do not shrink by much, and a few small alerts between them.
    let mut posted: Vec<Value> = (0..LARGE)
        .map(|n| {
            let changes = json!({"lastSeen": second(40_000 + n), "events": events(n, 30, 10_000)});
            with(&alert(&tenant), changes)
        })
        .collect();
    posted.push(with(&alert(&tenant), json!({"lastSeen": second(50_000)})));
    for part in posted.chunks(14) {
        user.ingest(&json!(part)).await.expect(202);
    }
    posted.reverse();

    for encoding in [Some("gzip"), Some("identity"), None] {
        let reply = accepting(&user, encoding, "withEvents").await;
        let packed = reply.header("content-encoding");
        // Who says nothing gets what carries more.
        assert!(
            encoding.is_none() || packed == encoding.filter(|one| *one == "gzip"),
            "{encoding:?}: {packed:?}"
        );
        let shown = reply.array();
        assert_eq!(ids(&shown), ids(&posted), "no alert is left out");
        let kept: Vec<usize> =
            shown.iter().zip(&posted).map(|(shown, posted)| newest(shown, posted)).collect();
        assert_eq!(kept[0], 1, "a small alert keeps everything");
        assert!(kept[1..].iter().all(|kept| (1..30).contains(kept)), "{kept:?}");
        let (least, most) = (kept[1..].iter().min().unwrap(), kept[1..].iter().max().unwrap());
        assert!(most - least <= 1, "the large ones share what there is: {kept:?}");
        // Most of what may be sent is used.
        assert!(reply.wire.len() > 3_500_000, "{encoding:?}: {} bytes", reply.wire.len());
    }

    // Each alone has everything, also for those who take no compression.
    for encoding in [Some("gzip"), None, Some("identity")] {
        let reply = accepting(&user, encoding, &format!("withEvents&id={}", text(&posted[7], "id"))).await;
        let shown = &reply.array()[0];
        assert_eq!((&shown["events"], &shown["overflow"]), (&posted[7]["events"], &json!(false)));
    }
    // Without events nothing is cut.
    let bare = user.search("").await;
    assert!(bare.len() == LARGE + 1 && bare.iter().all(|alert| alert["overflow"] == false));
}

/// Events that shrink well, as real ones do: about 1,800 bytes each.
fn plain_events(count: usize) -> Vec<Value> {
    let message = "An account failed to log on; ".repeat(60);
    let event = |n: usize| json!({"ID": format!("{n:05}"), "Timestamp": 1000 + n, "Message": message, "Salt": noise(n as u64, 40)});
    (0..count).map(event).collect()
}

/// Posts what is too large to be sent as it is.
async fn ingest_packed(user: &User, alerts: &Value) {
    let mut body = GzEncoder::new(Vec::new(), Compression::fast());
    body.write_all(alerts.to_string().as_bytes()).unwrap();
    let request = user.request(&Method::POST, "/bridge/v1/alerts").header(CONTENT_ENCODING, "gzip");
    Reply::of(request.body(body.finish().unwrap())).await.expect(202);
}

#[tokio::test]
async fn an_alert_of_16_megabytes_is_whole_for_those_who_take_compression() {
    const EVENTS: usize = 8_700;
    const LIMIT: usize = 16 << 20;
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let large = with(&alert(&tenant), json!({"events": plain_events(EVENTS)}));
    let bytes = large["events"].to_string().len();
    assert!((15 << 20..LIMIT).contains(&bytes), "{bytes}");
    ingest_packed(&user, &large).await;

    let query = format!("withEvents&id={}", text(&large, "id"));
    for encoding in [Some("gzip"), None] {
        let reply = accepting(&user, encoding, &query).await;
        assert_eq!(reply.header("content-encoding"), Some("gzip"), "{encoding:?}");
        let shown = &reply.array()[0];
        assert!(shown["events"] == large["events"] && shown["overflow"] == false, "{encoding:?}");
    }
    let reply = accepting(&user, Some("identity"), &query).await;
    assert_eq!(reply.header("content-encoding"), None);
    let kept = newest(&reply.array()[0], &large);
    assert!((1..EVENTS).contains(&kept), "{kept}");

    // What comes after that pushes the oldest out, for everybody.
    let all = plain_events(EVENTS + 800);
    let later = with(&large, json!({"lastSeen": at("12:00:00"), "events": all[EVENTS..]}));
    ingest_packed(&user, &later).await;
    let reply = accepting(&user, Some("gzip"), &query).await;
    let shown = &reply.array()[0];
    let mut posted = large.clone();
    posted["events"] = json!(all);
    let kept = newest(shown, &posted);
    assert!((EVENTS..EVENTS + 800).contains(&kept), "{kept}");
    let bytes = shown["events"].to_string().len();
    assert!((LIMIT - 4_000..=LIMIT).contains(&bytes), "{bytes} bytes of events are kept");
}

#[tokio::test]
async fn a_page_of_more_events_than_a_function_holds_is_cut_before_it_is_written() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    // 36 MB that would shrink to next to nothing.
    let events = plain_events(550);
    let mut posted: Vec<Value> = (0..36)
        .map(|n| with(&alert(&tenant), json!({"lastSeen": second(40_000 + n), "events": events})))
        .collect();
    for part in posted.chunks(18) {
        ingest_packed(&user, &json!(part)).await;
    }
    posted.reverse();
    let shown = accepting(&user, Some("gzip"), "withEvents").await.array();
    assert_eq!(ids(&shown), ids(&posted));
    let kept: Vec<usize> = shown.iter().zip(&posted).map(|(shown, posted)| newest(shown, posted)).collect();
    assert!(kept.iter().all(|each| *each == kept[0]) && (450..550).contains(&kept[0]), "{kept:?}");
}

#[tokio::test]
async fn compression_is_given_to_those_who_ask_for_it() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let posted: Vec<Value> = (0..20).map(|_| alert(&tenant)).collect();
    user.ingest(&json!(posted)).await.expect(202);
    for (encoding, packed) in [
        (Some("gzip"), true),
        (Some("gzip, deflate, br"), true),
        (Some("*"), true),
        (Some("identity"), false),
        (Some("br"), false),
        (Some("gzip;q=0"), false),
        // Nobody asked, and it fits.
        (None, false),
    ] {
        let reply = accepting(&user, encoding, &format!("withEvents&from={}", at("00:00:00"))).await;
        assert_eq!(reply.header("content-encoding"), packed.then_some("gzip"), "{encoding:?}");
        assert_eq!(reply.header("vary"), Some("accept-encoding"), "{encoding:?}");
        assert_eq!(reply.array().len(), 20);
    }
}

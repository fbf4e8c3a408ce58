//! Answers: what is read of them, and what their status means.

use std::time::SystemTime;

use bridge_domain::{Class, Timestamp};

use super::*;
use crate::peer::{Authority, Peer, Reply, answer};

/// A peer that always answers the same, and a client of it.
async fn peer(reply: impl Fn() -> Reply + Send + Sync + 'static, max_body: usize) -> (Peer, Client) {
    let ca = Authority::new("ca");
    let peer = Peer::start(ca.localhost(), move |_| reply()).await;
    let client = client(&peer.url(), &Options { max_body, ..options(&ca.pem) });
    (peer, client)
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_made() {
    let (peer, client) = peer(|| answer(200, "x-answer: 1\r\n", "ok"), 100).await;
    let answer = get(&client).await.unwrap();
    assert_eq!(answer.headers["x-answer"], "1");
    let request = peer.only();
    assert_eq!(request.line, "GET /path?key=canary-query HTTP/1.1");
    assert_eq!(request.header("x-token"), Some("canary-header"));
    assert_eq!(request.header("host"), Some(&*format!("localhost:{}", peer.port)));
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    assert!(request.header("user-agent").unwrap().starts_with("kuma-bridge/"));
    assert_eq!(request.header("referer"), None);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_address_not_repeated() {
    for status in [301, 302, 303, 307, 308] {
        let (peer, client) =
            peer(move || answer(status, "location: https://localhost/canary\r\n", ""), 100).await;
        for error in [get(&client).await.unwrap_err(), post_once(&client).await.unwrap_err()] {
            assert_eq!((error.class, error.code.as_ref()), (Class::Permanent, "redirect"));
            assert!(said(&error).contains("redirect"));
        }
        assert_eq!(peer.seen().len(), 2);
    }
}

#[tokio::test]
async fn an_answer_up_to_the_limit_is_read_and_not_a_byte_more() {
    let (_peer, client) = peer(|| answer(200, "", [b'x'; 100]), 100).await;
    assert_eq!(get(&client).await.unwrap().body.len(), 100);
    let small = client.with_max_body(99);
    let error = get(&small).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Permanent, "too_large"));
    assert!(said(&error).contains("over 99 bytes"));
    assert_eq!(post_once(&small).await.unwrap_err().class, Class::Unknown);
}

#[tokio::test]
async fn an_answer_without_a_length_is_cut_off_at_the_limit() {
    let chunked = || {
        let chunk = format!("40\r\n{}\r\n", "x".repeat(64));
        Reply::Drip(
            format!("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}").into_bytes(),
        )
    };
    let (_peer, client) = peer(chunked, 100).await;
    assert_eq!(get(&client).await.unwrap_err().code, "too_large");
}

#[tokio::test]
async fn a_compressed_answer_counts_with_its_full_size() {
    // 1,000,000 zero bytes, by `gzip -9`.
    let zip = || answer(200, "content-encoding: gzip\r\n", gzip_of_zeros());
    let (_peer, client) = peer(zip, 1_000_000).await;
    assert_eq!(get(&client).await.unwrap().body.len(), 1_000_000);
    assert_eq!(get(&client.with_max_body(999_999)).await.unwrap_err().code, "too_large");
}

#[tokio::test]
async fn a_damaged_compressed_answer_is_a_broken_one() {
    let zip = || {
        let mut zip = gzip_of_zeros();
        zip.truncate(zip.len() / 2);
        answer(200, "content-encoding: gzip\r\n", zip)
    };
    let (_peer, client) = peer(zip, 1 << 20).await;
    let error = get(&client).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "broken"), "{error:?}");
}

fn gzip_of_zeros() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![0; 1_000_000]).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn every_status_has_its_class() {
    let classes = [
        (400, Class::Permanent, Class::Permanent),
        (401, Class::Auth, Class::Auth),
        (403, Class::Auth, Class::Auth),
        (404, Class::Permanent, Class::Permanent),
        (405, Class::Permanent, Class::Permanent),
        (407, Class::Permanent, Class::Permanent),
        (408, Class::Transient, Class::Transient),
        (409, Class::Conflict, Class::Conflict),
        (413, Class::Permanent, Class::Permanent),
        (422, Class::Permanent, Class::Permanent),
        (429, Class::RateLimited, Class::RateLimited),
        (500, Class::Transient, Class::Unknown),
        (501, Class::Permanent, Class::Permanent),
        (502, Class::Transient, Class::Unknown),
        (503, Class::Transient, Class::Transient),
        (504, Class::Transient, Class::Unknown),
        (599, Class::Transient, Class::Unknown),
    ];
    for (status, read, once) in classes {
        let (_peer, client) = peer(move || answer(status, "x: canary\r\n", "canary"), 100).await;
        let calls = [(get(&client).await.unwrap(), read), (post_once(&client).await.unwrap(), once)];
        for (answer, class) in calls {
            let error = answer.accepted().unwrap_err();
            assert_eq!((error.class, error.code.as_ref()), (class, &*status.to_string()), "{error:?}");
            assert!(said(&error).contains(&status.to_string()), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_wish_for_patience_is_passed_on() {
    let at = |seconds: i64| http_date(Timestamp::from_system(SystemTime::now()).plus_seconds(seconds));
    for (headers, least, most) in [
        ("retry-after: 17\r\n".to_owned(), 17, 17),
        ("retry-after: 999999\r\n".to_owned(), 3600, 3600),
        (format!("retry-after: {}\r\n", at(600)), 590, 600),
        (format!("date: {}\r\nretry-after: {}\r\n", at(7000), at(7060)), 59, 61),
    ] {
        for status in [429, 503] {
            let headers = headers.clone();
            let (_peer, client) = peer(move || answer(status, &headers, ""), 100).await;
            let wait = post_once(&client).await.unwrap().refusal().retry_after.unwrap().as_secs();
            assert!((least..=most).contains(&wait), "{wait}");
        }
    }
    let (_peer, client) = peer(|| answer(503, "retry-after: soon\r\n", ""), 100).await;
    assert_eq!(get(&client).await.unwrap().refusal().retry_after, None);
    let (_peer, client) = peer(|| answer(400, "retry-after: 5\r\n", ""), 100).await;
    assert_eq!(get(&client).await.unwrap().refusal().retry_after, None);
}

/// A moment as HTTP writes it. Readers do not look at the day of the week.
fn http_date(at: Timestamp) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap();
    at.format(&time::format_description::well_known::Rfc2822).unwrap().replace("+0000", "GMT")
}

#[tokio::test]
async fn an_answer_that_is_not_understood_may_have_had_its_effect() {
    let (_peer, client) = peer(|| answer(200, "", "canary"), 100).await;
    let read = get(&client).await.unwrap().unreadable("speaks in tongues");
    assert_eq!(read.class, Class::Permanent);
    assert!(said(&read).ends_with("speaks in tongues"));
    assert_eq!(post_once(&client).await.unwrap().unreadable("x").class, Class::Unknown);
}

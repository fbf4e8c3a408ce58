//! Bodies that are no alerts: too large, packed, broken, deep.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use reqwest::{
    Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::json;

use crate::world::{World, nested};

const PATH: &str = "/bridge/v1/alerts";
const MIB: usize = 1024 * 1024;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A gigabyte of zeros in a megabyte or so: 64 times 16 MiB, which gzip allows to put in a row.
fn bomb() -> Vec<u8> {
    gzip(&vec![0; 16 * MIB]).repeat(64)
}

#[tokio::test]
async fn what_is_no_json_at_all_is_refused() {
    let world = World::new().await;
    let good = world.alert().to_string();
    let with = |extra: &str| format!("{},{extra}}}", good.trim_end_matches('}'));
    let many = json!((0..1_001).map(|_| world.alert()).collect::<Vec<_>>()).to_string();
    let empty = "the body is empty";
    let not_json = "the body is not JSON: error at line 1";
    let no_alert = "must be one alert or an array";
    let deep = "nested deeper than 64 levels";
    for (case, body, message) in [
        ("no body", String::new(), empty),
        ("blanks", " \r\n\t ".to_owned(), empty),
        ("null", "null".to_owned(), no_alert),
        ("a number", "1".to_owned(), no_alert),
        ("a text", format!("{good:?}"), no_alert),
        ("cut short", good.trim_end_matches('}').to_owned(), not_json),
        ("two documents", format!("{good}{good}"), not_json),
        ("a comma too many", with(""), not_json),
        ("a comment", with("/* */ \"a\":1"), not_json),
        ("NaN", with("\"a\":NaN"), not_json),
        ("Infinity", with("\"a\":-Infinity"), not_json),
        ("hexadecimal", with("\"a\":0x10"), not_json),
        ("a leading zero", with("\"a\":01"), not_json),
        ("a control character in a text", with("\"a\":\"\u{1}\""), not_json),
        ("NUL", "\0".to_owned(), not_json),
        ("a byte order mark", format!("\u{feff}{good}"), not_json),
        ("a form", "id=1&name=a".to_owned(), not_json),
        (
            "XML",
            "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>".to_owned(),
            not_json,
        ),
        ("1,001 alerts", many, "more than 1000 alerts"),
        ("100,000 levels", nested(100_000), deep),
        ("100,000 levels, never closed", "{\"a\":".repeat(100_000), deep),
        ("100,000 levels in an event", with(&format!("\"events\":[{{\"a\":{}}}]", nested(100_000))), deep),
        ("100,000 levels in an unknown field", with(&format!("\"a\":{}", nested(100_000))), deep),
        ("65 levels", with(&format!("\"a\":{}", nested(64))), deep),
    ] {
        let reply = world.send(world.post(PATH, body)).await;
        assert!(reply.refused(case, 400, message).is_null(), "{case}");
    }
    world.nothing_was_written().await;
}

#[tokio::test]
async fn what_is_no_text_is_refused() {
    let world = World::new().await;
    let good = world.alert().to_string();
    let bytes = good.replace("Brute", "\u{1}").into_bytes();
    let broken: Vec<u8> = bytes.into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
    // As JSON the emulator would replace the bad byte, which API Gateway does not.
    let request = world.post(PATH, broken).header(CONTENT_TYPE, "application/octet-stream");
    world.send(request).await.refused("0xff", 400, "the body is not UTF-8");
    world.nothing_was_written().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let world = World::new().await;
    let padded = |size: usize| format!("{}{}", world.alert(), " ".repeat(size));
    // Between 6 and 10 MB it is ours to refuse; past that API Gateway does it on AWS.
    for (case, size) in [("just over 6 MiB", 6 * MIB), ("20 MB", 20_000_000)] {
        let reply = world.send(world.post(PATH, padded(size))).await;
        assert_eq!(reply.refused(case, 413, "request body too large"), "at most 6291456 bytes", "{case}");
    }
    // A close has one field of a few bytes; the limit is the same.
    let reply = world.send(world.post("/api/v1/alerts/close", padded(6 * MIB))).await;
    reply.refused("a close of 6 MiB", 413, "request body too large");
    world.nothing_was_written().await;
}

#[tokio::test]
async fn what_is_packed_badly_is_refused() {
    let world = World::new().await;
    let packed = gzip(world.alert().to_string().as_bytes());
    let mut flipped = packed.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let bad = "invalid body";
    let large = "request body too large";
    for (case, encoding, body, status, message) in [
        ("a bomb of a gigabyte", "gzip", bomb(), 413, large),
        ("a bomb of one piece", "gzip", gzip(&vec![b' '; 21 * MIB]), 413, large),
        ("a flipped bit", "gzip", flipped, 400, bad),
        ("cut short", "gzip", packed[..packed.len() - 9].to_vec(), 400, bad),
        ("something behind it", "gzip", [packed.as_slice(), b"{}"].concat(), 400, bad),
        ("not packed", "gzip", world.alert().to_string().into_bytes(), 400, bad),
        ("packed twice", "gzip, gzip", gzip(&packed), 415, "unsupported content encoding"),
        ("packed twice, told once", "gzip", gzip(&packed), 400, "the body is not UTF-8"),
        ("brotli", "br", packed.clone(), 415, "unsupported content encoding"),
        ("deflate", "deflate", packed.clone(), 415, "unsupported content encoding"),
        ("nonsense", "../../etc/passwd", packed, 415, "unsupported content encoding"),
    ] {
        let request = world.by(&world.operator, &Method::POST, PATH).header(CONTENT_ENCODING, encoding);
        world.send(request.body(body)).await.refused(case, status, message);
    }
    world.nothing_was_written().await;
}

//! Webhooks that nobody signed.

use std::time::SystemTime;

use bridge_domain::{
    secret::Secret,
    webhook::{SECRET_BYTES, SigningSecret},
};
use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderValue},
};

use crate::world::{Reply, World, text};

/// Three headers, as bytes: what a caller can send is not all text.
struct Signed<'a> {
    query: &'a str,
    id: &'a [u8],
    timestamp: &'a str,
    signature: &'a [u8],
}

async fn post(world: &World, signed: &Signed<'_>, body: &str) -> Reply {
    let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).unwrap();
    let request = world
        .request(&Method::POST, &format!("/bridge/v1/alerts{}", signed.query))
        .header("content-type", "application/json")
        .header("webhook-id", value(signed.id))
        .header("webhook-timestamp", signed.timestamp)
        .header("webhook-signature", value(signed.signature));
    world.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn what_is_not_signed_by_the_tenant_is_not_taken() {
    let world = World::new().await;
    let path = format!("/bridge/v1/tenants/{}/webhook-secret", world.tenant);
    let made = world.admin(&Method::POST, &path, &serde_json::json!({})).await.expect(201).json();
    let own = SigningSecret::parse(Secret::new(text(&made, "secret"))).unwrap();
    let foreign = SigningSecret::from_random(&[0; SECRET_BYTES]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let body = world.alert().to_string();
    let sign = |secret: &SigningSecret, id: &str, at: i64| secret.sign(id, at, body.as_bytes()).unwrap();
    let genuine = sign(&own, "m1", now);
    let query = format!("?tenantID={}", world.tenant);
    let stamp = now.to_string();
    let good = || Signed { query: &query, id: b"m1", timestamp: &stamp, signature: genuine.as_bytes() };
    let bare = genuine.trim_start_matches("v1,");
    let many = "v1,AAAA ".repeat(500) + &genuine;
    let forged = sign(&foreign, "m1", now);
    let (late, early) = (now - 301, now + 600);
    let (late_text, early_text) = (late.to_string(), early.to_string());
    let (late_sign, early_sign) = (sign(&own, "m1", late), sign(&own, "m1", early));
    for (case, signed, status) in [
        ("no tenant", Signed { query: "", ..good() }, 400),
        ("a tenant that is no id", Signed { query: "?tenantID=%23", ..good() }, 400),
        ("a path for a tenant", Signed { query: "?tenantID=..%2Fadmin-token", ..good() }, 400),
        ("a tenant that is not there", Signed { query: "?tenantID=none", ..good() }, 403),
        ("the name of another secret", Signed { query: "?tenantID=admin-token", ..good() }, 403),
        ("no id", Signed { id: b"", ..good() }, 400),
        ("an id with a dot", Signed { id: b"m1.5", ..good() }, 400),
        ("a long id", Signed { id: &[b'a'; 5_000], ..good() }, 400),
        ("another id", Signed { id: b"m2", ..good() }, 403),
        ("an id of odd bytes", Signed { id: &[0xff, 0xfe], ..good() }, 400),
        ("no time", Signed { timestamp: "", ..good() }, 400),
        ("a word for a time", Signed { timestamp: "now", ..good() }, 400),
        ("a fraction", Signed { timestamp: "1.5", ..good() }, 400),
        ("the end of time", Signed { timestamp: "9223372036854775807", ..good() }, 400),
        ("before all time", Signed { timestamp: "-9223372036854775808", ..good() }, 400),
        ("past the end of numbers", Signed { timestamp: "9223372036854775808", ..good() }, 400),
        ("another second", Signed { timestamp: &(now - 1).to_string(), ..good() }, 403),
        ("the same time, written otherwise", Signed { timestamp: &format!("+{now}"), ..good() }, 403),
        ("too late", Signed { timestamp: &late_text, signature: late_sign.as_bytes(), ..good() }, 400),
        ("too early", Signed { timestamp: &early_text, signature: early_sign.as_bytes(), ..good() }, 400),
        ("no signature", Signed { signature: b"", ..good() }, 400),
        ("a signature without its version", Signed { signature: bare.as_bytes(), ..good() }, 400),
        (
            "a signature of another version",
            Signed { signature: format!("v2,{bare}").as_bytes(), ..good() },
            400,
        ),
        ("a signature that is not base64", Signed { signature: b"v1,***", ..good() }, 400),
        ("half a signature", Signed { signature: b"v1,AAAA", ..good() }, 403),
        ("an empty one", Signed { signature: b"v1,", ..good() }, 403),
        ("odd bytes", Signed { signature: &[0xd1, 0x82, b' ', 0xff], ..good() }, 400),
        ("the good one behind 500 others", Signed { signature: many.as_bytes(), ..good() }, 403),
        ("somebody else's", Signed { signature: forged.as_bytes(), ..good() }, 403),
    ] {
        let part = if status == 403 { "access denied" } else { "signe" };
        let reply = post(&world, &signed, &body).await;
        let part = if reply.text.contains("invalid signature") { "invalid signature" } else { part };
        reply.refused(case, status, part);
    }
    // The body is signed to the last blank.
    post(&world, &good(), &format!("{body} ")).await.refused("another body", 403, "access denied");
    // A token, however wrong, is what counts when there is one.
    let request = world
        .request(&Method::POST, &format!("/bridge/v1/alerts{query}"))
        .header("webhook-id", "m1")
        .header("webhook-timestamp", &stamp)
        .header("webhook-signature", &genuine)
        .header(AUTHORIZATION, "Bearer wrong");
    world.send(request.body(body.clone())).await.refused("a wrong token beside", 403, "access denied");
    world.nothing_was_written().await;

    post(&world, &good(), &body).await.expect(202);
    assert_eq!(world.alerts().await.len(), 1);
}

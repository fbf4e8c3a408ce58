//! Headers that are wrong, too many, too long, or meant for somebody else.

use std::sync::Arc;

use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderValue},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::world::World;

const SEARCH: &str = "/api/v1/alerts";

#[tokio::test]
async fn an_authorization_that_can_not_be_read_is_refused_as_kuma_does() {
    let world = World::new().await;
    let token = &world.operator;
    let bytes = |prefix: &str, rest: &[u8]| [prefix.as_bytes(), rest].concat();
    for value in [
        b"".to_vec(),
        b"Bearer".to_vec(),
        b"Bearer ".to_vec(),
        b"Bearer   ".to_vec(),
        bytes("", token.as_bytes()),
        bytes("Bearer", token.as_bytes()),
        bytes("Bearer\t", token.as_bytes()),
        bytes("Basic ", b"dXNlcjpwYXNz"),
        bytes("Token ", token.as_bytes()),
        bytes("Digest ", token.as_bytes()),
        bytes("Bearer ", format!("{token} {token}").as_bytes()),
        bytes("Bearer ", format!("{token}, Bearer {token}").as_bytes()),
        bytes("Bearer ", format!("{token},").as_bytes()),
        bytes("Bearer ", &[0xd1, 0x82]),
        bytes("Bearer ", &[0xff, 0xfe]),
        bytes("Bearer ", &[token.as_bytes(), &[0x80]].concat()),
    ] {
        let case = String::from_utf8_lossy(&value).into_owned();
        for (method, path) in [(Method::GET, SEARCH), (Method::POST, "/bridge/v1/alerts")] {
            let value = HeaderValue::from_bytes(&value).unwrap();
            let reply = world.send(world.request(&method, path).header(AUTHORIZATION, value)).await;
            let details = reply.refused(&case, 400, "invalid authorization header");
            assert_eq!(details, "Example: Authorization: Bearer <token>", "{case}");
        }
    }
    let none = world.send(world.request(&Method::GET, SEARCH)).await;
    none.refused("no header", 400, "invalid authorization header");
}

#[tokio::test]
async fn a_token_that_is_not_known_is_denied_whatever_it_looks_like() {
    let world = World::new().await;
    let (id, secret) = world.operator.trim_start_matches("kb_").split_once('_').unwrap();
    let mut near = secret.to_owned();
    let last = near.pop().unwrap();
    near.push(if last == 'A' { 'B' } else { 'A' });
    let admin = &world.stack.admin_token;
    for token in [
        "x".to_owned(),
        "kb_".to_owned(),
        "kb__".to_owned(),
        format!("kb_{id}_"),
        format!("kb_{id}_{near}"),
        format!("kb_{id}_{secret}x"),
        format!("kb_{id}_{}", secret.to_uppercase()),
        format!("KB_{id}_{secret}"),
        format!("kb_{id}#TOKEN_{secret}"),
        format!("kb_../{id}_{secret}"),
        format!("kb_{}_{secret}", "a".repeat(500)),
        admin[..admin.len() - 1].to_owned(),
        admin.to_lowercase(),
        format!("{admin}{admin}"),
        "null".to_owned(),
        "' OR 1=1 --".replace(' ', ""),
        "a".repeat(6_000),
    ] {
        let case = format!("{token:.80}");
        let reply = world.send(world.by(&token, &Method::GET, SEARCH)).await;
        assert_eq!(reply.refused(&case, 403, "access denied"), serde_json::Value::Null, "{case}");
    }
}

#[tokio::test]
async fn of_two_authorizations_a_wrong_one_is_never_let_through_by_the_other() {
    let world = World::new().await;
    // API Gateway joins them with a comma, which is refused. The emulator keeps one of the two, so
    // here it is only certain that no token which is wrong by itself gets in.
    let request = world.by("wrong", &Method::GET, SEARCH).header(AUTHORIZATION, "Bearer other");
    let status = world.send(request).await.status;
    assert!(status == 400 || status == 403, "{status}");
    let request = world.by("wrong", &Method::GET, SEARCH).header(AUTHORIZATION, "Basic Og==");
    let status = world.send(request).await.status;
    assert!(status == 400 || status == 403, "{status}");
}

#[tokio::test]
async fn a_correlation_id_is_harmless_or_another_one() {
    let world = World::new().await;
    let ask = async |id: &[u8]| {
        let id = HeaderValue::from_bytes(id).unwrap();
        let request = world.by(&world.operator, &Method::GET, SEARCH).header("x-correlation-id", id);
        world.send(request).await.expect(200).header("x-correlation-id").unwrap().to_owned()
    };
    assert_eq!(ask(b"siem-1.2_3").await, "siem-1.2_3");
    let long = "a".repeat(65);
    for id in [
        "",
        "a b",
        "a\tb",
        "a%0d%0aset-cookie:%20a=b",
        "a\\r\\nb",
        "<script>alert(1)</script>",
        "{\"level\":\"ERROR\"}",
        "${jndi:ldap://example.com/a}",
        "идентификатор",
        &long,
    ] {
        let answered = ask(id.as_bytes()).await;
        assert_ne!(answered, id);
        let harmless = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
        assert!(!answered.is_empty() && answered.chars().all(harmless), "{id} became {answered}");
    }
}

#[tokio::test]
async fn headers_of_proxies_and_caches_change_nothing() {
    let world = World::new().await;
    for (name, value) in [
        ("x-forwarded-host", "evil.example.com"),
        ("x-original-url", "/bridge/v1/tokens"),
        ("x-rewrite-url", "/bridge/v1/tokens"),
        ("x-amzn-trace-id", "Root=1-<script>"),
        ("x-amz-target", "DynamoDB_20120810.Scan"),
        ("x-api-key", "a"),
        ("cookie", "token=a; token=b"),
        ("range", "bytes=0-1"),
        ("if-none-match", "*"),
        ("accept", "../../etc/passwd"),
        ("accept-language", "*;q=nan"),
        ("accept-encoding", "gzip;q=NaN, *;q=1e999, identity;q=-0"),
        ("content-length", "0"),
    ] {
        let request = world.by(&world.operator, &Method::GET, SEARCH).header(name, value);
        let reply = world.send(request).await.expect(200);
        assert_eq!((reply.text.as_str(), reply.header("cache-control")), ("[]", Some("no-store")), "{name}");
        assert_eq!(reply.header("set-cookie"), None, "{name}");
    }
}

/// Sends bytes over TLS and reads until the other side closes.
async fn raw(world: &World, request: &[u8]) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&world.stack.ca).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let url: reqwest::Url = world.stack.url.parse().unwrap();
    let host = url.host_str().unwrap().to_owned();
    let stream = TcpStream::connect((host.as_str(), url.port_or_known_default().unwrap())).await.unwrap();
    let name = ServerName::try_from(host).unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    // Who refuses a head in the middle of it may close before all of it was read.
    let _ = stream.write_all(request).await;
    let _ = stream.flush().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A line break in a header reaches nobody as the start of another one, and what does not even
/// follow HTTP is turned away at the door.
#[tokio::test]
async fn a_head_that_breaks_the_rules_gets_nothing_through() {
    let world = World::new().await;
    let head = |lines: &str| {
        let token = &world.operator;
        format!(
            "GET {SEARCH} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{lines}connection: close\r\n\r\n"
        )
    };
    let plain = raw(&world, head("").as_bytes()).await;
    assert!(plain.starts_with("HTTP/1.1 200") && plain.ends_with("[]"), "{plain:.300}");
    for lines in [
        "x-correlation-id: a\r\n set-cookie: injected=1\r\n",
        "x-correlation-id: a\nset-cookie: injected=1\r\n",
        "x-correlation-id: a\rset-cookie: injected=1\r\n",
        "x-correlation-id: a\0b\r\n",
        "authorization: Bearer a\0b\r\n",
        "authorization : Bearer a\r\n",
        "x injected: 1\r\n",
        ": injected\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: -1\r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: chunked, identity\r\ncontent-length: 3\r\n",
        &format!("x-long: {}\r\n", "a".repeat(64 * 1024)),
        &format!("x-long: {}\r\n", "a".repeat(1024 * 1024)),
        &"x-many: a\r\n".repeat(5_000),
    ] {
        let case = format!("{lines:.60}");
        let answer = raw(&world, head(lines).as_bytes()).await;
        let status: u16 = answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        // 0: closed without an answer.
        assert!(status < 500, "{case:?}: {answer:.300}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(!head.contains("injected"), "{case:?}: {head}");
        for inside in ["Traceback", "panicked", &world.operator] {
            assert!(!body.contains(inside), "{case:?}: {body:.300}");
        }
    }
    for request in ["\r\n\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}", "GET\0/ HTTP/1.1\r\n\r\n"] {
        let answer = raw(&world, request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{request:?}: {answer:.300}");
    }
}

//! Connections that do not come about, or break.

use std::time::Instant;

use bridge_domain::Class;
use tokio::net::TcpListener;

use super::*;
use crate::peer::{Authority, Peer, Reply, answer};

/// Short, for what is meant to run out.
const SHORT: Duration = Duration::from_millis(400);

async fn peer(ca: &Authority, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Peer {
    Peer::start(ca.localhost(), move |_| reply()).await
}

/// The classes of the same failure when the request may be repeated and when not.
async fn classes(client: &Client, code: &str) -> (Class, Class) {
    let (read, once) = (get(client).await.unwrap_err(), post_once(client).await.unwrap_err());
    for error in [&read, &once] {
        assert_eq!(error.code, code, "{error:?}");
        assert!(said(error).contains("localhost"), "{error:?}");
    }
    (read.class, once.class)
}

/// Surely not carried out.
const NOT_SENT: (Class, Class) = (Class::Transient, Class::Transient);
/// Perhaps carried out.
const PERHAPS: (Class, Class) = (Class::Transient, Class::Unknown);

#[tokio::test]
async fn a_refused_connection_is_surely_not_a_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    drop(listener);
    let client = client(&url, &options(&Authority::new("ca").pem));
    assert_eq!(classes(&client, "connect").await, NOT_SENT);
    assert!(said(&get(&client).await.unwrap_err()).contains("takes no connections"));
}

#[tokio::test]
async fn an_unknown_name_is_told_with_the_name() {
    let client = client("https://irp.invalid", &options(&Authority::new("ca").pem));
    let error = post_once(&client).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "dns"), "{error:?}");
    assert!(said(&error).contains("the name of irp.invalid is not known"), "{error:?}");
}

#[tokio::test]
async fn a_peer_that_never_finishes_tls_is_given_up_before_anything_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            open.push(socket);
        }
    });
    let client = client(&url, &Options { timeout: SHORT, ..options(&Authority::new("ca").pem) });
    assert_eq!(classes(&client, "connect_timeout").await, NOT_SENT);
}

#[tokio::test]
async fn a_peer_that_hangs_up_instead_of_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let client = client(&url, &options(&Authority::new("ca").pem));
    assert_eq!(classes(&client, "connect").await, NOT_SENT);
    assert!(said(&get(&client).await.unwrap_err()).contains("hung up before TLS"));
}

#[tokio::test]
async fn silence_after_the_request_leaves_it_open_what_happened() {
    let ca = Authority::new("ca");
    let peer = peer(&ca, || Reply::Silence).await;
    let client = client(&peer.url(), &Options { timeout: SHORT, ..options(&ca.pem) });
    assert_eq!(classes(&client, "timeout").await, PERHAPS);
    assert!(said(&get(&client).await.unwrap_err()).contains("within 0.4 s (timeoutSeconds)"));
}

#[tokio::test]
async fn a_reset_after_the_request_leaves_it_open_what_happened() {
    let ca = Authority::new("ca");
    let peer = peer(&ca, || Reply::Reset).await;
    assert_eq!(classes(&client(&peer.url(), &options(&ca.pem)), "broken").await, PERHAPS);
    assert_eq!(peer.seen().len(), 2, "nothing is repeated by itself");
}

#[tokio::test]
async fn an_end_without_an_answer_leaves_it_open_what_happened() {
    let ca = Authority::new("ca");
    let peer = peer(&ca, || Reply::Last(Vec::new())).await;
    assert_eq!(classes(&client(&peer.url(), &options(&ca.pem)), "broken").await, PERHAPS);
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let ca = Authority::new("ca");
    let peer =
        peer(&ca, || Reply::Last(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\ncanary".to_vec())).await;
    assert_eq!(classes(&client(&peer.url(), &options(&ca.pem)), "broken").await, PERHAPS);
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let ca = Authority::new("ca");
    let peer = peer(&ca, || Reply::Last(b"220 canary ESMTP\r\n".to_vec())).await;
    assert_eq!(classes(&client(&peer.url(), &options(&ca.pem)), "broken").await, PERHAPS);
}

#[tokio::test]
async fn an_answer_that_drips_is_given_up_in_time() {
    let ca = Authority::new("ca");
    let head = b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\n\r\n";
    let peer = peer(&ca, || Reply::Drip(head.to_vec())).await;
    let client = client(&peer.url(), &Options { timeout: SHORT, ..options(&ca.pem) });
    let start = Instant::now();
    assert_eq!(classes(&client, "timeout").await, PERHAPS);
    assert!(start.elapsed() < AMPLE);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let ca = Authority::new("ca");
    let peer = peer(&ca, || answer(200, "", "ok")).await;
    let client = client(&peer.url(), &options(&ca.pem));
    for _ in 0..3 {
        get(&client).await.unwrap();
        get(&client.clone().with_max_body(10)).await.unwrap();
    }
    assert!(peer.seen().iter().all(|request| request.connection == 1));
}

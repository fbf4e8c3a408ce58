//! Calls through a proxy.

use std::sync::{Arc, Mutex};

use bridge_domain::Class;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::peer::{Authority, Peer, answer, receive};

/// What the peer behind the proxy is called: only the proxy knows where it is.
const BEHIND: &str = "https://irp.invalid";

struct Proxy {
    url: String,
    /// First lines of the requests so far.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// A proxy that leads everybody to `port`, or answers with a status instead.
    async fn start(result: Result<u16, u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let request = receive(&mut client).await.unwrap();
                assert_eq!(request.header("x-token"), None, "the proxy sees no header of the call");
                lines.lock().unwrap().push(request.line);
                let port = match result {
                    Ok(port) => port,
                    Err(status) => {
                        let refusal = format!("HTTP/1.1 {status} canary\r\ncontent-length: 0\r\n\r\n");
                        client.write_all(refusal.as_bytes()).await.unwrap();
                        continue;
                    }
                };
                let mut peer = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut peer).await });
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn through<'a>(proxy: &'a str, roots: &'a str) -> Options<'a> {
    Options { proxy: Some(proxy), ..options(roots) }
}

#[tokio::test]
async fn a_call_goes_through_the_proxy_which_sees_only_the_name() {
    let ca = Authority::new("ca");
    let peer = Peer::start(ca.issue(&["irp.invalid"], (-1, 1)), |_| answer(200, "", "ok")).await;
    let proxy = Proxy::start(Ok(peer.port)).await;
    let client = client(BEHIND, &through(&proxy.url, &ca.pem));
    for _ in 0..2 {
        assert_eq!(get(&client).await.unwrap().status, 200);
    }
    assert_eq!(proxy.seen(), ["CONNECT irp.invalid:443 HTTP/1.1"], "one tunnel for both");
    assert_eq!(peer.seen()[0].header("host"), Some("irp.invalid"));
}

#[tokio::test]
async fn a_proxy_changes_nothing_about_trust() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let peer = Peer::start(ca.issue(&["irp.invalid"], (-1, 1)), |_| answer(200, "", "ok")).await;
    let proxy = Proxy::start(Ok(peer.port)).await;
    let error = get(&client(BEHIND, &through(&proxy.url, &other.pem))).await.unwrap_err();
    assert_eq!(error.code, "tls", "{error:?}");
    assert!(peer.seen().is_empty());
}

#[tokio::test]
async fn a_refusal_of_the_proxy_is_told_as_its_own() {
    for (status, words) in [(403, "it refuses"), (502, "it refuses"), (407, "asks for a password")] {
        let proxy = Proxy::start(Err(status)).await;
        let ca = Authority::new("ca");
        let error = post_once(&client(BEHIND, &through(&proxy.url, &ca.pem))).await.unwrap_err();
        assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "proxy"), "{error:?}");
        let said = said(&error);
        assert!(said.contains(words) && said.contains("the proxy 127.0.0.1:"), "{said}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told_as_the_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ca = Authority::new("ca");
    let error = post_once(&client(BEHIND, &through(&url, &ca.pem))).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "connect"), "{error:?}");
    assert!(said(&error).starts_with("the proxy 127.0.0.1:"), "{error:?}");

    let error = post_once(&client(BEHIND, &through("http://proxy.invalid:3128", &ca.pem))).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref()), (Class::Transient, "dns"), "{error:?}");
    assert!(said(&error).contains("the proxy proxy.invalid:3128"), "{error:?}");
}

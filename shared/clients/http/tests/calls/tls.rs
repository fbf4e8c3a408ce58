//! Certificates: only what is trusted, made out to the name, and valid today.

use bridge_domain::Class;
use tokio::net::TcpListener;

use super::*;
use crate::peer::{Authority, Identity, Peer, json};

async fn serve(identity: Identity) -> Peer {
    Peer::start(identity, |_| json(200, "canary-answer")).await
}

/// What a failure to trust the peer says, and that nothing was sent to it.
async fn refused(identity: Identity, roots: &str) -> String {
    let peer = serve(identity).await;
    let client = client(&peer.url(), &options(roots));
    let error = post_once(&client).await.unwrap_err();
    assert_eq!((error.class, error.code.as_ref(), error.system), (Class::Transient, "tls", "peer"));
    assert!(peer.seen().is_empty(), "nothing is sent before the peer is trusted");
    let said = said(&error);
    assert!(said.contains(&format!("localhost:{}", peer.port)), "{said}");
    said
}

#[tokio::test]
async fn an_authority_from_the_settings_is_trusted() {
    let ca = Authority::new("ca");
    let peer = serve(ca.localhost()).await;
    let answer = get(&client(&peer.url(), &options(&ca.pem))).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"canary-answer"[..]));
    assert!(!format!("{answer:?}").contains("canary"));
}

#[tokio::test]
async fn one_of_several_authorities_is_enough() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let peer = serve(ca.localhost()).await;
    let roots = format!("# ours\n{}{}", other.pem, ca.pem);
    assert_eq!(get(&client(&peer.url(), &options(&roots))).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_pinned_certificate_is_trusted() {
    let (identity, pem) = Identity::self_signed(false);
    let peer = serve(identity).await;
    assert_eq!(get(&client(&peer.url(), &options(&pem))).await.unwrap().status, 200);
}

#[tokio::test]
async fn without_a_setting_only_public_authorities_are_trusted() {
    let peer = serve(Authority::new("ca").localhost()).await;
    let error = get(&client(&peer.url(), &Options { roots_pem: None, ..options("") })).await.unwrap_err();
    assert!(said(&error).contains("name it in certificateSecretID"), "{error:?}");
}

#[tokio::test]
async fn a_foreign_authority_is_refused() {
    let said = refused(Authority::new("a").localhost(), &Authority::new("b").pem).await;
    assert!(said.contains("not known here") && said.contains("certificateSecretID"), "{said}");
}

#[tokio::test]
async fn an_authority_of_the_same_name_with_another_key_is_refused() {
    let said = refused(Authority::new("ca").localhost(), &Authority::new("ca").pem).await;
    assert!(said.contains("may be an old one of the same name"), "{said}");
}

#[tokio::test]
async fn a_missing_intermediate_is_pointed_at_and_may_be_put_into_the_setting() {
    let ca = Authority::new("ca");
    let between = ca.intermediate();
    let said = refused(between.localhost().alone(), &ca.pem).await;
    assert!(said.contains("the intermediate ones if localhost"), "{said}");

    let peer = serve(between.localhost()).await;
    assert_eq!(get(&client(&peer.url(), &options(&ca.pem))).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    let ca = Authority::new("ca");
    let said = refused(ca.issue(&["other.example"], (-1, 1)), &ca.pem).await;
    assert!(said.contains("made out to another name") && said.contains("SAN"), "{said}");
}

#[tokio::test]
async fn a_certificate_without_names_is_refused() {
    let ca = Authority::new("ca");
    let said = refused(ca.issue(&[], (-1, 1)), &ca.pem).await;
    assert!(said.contains("SAN"), "{said}");
}

#[tokio::test]
async fn an_expired_certificate_is_refused_with_its_last_day() {
    let ca = Authority::new("ca");
    let said = refused(ca.issue(&["localhost"], (-9, -2)), &ca.pem).await;
    assert!(said.contains("has expired on 20") && said.contains("renew it"), "{said}");
}

#[tokio::test]
async fn a_certificate_of_tomorrow_is_refused_with_its_first_day() {
    let ca = Authority::new("ca");
    let said = refused(ca.issue(&["localhost"], (2, 9)), &ca.pem).await;
    assert!(said.contains("not valid yet, only from 20") && said.contains("clock"), "{said}");
}

#[tokio::test]
async fn the_certificate_of_an_authority_is_none_of_a_server() {
    let (identity, pem) = Identity::self_signed(true);
    let said = refused(identity, &pem).await;
    assert!(said.contains("CA:TRUE"), "{said}");
}

#[tokio::test]
async fn a_port_without_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let plain = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut socket, plain).await.unwrap();
        }
    });
    let error = get(&client(&url, &options(&Authority::new("ca").pem))).await.unwrap_err();
    assert!(said(&error).contains("does not speak TLS"), "{error:?}");
    assert_eq!(error.class, Class::Transient);
}

#[test]
fn settings_that_can_not_work_are_named() {
    let ca = Authority::new("ca");
    let refused = |url: &str, options: &Options<'_>| {
        let error = Client::new("peer", url, options).unwrap_err();
        assert_eq!((error.class, error.code.as_ref()), (Class::Permanent, "settings"));
        said(&error)
    };
    for url in [
        "http://localhost",
        "localhost",
        "",
        "ftp://localhost",
        "https://",
        "https://u:p@localhost",
        "https://localhost/?a=b",
    ] {
        assert!(refused(url, &options(&ca.pem)).contains("url"), "{url}");
    }
    for proxy in ["https://proxy:1", "socks5://proxy:1", "proxy:3128", "http://u:canary@proxy:1", ""] {
        let options = Options { proxy: Some(proxy), ..options(&ca.pem) };
        assert!(refused("https://localhost", &options).contains("proxy"), "{proxy}");
    }
    let nonsense = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
    for roots in ["", "canary", nonsense] {
        assert!(refused("https://localhost", &options(roots)).contains("certificateSecretID"), "{roots}");
    }
}

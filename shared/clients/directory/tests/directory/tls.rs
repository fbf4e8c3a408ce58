//! TLS in all modes, and every way in which it fails.

use bridge_directory::{SettingsError, Stage, TlsFault, TrustError};

use super::*;

/// A server with this certificate; `whole` when it sends that of the intermediate as well.
async fn serving(authority: &Authority, names: &[&str], whole: bool) -> Slapd {
    let pair = authority.server(names).unwrap();
    Slapd::start(SlapdOptions { tls: Some((authority, &pair, whole)), ..SlapdOptions::default() })
        .await
        .unwrap()
}

/// Signs in both with `StartTLS` and with TLS from the start.
async fn both(server: &Slapd, name: &str, pem: &str) -> [Result<(), Error>; 2] {
    let start_tls = secure(&format!("{name}:{}", server.port()), TlsMode::StartTls, pem);
    let tls = secure(&format!("{name}:{}", server.tls_port()), TlsMode::Ssl, pem);
    [start_tls.connect(&reader()).await.map(drop), tls.connect(&reader()).await.map(drop)]
}

async fn assert_fails(server: &Slapd, name: &str, pem: &str, wanted: impl Fn(TlsFault) -> bool, words: &str) {
    for result in both(server, name, pem).await {
        let error = result.unwrap_err();
        assert_discreet(&error);
        assert!(matches!(error.fault, Fault::Tls(fault) if wanted(fault)), "{error:?}");
        assert!(!error.worth_repeat(), "{error:?}");
        assert!(error.public().starts_with(&format!("{name}:")), "{error}");
        assert!(error.public().contains(words), "{error}");
    }
}

#[tokio::test]
async fn the_root_the_intermediate_or_both_may_be_trusted() {
    let authority = Authority::new("corp").unwrap();
    let server = serving(&authority, &[NAME], true).await;
    let both_pem = format!("{}{}", authority.root_pem, authority.intermediate_pem);
    for pem in [&authority.root_pem, &authority.intermediate_pem, &both_pem] {
        for result in both(&server, NAME, pem).await {
            result.unwrap();
        }
    }
}

#[tokio::test]
async fn a_missing_intermediate_may_come_from_the_secret() {
    let authority = Authority::new("corp").unwrap();
    let server = serving(&authority, &[NAME], false).await;
    for result in both(&server, NAME, &authority.intermediate_pem).await {
        result.unwrap();
    }
    let missing = |fault| fault == TlsFault::MissingIntermediate;
    assert_fails(&server, NAME, &authority.root_pem, missing, "intermediate").await;
}

#[tokio::test]
async fn another_authority_is_told() {
    let authority = Authority::new("corp").unwrap();
    let server = serving(&authority, &[NAME], true).await;
    let other = Authority::new("other").unwrap();
    let wrong = |fault| fault == TlsFault::WrongAuthority;
    assert_fails(&server, NAME, &other.root_pem, wrong, "an authority that is not in the certificate secret")
        .await;
}

#[tokio::test]
async fn the_servers_own_certificate_in_the_secret_is_told() {
    let authority = Authority::new("corp").unwrap();
    let pair = authority.server(&[NAME]).unwrap();
    for whole in [true, false] {
        let options = SlapdOptions { tls: Some((&authority, &pair, whole)), ..SlapdOptions::default() };
        let server = Slapd::start(options).await.unwrap();
        let own = |fault| fault == TlsFault::ServerInSecret;
        assert_fails(&server, NAME, &pair.certificate_pem, own, "certificate of the server itself").await;
    }
}

#[tokio::test]
async fn an_authority_of_the_same_name_is_told() {
    let authority = Authority::new("corp").unwrap();
    let server = serving(&authority, &[NAME], true).await;
    let renewed = Authority::new("corp").unwrap();
    let replaced = |fault| fault == TlsFault::ReplacedAuthority;
    assert_fails(&server, NAME, &renewed.root_pem, replaced, "another key").await;
}

#[tokio::test]
async fn another_name_is_told() {
    let authority = Authority::new("corp").unwrap();
    let server = serving(&authority, &["dc9.corp.test"], true).await;
    let wrong = |fault| fault == TlsFault::WrongName;
    assert_fails(&server, NAME, &authority.root_pem, wrong, "SAN").await;
}

#[tokio::test]
async fn an_expired_certificate_is_told_with_its_day() {
    let authority = Authority::new("corp").unwrap();
    let pair = authority.expired(&[NAME]).unwrap();
    let options = SlapdOptions { tls: Some((&authority, &pair, true)), ..SlapdOptions::default() };
    let server = Slapd::start(options).await.unwrap();
    let expired = |fault| matches!(fault, TlsFault::Expired(Some(_)));
    assert_fails(&server, NAME, &authority.root_pem, expired, "has expired on 20").await;
}

#[tokio::test]
async fn a_port_without_tls_is_told() {
    let authority = Authority::new("corp").unwrap();
    let server = Hostile::start(Script::RawBind(Vec::new())).await.unwrap();
    let directory = secure(&format!("{NAME}:{}", server.port()), TlsMode::Ssl, &authority.root_pem)
        .with_connect_timeout(BRIEF);
    let error = refusal(&directory).await;
    assert!(matches!(error.fault, Fault::Tls(_) | Fault::Timeout(Stage::Tls)), "{error:?}");
    assert!(error.public().contains("port"), "{error}");
}

#[tokio::test]
async fn tls_that_a_server_does_not_have_is_never_done_without() {
    let authority = Authority::new("corp").unwrap();
    for (script, wanted) in [
        (Script::RefuseStartTls(52), Fault::StartTls(52)),
        (Script::HangUpAtStartTls, Fault::NoStartTls),
        (Script::SilentStartTls, Fault::Timeout(Stage::StartTls)),
        (Script::InjectAfterStartTls, Fault::NoStartTls),
    ] {
        let silent = matches!(script, Script::SilentStartTls);
        let server = Hostile::start(script).await.unwrap();
        let directory = secure(&format!("{NAME}:{}", server.port()), TlsMode::StartTls, &authority.root_pem)
            .with_connect_timeout(if silent { BRIEF } else { Duration::from_mins(1) });
        assert_eq!(refusal(&directory).await.fault, wanted);
        let seen = server.seen();
        assert!(!seen.iter().any(|seen| matches!(seen, bridge_slapd::Seen::Bind(_))), "{seen:?}");
    }
}

#[tokio::test]
async fn openldap_without_a_certificate_refuses_start_tls() {
    let authority = Authority::new("corp").unwrap();
    let server = Slapd::start(SlapdOptions::default()).await.unwrap();
    let directory = secure(&format!("{NAME}:{}", server.port()), TlsMode::StartTls, &authority.root_pem);
    let error = refusal(&directory).await;
    assert!(matches!(error.fault, Fault::StartTls(_)), "{error:?}");
    assert!(error.public().contains("refuses StartTLS"), "{error}");
}

#[tokio::test]
async fn a_port_with_tls_is_no_port_for_start_tls() {
    let authority = Authority::new("corp").unwrap();
    let server = serving(&authority, &[NAME], true).await;
    let directory = secure(&format!("{NAME}:{}", server.tls_port()), TlsMode::StartTls, &authority.root_pem);
    let error = refusal(&directory).await;
    assert_eq!((error.fault, error.class()), (Fault::NoStartTls, "starttls"));
    assert!(error.public().contains("usually 389"), "{error}");
}

#[test]
fn what_is_no_certificate_is_refused() {
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "no certificate", garbage] {
        assert_eq!(Trust::from_pem(pem).unwrap_err(), TrustError);
    }
    let servers = listed("dc1.corp.test:636");
    assert_eq!(Directory::new(servers, TlsMode::Ssl, None).unwrap_err(), SettingsError::NoTrust);
    let (nameless, trust) =
        (listed("dc1.corp.test:636,127.0.0.1:636"), Authority::new("corp").unwrap().root_pem);
    let trust = Trust::from_pem(&trust).unwrap();
    assert_eq!(Directory::new(nameless, TlsMode::Ssl, Some(trust)).unwrap_err(), SettingsError::NoName(2));
}

//! Refused sign-ins.

use bridge_directory::{BindFault, Stage};
use bridge_domain::{CallError, Class};
use bridge_slapd::Seen;

use super::*;

#[tokio::test]
async fn openldap_refuses_a_wrong_password_and_an_unknown_name_alike() {
    let server = Slapd::start(SlapdOptions::default()).await.unwrap();
    let directory = plain(&format!("{NAME}:{}", server.port()));
    directory.connect(&reader()).await.unwrap().close().await;
    for (dn, password) in [(READER, "canary"), ("CN=canary,DC=corp,DC=test", "canary")] {
        let credentials = Credentials::of_entry(dn, secret(password)).unwrap();
        let error = directory.connect(&credentials).await.unwrap_err();
        assert_discreet(&error);
        assert_eq!(error.fault, Fault::Bind(BindFault::WrongCredentials));
        assert!(!error.worth_repeat());
        assert_eq!(CallError::from(error).class, Class::Auth);
    }
}

#[tokio::test]
async fn active_directory_says_why() {
    for (code, wanted, words) in [
        ("525", BindFault::UnknownUser, "no such user"),
        ("52e", BindFault::WrongCredentials, "wrong"),
        ("530", BindFault::Hours, "time"),
        ("531", BindFault::Workstation, "computer"),
        ("532", BindFault::PasswordExpired, "password has expired"),
        ("533", BindFault::Disabled, "disabled"),
        ("701", BindFault::AccountExpired, "account has expired"),
        ("773", BindFault::MustChangePassword, "must be changed"),
        ("775", BindFault::LockedOut, "locked out"),
    ] {
        let text = format!("80090308: LdapErr: DSID-0C090449, comment: canary, data {code}, v4563\0");
        let server = Hostile::start(Script::RefuseBind(49, text.leak())).await.unwrap();
        let error = refusal(&plain(&format!("{NAME}:{}", server.port()))).await;
        assert_eq!((error.fault, error.class()), (Fault::Bind(wanted), format!("bind_{code}").as_str()));
        assert!(error.public().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_wants_tls_is_told_for_active_directory_and_for_openldap() {
    let settings = "security simple_bind=128";
    let openldap = Slapd::start(SlapdOptions { settings, ..SlapdOptions::default() }).await.unwrap();
    let text = "BindSimple: Transport encryption required.";
    let windows = Hostile::start(Script::RefuseBind(8, text)).await.unwrap();
    for port in [openldap.port(), windows.port()] {
        let error = plain(&format!("{NAME}:{port}")).connect(&reader()).await.unwrap_err();
        assert_discreet(&error);
        assert_eq!((error.fault, error.class()), (Fault::TlsRequired, "tls_required"));
        assert!(error.public().contains("startTLS"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_to_the_sign_in_that_is_none_fails() {
    let garbage = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let text = [&b"\x30\x0d\x02\x01\x01\x61\x08\x0a\x01\x31\x04\x00\x04\x01\xff"[..]].concat();
    let entry = b"\x30\x0a\x02\x01\x01\x64\x05\x04\x01a\x30\x00".to_vec();
    for (script, wanted) in [
        (Script::RawBind(garbage), Fault::Garbage),
        (Script::RawBind(text), Fault::Garbage),
        (Script::RawBind(entry), Fault::Unexpected),
        (Script::RawBind(bridge_slapd::notice(52, false)), Fault::Notice(52)),
        (Script::RawBind(bridge_slapd::notice(52, true)), Fault::Notice(52)),
        (Script::SilentBind, Fault::Timeout(Stage::Bind)),
    ] {
        let silent = matches!(script, Script::SilentBind);
        let server = Hostile::start(script).await.unwrap();
        let directory = plain(&format!("{NAME}:{}", server.port())).with_connect_timeout(if silent {
            BRIEF
        } else {
            Duration::from_mins(1)
        });
        assert_eq!(refusal(&directory).await.fault, wanted);
    }
}

#[tokio::test]
async fn a_connection_ends_with_a_good_bye() {
    let server = Hostile::start(Script::NoPaging(1)).await.unwrap();
    let connection = plain(&format!("{NAME}:{}", server.port())).connect(&somebody()).await.unwrap();
    assert_eq!(connection.server().to_string(), format!("{NAME}:{}", server.port()));
    assert!(!format!("{connection:?}").contains("canary"));
    connection.close().await;
    assert!(server.wait_for(&Seen::Unbind).await, "{:?}", server.seen());
}

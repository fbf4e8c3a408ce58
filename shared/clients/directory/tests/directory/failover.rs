//! Several servers: the first that answers is taken.

use std::time::Instant;

use bridge_directory::{BindFault, Stage};
use bridge_slapd::Seen;

use super::*;

#[tokio::test]
async fn servers_that_are_stopped_frozen_or_unknown_are_passed_over() {
    let authority = Authority::new("corp").unwrap();
    let pair = authority.server(&[NAME, "dc2.corp.test", "dc3.corp.test"]).unwrap();
    let options = SlapdOptions { tls: Some((&authority, &pair, true)), ..SlapdOptions::default() };
    let (mut stopped, frozen, good) = (
        Slapd::start(options).await.unwrap(),
        Slapd::start(options).await.unwrap(),
        Slapd::start(options).await.unwrap(),
    );
    stopped.stop().await.unwrap();
    frozen.freeze().await.unwrap();
    let list = |port: fn(&Slapd) -> u16| {
        format!(
            "nowhere.corp.test:389,{NAME}:{},dc2.corp.test:{},dc3.corp.test:{}",
            port(&stopped),
            port(&frozen),
            port(&good)
        )
    };
    for (mode, servers) in [
        (TlsMode::StartTls, list(Slapd::port)),
        (TlsMode::Ssl, list(Slapd::tls_port)),
        (TlsMode::Insecure, list(Slapd::port)),
    ] {
        let directory =
            if mode.is_encrypted() { secure(&servers, mode, &authority.root_pem) } else { plain(&servers) };
        let directory = directory.with_connect_timeout(Duration::from_secs(2));
        let began = Instant::now();
        let mut connection = directory.connect(&reader()).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        assert!(connection.server().to_string().starts_with("dc3.corp.test:"));
        read(&mut connection, everything()).await.1.unwrap();
        connection.close().await;
    }
    frozen.thaw().await.unwrap();
    let directory = secure(&list(Slapd::port), TlsMode::StartTls, &authority.root_pem);
    let connection = directory.connect(&reader()).await.unwrap();
    assert!(connection.server().to_string().starts_with("dc2.corp.test:"), "it answers again");
}

#[tokio::test]
async fn when_no_server_is_left_each_is_told() {
    let mut stopped = Slapd::start(SlapdOptions::default()).await.unwrap();
    stopped.stop().await.unwrap();
    let silent = Hostile::start(Script::SilentBind).await.unwrap();
    let servers = format!("nowhere.corp.test:389,{NAME}:{},dc2.corp.test:{}", stopped.port(), silent.port());
    let error = refusal(&plain(&servers).with_connect_timeout(BRIEF)).await;
    assert_eq!(error.fault, Fault::Timeout(Stage::Bind));
    let earlier: Vec<Fault> = error.earlier.iter().map(|(_, fault)| *fault).collect();
    assert_eq!(earlier, [Fault::UnknownHost, Fault::Refused]);
    assert!(error.worth_repeat());
    let public = error.public();
    for part in ["nowhere.corp.test:389: the name", "takes no connections", "does not answer to the sign-in"]
    {
        assert!(public.contains(part), "{public}");
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_not_tried_at_the_next_server() {
    let first = Hostile::start(Script::RefuseBind(49, "data 52e")).await.unwrap();
    let second = Hostile::start(Script::NoPaging(1)).await.unwrap();
    let servers = format!("{NAME}:{},dc2.corp.test:{}", first.port(), second.port());
    let error = refusal(&plain(&servers)).await;
    assert_eq!(error.fault, Fault::Bind(BindFault::WrongCredentials));
    assert_eq!(second.seen(), [], "each attempt counts towards locking the account");
    assert_eq!(first.seen().iter().filter(|seen| matches!(seen, Seen::Bind(_))).count(), 1);
}

#[tokio::test]
async fn a_busy_server_is_passed_over() {
    let first = Hostile::start(Script::RefuseBind(51, "busy")).await.unwrap();
    let second = Hostile::start(Script::NoPaging(1)).await.unwrap();
    let servers = format!("{NAME}:{},dc2.corp.test:{}", first.port(), second.port());
    let connection = plain(&servers).connect(&somebody()).await.unwrap();
    assert!(connection.server().to_string().starts_with("dc2"));
}

#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    let server = Hostile::start(Script::NoPaging(1)).await.unwrap();
    let servers = listed(&format!("{NAME}:{}", server.port()));
    // Nobody listens there: the server has but one address of the machine.
    let empty = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let names = Names::fixed([(NAME, empty), (NAME, LOOPBACK)]);
    Directory::new(servers, TlsMode::Insecure, None)
        .unwrap()
        .with_names(names)
        .connect(&somebody())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_systems_names_are_used_unless_a_table_is_given() {
    let server = Hostile::start(Script::NoPaging(1)).await.unwrap();
    let servers = listed(&format!("localhost:{}", server.port()));
    let directory = Directory::new(servers, TlsMode::Insecure, None).unwrap();
    directory.connect(&somebody()).await.unwrap();
    let unknown = directory.with_names(names());
    assert_eq!(refusal(&unknown).await.fault, Fault::UnknownHost);
}

//! The client of the directory against real servers: slapd as a process, and a hostile server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use bridge_directory::{
    Attribute, Connection, Credentials, Directory, Entry, Error, Fault, Filter, Names, Progress, Request,
    Trust,
};
use bridge_domain::{
    ldap::{address::Servers, connection::TlsMode},
    secret::Secret,
};
use bridge_slapd::{
    ATTRIBUTES, Authority, BASE, Hostile, READER, READER_PASSWORD, Script, Slapd, SlapdOptions,
};

mod bind;
mod failover;
mod hostile;
mod login;
mod pages;
mod ranges;
mod samba;
mod tls;

/// The name of a controller, in its certificate and in the table of names.
const NAME: &str = "dc1.corp.test";
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn names() -> Names {
    Names::fixed([(NAME, LOOPBACK), ("dc2.corp.test", LOOPBACK), ("dc3.corp.test", LOOPBACK)])
}

fn listed(servers: &str) -> Servers {
    servers.parse().unwrap()
}

/// The directory behind `servers` without TLS.
fn plain(servers: &str) -> Directory {
    Directory::new(listed(servers), TlsMode::Insecure, None).unwrap().with_names(names())
}

/// The directory behind `servers` with TLS, where `pem` is trusted.
fn secure(servers: &str, mode: TlsMode, pem: &str) -> Directory {
    let trust = Trust::from_pem(pem).unwrap();
    Directory::new(listed(servers), mode, Some(trust)).unwrap().with_names(names())
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn reader() -> Credentials {
    Credentials::of_entry(READER, secret(READER_PASSWORD)).unwrap()
}

fn somebody() -> Credentials {
    Credentials::new("canary@corp.test", secret("canary's secret")).unwrap()
}

fn attribute(name: &str) -> Attribute {
    name.parse().unwrap()
}

/// Every person of the directory with every attribute of an import.
fn people() -> Request {
    let filter = Filter::eq(&attribute("sAMAccountType"), "805306368");
    Request::new(BASE, filter, ATTRIBUTES.map(attribute))
}

/// Everything below the base.
fn everything() -> Request {
    Request::new(BASE, Filter::present(&attribute("objectClass")), [attribute("cn")])
}

/// Reads a search to its end. However it ends, what it says of itself must fit.
async fn read(connection: &mut Connection, request: Request) -> (Vec<Entry>, Result<Progress, Error>) {
    let mut search = connection.search(request);
    let mut entries = Vec::new();
    loop {
        match search.next_page().await {
            Ok(Some(page)) => {
                entries.extend(page);
                assert!(search.progress().entries == entries.len() as u64);
            }
            Ok(None) => {
                assert!(search.progress().complete);
                return (entries, Ok(search.progress()));
            }
            Err(error) => {
                assert!(!search.progress().complete, "a failed search is not complete: {error:?}");
                assert_eq!(search.next_page().await.unwrap_err().fault, error.fault, "it stays failed");
                return (entries, Err(error));
            }
        }
    }
}

/// No error says who somebody is, or anything that was received.
fn assert_discreet(error: &Error) {
    for text in [error.public(), format!("{error:?}")] {
        for secret in ["canary", "'s secret", "CN=", "cn=", "DC=corp"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

/// How a sign-in at this server fails.
async fn refusal(directory: &Directory) -> Error {
    let error = directory.connect(&somebody()).await.unwrap_err();
    assert_discreet(&error);
    error
}

/// A time that is to be up. Everything else has ample time, however busy the machine is.
const BRIEF: Duration = Duration::from_millis(400);

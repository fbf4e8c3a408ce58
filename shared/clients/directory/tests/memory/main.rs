//! A large directory passes through little memory. Alone in its process, so that nothing else is measured.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, net::Ipv4Addr};

use bridge_directory::{Attribute, Credentials, Directory, Filter, Names, Request};
use bridge_domain::{ldap::connection::TlsMode, secret::Secret};
use bridge_slapd::{ATTRIBUTES, BASE, READER, READER_PASSWORD, Slapd, SlapdOptions};

const PEOPLE: usize = 20_000;
/// What may be added to the first page, in KiB. The entries of all pages together take 160 MiB.
const GROWTH: u64 = 12 * 1024;

/// The most memory that this process has had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn twenty_thousand_people_pass_through_flat_memory() {
    let limits = "limits * size.soft=1000 size.hard=1000 size.pr=1000 size.prtotal=unlimited";
    let options = SlapdOptions { people: PEOPLE, database: limits, ..SlapdOptions::default() };
    let server = Slapd::start(options).await.unwrap();
    // What the test itself needed to fill the server is not to hide what the search needs.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let servers = format!("dc1.corp.test:{}", server.port()).parse().unwrap();
    let names = Names::fixed([("dc1.corp.test", Ipv4Addr::LOCALHOST.into())]);
    let directory = Directory::new(servers, TlsMode::Insecure, None).unwrap().with_names(names);
    let reader = Credentials::of_entry(READER, Secret::new(READER_PASSWORD.to_owned())).unwrap();
    let mut connection = directory.connect(&reader).await.unwrap();
    let attribute = |name: &str| name.parse::<Attribute>().unwrap();
    let everybody = Filter::eq(&attribute("sAMAccountType"), "805306368");
    let mut search = connection.search(Request::new(BASE, everybody, ATTRIBUTES.map(attribute)));
    let (mut count, mut first) = (0, None);
    while let Some(page) = search.next_page().await.unwrap() {
        assert!(page.len() <= 500, "one page at a time");
        count += page.len();
        first.get_or_insert_with(peak);
    }
    let progress = search.progress();
    assert_eq!((count, progress.pages, progress.complete), (PEOPLE, 40, true));
    let grown = peak().saturating_sub(first.unwrap());
    assert!(grown < GROWTH, "{grown} KiB beyond the first page");
}

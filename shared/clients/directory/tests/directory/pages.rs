//! Searches of a real server.

use std::collections::BTreeSet;

use bridge_directory::Scope;
use bridge_domain::ldap::{decode, guid::Guid};
use bridge_slapd::{TEXT_GUID, person};
use serde_json::json;

use super::*;

const MANY: usize = 2000;
/// Limits like those of Active Directory: 1000 entries without paging, pages of 1000.
const LIMITS: &str = "limits * size.soft=1000 size.hard=1000 size.pr=1000 size.prtotal=unlimited";

async fn many(people: usize) -> Slapd {
    Slapd::start(SlapdOptions { people, database: LIMITS, ..SlapdOptions::default() }).await.unwrap()
}

async fn connected(server: &Slapd) -> Connection {
    plain(&format!("{NAME}:{}", server.port())).connect(&reader()).await.unwrap()
}

#[tokio::test]
async fn two_thousand_people_come_whole_in_pages() {
    let server = many(MANY).await;
    let mut connection = connected(&server).await;
    let (entries, progress) = read(&mut connection, people()).await;
    let progress = progress.unwrap();
    assert_eq!((progress.pages, progress.entries, progress.references), (4, MANY as u64, 0));
    let found: BTreeSet<&str> = entries.iter().map(|entry| entry.text("samaccountname").unwrap()).collect();
    assert_eq!(
        found,
        (0..MANY).map(|at| person(at).account).collect::<BTreeSet<_>>().iter().map(String::as_str).collect()
    );
    for entry in &entries {
        let number: usize = entry.text("sAMAccountName").unwrap()[4..].parse().unwrap();
        let who = person(number);
        assert_eq!(entry.bytes("objectGUID"), Some(&who.guid[..]));
        assert_eq!(entry.bytes("OBJECTSID"), Some(&who.sid[..]));
        assert_eq!(entry.texts("memberOf").count(), 2);
        assert!(entry.dn().unwrap().eq_ignore_ascii_case(&who.dn));
        assert_eq!(entry.names().count(), ATTRIBUTES.len(), "{:?}", entry.names().collect::<Vec<_>>());
    }
    connection.close().await;
}

#[tokio::test]
async fn values_are_decoded() {
    let server = many(8).await;
    let mut connection = connected(&server).await;
    let guid = Filter::eq_bytes(&attribute("objectGUID"), &TEXT_GUID);
    let (entries, _) = read(&mut connection, Request::new(BASE, guid, ATTRIBUTES.map(attribute))).await;
    let [entry] = entries.as_slice() else { panic!("one person has this GUID") };
    assert_eq!(
        Guid::from_bytes(entry.bytes("objectGUID").unwrap()).unwrap().to_string(),
        "74786973-6565-206e-6c65-747465727321"
    );
    let sid = decode::sid(entry.bytes("objectSid").unwrap()).unwrap();
    assert_eq!(sid, "S-1-5-21-1923187552-918062924-2447275288-1007");
    for (name, wanted) in [
        ("accountExpires", json!("never")),
        ("lastLogon", json!("2025-05-09T03:22:47.890123Z")),
        ("whenCreated", json!("2024-01-01T00:00:00.000Z")),
        ("userAccountControl", json!(["NORMAL_ACCOUNT"])),
    ] {
        assert_eq!(decode::decoded(name, entry.text(name).unwrap()), Some(wanted), "{name}");
    }
}

#[tokio::test]
async fn a_page_may_be_of_any_size_and_the_last_one_full() {
    let server = many(30).await;
    let mut connection = connected(&server).await;
    for page in [1, 7, 10, 15, 30, 31, 1000] {
        let (entries, progress) = read(&mut connection, people().with_page(page)).await;
        assert_eq!(entries.len(), 30, "pages of {page}");
        assert!(progress.unwrap().complete);
    }
}

#[tokio::test]
async fn filters_and_scopes_are_the_servers() {
    let server = many(40).await;
    let mut connection = connected(&server).await;
    let account = attribute("sAMAccountName");
    let one = Filter::eq(&account, &person(3).account);
    let nine = Filter::eq(&attribute("userAccountControl"), "514");
    let user = Filter::eq(&attribute("sAMAccountType"), "805306368");
    for (filter, wanted) in [
        (one.clone(), 1),
        (Filter::and([user.clone(), nine.clone().negate()]), 36),
        (Filter::or([one.clone(), nine.clone()]), 5),
        (Filter::and([one, nine]), 0),
        (Filter::at_least(&attribute("userAccountControl"), "513"), 4),
        (Filter::eq(&account, "*"), 0),
        (Filter::eq(&account, "user000003)(cn=*"), 0),
        (Filter::from(&"(&(sAMAccountType=805306368)(sAMAccountName=user00000*))".parse().unwrap()), 10),
        (user, 40),
    ] {
        let (entries, progress) = read(&mut connection, Request::new(BASE, filter.clone(), [])).await;
        assert_eq!(entries.len(), wanted, "{}", filter.as_str());
        progress.unwrap();
    }
    let all = everything().with_scope(Scope::OneLevel);
    assert_eq!(read(&mut connection, all).await.0.len(), 2, "the reader and one unit");
    let all = everything().with_scope(Scope::Base);
    assert_eq!(read(&mut connection, all).await.0.len(), 1);
}

#[tokio::test]
async fn limits_of_the_server_are_told() {
    let limits = "limits * size.soft=5 size.hard=5 size.pr=10 size.prtotal=10";
    let options = SlapdOptions { people: 20, database: limits, ..SlapdOptions::default() };
    let server = Slapd::start(options).await.unwrap();
    for (page, wanted, class) in [(5, Fault::SizeLimit, "limit"), (11, Fault::AdminLimit, "limit")] {
        let mut connection = connected(&server).await;
        let (_, result) = read(&mut connection, people().with_page(page)).await;
        let error = result.unwrap_err();
        assert_discreet(&error);
        assert_eq!((error.fault, error.class()), (wanted, class), "pages of {page}");
    }
}

#[tokio::test]
async fn a_base_that_is_not_there_or_is_none_is_told() {
    let server = many(0).await;
    let filter = Filter::present(&attribute("objectClass"));
    for (base, wanted) in [
        ("OU=canary,DC=corp,DC=test", Fault::BaseNotFound),
        ("no name", Fault::BaseInvalid),
        ("DC=other", Fault::BaseNotFound),
    ] {
        let mut connection = connected(&server).await;
        let (_, result) = read(&mut connection, Request::new(base, filter.clone(), [])).await;
        let error = result.unwrap_err();
        assert_discreet(&error);
        assert_eq!(error.fault, wanted, "{base}");
    }
}

#[tokio::test]
async fn more_entries_than_were_agreed_are_an_error() {
    let server = many(30).await;
    let mut connection = connected(&server).await;
    let (entries, result) = read(&mut connection, people().with_page(10).with_max_entries(25)).await;
    assert_eq!((entries.len(), result.unwrap_err().fault), (20, Fault::TooMany));
}

#[tokio::test]
async fn a_server_that_freezes_between_pages_is_an_error_in_time() {
    let server = many(30).await;
    let directory = plain(&format!("{NAME}:{}", server.port())).with_page_timeout(Duration::from_secs(2));
    let mut connection = directory.connect(&reader()).await.unwrap();
    let mut search = connection.search(people().with_page(10));
    assert_eq!(search.next_page().await.unwrap().unwrap().len(), 10);
    server.freeze().await.unwrap();
    let error = search.next_page().await.unwrap_err();
    assert_eq!(error.fault, Fault::Timeout(bridge_directory::Stage::Search));
    assert!(error.worth_repeat() && !search.progress().complete);
}

#[tokio::test]
async fn a_server_that_stops_between_pages_is_an_error() {
    let mut server = many(30).await;
    let mut connection = connected(&server).await;
    let mut search = connection.search(people().with_page(10));
    assert_eq!(search.next_page().await.unwrap().unwrap().len(), 10);
    server.stop().await.unwrap();
    let error = search.next_page().await.unwrap_err();
    assert!(matches!(error.fault, Fault::Closed | Fault::Notice(_)), "{error:?}");
    assert!(error.worth_repeat() && !search.progress().complete);
}

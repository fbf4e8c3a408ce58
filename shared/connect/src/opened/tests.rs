use std::time::Duration;

use bridge_http::{Names, Options};

use super::*;

fn client(host: &str) -> Client {
    let options = Options {
        roots_pem: None,
        proxy: None,
        timeout: Duration::from_secs(1),
        max_body: 1,
        names: Names::default(),
    };
    Client::new("peer", &format!("https://{host}"), &options).unwrap()
}

fn stamp(micros: i64, certificate: Option<&str>) -> Stamp {
    Stamp { updated: Timestamp::from_micros(micros).unwrap(), certificate: certificate.map(str::to_owned) }
}

fn id(text: &str) -> TargetId {
    text.parse().unwrap()
}

#[test]
fn a_client_is_kept_until_what_it_was_made_from_changes() {
    let opened = Opened::default();
    opened.put(&id("a"), stamp(1, Some("v1")), client("one"));
    let host = |stamp| opened.get(&id("a"), &stamp).map(|client| client.host().to_owned());
    assert_eq!(host(stamp(1, Some("v1"))).as_deref(), Some("one"));
    for other in [stamp(2, Some("v1")), stamp(1, Some("v2")), stamp(1, None)] {
        assert_eq!(host(other), None);
    }
    opened.put(&id("a"), stamp(2, None), client("two"));
    assert_eq!(host(stamp(2, None)).as_deref(), Some("two"));
    assert_eq!(host(stamp(1, Some("v1"))), None, "a target has one client");
    assert!(opened.get(&id("b"), &stamp(2, None)).is_none());
}

#[test]
fn the_client_used_longest_ago_makes_room() {
    let opened = Opened::default();
    let (one, stamp) = (client("one"), stamp(1, None));
    let is_kept = |name: &str| opened.get(&id(name), &stamp).is_some();
    for number in 0..CAPACITY {
        opened.put(&id(&number.to_string()), stamp.clone(), one.clone());
    }
    assert!(is_kept("0"));
    opened.put(&id("2"), stamp.clone(), one.clone());
    opened.put(&id("new"), stamp.clone(), one.clone());
    assert_eq!(opened.0.lock().unwrap().clients.len(), CAPACITY);
    assert!(is_kept("0") && is_kept("2") && is_kept("new") && !is_kept("1"));
}

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn assets(list: &Value) -> Assets {
    let mut assets = Assets::default();
    assets.add(json!({"affectedAssets": list}).as_object().unwrap());
    assets
}

fn find(assets: &Assets, events: &[Value]) -> Found {
    let mut finder = Finder::new(assets);
    for event in events {
        finder.event(&event.to_string());
    }
    finder.finish()
}

fn all(found: &Found) -> Vec<(Field, Vec<&str>)> {
    let fields = Field::ALL.iter().map(|field| (*field, found.values(*field).collect::<Vec<_>>()));
    fields.filter(|(_, values)| !values.is_empty()).collect()
}

#[test]
fn what_is_ours_is_an_observable_and_what_is_public_an_indicator() {
    let assets = assets(&json!([
        {"id": "1", "fqdn": "Mail.example.com", "ipAddresses": ["203.0.113.5", "10.0.0.7"]},
        {"id": "2", "fqdn": ["web.example.com.", "www.example.com"], "ipAddresses": null},
        "no asset",
    ]));
    let events = [
        json!({"SourceAddress": "198.51.100.1", "DestinationAddress": "203.0.113.5", "DeviceAddress": "192.168.1.1"}),
        json!({"SourceAddress": "2001:db8::1", "DestinationAddress": "fd00::1"}),
        json!({"SourceAddress": "::ffff:198.51.100.2", "DestinationAddress": "100.64.0.1"}),
        json!({"SourceHostName": "Evil.example.net", "DestinationHostName": "MAIL.example.com"}),
        json!({"SourceHostName": "host", "DestinationHostName": "dc.corp.local", "DeviceHostName": "fw.example.org"}),
        json!({"RequestUrl": "http://evil.example.net/x"}),
        json!({"RequestUrl": "https://mail.example.com/owa"}),
        json!({"RequestUrl": "http://10.0.0.9/a"}),
        json!({"RequestUrl": "/index.php"}),
        json!({"FileHash": "MD5=D41D8CD98F00B204E9800998ECF8427E,X=1", "OldFileHash": "a".repeat(64)}),
        json!({"BaseEvents": [{"SourceAddress": "198.51.100.3", "BaseEvents": [{"SourceAddress": "169.254.1.1"}]}]}),
    ];
    let hash = "a".repeat(64);
    let expected = [
        (Field::ObservedIpv4, vec!["10.0.0.7", "100.64.0.1", "169.254.1.1", "192.168.1.1", "203.0.113.5"]),
        (Field::ObservedIpv6, vec!["fd00::1"]),
        (
            Field::ObservedDomain,
            vec!["dc.corp.local", "fw.example.org", "mail.example.com", "web.example.com", "www.example.com"],
        ),
        (Field::ObservedUri, vec!["http://10.0.0.9/a", "https://mail.example.com/owa"]),
        (Field::Ipv4, vec!["198.51.100.1", "198.51.100.2", "198.51.100.3"]),
        (Field::Ipv6, vec!["2001:db8::1"]),
        (Field::Domain, vec!["evil.example.net"]),
        (Field::Uri, vec!["http://evil.example.net/x"]),
        (Field::MalwareHash, vec![hash.as_str(), "d41d8cd98f00b204e9800998ecf8427e"]),
    ];
    assert_eq!(all(&find(&assets, &events)), expected);
}

#[test]
fn what_says_nothing_of_anybody_is_passed_over() {
    let nothing = [
        json!({"SourceAddress": "0.0.0.0", "DestinationAddress": "255.255.255.255", "DeviceAddress": "224.0.0.1"}),
        json!({"SourceAddress": 5, "SourceHostName": ["a.b"], "RequestUrl": {}, "FileHash": "abc", "BaseEvents": {}}),
        json!({"SourceAddress": "", "SourceHostName": "-", "RequestUrl": "mailto:a@example.com"}),
        json!([]),
        json!("text"),
    ];
    assert_eq!(all(&find(&Assets::default(), &nothing)), []);
}

#[test]
fn of_too_many_values_the_same_are_kept_in_any_order() {
    let mut events: Vec<_> = (0..250).map(|n| json!({"SourceAddress": format!("198.51.100.{n}")})).collect();
    let found = find(&Assets::default(), &events);
    events.reverse();
    assert_eq!(found, find(&Assets::default(), &events));
    assert_eq!(found.values(Field::Ipv4).count(), VALUES_LIMIT);
    assert!(found.cut(Field::Ipv4) && !found.cut(Field::Ipv6));
}

#[test]
fn alerts_are_looked_at_together() {
    let alert = |id: &str, assets: Value, events: Value| {
        let alert = json!({
            "id": id, "tenantID": "t", "name": "n", "priority": "low", "firstSeen": "2026-11-20T10:00:00Z",
            "lastSeen": "2026-11-20T10:00:00Z", "affectedAssets": assets, "events": events,
        });
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        crate::intake::read(alert.to_string().as_bytes(), None, now).unwrap().remove(0).unwrap()
    };
    let alerts = [
        alert("1", json!([]), json!([{"ID": "1", "SourceAddress": "203.0.113.5"}])),
        alert("2", json!([{"ipAddresses": ["203.0.113.5"]}]), json!([])),
    ];
    assert_eq!(all(&of_alerts(&alerts)), [(Field::ObservedIpv4, vec!["203.0.113.5"])]);
}

proptest! {
    #[test]
    fn no_event_makes_the_finder_panic(text in "\\PC{0,200}", address in "\\PC{0,40}") {
        let assets = assets(&json!([{"fqdn": address, "ipAddresses": [address]}]));
        let mut finder = Finder::new(&assets);
        finder.event(&text);
        for member in ["SourceAddress", "SourceHostName", "RequestUrl", "FileHash"] {
            finder.event(&json!({member: address}).to_string());
        }
        let found = finder.finish();
        for field in Field::ALL {
            prop_assert!(found.values(*field).all(|value| field.check(value).as_deref() == Ok(value)));
        }
    }
}

//! The technical block.

use super::*;
use crate::ncircc::{
    indicators::{Assets, Finder, VALUES_LIMIT},
    matrix::allows,
};

#[test]
fn a_field_of_another_type_is_refused_by_its_name() {
    let mut refused = 0;
    for kind in exportable() {
        for field in Field::ALL.iter().copied() {
            let mut export = least(kind);
            fill_in(&mut export, field);
            if allows(kind, field) {
                assert!(check(&export, &defaults()).is_ok(), "{kind} {field:?}");
                continue;
            }
            refused += 1;
            let problems = check(&export, &defaults()).unwrap_err();
            assert_eq!(problems.len(), 1, "{kind} {field:?}");
            assert_eq!(problems[0].field, field.as_str());
            for other in exportable().filter(|other| allows(*other, field)) {
                assert!(problems[0].rule.contains(other.as_str()), "{other} {field:?}");
            }
            for own in allowed(kind) {
                assert!(problems[0].fix.contains(own.as_str()), "{own:?}");
            }
        }
    }
    assert_eq!(refused, 18 * 17 - exportable().map(|kind| allowed(kind).count()).sum::<usize>());
}

#[test]
fn the_block_needs_a_connection() {
    let mut export = least(Kind::MalwareInfection);
    fill_in(&mut export, Field::Ipv4);
    export["affectedSystemHasConnection"] = json!(false);
    assert_eq!(at_fault(&export, &defaults()), ["technical"]);
    export["technical"] = json!({"indicators": {"ipv4": []}});
    assert!(body(&export, &defaults()).get("related_indicators_ipv4").is_none());
}

#[test]
fn a_value_that_is_none_is_named_with_its_place() {
    let mut export = least(Kind::MalwareInfection);
    export["affectedSystemHasConnection"] = json!(true);
    export["technical"] = json!({
        "observables": {
            "ipv4": ["192.0.2.1", "192.0.2.300", 5], "ipv6": ["192.0.2.1"], "domains": ["host"], "urls": ["host"],
            "emails": ["host"], "services": ["443/TCP", {"value": "443/TCP"}, {"name": "a", "value": "b", "c": 1}],
        },
        "indicators": {
            "ipv4": [{"value": "192.0.2.1", "function": "canary"}, {"function": "Undefined"}],
            "ipv6": "2001:db8::1",
        },
        "malwareHashes": ["abc"], "vulnerabilities": ["MS08-067"],
    });
    let expected = [
        "technical.observables.ipv4[1]",
        "technical.observables.ipv4[2]",
        "technical.observables.ipv6[0]",
        "technical.observables.domains[0]",
        "technical.observables.urls[0]",
        "technical.observables.emails[0]",
        "technical.observables.services[0]",
        "technical.observables.services[1]",
        "technical.observables.services[2]",
        "technical.indicators.ipv4[0]",
        "technical.indicators.ipv4[1]",
        "technical.indicators.ipv6",
        "technical.malwareHashes[0]",
        "technical.vulnerabilities[0]",
    ];
    assert_eq!(at_fault(&export, &defaults()), expected);
}

#[test]
fn a_list_of_nothing_but_faults_leaves_room_for_others() {
    let mut export = least(Kind::MalwareInfection);
    export["affectedSystemHasConnection"] = json!(true);
    export["technical"] = json!({"observables": {"ipv4": vec!["canary"; 1_000]}, "malwareHashes": ["abc"]});
    export["canary"] = json!(1);
    let problems = check(&export, &defaults()).unwrap_err();
    assert_eq!(problems.len(), 8, "{problems:?}");
    assert!(problems[5].rule.starts_with("has 1000 entries at fault"), "{problems:?}");
    assert_eq!(problems[7].field, "canary");
}

fn with_events(events: &[Value]) -> Defaults {
    let assets = Assets::default();
    let mut finder = Finder::new(&assets);
    for event in events {
        finder.event(&event.to_string());
    }
    Defaults { found: finder.finish(), ..defaults() }
}

#[test]
fn what_the_alerts_know_is_added_where_the_type_allows_it() {
    let event = json!({
        "SourceAddress": "198.51.100.9", "DestinationAddress": "10.0.0.1", "RequestUrl": "http://evil.example.net/x",
        "FileHash": "d41d8cd98f00b204e9800998ecf8427e",
    });
    let known = with_events(&[event]);
    let mut export = least(Kind::MalwareInfection);
    assert!(!check(&export, &known).unwrap().body.contains("198.51.100.9"), "without a connection");
    export["affectedSystemHasConnection"] = json!(true);
    let whole = body(&export, &known);
    assert_eq!(
        whole["related_indicators_ipv4"],
        json!([{"function": "Тип не определен", "value": "198.51.100.9"}])
    );
    assert_eq!(whole["related_observables_ipv4"], json!([{"value": "10.0.0.1"}]));
    assert_eq!(whole["malware_hash"], json!([{"value": "d41d8cd98f00b204e9800998ecf8427e"}]));
    // A scan has neither addresses of pages nor files: nobody asked for them, so nothing is said.
    export["type"] = json!("Network scanning");
    export["category"] = json!(Category::Attack);
    let scan = body(&export, &known);
    assert!(scan.get("related_indicators_uri").is_none() && scan.get("malware_hash").is_none());
    assert!(scan.get("related_indicators_ipv4").is_some());
}

#[test]
fn what_somebody_filled_in_wins_over_what_was_found() {
    let known =
        with_events(&[json!({"SourceAddress": "198.51.100.9", "DestinationAddress": "198.51.100.7"})]);
    let mut export = least(Kind::MalwareInfection);
    export["affectedSystemHasConnection"] = json!(true);
    export["technical"] = json!({
        "observables": {"ipv4": ["198.51.100.7"]},
        "indicators": {"ipv4": [
            {"value": "198.51.100.9", "function": "Malware distribution source"}, "192.0.2.5", "192.0.2.5",
        ]},
    });
    let body = body(&export, &known);
    assert_eq!(body["related_observables_ipv4"], json!([{"value": "198.51.100.7"}]));
    let expected = json!([
        {"function": "Источник распространения ВПО", "value": "198.51.100.9"},
        {"function": "Тип не определен", "value": "192.0.2.5"},
    ]);
    assert_eq!(body["related_indicators_ipv4"], expected);
}

#[test]
fn too_many_values_are_cut_and_the_operator_is_told() {
    let events: Vec<_> = (0..150).map(|n| json!({"SourceAddress": format!("198.51.100.{n}")})).collect();
    let mut export = least(Kind::NetworkScanning);
    export["affectedSystemHasConnection"] = json!(true);
    let ready = check(&export, &with_events(&events)).unwrap();
    let body: Value = serde_json::from_str(&ready.body).unwrap();
    assert_eq!(body["related_indicators_ipv4"].as_array().unwrap().len(), VALUES_LIMIT);
    assert_eq!(ready.warnings.len(), 1);
    assert!(ready.warnings[0].starts_with("technical.indicators.ipv4:"), "{:?}", ready.warnings);
}

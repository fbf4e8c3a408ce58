//! What is refused, and that all of it is told at once.

use proptest::prelude::*;

use super::*;

#[test]
fn all_faults_are_told_at_once() {
    let mut export = least(Kind::NetworkScanning);
    for (field, value) in [
        ("canary", json!("canary")),
        ("tlp", json!("canary")),
        ("affectedSystemName", json!(" ")),
        ("affectedSystemCategory", Value::Null),
        ("affectedSystemHasConnection", json!(false)),
        ("detectedAt", json!("2026-11-21T00:00:00Z")),
        ("endedAt", json!("2026-11-20T13:00:00Z")),
        ("integrityImpact", json!("Low")),
        ("location", json!("Moscow")),
        ("city", json!("я".repeat(5_001))),
        ("technical", json!({"indicators": {"ipv4": ["canary"], "emails": ["a@example.com"]}, "canary": 1})),
        ("personalDataLeak", json!({"canary": 1})),
        ("productInfo", json!([])),
        ("description", json!("a\nKUMA Bridge: INC-1/canary")),
    ] {
        export[field] = value;
    }
    let problems = check(&export, &defaults()).unwrap_err();
    let mut fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
    fields.sort_unstable();
    let expected = [
        "affectedSystemCategory",
        "affectedSystemName",
        "canary",
        "city",
        "description",
        "detectedAt",
        "endedAt",
        "endedAt",
        "integrityImpact",
        "location",
        "personalDataLeak",
        "personalDataLeak.canary",
        "productInfo",
        "technical",
        "technical.canary",
        "technical.indicators.emails",
        "technical.indicators.ipv4[0]",
        "tlp",
    ];
    assert_eq!(fields, expected);
    for problem in problems {
        assert!(!problem.rule.is_empty() && !problem.fix.is_empty(), "{problem:?}");
        assert!(!problem.rule.contains("canary") && !problem.fix.contains("canary"), "{problem:?}");
    }
}

#[test]
fn the_removed_types_are_refused_and_say_what_to_choose() {
    for kind in Kind::ALL.iter().copied().filter(|kind| kind.removed()) {
        let problems = check(&least(kind), &defaults()).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].field, "type");
        assert!(problems[0].rule.contains("2023"));
        assert!(problems[0].fix.starts_with("choose Use of a controlled resource for attacks"));
        // An old incident may have one; then the export has to say another.
        let known = Defaults { kind: Some(kind), ..defaults() };
        let mut export = least(Kind::MalwareInfection);
        assert!(check(&export, &known).is_ok());
        export["type"] = Value::Null;
        assert_eq!(at_fault(&export, &known), ["type"]);
    }
}

#[test]
fn a_type_of_another_category_is_refused() {
    for kind in exportable() {
        for category in Category::ALL.iter().copied().filter(|category| *category != kind.category()) {
            let mut export = least(kind);
            export["category"] = json!(category);
            assert!(at_fault(&export, &defaults()).contains(&"type".to_owned()), "{kind} {category}");
        }
    }
}

#[test]
fn an_unknown_type_is_told_those_that_can_be_exported() {
    let mut export = least(Kind::Ddos);
    export["type"] = json!("canary");
    let problems = check(&export, &defaults()).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].rule.contains("Network scanning") && !problems[0].rule.contains("phishing"));
}

#[test]
fn a_text_has_5000_characters_on_the_wire_whatever_the_form_takes() {
    for (field, length, fits) in [
        ("affectedSystemName", 5_000, true),
        ("affectedSystemName", 5_001, false),
        ("affectedSystemName", 500_000, false),
        ("affectedSystemName", 500_001, false),
        ("city", 5_000, true),
        ("city", 5_001, false),
        ("ownerName", 5_001, false),
        ("detectionTool", 5_001, false),
        ("customImpact", 5_001, false),
        // The marker takes a line of its own.
        ("description", 5_000 - 1 - 13 - MARKER.len(), true),
        ("description", 5_000 - 13 - MARKER.len(), false),
    ] {
        let mut export = least(Kind::Ddos);
        export[field] = json!("я".repeat(length));
        let found = at_fault(&export, &defaults());
        assert_eq!(found, if fits { vec![] } else { vec![field] }, "{field} {length}");
    }
    let mut export = least(Kind::Ddos);
    export["affectedSystemName"] = json!("я".repeat(6_000));
    let problems = check(&export, &defaults()).unwrap_err();
    assert!(problems[0].rule.contains("5000") && problems[0].fix.contains("6000"), "{problems:?}");
    export["affectedSystemName"] = json!("я".repeat(500_001));
    let problems = check(&export, &defaults()).unwrap_err();
    assert!(problems[0].rule.contains("500000"), "{problems:?}");
}

#[test]
fn a_body_has_a_limit_too() {
    let mut export = least(Kind::MalwareInfection);
    let urls: Vec<_> = (0..100).map(|n| format!("http://example.com/{n}/{}", "x".repeat(4_000))).collect();
    export["affectedSystemHasConnection"] = json!(true);
    export["technical"] = json!({"indicators": {"urls": urls}});
    assert_eq!(at_fault(&export, &defaults()), ["body"]);
}

#[test]
fn times_are_past_and_in_order() {
    for (detected, ended, expected) in [
        ("2026-11-20T12:00:00.900Z", None, &[][..]),
        ("2026-11-20T12:00:01Z", None, &["detectedAt"]),
        ("2026-11-20T09:00:00Z", Some("2026-11-20T09:00:00Z"), &[]),
        ("2026-11-20T09:00:00.900Z", Some("2026-11-20T09:00:00.100Z"), &[]),
        ("2026-11-20T09:00:00Z", Some("2026-11-20T08:59:59Z"), &["endedAt"]),
        ("2026-11-20T09:00:00Z", Some("2026-11-20T12:00:01Z"), &["endedAt"]),
        ("2026-11-20T09:00", None, &["detectedAt"]),
    ] {
        let mut export = least(Kind::Ddos);
        export["detectedAt"] = json!(detected);
        export["endedAt"] = json!(ended);
        assert_eq!(at_fault(&export, &defaults()), expected, "{detected} {ended:?}");
    }
    let unseen = Defaults { first_seen: None, ..defaults() };
    assert_eq!(at_fault(&least(Kind::Ddos), &unseen), ["detectedAt"]);
}

#[test]
fn a_closed_incident_needs_a_description() {
    let state = State::Closed { at: "2026-11-20T11:00:00Z".parse().unwrap(), confirmed: true };
    let closed = Defaults { state, ..defaults() };
    let mut export = least(Kind::Ddos);
    let problems = check(&export, &closed).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].field.as_str(), problems[0].rule.contains("closed")), ("description", true));
    export["description"] = json!("Blocked.");
    assert!(check(&export, &closed).is_ok());
}

#[test]
fn impacts_are_for_incidents_alone() {
    for kind in exportable() {
        for field in IMPACT_FIELDS {
            let mut export = least(kind);
            export[field] = json!("None");
            let expected: &[&str] = if kind.category() == Category::Incident { &[] } else { &[field] };
            assert_eq!(at_fault(&export, &defaults()), expected, "{kind}");
        }
    }
}

/// Any JSON that is not too big.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "\\PC{0,20}",
        "[a-z.@/:0-9\n]{0,20}",
        Just("Network scanning".to_owned()),
        Just("Malware infection".to_owned()),
        Just("RED".to_owned()),
        Just("2026-11-20T10:00:00Z".to_owned()),
        Just("198.51.100.1".to_owned()),
        Just("я".repeat(5_001)),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = proptest::sample::select(KEYS.as_slice());
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..4)
                .prop_map(|list| list.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

const KEYS: [&str; 34] = [
    "category",
    "type",
    "tlp",
    "affectedSystemName",
    "affectedSystemCategory",
    "affectedSystemFunction",
    "location",
    "affectedSystemHasConnection",
    "ownerName",
    "company",
    "description",
    "detectionTool",
    "detectedAt",
    "endedAt",
    "activityStatus",
    "availabilityImpact",
    "customImpact",
    "city",
    "technical",
    "observables",
    "indicators",
    "ipv4",
    "domains",
    "urls",
    "services",
    "name",
    "value",
    "function",
    "personalDataLeak",
    "inn",
    "reasons",
    "productInfo",
    "vulnerabilityID",
    "malwareHashes",
];

fn longest(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(list) => list.iter().map(longest).max().unwrap_or(0),
        Value::Object(members) => members.values().map(longest).max().unwrap_or(0),
        _ => 0,
    }
}

proptest! {
    #[test]
    fn no_form_makes_the_preflight_panic_and_no_text_is_too_long(
        kind in proptest::sample::select(Kind::ALL),
        full in any::<bool>(),
        changes in proptest::collection::vec((proptest::sample::select(KEYS.as_slice()), any_json()), 0..4),
    ) {
        let mut export = if full { most(kind) } else { least(kind) };
        for (key, value) in changes {
            export[key] = value;
        }
        match check(&export, &defaults()) {
            Ok(ready) => {
                let body: Value = serde_json::from_str(&ready.body).unwrap();
                prop_assert!(longest(&body) <= TEXT_LIMIT);
                let line = marker_line(MARKER);
                prop_assert_eq!(body["event_description"].as_str().unwrap().lines().last(), Some(line.as_str()));
            }
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}

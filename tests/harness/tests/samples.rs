//! The sample payloads under `events/` are what they claim to be.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::HashSet, fs, path::PathBuf};

use aws_lambda_events::sqs::SqsEvent;
use bridge_delivery::Message;
use bridge_domain::{RowId, pull::Work};
use bridge_harness::Stack;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

fn events() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

fn read(path: &str) -> Value {
    let text = fs::read_to_string(events().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn alerts() -> Vec<Value> {
    ["brute-force.json", "malware-ru.json", "batch.json"]
        .into_iter()
        .flat_map(|name| match read(&format!("alert-ingest/{name}")) {
            Value::Array(alerts) => alerts,
            alert => vec![alert],
        })
        .collect()
}

fn time(alert: &Value, field: &str) -> OffsetDateTime {
    OffsetDateTime::parse(alert[field].as_str().unwrap(), &Rfc3339).unwrap()
}

#[test]
fn alerts_are_whole_and_their_times_agree() {
    for alert in alerts() {
        let name = alert["name"].as_str().unwrap();
        assert!(!name.is_empty() && name.chars().count() <= 128);
        assert!(["low", "medium", "high", "critical"].contains(&alert["priority"].as_str().unwrap()));
        assert_eq!(alert["status"], "new");
        let (first, last) = (time(&alert, "firstSeen"), time(&alert, "lastSeen"));
        assert!(first < last);
        let events = alert["events"].as_array().unwrap();
        assert!((8..=12).contains(&events.len()), "{name}: {} events", events.len());
        for event in events {
            let stamp = i128::from(event["Timestamp"].as_i64().unwrap()) * 1_000_000;
            assert!((first.unix_timestamp_nanos()..=last.unix_timestamp_nanos()).contains(&stamp), "{name}");
            assert_eq!(event["TenantID"], alert["tenantID"]);
        }
        assert!(!alert["affectedAssets"].as_array().unwrap().is_empty());
    }
}

#[test]
fn no_id_is_used_twice() {
    let mut seen = HashSet::new();
    for alert in alerts() {
        let events = alert["events"].as_array().unwrap().iter().map(|event| &event["ID"]);
        for id in events.chain([&alert["id"]]) {
            let id = id.as_str().unwrap();
            assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
            assert!(seen.insert(id.to_owned()), "{id}");
        }
    }
}

#[test]
fn both_kinds_of_attack_are_there() {
    let brute = read("alert-ingest/brute-force.json");
    let classes: Vec<&Value> =
        brute["events"].as_array().unwrap().iter().map(|e| &e["DeviceEventClassID"]).collect();
    assert!(classes.iter().any(|class| *class == "4625") && classes.iter().any(|class| *class == "4624"));
    assert!(!brute["affectedAccounts"].as_array().unwrap().is_empty());

    let malware = read("alert-ingest/malware-ru.json");
    assert!(malware["name"].as_str().unwrap().chars().any(|letter| ('а'..='я').contains(&letter)));
    let events = malware["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["FileHash"].as_str().is_some_and(|hash| hash.len() == 64)));
    assert!(
        events
            .iter()
            .any(|event| event["RequestUrl"].as_str().is_some_and(|url| url.starts_with("https://")))
    );
}

#[test]
fn envelopes_are_of_an_http_api_and_hold_what_they_say() {
    let mut envelopes = 0;
    for function in fs::read_dir(events()).unwrap() {
        let function = function.unwrap().file_name().into_string().unwrap();
        for file in fs::read_dir(events().join(&function)).unwrap() {
            let path = format!("{function}/{}", file.unwrap().file_name().to_str().unwrap());
            let event = read(&path);
            if event["version"] != "2.0" {
                continue;
            }
            envelopes += 1;
            let http = &event["requestContext"]["http"];
            assert_eq!(event["rawPath"], http["path"], "{path}");
            assert_eq!(event["isBase64Encoded"], false, "{path}");
            let length = event["headers"]["content-length"].as_str();
            let body = event["body"].as_str();
            assert_eq!(length.map(|text| text.parse().unwrap()), body.map(str::len), "{path}");
            if let Some(body) = body {
                let kind = event["headers"]["content-type"].as_str().unwrap();
                assert_ne!(
                    serde_json::from_str::<Value>(body).is_err(),
                    kind == "application/json",
                    "{path}"
                );
            }
        }
    }
    assert_eq!(envelopes, 35);

    let posted: Value =
        serde_json::from_str(read("alert-ingest/api-gateway.json")["body"].as_str().unwrap()).unwrap();
    assert_eq!(posted, read("alert-ingest/brute-force.json"));
    assert_eq!(read("alert-search/api-gateway.json")["rawQueryString"], "withEvents&status=new");
}

/// The messages in a batch as SQS hands it to a function.
fn messages<M: DeserializeOwned>(path: &str) -> Vec<M> {
    let batch: SqsEvent = serde_json::from_value(read(path)).unwrap();
    let queue = match path.split_once('/').unwrap().0 {
        "rvision-send" => "-rvision",
        "kuma-send" => "-kuma",
        "alert-pull" => "-pull",
        "ncircc-send" => "-ncircc",
        "ldap-refresh" => "-ldap",
        other => panic!("{other} has no queue"),
    };
    let read = |record: aws_lambda_events::sqs::SqsMessage| {
        assert!(!record.message_id.unwrap().is_empty() && !record.receipt_handle.unwrap().is_empty());
        assert!(record.event_source_arn.unwrap().ends_with(queue), "{path}");
        let count: u32 = record.attributes["ApproximateReceiveCount"].parse().unwrap();
        assert!(count >= 1);
        serde_json::from_str(&record.body.unwrap()).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    batch.records.into_iter().map(read).collect()
}

/// Names of the samples of a function, sorted.
fn samples(function: &str) -> Vec<String> {
    let files = fs::read_dir(events().join(function)).unwrap();
    let mut names: Vec<String> =
        files.map(|file| format!("{function}/{}", file.unwrap().file_name().to_str().unwrap())).collect();
    names.sort();
    names
}

#[test]
fn batches_hold_messages_that_their_functions_read() {
    for function in ["rvision-send", "kuma-send"] {
        for path in samples(function) {
            assert!(!messages::<Message>(&path).is_empty(), "{path}");
        }
    }
    let again: Vec<bool> =
        messages::<Message>("rvision-send/batch.json").into_iter().map(|message| message.again).collect();
    assert_eq!(again, [false, true]);

    for path in samples("ncircc-send") {
        let rows = messages::<bridge_reporting::Message>(&path);
        assert!(rows.iter().any(|message| message.row == RowId::export()), "{path}");
    }

    assert_eq!(samples("ldap-refresh"), ["ldap-refresh/batch.json"]);
    assert_eq!(messages::<bridge_importing::Message>("ldap-refresh/batch.json").len(), 1);

    let kinds: Vec<&str> = samples("alert-pull")
        .iter()
        .flat_map(|path| messages::<Work>(path))
        .map(|work| match work {
            Work::All => "all",
            Work::Pull { .. } => "run",
            Work::Alert { .. } => "push",
            Work::Backfill { .. } => "period",
        })
        .collect();
    assert_eq!(kinds, ["push", "period", "run", "all"]);
}

#[test]
fn what_the_schedules_send_is_what_the_samples_show() {
    assert_eq!(samples("sweeper"), ["sweeper/schedule.json"]);
    for function in ["ncircc-sync", "refresh-dispatch"] {
        assert_eq!(samples(function), [format!("{function}/schedule.json")]);
    }
    let template = fs::read_to_string(events().join("../infra/template.yaml")).unwrap();
    let inputs: Vec<Value> = template
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Input: '")?.strip_suffix('\''))
        .map(|input| serde_json::from_str(input).unwrap())
        .collect();
    let sent: Value = serde_json::to_value(messages::<Work>("alert-pull/schedule.json")[0].clone()).unwrap();
    let others = ["ncircc-sync", "refresh-dispatch", "sweeper"];
    let others = others.map(|function| read(&format!("{function}/schedule.json")));
    assert_eq!(inputs, [vec![sent], others.to_vec()].concat());
}

#[test]
fn without_a_stack_the_message_says_how_to_get_one() {
    let error = Stack::from_variables(|_| None).unwrap_err().to_string();
    assert!(error.contains("BRIDGE_URL is not set"), "{error}");
    assert!(error.contains("`make test`, or `make up` and `source .local/stack.env`"), "{error}");
}

#[test]
fn a_stack_is_read_from_its_variables_and_hides_its_token() {
    let stack = Stack::from_variables(|name| match name {
        "BRIDGE_URL" => Some("https://localhost:7223/".to_owned()),
        "BRIDGE_AUTH" => Some("true".to_owned()),
        name => Some(format!("value of {name}")),
    })
    .unwrap();
    assert_eq!(stack.url, "https://localhost:7223");
    assert!(stack.iam_enforced);
    assert_eq!(stack.admin_token, "value of BRIDGE_ADMIN_TOKEN");
    assert!(!format!("{stack:?}").contains(&stack.admin_token));
}

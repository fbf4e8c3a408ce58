use serde_json::{Value, json};

use super::*;
use crate::form::{Faults, form};

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn faults_of(value: &Value) -> Vec<String> {
    let mut faults = Faults::default();
    assert!(Draft::read(form(value), &mut faults).is_none() || !faults.is_empty());
    faults.into_vec().into_iter().map(|fault| fault.field).collect()
}

fn incident(more: &Value) -> Incident {
    let mut value = json!({"name": "Phishing", "tenantID": "t"});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut faults = Faults::default();
    let draft = Draft::read(form(&value), &mut faults);
    assert_eq!(faults, Faults::default());
    draft.unwrap().into_incident(IncidentId::numbered(7), at(100))
}

#[test]
fn every_rule_of_the_form_is_named() {
    assert_eq!(faults_of(&json!({})), ["name", "tenantID"]);
    let long = "x".repeat(129);
    let bad = json!({
        "name": long, "tenantID": "t", "priority": "urgent", "description": "x".repeat(257),
        "category": "Notification about a computer attack", "type": "Malware infection",
        "alertIDs": ["a", "a"], "assetIDs": "x", "other": 1,
    });
    assert_eq!(faults_of(&bad), ["name", "priority", "description", "type", "alertIDs", "assetIDs", "other"]);
    let many: Vec<String> = (0..=LINK_LIMIT).map(|n| format!("a{n}")).collect();
    assert_eq!(faults_of(&json!({"name": "n", "tenantID": "t", "alertIDs": many})), ["alertIDs"]);
    let most = "ю".repeat(DESCRIPTION_LIMIT);
    assert_eq!(incident(&json!({ "description": most })).description, most);
}

#[test]
fn a_type_brings_its_category() {
    let made = incident(&json!({"type": "Malware infection"}));
    assert_eq!(made.category.unwrap().as_str(), "Computer incident notification");
    let mut changed = made.clone();
    let mut faults = Faults::default();
    let change =
        Change::read(form(&json!({"category": "Notification about a computer attack"})), &mut faults);
    changed.change(change, at(101)).unwrap();
    assert_eq!((changed.kind, changed.name), (None, made.name));
}

#[test]
fn a_closed_incident_can_not_be_changed() {
    let mut closed = incident(&json!({"assignee": "ann"}));
    assert_eq!(closed.status, Status::Assigned);
    closed.close(Resolution::NotApproved, at(200)).unwrap();
    let before = closed.clone();
    assert_eq!(closed.close(Resolution::Approved, at(201)), Err(Refusal::Closed));
    assert_eq!(closed.assign("bob".into(), at(201)), Err(Refusal::Closed));
    assert_eq!(closed.link("a".parse().unwrap(), at(1), at(2), at(201)), Err(Refusal::Closed));
    assert_eq!(closed.unlink(&"a".parse().unwrap(), at(201)), Err(Refusal::Closed));
    assert_eq!(closed.change(Change::default(), at(201)), Err(Refusal::Closed));
    assert_eq!((closed, before.closed), (before, Some(at(200))));
}

#[test]
fn its_times_are_those_of_its_alerts() {
    let mut made = incident(&json!({}));
    assert_eq!((made.first_seen, made.last_seen), (at(100), at(100)));
    for (id, first, last) in [("a", 5, 9), ("b", 3, 7), ("a", 0, 50)] {
        made.link(id.parse().unwrap(), at(first), at(last), at(101)).unwrap();
    }
    assert_eq!((made.first_seen, made.last_seen, made.alerts.len()), (at(3), at(9), 2));
    made.unlink(&"a".parse().unwrap(), at(102)).unwrap();
    assert_eq!((made.alerts.len(), made.first_seen), (1, at(3)));
}

#[test]
fn priorities_have_numbers() {
    for priority in Priority::ALL {
        assert_eq!(Priority::numbered(priority.number().into()), Some(*priority));
    }
    assert_eq!((Priority::numbered(0), Priority::numbered(5)), (None, None));
}

#[test]
fn an_incident_reads_back_as_it_was_stored() {
    let mut made = incident(&json!({"type": "Malware infection", "priority": "high", "assetIDs": ["x"]}));
    made.report = Some(Report { uuid: "u".into(), ..Report::new(ReportState::Exported) });
    let text = serde_json::to_string(&made).unwrap();
    assert_eq!(serde_json::from_str::<Incident>(&text).unwrap(), made);
    assert_eq!(made.export_state(), "Exported successfully");
}

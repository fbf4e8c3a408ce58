use serde_json::{Value, json};

use super::*;
use crate::form::form;

fn read(value: &Value) -> Result<Decision, Vec<String>> {
    let fields = |problems: Vec<Problem>| problems.into_iter().map(|problem| problem.field).collect();
    Decision::read(form(value)).map_err(fields)
}

#[test]
fn a_decision_becomes_a_body() {
    let body = |value: &Value| -> Value {
        serde_json::from_str(&read(value).unwrap().body("5f2c", "АО Ромашка")).unwrap()
    };
    let work = json!({"uuid": "5f2c", "company": "АО Ромашка", "status": "В работе"});
    assert_eq!(body(&json!({"status": "in work"})), work);
    for result in NoticeResult::ALL {
        let expected = json!({
            "uuid": "5f2c", "company": "АО Ромашка", "status": "Принято решение", "int_result": result.wire(),
        });
        assert_eq!(body(&json!({"status": "decided", "result": result})), expected);
    }
}

#[test]
fn all_that_is_wrong_is_told() {
    for (value, fields) in [
        (json!({}), vec!["status"]),
        (json!({"status": "done"}), vec!["status"]),
        (json!({"status": "decided"}), vec!["result"]),
        (json!({"status": "decided", "result": "canary"}), vec!["result"]),
        (json!({"status": "in work", "result": "not confirmed"}), vec!["result"]),
        (json!({"status": 1, "result": 2, "x": 3}), vec!["status", "result", "x"]),
    ] {
        assert_eq!(read(&value), Err(fields.into_iter().map(str::to_owned).collect()), "{value}");
    }
}

#[test]
fn a_decision_is_kept_as_it_was_asked_for() {
    for decision in [Decision::InWork, Decision::Decided(NoticeResult::Noted)] {
        let json = serde_json::to_value(decision).unwrap();
        assert_eq!(serde_json::from_value::<Decision>(json.clone()).unwrap(), decision);
        assert_eq!(read(&json), Ok(decision));
    }
}

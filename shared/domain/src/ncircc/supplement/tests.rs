use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::form::form;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn reported(category: Category) -> Reported<'static> {
    Reported {
        uuid: "5f2c",
        company: "АО Ромашка",
        category,
        marker: "INC-42/3f9c2a41",
        detected: Some("2026-11-20T09:00:00Z".parse().unwrap()),
    }
}

fn check(value: &Value, category: Category, files: bool) -> Result<Value, Vec<Problem>> {
    let body = preflight(Draft::read(form(value)), &reported(category), files, now())?;
    Ok(serde_json::from_str(&body).unwrap())
}

fn full() -> Value {
    json!({
        "detectionTool": "KUMA", "endedAt": "2026-11-20T10:00:00Z", "activityStatus": "Measures taken",
        "description": "More.", "city": "Москва", "availabilityImpact": "High", "integrityImpact": "Low",
        "confidentialityImpact": "None", "customImpact": "C", "comment": "See the file",
    })
}

#[test]
fn only_what_was_filled_in_is_sent() {
    let expected = json!({
        "uuid": "5f2c", "company": "АО Ромашка", "status": "Проверка НКЦКИ", "detection_tool": "KUMA",
        "end_time": "2026-11-20T10:00:00Z", "activity_status": "Меры приняты",
        "event_description": "More.\nKUMA Bridge: INC-42/3f9c2a41", "city": "Москва",
        "availability_impact": "Высокое", "integrity_impact": "Низкое", "confidentiality_impact": "Отсутствует",
        "custom_impact": "C",
    });
    assert_eq!(check(&full(), Category::Incident, false).unwrap(), expected);
    let bare = json!({"uuid": "5f2c", "company": "АО Ромашка", "status": "Проверка НКЦКИ"});
    assert_eq!(check(&json!({}), Category::Attack, true).unwrap(), bare);
    assert_eq!(check(&json!({"comment": "x"}), Category::Attack, false).unwrap(), bare);
    assert_eq!(Draft::read(form(&full())).comment.as_deref(), Some("See the file"));
}

#[test]
fn an_attack_has_no_impacts() {
    for category in [Category::Attack, Category::Vulnerability] {
        let problems = check(&full(), category, false).unwrap_err();
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        let impacts = ["availabilityImpact", "integrityImpact", "confidentialityImpact", "customImpact"];
        assert_eq!(fields, impacts);
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let value = json!({
        "endedAt": "2026-11-20T13:00:00Z", "activityStatus": "canary", "city": "я".repeat(5_001), "tlp": "RED",
        "description": "я".repeat(5_000),
    });
    let problems = check(&value, Category::Incident, false).unwrap_err();
    let mut fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["activityStatus", "city", "description", "endedAt", "tlp"]);
    let early = json!({"endedAt": "2026-11-20T08:00:00Z"});
    assert_eq!(check(&early, Category::Incident, false).unwrap_err()[0].field, "endedAt");
    let nothing = check(&json!({"city": " "}), Category::Incident, false).unwrap_err();
    assert_eq!(nothing[0].field, "supplement");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", number in any::<i64>()) {
        for name in full().as_object().unwrap().keys() {
            for value in [json!(text), json!(number)] {
                let mut form = full();
                form[name.as_str()] = value;
                let _ = check(&form, Category::Incident, false);
            }
        }
    }
}

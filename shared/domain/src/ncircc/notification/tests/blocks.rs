//! The leak of personal data, and vulnerabilities.

use super::*;
use crate::ncircc::matrix::leak_allowed;

fn leaking(kind: Kind) -> Value {
    let mut export = least(kind);
    export["personalDataLeak"] = json!({"reasons": "Phishing", "personalData": "Names", "damage": "Low"});
    export
}

#[test]
fn a_leak_is_told_by_its_types_alone() {
    for kind in exportable() {
        let result = check(&leaking(kind), &defaults());
        if leak_allowed(kind) {
            assert!(result.unwrap().body.contains("\"rkn_leak_pd\":true"), "{kind}");
        } else {
            let problems = result.unwrap_err();
            assert_eq!(problems.len(), 1, "{kind}");
            assert_eq!(problems[0].field, "personalDataLeak");
            assert!(problems[0].rule.contains("Compromised user account"));
        }
    }
}

#[test]
fn a_leak_needs_all_its_fields_from_here_or_from_the_settings() {
    let bare = Defaults { inn: None, operator_address: None, email: Some(" ".to_owned()), ..defaults() };
    let mut export = leaking(Kind::DataDisclosure);
    let missing = ["personalDataLeak.inn", "personalDataLeak.address", "personalDataLeak.email"];
    assert_eq!(at_fault(&export, &bare), missing);
    for field in ["reasons", "personalData", "damage"] {
        let mut export = export.clone();
        export["personalDataLeak"][field] = json!("");
        assert_eq!(at_fault(&export, &defaults()), [format!("personalDataLeak.{field}")]);
    }
    let block = json!({
        "operatorName": "Operator", "inn": "0123456789", "address": "Street 1", "email": "dpo@example.com",
        "reasons": "R", "personalData": "P", "damage": "D", "measures": "M", "additionalInfo": "A",
        "investigation": "I",
    });
    export["personalDataLeak"] = block;
    let body = body(&export, &bare);
    assert_eq!(body["rkn_inn"], json!(123_456_789));
    let texts = [
        ("rkn_full_name", "Operator"),
        ("rkn_address", "Street 1"),
        ("rkn_email", "dpo@example.com"),
        ("rkn_reasons", "R"),
        ("rkn_pers_data", "P"),
        ("rkn_damage", "D"),
        ("rkn_measures", "M"),
        ("rkn_add_info", "A"),
        ("rkn_investigation", "I"),
    ];
    for (name, text) in texts {
        assert_eq!(body[name], text, "{name}");
    }
    for (field, value) in [
        ("inn", json!("12345")),
        ("inn", json!(12_345)),
        ("inn", json!("12345678901")),
        ("inn", json!("123456789x")),
        ("email", json!("dpo")),
        ("measures", json!("я".repeat(5_001))),
        ("canary", json!(1)),
    ] {
        let mut export = export.clone();
        export["personalDataLeak"][field] = value;
        assert_eq!(at_fault(&export, &bare), [format!("personalDataLeak.{field}")]);
    }
    export["personalDataLeak"]["inn"] = json!(123_456_789_012_u64);
    assert!(check(&export, &bare).is_ok());
}

#[test]
fn vulnerabilities_are_refused_until_a_setting_lets_them_through() {
    let export = most(Kind::VulnerableResource);
    let refused = Defaults { allow_vulnerability: false, ..defaults() };
    let problems = check(&export, &refused).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].field, "category");
    assert!(problems[0].rule.contains("November 2024"));
    assert!(problems[0].fix.contains("allowVulnerabilityNotifications"));
    let body = body(&export, &defaults());
    assert_eq!(body["product_info"], json!([{"name": "MS Office", "version": "2.4"}]));
    assert_eq!(body["vulnerability_id"], "CVE-2020-1231");
    assert_eq!(body["product_category"], "Мобильные платформы");
}

#[test]
fn a_vulnerability_needs_a_product_and_nothing_else_may_have_one() {
    let mut export = least(Kind::VulnerableResource);
    export["type"] = Value::Null;
    assert_eq!(body(&export, &defaults())["type"], "Уязвимый ресурс");
    for (table, field) in [
        (Value::Null, "productInfo"),
        (json!([]), "productInfo"),
        (json!("a"), "productInfo"),
        (json!([{"name": "a", "version": "1"}, {"name": "b"}]), "productInfo[1].version"),
        (json!([{"name": "a", "version": "1"}, {"name": " ", "version": "1"}]), "productInfo[1].name"),
        (json!([{"name": "a", "version": "1"}, {"name": "a", "version": "1", "x": 1}]), "productInfo[1]"),
        (json!([{"name": "a", "version": "1"}, 7]), "productInfo[1]"),
    ] {
        export["productInfo"] = table;
        assert_eq!(at_fault(&export, &defaults()), [field]);
    }
    let mut attack = least(Kind::Ddos);
    for (field, value) in [
        ("productInfo", json!([{"name": "a", "version": "1"}])),
        ("vulnerabilityID", json!("CVE-2020-1231")),
        ("productCategory", json!("IoT devices")),
    ] {
        attack[field] = value;
    }
    assert_eq!(at_fault(&attack, &defaults()), ["productInfo", "vulnerabilityID", "productCategory"]);
}

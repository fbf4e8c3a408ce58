use serde_json::{Value, json};

use super::*;
use crate::{
    form::form,
    ncircc::{
        Problem,
        matrix::{Field, Shape, allowed},
        wire::{TEXT_LIMIT, marker_line},
    },
};

mod blocks;
mod bodies;
mod faults;
mod technical;

const MARKER: &str = "INC-42/3f9c2a41";
const IMPACT_FIELDS: [&str; 3] = ["availabilityImpact", "integrityImpact", "confidentialityImpact"];

fn now() -> Timestamp {
    "2026-11-20T12:00:00.500Z".parse().unwrap()
}

fn defaults() -> Defaults {
    Defaults {
        marker: MARKER.to_owned(),
        company: "АО Ромашка".to_owned(),
        scope: Scope::Healthcare,
        location: "RU-KYA".parse().unwrap(),
        inn: Some("7712345678".to_owned()),
        operator_address: Some("Москва, ул. Ленина, 1".to_owned()),
        email: Some("cert@example.com".to_owned()),
        allow_vulnerability: true,
        detection_tool: "KUMA".to_owned(),
        name: "Brute force".to_owned(),
        description: String::new(),
        state: State::Open,
        first_seen: Some("2026-11-20T09:30:15.999999Z".parse().unwrap()),
        category: None,
        kind: None,
        found: Found::default(),
    }
}

/// What every export has to say.
fn least(kind: Kind) -> Value {
    let mut form = json!({
        "category": kind.category(), "type": kind, "affectedSystemName": "Billing",
        "affectedSystemCategory": "Information resource is not a CII object",
    });
    if kind.category() == Category::Vulnerability {
        form["productInfo"] = json!([{"name": "MS Office", "version": "2.4"}]);
    }
    form
}

/// A value that a technical field takes.
fn sample(field: Field) -> Value {
    let value = match field {
        Field::ObservedIpv4 => "192.0.2.1",
        Field::Ipv4 => "198.51.100.1",
        Field::ObservedIpv6 => "2001:db8::1",
        Field::Ipv6 => "2001:db8::2",
        Field::ObservedDomain => "mail.example.com",
        Field::Domain => "evil.example.net",
        Field::ObservedUri => "https://mail.example.com/owa",
        Field::Uri => "http://evil.example.net/x",
        Field::ObservedEmail => "user@example.com",
        Field::Email => "evil@example.net",
        Field::MalwareHash => "d41d8cd98f00b204e9800998ecf8427e",
        Field::Vulnerability => "CVE-2020-1231",
        Field::ObservedService => "443/TCP",
        Field::ObservedAsPath | Field::Asn | Field::As | Field::AsLir => "AS64500",
    };
    match field.shape() {
        Shape::Text => json!(value),
        Shape::Values => json!([value]),
        Shape::Functions => json!([{"value": value, "function": "Malware control center"}]),
        Shape::Services => json!([{"name": "веб", "value": value}]),
    }
}

/// Fills in a technical field.
fn fill_in(form: &mut Value, field: Field) {
    let path: Vec<_> = field.as_str().split('.').collect();
    let place = path.iter().fold(&mut *form, |place, name| &mut place[*name]);
    *place = sample(field);
    form["affectedSystemHasConnection"] = json!(true);
}

/// Everything that an export of this type may say.
fn most(kind: Kind) -> Value {
    let mut full = least(kind);
    for (field, value) in [
        ("tlp", json!("AMBER")),
        ("affectedSystemFunction", json!("Mass media")),
        ("location", json!("RU-MOW")),
        ("ownerName", json!("Owner")),
        ("company", json!("Company")),
        ("description", json!("What happened.\nAnd then.")),
        ("detectionTool", json!("KUMA 3.2")),
        ("assistanceRequired", json!(true)),
        ("detectedAt", json!("2026-11-20T12:30:00+03:00")),
        ("endedAt", json!("2026-11-20T10:00:00Z")),
        ("activityStatus", json!("Response measures are resumed")),
        ("customImpact", json!("Reputation")),
        ("city", json!("Красноярск")),
    ] {
        full[field] = value;
    }
    if kind.category() == Category::Incident {
        for field in IMPACT_FIELDS {
            full[field] = json!("Low");
        }
    }
    if kind.category() == Category::Vulnerability {
        full["vulnerabilityID"] = json!("CVE-2020-1231");
        full["productCategory"] = json!("Mobile platforms");
    }
    for field in allowed(kind) {
        fill_in(&mut full, field);
    }
    full
}

fn check(value: &Value, defaults: &Defaults) -> Result<Ready, Vec<Problem>> {
    preflight(Draft::read(form(value)), defaults, now())
}

/// The body of an export that has no fault.
fn body(value: &Value, defaults: &Defaults) -> Value {
    let ready = check(value, defaults).unwrap_or_else(|problems| panic!("{problems:?}"));
    serde_json::from_str(&ready.body).unwrap()
}

/// The fields at fault.
fn at_fault(value: &Value, defaults: &Defaults) -> Vec<String> {
    check(value, defaults).err().into_iter().flatten().map(|problem| problem.field).collect()
}

fn exportable() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| !kind.removed())
}

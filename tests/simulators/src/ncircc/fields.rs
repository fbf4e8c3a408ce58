//! The fields of a card: their names, and what each may hold.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use regex::Regex;
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Result, bad,
    dictionary::{ACTIVITIES, FUNCTIONS, IMPACTS, INCIDENT, PRODUCTS, SCOPES, SYSTEM_CATEGORIES, TLPS, Type},
};

/// The longest text of any field.
const TEXT_LIMIT: usize = 5000;

/// Fields that the account writes itself, or that an update has and a new notification has not.
const READ_ONLY: [&str; 7] =
    ["uuid", "identifier", "reg_number", "status", "create_time", "updated", "int_result"];
/// Fields of messages only.
const OF_MESSAGES: [&str; 12] = [
    "inrelated_observables_domain",
    "inrelated_observables_ipv4",
    "inrelated_observables_ipv6",
    "inrelated_indicators_domain",
    "inrelated_indicators_ipv4",
    "inrelated_indicators_ipv6",
    "inrelated_indicators_domain_malware",
    "inrelated_indicators_ipv4_malware",
    "inrelated_indicators_ipv6_malware",
    "inrelated_indicators_hash",
    "inrelated_indicators_email",
    "inrelated_indicators_uri",
];
/// Fields that are written as a word and read as an object with the word as its `name`.
const DICTIONARIES: [&str; 12] = [
    "status",
    "tlp",
    "category",
    "type",
    "activity_status",
    "availability_impact",
    "integrity_impact",
    "confidentiality_impact",
    "affected_system_category",
    "affected_system_function",
    "int_result",
    "product_category",
];

static TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$").ok());
static LOCATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^RU-[A-Z]{2,3}$").ok());
static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$").ok());

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    Flag,
    Number,
    Time,
    Location,
    Email,
    /// A list of objects with these members, all text.
    List(&'static [(&'static str, Member)]),
}

/// What a member of a list's object may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Member {
    Text,
    Ipv4,
    Ipv6,
    Email,
    Function,
}

/// Whether the account alone writes this field.
pub(super) fn is_read_only(tag: &str) -> bool {
    READ_ONLY.contains(&tag)
}

/// What a field may hold that can be written; nothing for all others.
pub(super) fn kind(tag: &str) -> Option<Kind> {
    const VALUE: &[(&str, Member)] = &[("value", Member::Text)];
    Some(match tag {
        "category"
        | "type"
        | "company"
        | "owner_name"
        | "event_description"
        | "detection_tool"
        | "custom_impact"
        | "city"
        | "affected_system_name"
        | "vulnerability_id"
        | "rkn_full_name"
        | "rkn_address"
        | "rkn_reasons"
        | "rkn_pers_data"
        | "rkn_damage"
        | "rkn_measures"
        | "rkn_add_info"
        | "rkn_investigation"
        | "related_observables_as_path"
        | "related_indicators_asn"
        | "related_indicators_as"
        | "related_indicators_as_lir" => Kind::Text,
        "tlp" => Kind::Word(&TLPS),
        "activity_status" => Kind::Word(&ACTIVITIES),
        "availability_impact" | "integrity_impact" | "confidentiality_impact" => Kind::Word(&IMPACTS),
        "affected_system_category" => Kind::Word(&SYSTEM_CATEGORIES),
        "affected_system_function" => Kind::Word(&SCOPES),
        "product_category" => Kind::Word(&PRODUCTS),
        "assistance" | "affected_system_connection" | "rkn_leak_pd" => Kind::Flag,
        "rkn_inn" => Kind::Number,
        "detect_time" | "end_time" => Kind::Time,
        "location" => Kind::Location,
        "rkn_email" => Kind::Email,
        "related_observables_ipv4" => Kind::List(&[("value", Member::Ipv4)]),
        "related_observables_ipv6" => Kind::List(&[("value", Member::Ipv6)]),
        "related_observables_email" | "related_indicators_email" => Kind::List(&[("value", Member::Email)]),
        "related_observables_domain"
        | "related_observables_uri"
        | "malware_hash"
        | "related_indicators_vuln" => Kind::List(VALUE),
        "related_observables_service" => Kind::List(&[("name", Member::Text), ("value", Member::Text)]),
        "related_indicators_ipv4" => Kind::List(&[("function", Member::Function), ("value", Member::Ipv4)]),
        "related_indicators_ipv6" => Kind::List(&[("function", Member::Function), ("value", Member::Ipv6)]),
        "related_indicators_domain" | "related_indicators_uri" => {
            Kind::List(&[("function", Member::Function), ("value", Member::Text)])
        }
        "product_info" => Kind::List(&[("name", Member::Text), ("version", Member::Text)]),
        _ => return None,
    })
}

/// Whether any card has a field of this name.
pub(super) fn known(tag: &str) -> bool {
    kind(tag).is_some() || READ_ONLY.contains(&tag) || OF_MESSAGES.contains(&tag)
}

/// A name that nobody knows, in the account's own words; the names of before 2023 are such.
pub(super) fn check_known<'a>(tags: impl IntoIterator<Item = &'a str>) -> Result<()> {
    match tags.into_iter().find(|tag| !known(tag)) {
        Some(tag) => bad(format!("PublicApiError: Can't get field info for tag '{tag}'")),
        None => Ok(()),
    }
}

pub(super) fn is_dictionary(tag: &str) -> bool {
    DICTIONARIES.contains(&tag)
}

/// A time in the one form that is taken.
pub(super) fn time(text: &str) -> Option<OffsetDateTime> {
    if !fits(&TIME, text) {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn fits(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Checks what a field says, whatever else is there.
pub(super) fn check(tag: &str, value: &Value) -> Result<()> {
    let Some(kind) = kind(tag) else {
        return bad(format!("`{tag}` can not be written"));
    };
    match (kind, value) {
        (Kind::Flag, Value::Bool(_)) => Ok(()),
        (Kind::Number, Value::Number(number)) if number.is_u64() => Ok(()),
        (Kind::List(members), Value::Array(list)) => {
            list.iter().try_for_each(|one| check_entry(tag, members, one))
        }
        (Kind::Flag, _) => bad(format!("`{tag}` is not true or false")),
        (Kind::Number, _) => bad(format!("`{tag}` is not a number")),
        (Kind::List(_), _) => bad(format!("`{tag}` is not a list")),
        (_, Value::String(text)) => check_text(tag, kind, text),
        _ => bad(format!("`{tag}` is not text")),
    }
}

fn check_text(tag: &str, kind: Kind, text: &str) -> Result<()> {
    if text.chars().count() > TEXT_LIMIT {
        return bad(format!("`{tag}` is longer than {TEXT_LIMIT}"));
    }
    match kind {
        Kind::Word(words) if !words.contains(&text) => bad(format!("`{tag}` has no such value")),
        Kind::Time => match time(text) {
            None => bad(format!("`{tag}` is not a time in UTC")),
            Some(time) if time > OffsetDateTime::now_utc() => bad(format!("`{tag}` is in the future")),
            Some(_) => Ok(()),
        },
        Kind::Location if !fits(&LOCATION, text) => bad(format!("`{tag}` is no code of a region")),
        Kind::Email if !fits(&EMAIL, text) => bad(format!("`{tag}` is no e-mail address")),
        _ => Ok(()),
    }
}

fn check_entry(tag: &str, members: &[(&str, Member)], entry: &Value) -> Result<()> {
    let Value::Object(entry) = entry else {
        return bad(format!("`{tag}` holds what is no object"));
    };
    if let Some(other) = entry.keys().find(|key| !members.iter().any(|(name, _)| name == key)) {
        return bad(format!("`{tag}` has no member `{other}`"));
    }
    for (name, member) in members {
        let Some(text) = entry.get(*name).and_then(Value::as_str).filter(|text| !text.is_empty()) else {
            return bad(format!("`{tag}` needs `{name}` as text"));
        };
        if text.chars().count() > TEXT_LIMIT {
            return bad(format!("`{name}` of `{tag}` is longer than {TEXT_LIMIT}"));
        }
        let good = match member {
            Member::Text => true,
            Member::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Member::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Member::Email => fits(&EMAIL, text),
            Member::Function => FUNCTIONS.contains(&text),
        };
        if !good {
            return bad(format!("`{name}` of `{tag}` is not as it should be"));
        }
    }
    Ok(())
}

/// The value of a form's field, which is text for every kind.
pub(super) fn of_form(tag: &str, text: &str) -> Value {
    match kind(tag) {
        Some(Kind::Flag | Kind::Number | Kind::List(_)) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        }
        _ => text.into(),
    }
}

/// What is asked of a new notification.
pub(super) fn check_new(body: &Map<String, Value>, company: &str, vulnerability_on: bool) -> Result<()> {
    const REQUIRED: [&str; 12] = [
        "company",
        "category",
        "type",
        "owner_name",
        "event_description",
        "tlp",
        "detect_time",
        "activity_status",
        "affected_system_name",
        "affected_system_category",
        "affected_system_function",
        "location",
    ];
    body.iter().try_for_each(|(tag, value)| check(tag, value))?;
    let text = |tag: &str| body.get(tag).and_then(Value::as_str).unwrap_or_default();
    if let Some(missing) = REQUIRED.iter().find(|tag| text(tag).is_empty()) {
        return bad(format!("`{missing}` is required"));
    }
    check_company(text("company"), company)?;
    let Some(of) = Type::find(text("category"), text("type")) else {
        return bad("there is no such category, or no such type in it");
    };
    if of.category == super::dictionary::VULNERABILITY && !vulnerability_on {
        return bad("notifications about vulnerabilities are switched off");
    }
    let connected = body.get("affected_system_connection") == Some(&Value::Bool(true));
    for tag in body.keys() {
        let technical = super::dictionary::TECHNICAL.contains(&tag.as_str());
        if is_impact(tag) && of.category != INCIDENT {
            return bad(format!("`{tag}` is of incidents only"));
        }
        if (technical || super::dictionary::PRODUCT.contains(&tag.as_str())) && !of.has(tag) {
            return bad(format!("`{tag}` does not belong to this type"));
        }
        if technical && !connected {
            return bad(format!("`{tag}` needs `affected_system_connection`"));
        }
        if tag.starts_with("rkn_") && !of.leak {
            return bad(format!("`{tag}` does not belong to this type"));
        }
    }
    check_leak(body)
}

pub(super) fn is_impact(tag: &str) -> bool {
    ["availability_impact", "integrity_impact", "confidentiality_impact"].contains(&tag)
}

pub(super) fn check_company(given: &str, company: &str) -> Result<()> {
    if given == company { Ok(()) } else { bad("`company` is no organisation of this account") }
}

fn check_leak(body: &Map<String, Value>) -> Result<()> {
    const REQUIRED: [&str; 7] = [
        "rkn_full_name",
        "rkn_inn",
        "rkn_address",
        "rkn_email",
        "rkn_reasons",
        "rkn_pers_data",
        "rkn_damage",
    ];
    let leak = body.get("rkn_leak_pd") == Some(&Value::Bool(true));
    if !leak && let Some(tag) = body.keys().find(|tag| tag.starts_with("rkn_") && *tag != "rkn_leak_pd") {
        return bad(format!("`{tag}` needs `rkn_leak_pd`"));
    }
    let said = |tag: &str| body.get(tag).is_some_and(|value| value.as_str() != Some(""));
    match REQUIRED.iter().find(|tag| leak && !said(tag)) {
        Some(missing) => bad(format!("`{missing}` is required")),
        None => Ok(()),
    }
}

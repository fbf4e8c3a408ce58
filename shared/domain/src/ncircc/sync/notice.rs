//! What NCIRCC sends of its own accord, as an incident.

use serde_json::{Map, Value};

use super::Facts;
use crate::{
    IncidentId, TenantId, Timestamp,
    incident::{Incident, Priority, Report, ReportState, Status},
};

/// Longest description of a notice that is kept, in characters.
pub const NOTICE_LIMIT: usize = 5_000;
/// Longest list of technical data below it, in characters.
pub const TECHNICAL_LIMIT: usize = 5_000;

/// Technical data of a notice: the name on the wire, and what people call it.
pub const NOTICE_FIELDS: &[(&str, &str)] = &[
    ("inrelated_observables_ipv4", "Attacked IPv4"),
    ("inrelated_observables_ipv6", "Attacked IPv6"),
    ("inrelated_observables_domain", "Attacked domain"),
    ("related_observables_uri", "Attacked URI"),
    ("related_observables_email", "Attacked e-mail"),
    ("related_observables_service", "Attacked service"),
    ("related_observables_as_path", "AS path"),
    ("inrelated_indicators_ipv4", "Malicious IPv4"),
    ("inrelated_indicators_ipv6", "Malicious IPv6"),
    ("inrelated_indicators_domain", "Malicious domain"),
    ("inrelated_indicators_uri", "Malicious URI"),
    ("inrelated_indicators_email", "Malicious e-mail"),
    ("inrelated_indicators_ipv4_malware", "IPv4 of malware"),
    ("inrelated_indicators_ipv6_malware", "IPv6 of malware"),
    ("inrelated_indicators_domain_malware", "Domain of malware"),
    ("inrelated_indicators_hash", "Hash of malware"),
    ("related_indicators_vuln", "Vulnerability"),
    ("related_indicators_asn", "ASN"),
    ("related_indicators_as", "AS"),
    ("related_indicators_as_lir", "LIR"),
    ("product_info", "Product"),
    ("vulnerability_id", "Vulnerability id"),
    ("product_category", "Category of product"),
];

/// A notice as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// What may change.
    pub facts: Facts,
    /// Its type, in NCIRCC's own words.
    pub kind: Option<String>,
    /// What it says.
    pub description: Option<String>,
    /// When what it is about was noticed.
    pub detected: Option<Timestamp>,
    /// Other fields, by their names on the wire.
    pub fields: Map<String, Value>,
}

impl Notice {
    /// Its incident, as it is made at `now`; `None` when its uuid fits no id.
    #[must_use]
    pub fn into_incident(self, tenant: TenantId, now: Timestamp) -> Option<Incident> {
        let id: IncidentId = format!("ALRT-{}", self.facts.uuid).parse().ok()?;
        let number = self.facts.number.as_deref().and_then(|number| number.parse().ok());
        let name = number.or_else(|| id.as_str().parse().ok())?;
        let mut report = Report::new(ReportState::Notice);
        report.uuid.clone_from(&self.facts.uuid);
        self.facts.write(&mut report);
        report.kind = self.kind.unwrap_or_default();
        let text = self.description.as_deref().unwrap_or_default().trim();
        let technical = technical(&self.fields);
        let parts = [cut(text, NOTICE_LIMIT), cut(&technical, TECHNICAL_LIMIT)];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Some(Incident {
            id,
            tenant,
            name,
            priority: Priority::Critical,
            description: parts.join("\n\n"),
            category: None,
            kind: None,
            status: Status::Open,
            resolution: None,
            assignee: String::new(),
            alerts: Vec::new(),
            assets: Vec::new(),
            accounts: Vec::new(),
            first_seen: self.detected.map_or(now, |at| at.min(now)),
            last_seen: now,
            created: now,
            updated: now,
            closed: None,
            report: Some(report),
        })
    }
}

fn cut(text: &str, limit: usize) -> &str {
    match text.char_indices().nth(limit) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

/// A line for each field that says something.
fn technical(fields: &Map<String, Value>) -> String {
    let line = |(name, label): &(&str, &str)| {
        let mut words = Vec::new();
        say(fields.get(*name)?, &mut words);
        (!words.is_empty()).then(|| format!("{label}: {}", words.join(", ")))
    };
    NOTICE_FIELDS.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

/// What a value says. The contract calls them objects, and its examples are lists of objects: any form is
/// read.
fn say(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| say(one, words)),
        Value::Object(object) => words.extend(entry(object)),
        value => words.extend(plain(value)),
    }
}

/// `name value (function, asn ...)`, as much of it as there is.
fn entry(object: &Map<String, Value>) -> Option<String> {
    const MAIN: [&str; 3] = ["name", "value", "version"];
    const MORE: [&str; 5] = ["function", "country", "asn", "as_name", "lir"];
    let said = |names: &[&str]| -> Vec<String> {
        names.iter().filter_map(|name| plain(object.get(*name)?)).collect()
    };
    let (main, more) = (said(&MAIN), said(&MORE));
    match (main.is_empty(), more.is_empty()) {
        (true, true) => None,
        (true, false) => Some(more.join(", ")),
        (false, true) => Some(main.join(" ")),
        (false, false) => Some(format!("{} ({})", main.join(" "), more.join(", "))),
    }
}

/// A text on one line; the name of a dictionary's value.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(object) => return plain(object.get("name").or_else(|| object.get("value"))?),
        _ => return None,
    };
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    Some(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
        .filter(|text| !text.is_empty())
}

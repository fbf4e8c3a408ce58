//! What and whom an alert affects, as texts for a person.

use std::collections::BTreeSet;

use bridge_domain::alert::Alert;
use serde::Deserialize;
use serde_json::Value;

/// Most lines of one text.
const LINES: usize = 200;

/// Affected assets, one a line; then the addresses in the events that belong to none of them.
pub(crate) fn assets(alert: &Alert) -> String {
    let mut known = BTreeSet::new();
    let mut lines = Lines::default();
    for asset in list(alert, "affectedAssets") {
        let names: Vec<String> = texts(asset, "fqdn");
        let addresses = texts(asset, "ipAddresses");
        let name = asset.get("name").and_then(Value::as_str).unwrap_or_default();
        let mut parts: Vec<&str> = names.iter().chain(&addresses).map(String::as_str).collect();
        parts.retain(|part| *part != name);
        lines.put([name, &parts.join(", ")].join(" ").trim());
        known.extend(addresses);
    }
    for address in
        mentioned(alert, |event| [event.source_address, event.destination_address, event.device_address])
    {
        if !known.contains(&address) {
            lines.put(&format!("{address} (external)"));
        }
    }
    lines.0.join("\n")
}

/// Affected accounts, one a line; then the user names in the events that are none of them.
pub(crate) fn users(alert: &Alert) -> String {
    let mut known = BTreeSet::new();
    let mut lines = Lines::default();
    for account in list(alert, "affectedAccounts") {
        let text = |key: &str| account.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (login, name) = (text("sAMAccountName"), text("displayName"));
        let login = if login.is_empty() { text("upn") } else { login };
        lines.put(&match (login.is_empty(), name.is_empty()) {
            (false, false) => format!("{name} ({login})"),
            (false, true) => login.clone(),
            (true, _) => name,
        });
        known.insert(login);
    }
    for user in mentioned(alert, |event| [event.source_user, event.destination_user, None]) {
        if !known.contains(&user) {
            lines.put(&user);
        }
    }
    lines.0.join("\n")
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn put(&mut self, line: &str) {
        if !line.is_empty() && self.0.len() < LINES && !self.0.iter().any(|known| known == line) {
            self.0.push(line.to_owned());
        }
    }
}

/// What is read of an event.
#[derive(Deserialize)]
struct Mentions {
    #[serde(rename = "SourceAddress", default)]
    source_address: Option<Value>,
    #[serde(rename = "DestinationAddress", default)]
    destination_address: Option<Value>,
    #[serde(rename = "DeviceAddress", default)]
    device_address: Option<Value>,
    #[serde(rename = "SourceUserName", default)]
    source_user: Option<Value>,
    #[serde(rename = "DestinationUserName", default)]
    destination_user: Option<Value>,
}

/// What the events mention, each once, as many as there is room for.
fn mentioned(alert: &Alert, pick: fn(Mentions) -> [Option<Value>; 3]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for event in alert.events.as_slice() {
        if found.len() >= LINES {
            break;
        }
        let Ok(mentions) = serde_json::from_str::<Mentions>(event.json()) else { continue };
        found.extend(pick(mentions).into_iter().flatten().filter_map(|value| match value {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => None,
        }));
    }
    found
}

fn list<'a>(alert: &'a Alert, field: &str) -> &'a [Value] {
    alert.latest.fields.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text, or a list of texts: KUMA's versions differ.
fn texts(object: &Value, key: &str) -> Vec<String> {
    match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

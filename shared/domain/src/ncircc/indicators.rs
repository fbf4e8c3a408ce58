//! What the events of an incident's alerts know of addresses, names and files, as technical fields.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv6Addr},
};

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use url::{Host, Url};

use super::matrix::Field;
use crate::alert::Alert;

/// Most values of one field that are taken from events.
pub const VALUES_LIMIT: usize = 100;
/// Ends of names that no public name server knows.
const PRIVATE_SUFFIXES: [&str; 8] =
    [".local", ".localdomain", ".localhost", ".lan", ".internal", ".intranet", ".corp", ".home.arpa"];

/// What was found: each value once, sorted, at most [`VALUES_LIMIT`] for a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    values: BTreeMap<Field, BTreeSet<String>>,
    cut: BTreeSet<Field>,
}

impl Found {
    /// The values of a field.
    pub fn values(&self, field: Field) -> impl Iterator<Item = &str> {
        self.values.get(&field).into_iter().flatten().map(String::as_str)
    }

    /// Whether there were more than are kept.
    #[must_use]
    pub fn cut(&self, field: Field) -> bool {
        self.cut.contains(&field)
    }

    fn add(&mut self, field: Field, value: &str) {
        let Ok(value) = field.check(value) else { return };
        let values = self.values.entry(field).or_default();
        values.insert(value);
        // Those kept are the same in whatever order they came.
        if values.len() > VALUES_LIMIT {
            values.pop_last();
            self.cut.insert(field);
        }
    }
}

/// The addresses and names of the assets that alerts name as affected.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    addresses: BTreeSet<IpAddr>,
    names: BTreeSet<String>,
}

impl Assets {
    /// Adds the affected assets of an alert, from its fields.
    pub fn add(&mut self, fields: &Map<String, Value>) {
        let assets = fields.get("affectedAssets").and_then(Value::as_array);
        for asset in assets.into_iter().flatten() {
            let addresses = texts(asset.get("ipAddresses")).filter_map(|text| text.parse::<IpAddr>().ok());
            self.addresses.extend(addresses.map(|address| address.to_canonical()));
            // One text up to KUMA 2, a list from 3 on.
            self.names.extend(texts(asset.get("fqdn")).map(name));
        }
    }
}

/// A text, or the texts of a list.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    list.iter().filter_map(Value::as_str)
}

fn name(text: &str) -> String {
    text.trim().trim_end_matches('.').to_lowercase()
}

/// On which side of an event a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Where traffic came from or went to: anybody.
    Party,
    /// What told of it: always our own.
    Device,
}

/// The members of an event that are looked at.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow, default)]
    source_address: Option<&'a RawValue>,
    #[serde(borrow, default)]
    destination_address: Option<&'a RawValue>,
    #[serde(borrow, default)]
    device_address: Option<&'a RawValue>,
    #[serde(borrow, default)]
    source_host_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    destination_host_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    device_host_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    file_hash: Option<&'a RawValue>,
    #[serde(borrow, default)]
    old_file_hash: Option<&'a RawValue>,
    #[serde(borrow, default)]
    base_events: Option<&'a RawValue>,
}

/// Looks through events one by one.
#[derive(Debug)]
pub struct Finder<'a> {
    assets: &'a Assets,
    found: Found,
}

impl<'a> Finder<'a> {
    /// Begins with the assets themselves. All alerts must have been added to them before.
    #[must_use]
    pub fn new(assets: &'a Assets) -> Self {
        let mut finder = Self { assets, found: Found::default() };
        for address in &assets.addresses {
            finder.address(*address, Side::Device);
        }
        for name in &assets.names {
            finder.found.add(Field::ObservedDomain, name);
        }
        finder
    }

    /// Looks at one event, and at those that it was made of. What is no event is passed over.
    pub fn event(&mut self, json: &str) {
        let Ok(event) = serde_json::from_str::<Event<'_>>(json) else { return };
        let party = [
            event.source_address,
            event.source_host_name,
            event.destination_address,
            event.destination_host_name,
        ];
        let device = [event.device_address, event.device_host_name];
        for (members, side) in [(party.as_slice(), Side::Party), (device.as_slice(), Side::Device)] {
            for text in members.iter().filter_map(|member| text(*member)) {
                match text.parse::<IpAddr>() {
                    Ok(address) => self.address(address, side),
                    Err(_) => self.name(&name(&text), side),
                }
            }
        }
        if let Some(text) = text(event.request_url) {
            self.url(&text);
        }
        for text in [event.file_hash, event.old_file_hash].into_iter().filter_map(text) {
            // Some collectors write several at once: MD5=...,SHA256=...
            for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
                self.found.add(Field::MalwareHash, word);
            }
        }
        let list = event.base_events.and_then(|list| serde_json::from_str::<Vec<&RawValue>>(list.get()).ok());
        for event in list.into_iter().flatten() {
            self.event(event.get());
        }
    }

    /// All that was found.
    #[must_use]
    pub fn finish(self) -> Found {
        self.found
    }

    fn address(&mut self, address: IpAddr, side: Side) {
        let address = address.to_canonical();
        if address.is_unspecified() || address.is_multicast() || is_broadcast(address) {
            return;
        }
        let field = match (address, side == Side::Device || self.is_our_address(address)) {
            (IpAddr::V4(_), true) => Field::ObservedIpv4,
            (IpAddr::V4(_), false) => Field::Ipv4,
            (IpAddr::V6(_), true) => Field::ObservedIpv6,
            (IpAddr::V6(_), false) => Field::Ipv6,
        };
        self.found.add(field, &address.to_string());
    }

    fn name(&mut self, name: &str, side: Side) {
        let ours = side == Side::Device || self.is_ours(&Host::Domain(name.to_owned()));
        self.found.add(if ours { Field::ObservedDomain } else { Field::Domain }, name);
    }

    fn url(&mut self, text: &str) {
        // A web server's log has a path alone here.
        let Some(host) = Url::parse(text).ok().and_then(|url| url.host().map(|host| host.to_owned())) else {
            return;
        };
        self.found.add(if self.is_ours(&host) { Field::ObservedUri } else { Field::Uri }, text);
    }

    /// The rule: what is an affected asset's or can not be reached from outside was attacked, and is
    /// an observable; what is public is the attacker's, and is an indicator.
    fn is_ours(&self, host: &Host) -> bool {
        match host {
            Host::Ipv4(address) => self.is_our_address(IpAddr::V4(*address)),
            Host::Ipv6(address) => self.is_our_address(IpAddr::V6(*address)),
            Host::Domain(text) => {
                let name = name(text);
                !name.contains('.')
                    || self.assets.names.contains(&name)
                    || PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
            }
        }
    }

    fn is_our_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.assets.addresses.contains(&address) || is_private(address)
    }
}

/// A member that is a text.
fn text(member: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(member?.get()).ok()
}

fn is_broadcast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_broadcast())
}

fn is_private(address: IpAddr) -> bool {
    match address {
        // 100.64.0.0/10 lies between a carrier and its customers.
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && second & 0b1100_0000 == 64;
            address.is_private() || address.is_loopback() || address.is_link_local() || shared
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unicast_link_local() || Ipv6Addr::is_unique_local(&address)
        }
    }
}

/// What all these alerts know together.
#[must_use]
pub fn of_alerts(alerts: &[Alert]) -> Found {
    let mut assets = Assets::default();
    for alert in alerts {
        assets.add(&alert.latest.fields);
    }
    let mut finder = Finder::new(&assets);
    for event in alerts.iter().flat_map(|alert| alert.events.as_slice()) {
        finder.event(event.json());
    }
    finder.finish()
}

#[cfg(test)]
mod tests;

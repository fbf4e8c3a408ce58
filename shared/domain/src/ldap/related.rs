//! Accounts that the events of an alert name, and how an alert shows them.
//!
//! KUMA documents, "Integration with Active Directory": related users are shown with what was imported of
//! them. In its API they are `affectedAccounts`; the entries that the SIEM sent stay as they are.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    account::Account,
    account_search::{Field, named},
    decode::generalized_time,
    folded,
    guid::Guid,
};

/// Most names that are looked for on behalf of one alert.
pub const NAMES_LIMIT: usize = 50;
/// Longest text in an entry, in bytes.
const TEXT_LIMIT: usize = 1_000;
/// Events inside an event are looked into so deep.
const DEPTH: u32 = 2;

/// The fields of a normalized event that name an account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named<'a> {
    #[serde(borrow, default)]
    source_user_name: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "SourceUserID")]
    source_user_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    source_account_name: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "SourceAccountID")]
    source_account_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    destination_user_name: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "DestinationUserID")]
    destination_user_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    destination_account_name: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "DestinationAccountID")]
    destination_account_id: Option<&'a RawValue>,
    /// What a correlation event is made of.
    #[serde(borrow, default)]
    base_events: Option<&'a RawValue>,
}

/// Where the accounts are looked for that a JSON array of events names, and what for there: see [`named`].
/// The array is oldest first; of the newest [`NAMES_LIMIT`] names each is there once. An event that can not
/// be read names nobody.
#[must_use]
pub fn names(events: &str) -> BTreeSet<(Field, String)> {
    let mut found = Names::default();
    found.collect(events, DEPTH);
    found.places
}

#[derive(Default)]
struct Names {
    /// The names, in lower case.
    known: BTreeSet<String>,
    places: BTreeSet<(Field, String)>,
}

impl Names {
    fn full(&self) -> bool {
        self.known.len() >= NAMES_LIMIT
    }

    fn collect(&mut self, events: &str, depth: u32) {
        let list: Vec<&RawValue> = serde_json::from_str(events).unwrap_or_default();
        for event in list.iter().rev() {
            // A list would be taken for the members in their order.
            let object = Some(event.get()).filter(|text| text.starts_with('{'));
            let Some(Ok(event)) = object.map(serde_json::from_str::<Named<'_>>) else { continue };
            let texts = [
                event.source_user_name,
                event.source_user_id,
                event.source_account_name,
                event.source_account_id,
                event.destination_user_name,
                event.destination_user_id,
                event.destination_account_name,
                event.destination_account_id,
            ];
            for text in texts.into_iter().flatten() {
                self.add(text);
                if self.full() {
                    return;
                }
            }
            if let (Some(events), 1..) = (event.base_events, depth) {
                self.collect(events.get(), depth - 1);
            }
            if self.full() {
                return;
            }
        }
    }

    fn add(&mut self, text: &RawValue) {
        // A number is no name, and neither is the dash that Windows writes for nobody.
        let Ok(text) = serde_json::from_str::<String>(text.get()) else { return };
        if !text.contains(char::is_alphanumeric) {
            return;
        }
        let places = named(&text);
        if !places.is_empty() && self.known.insert(folded(text.trim())) {
            self.places.extend(places);
        }
    }
}

/// An account as an alert shows it: KUMA's `AffectedAccount`, every member a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Affected {
    /// Which account it is.
    pub id: Guid,
    entry: Map<String, Value>,
}

impl std::fmt::Debug for Affected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Affected").field("id", &self.id).finish_non_exhaustive()
    }
}

impl From<&Account> for Affected {
    /// `created` is when the directory made it, or else when it was received, as `updated` is.
    fn from(account: &Account) -> Self {
        let first = |name: &str| account.values(name).first().map_or("", String::as_str);
        let created = generalized_time(first("whenCreated")).unwrap_or(account.received);
        let entry = [
            ("displayName", first("displayName")),
            ("cn", first("cn")),
            ("dn", account.dn.as_str()),
            ("upn", first("userPrincipalName")),
            ("sAMAccountName", first("sAMAccountName")),
            ("company", first("company")),
            ("department", first("department")),
            ("created", &created.to_string()),
            ("updated", &account.received.to_string()),
        ];
        let text =
            |text: &str| Value::from(text.get(..text.floor_char_boundary(TEXT_LIMIT)).unwrap_or_default());
        Self {
            id: account.id,
            entry: entry.map(|(key, value)| (key.to_owned(), text(value))).into_iter().collect(),
        }
    }
}

impl Affected {
    /// Whether an entry that the SIEM sent is this account: the distinguished name decides where both have
    /// one, else the principal name, else the account name.
    fn is(&self, sent: &Value) -> bool {
        let both = ["dn", "upn", "sAMAccountName"].into_iter().find_map(|key| {
            let [ours, theirs] = [self.entry.get(key), sent.get(key)]
                .map(|value| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(folded));
            Some((ours?, theirs?))
        });
        both.is_some_and(|(ours, theirs)| ours == theirs)
    }
}

/// Adds accounts to the `affectedAccounts` that the SIEM sent, which stay as they are and in front. Gives how
/// many were added: one that was sent, or was added already, is not.
pub fn add(sent: &mut Vec<Value>, accounts: &[Affected]) -> usize {
    let before = sent.len();
    let mut known = BTreeSet::new();
    for account in accounts {
        let theirs = sent.get(..before).unwrap_or_default();
        if known.insert(account.id) && !theirs.iter().any(|entry| account.is(entry)) {
            sent.push(Value::Object(account.entry.clone()));
        }
    }
    sent.len() - before
}

#[cfg(test)]
mod tests;

//! An account of a directory.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    attributes::{OBJECT_GUID, canonical},
    decode,
    guid::Guid,
};
use crate::{ConnectionId, TenantId, Timestamp, import::manifest::ContentHash};

mod fit;
mod hash;

pub use fit::{Cut, SIZE_LIMIT};
pub use hash::VOLATILE;

/// Attributes that are lists even when they hold one value.
const LISTS: [&str; 2] = ["managedObjects", "memberOf"];

/// The values of an attribute: one text, or a list in ascending order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// One.
    One(String),
    /// Several, or one of an attribute that is a list.
    Many(Vec<String>),
}

impl Values {
    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

impl fmt::Debug for Values {
    /// How many: what they say is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} values]", self.as_slice().len())
    }
}

/// An entry as a directory sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes, by the name that the directory answered with, options and all.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("attributes", &self.attributes.len()).finish_non_exhaustive()
    }
}

/// An account as it is kept. Its Debug names nobody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its objectGUID: it stays when the account is renamed or moved.
    pub id: Guid,
    /// The tenant that it belongs to.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// The connection that brought it.
    #[serde(rename = "connectionID")]
    pub connection: ConnectionId,
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes, named in the case of the schema. What is no text is in base64, but for objectGUID
    /// and objectSid, which are written as everywhere.
    pub attributes: BTreeMap<String, Values>,
    /// Attributes that are not there as a whole, since the account would be too large.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub truncated: BTreeMap<String, Cut>,
    /// When it was last received otherwise than before.
    pub received: Timestamp,
    /// When it goes, if it is no longer received: it is not shown from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("connection", &self.connection)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The entry has no objectGUID: it can not be told from others, now or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry came without objectGUID: the user of the connection must be allowed to read it")]
pub struct NoGuid;

/// An account as the API shows it: with the meaning of what is only a number.
#[derive(Clone, Debug, Serialize)]
pub struct Shown<'a> {
    #[serde(flatten)]
    account: &'a Account,
    /// By attribute; see [`decode`].
    decoded: Map<String, Value>,
}

impl Account {
    /// Reads an entry that was received at `now`, and tells the hash of what counts of it: see
    /// [`VOLATILE`]. The hash is that of the whole entry, even where the account keeps only a part.
    ///
    /// # Errors
    /// Without an objectGUID of 16 bytes.
    pub fn read(
        tenant: TenantId,
        connection: ConnectionId,
        entry: Entry,
        now: Timestamp,
    ) -> Result<(Self, ContentHash), NoGuid> {
        let mut id = None;
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, values) in entry.attributes {
            let name = canonical(name.split(';').next().unwrap_or("")).to_owned();
            if name == OBJECT_GUID {
                id = values.first().and_then(|bytes| Guid::from_bytes(bytes)).or(id);
            }
            if !values.is_empty() {
                let values = values.into_iter().map(|bytes| text(&name, bytes));
                texts.entry(name.clone()).or_default().extend(values);
            }
        }
        let id = id.ok_or(NoGuid)?;
        for values in texts.values_mut() {
            values.sort_unstable();
            values.dedup();
        }
        let hash = hash::of(&entry.dn, &texts);
        let truncated = fit::fit(&mut texts, SIZE_LIMIT);
        let attributes = texts.into_iter().map(|(name, mut values)| {
            let many = values.len() != 1 || LISTS.contains(&name.as_str());
            let values =
                if many { Values::Many(values) } else { Values::One(values.pop().unwrap_or_default()) };
            (name, values)
        });
        let attributes = attributes.collect();
        let account = Self {
            id,
            tenant,
            connection,
            dn: entry.dn,
            attributes,
            truncated,
            received: now,
            expires: None,
        };
        Ok((account, hash))
    }

    /// The values of an attribute, named in the case of the schema; none when it is absent.
    #[must_use]
    pub fn values(&self, attribute: &str) -> &[String] {
        self.attributes.get(attribute).map_or(&[], Values::as_slice)
    }

    /// Cuts its values to `limit` bytes, as [`SIZE_LIMIT`] cuts those that are stored.
    pub fn shorten(&mut self, limit: usize) {
        let attributes = std::mem::take(&mut self.attributes);
        let single: BTreeSet<String> = attributes
            .iter()
            .filter(|(_, values)| matches!(values, Values::One(_)))
            .map(|(name, _)| name.clone())
            .collect();
        let mut texts: BTreeMap<String, Vec<String>> =
            attributes.into_iter().map(|(name, values)| (name, values.into_vec())).collect();
        for (name, cut) in fit::fit(&mut texts, limit) {
            let of = self.truncated.get(&name).map_or(cut.of, |before| before.of);
            self.truncated.insert(name, Cut { kept: cut.kept, of });
        }
        let values = |name: String, mut values: Vec<String>| {
            let one = single.contains(&name);
            let values =
                if one { Values::One(values.pop().unwrap_or_default()) } else { Values::Many(values) };
            (name, values)
        };
        self.attributes = texts.into_iter().map(|(name, list)| values(name, list)).collect();
    }

    /// Whether its storage time is over: then it does not exist for anybody.
    #[must_use]
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    /// The same as the API shows it.
    #[must_use]
    pub fn shown(&self) -> Shown<'_> {
        let decoded = self.attributes.iter().filter_map(|(name, values)| {
            let Values::One(value) = values else { return None };
            Some((name.clone(), decode::decoded(name, value)?))
        });
        Shown { account: self, decoded: decoded.collect() }
    }
}

/// A value as text.
fn text(name: &str, bytes: Vec<u8>) -> String {
    let known = match name {
        OBJECT_GUID => Guid::from_bytes(&bytes).map(|guid| guid.to_string()),
        "objectSid" => decode::sid(&bytes),
        _ => None,
    };
    known.unwrap_or_else(|| {
        String::from_utf8(bytes).unwrap_or_else(|error| BASE64_STANDARD.encode(error.as_bytes()))
    })
}

#[cfg(test)]
mod tests;

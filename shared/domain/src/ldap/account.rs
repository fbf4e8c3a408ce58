//! An account of a directory.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{decode, guid::Guid};
use crate::{ConnectionId, TenantId, Timestamp};

mod fit;
mod hash;
mod received;

pub use fit::{Cut, SIZE_LIMIT};
pub use hash::VOLATILE;
pub use received::{Entry, NoGuid, Received};

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

/// An account as the API shows it: with the meaning of what is only a number.
#[derive(Clone, Debug, Serialize)]
pub struct Shown<'a> {
    #[serde(flatten)]
    account: &'a Account,
    /// By attribute; see [`decode`].
    decoded: Map<String, Value>,
}

impl Account {
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

#[cfg(test)]
mod tests;

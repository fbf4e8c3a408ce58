//! An entry of a directory, read as far as it takes to see whether it changed.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;

use super::{Account, LISTS, SIZE_LIMIT, Values, fit, hash};
use crate::{
    ConnectionId, TenantId, Timestamp,
    import::manifest::ContentHash,
    ldap::{
        attributes::{AttributeName, OBJECT_GUID},
        decode,
        guid::Guid,
    },
};

/// An entry as a directory sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes and their values.
    pub attributes: Vec<(AttributeName, Vec<Bytes>)>,
}

impl Entry {
    /// An entry of this distinguished name with these attributes and their values.
    pub fn new<N, V>(
        dn: impl Into<String>,
        attributes: impl IntoIterator<Item = (N, impl IntoIterator<Item = V>)>,
    ) -> Self
    where
        N: Into<AttributeName>,
        V: Into<Bytes>,
    {
        let attributes = attributes.into_iter();
        let attributes =
            attributes.map(|(name, values)| (name.into(), values.into_iter().map(Into::into).collect()));
        Self { dn: dn.into(), attributes: attributes.collect() }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("attributes", &self.attributes.len()).finish_non_exhaustive()
    }
}

/// The entry has no objectGUID: it can not be told from others, now or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry came without objectGUID: the user of the connection must be allowed to read it")]
pub struct NoGuid;

/// An entry whose id and content are known. Most imports find that nothing changed, and never ask for its
/// [`Account`], which costs several times as much.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    id: Guid,
    hash: ContentHash,
    tenant: TenantId,
    connection: ConnectionId,
    at: Timestamp,
    /// With attributes in the order of their names, each once; their values in ascending order, each once.
    entry: Entry,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Received {
    /// Reads an entry that a connection of a tenant received at this time.
    ///
    /// # Errors
    /// Without an objectGUID of 16 bytes.
    pub fn read(
        tenant: TenantId,
        connection: ConnectionId,
        mut entry: Entry,
        at: Timestamp,
    ) -> Result<Self, NoGuid> {
        let mut id = None;
        entry.attributes.retain(|(_, values)| !values.is_empty());
        for (name, values) in &entry.attributes {
            if name.as_str() == OBJECT_GUID {
                id = values.first().and_then(|bytes| Guid::from_bytes(bytes)).or(id);
            }
        }
        let id = id.ok_or(NoGuid)?;
        entry.attributes.sort_by(|(one, _), (other, _)| one.cmp(other));
        entry.attributes.dedup_by(|(name, more), (known, values)| {
            let same = name == known;
            if same {
                values.append(more);
            }
            same
        });
        for (_, values) in &mut entry.attributes {
            if values.len() > 1 {
                values.sort_unstable();
                values.dedup();
            }
        }
        let hash = hash::of(&entry);
        Ok(Self { id, hash, tenant, connection, at, entry })
    }

    /// Its objectGUID.
    #[must_use]
    pub const fn id(&self) -> Guid {
        self.id
    }

    /// The hash of what counts of it: see [`VOLATILE`](super::VOLATILE). It is that of the whole entry, even
    /// where the account keeps only a part.
    #[must_use]
    pub const fn hash(&self) -> ContentHash {
        self.hash
    }

    /// The account that it is.
    #[must_use]
    pub fn account(self) -> Account {
        let Self { id, tenant, connection, at, entry: Entry { dn, attributes }, .. } = self;
        let texts = attributes.into_iter().map(|(name, values)| {
            let mut texts: Vec<String> = values.iter().map(|bytes| text(name.as_str(), bytes)).collect();
            // What is no text is in another order as text.
            texts.sort_unstable();
            (name.as_str().to_owned(), texts)
        });
        let mut texts: BTreeMap<String, Vec<String>> = texts.collect();
        let truncated = fit::fit(&mut texts, SIZE_LIMIT);
        let attributes = texts.into_iter().map(|(name, mut values)| {
            let many = values.len() != 1 || LISTS.contains(&name.as_str());
            let values =
                if many { Values::Many(values) } else { Values::One(values.pop().unwrap_or_default()) };
            (name, values)
        });
        let attributes = attributes.collect();
        Account { id, tenant, connection, dn, attributes, truncated, received: at, expires: None }
    }
}

/// A value as text.
fn text(name: &str, bytes: &[u8]) -> String {
    let known = match name {
        OBJECT_GUID => Guid::from_bytes(bytes).map(|guid| guid.to_string()),
        "objectSid" => decode::sid(bytes),
        _ => None,
    };
    known.unwrap_or_else(|| match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => BASE64_STANDARD.encode(bytes),
    })
}

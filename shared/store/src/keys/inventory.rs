//! Every key of the Inventory table.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | what is kept of a connection's imports | `MANIFEST#<connection>` | `HEADER` |
//! | number of the newest run that began | `MANIFEST#<connection>` | `CLAIM` |
//! | ids that a run is about to write | `MANIFEST#<connection>` | `JOURNAL` |
//! | chunk of a manifest | `MANIFEST#<connection>` | `CHUNK#<bits>#<number>` |
//! | account | `ACCOUNT#<objectGUID>` | `<connection>` |
//!
//! An account is one of its connection: two of a tenant, and two tenants, may bring the same one.
//!
//! Indexes, of accounts alone:
//!
//! | index | partition | sorted by |
//! |---|---|---|
//! | `tenant`: the accounts of a tenant | `tp` = `ACCOUNTS#<tenant>` | `lk` = `<account name>#<objectGUID>#<connection>` |
//! | `sid`, `account-name`, `principal-name`, `mail`, `distinguished-name`: what an account is called | `xs`, `xa`, `xp`, `xm`, `xd` = `ACCOUNTS#<tenant>#<hash>` | |
//!
//! Of an account that is called by several names in one of these fields none is hashed: it is in the
//! partition `ACCOUNTS#<tenant>#several` of that index.

use bridge_domain::{
    ConnectionId, TenantId,
    import::manifest::{ChunkId, ExternalId},
    ldap::{account::Account, account_search::Field, folded, guid::Guid},
};
use sha2::{Digest as _, Sha256};

use crate::item::attr;

/// What the sort keys of chunks begin with.
pub const CHUNKS: &str = "CHUNK#";

/// Key of an item of the Inventory table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InventoryKey {
    /// What is kept of a connection's imports.
    Header(ConnectionId),
    /// The number of the newest run that began.
    Claim(ConnectionId),
    /// Ids that a run is about to write.
    Journal(ConnectionId),
    /// A chunk of a manifest.
    Chunk(ConnectionId, ChunkId),
    /// An account, by its objectGUID and the connection that brings it.
    Account(ExternalId, ConnectionId),
}

impl InventoryKey {
    /// The partition key.
    #[must_use]
    pub fn pk(&self) -> String {
        match self {
            Self::Header(connection)
            | Self::Claim(connection)
            | Self::Journal(connection)
            | Self::Chunk(connection, _) => format!("MANIFEST#{connection}"),
            Self::Account(id, _) => format!("ACCOUNT#{}", Guid::from(*id)),
        }
    }

    /// The sort key.
    #[must_use]
    pub fn sk(&self) -> String {
        match self {
            Self::Header(_) => "HEADER".to_owned(),
            Self::Claim(_) => "CLAIM".to_owned(),
            Self::Journal(_) => "JOURNAL".to_owned(),
            Self::Chunk(_, ChunkId { bits, index }) => format!("{CHUNKS}{bits:02}#{index:04}"),
            Self::Account(_, connection) => connection.to_string(),
        }
    }

    /// Reads a key back; `None` for what none of these would write.
    #[must_use]
    pub fn parse(pk: &str, sk: &str) -> Option<Self> {
        let key = match (pk.split_once('#')?, sk) {
            (("MANIFEST", connection), "HEADER") => Self::Header(connection.parse().ok()?),
            (("MANIFEST", connection), "CLAIM") => Self::Claim(connection.parse().ok()?),
            (("MANIFEST", connection), "JOURNAL") => Self::Journal(connection.parse().ok()?),
            (("MANIFEST", connection), _) => {
                let (bits, index) = sk.strip_prefix(CHUNKS)?.split_once('#')?;
                let chunk = ChunkId { bits: bits.parse().ok()?, index: index.parse().ok()? };
                Self::Chunk(connection.parse().ok()?, chunk)
            }
            (("ACCOUNT", id), connection) => {
                Self::Account(id.parse::<Guid>().ok()?.external(), connection.parse().ok()?)
            }
            _ => return None,
        };
        (key.pk() == pk && key.sk() == sk).then_some(key)
    }
}

/// Longest start of a name in a sort key, in bytes: with an objectGUID and a connection after it the key
/// stays far below the 1,024 bytes that DynamoDB takes.
const NAME_LIMIT: usize = 500;

/// The partition of the index `tenant` that lists the accounts of a tenant.
#[must_use]
pub fn accounts_of(tenant: &TenantId) -> String {
    format!("ACCOUNTS#{tenant}")
}

/// Where an account is in that partition.
#[must_use]
pub fn listed(account: &Account) -> String {
    let name = Field::AccountName.terms(account).next().unwrap_or_else(|| folded(&account.dn));
    let name = name.get(..name.floor_char_boundary(NAME_LIMIT)).unwrap_or_default();
    format!("{name}#{}#{}", account.id, account.connection)
}

/// An index of what accounts are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// The attribute that is its partition.
    pub attribute: &'static str,
}

/// The index of a field that few accounts share.
#[must_use]
pub const fn index(field: Field) -> Option<Index> {
    let (name, attribute) = match field {
        Field::ObjectSid => ("sid", attr::BY_SID),
        Field::AccountName => ("account-name", attr::BY_ACCOUNT_NAME),
        Field::PrincipalName => ("principal-name", attr::BY_PRINCIPAL_NAME),
        Field::Mail => ("mail", attr::BY_MAIL),
        Field::DistinguishedName => ("distinguished-name", attr::BY_DN),
        Field::DisplayName | Field::Surname | Field::MemberOf | Field::AccountControl => return None,
    };
    Some(Index { name, attribute })
}

/// The partition of such an index with the accounts of a tenant that are called so. A hash, so that no
/// name is in a key, and none is too long for one.
#[must_use]
pub fn called(tenant: &TenantId, term: &str) -> String {
    let hash = Sha256::digest(term);
    let half = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("ACCOUNTS#{tenant}#{}", half.collect::<String>())
}

/// The partition of such an index with the accounts of a tenant that are called by several names.
#[must_use]
pub fn several(tenant: &TenantId) -> String {
    format!("ACCOUNTS#{tenant}#several")
}

#[cfg(test)]
mod tests {
    use bridge_domain::ldap::account::{Entry, Received};
    use proptest::prelude::*;

    use super::*;

    fn keys() -> impl Strategy<Value = InventoryKey> {
        let id = "[A-Za-z0-9._-]{1,40}".prop_map(|text| text.parse::<ConnectionId>().unwrap());
        (id, any::<[u8; 16]>(), 0..11_u8, 0..1_024_u16, 0..5).prop_map(
            |(connection, bytes, bits, index, kind)| match kind {
                0 => InventoryKey::Header(connection),
                1 => InventoryKey::Journal(connection),
                2 => InventoryKey::Claim(connection),
                3 => InventoryKey::Chunk(connection, ChunkId { bits, index }),
                _ => InventoryKey::Account(ExternalId::new(bytes), connection),
            },
        )
    }

    proptest! {
        #[test]
        fn a_key_is_read_back(key in keys()) {
            prop_assert_eq!(InventoryKey::parse(&key.pk(), &key.sk()), Some(key));
        }

        #[test]
        fn other_texts_are_no_keys(pk in "\\PC{0,30}", sk in "\\PC{0,30}") {
            if let Some(key) = InventoryKey::parse(&pk, &sk) {
                prop_assert_eq!((key.pk(), key.sk()), (pk, sk));
            }
        }

        #[test]
        fn the_place_of_an_account_is_a_key_that_dynamodb_takes(name in "\\PC{0,600}", connection in "[a-z]{1,128}") {
            let mut attributes = vec![("objectGUID".to_owned(), vec![vec![7; 16]])];
            if let Some(name) = name.strip_prefix('x') {
                attributes.push(("sAMAccountName".to_owned(), vec![name.as_bytes().to_vec()]));
            }
            let entry = Entry::new(name, attributes);
            let (tenant, connection) = ("t".parse().unwrap(), connection.parse().unwrap());
            let now = bridge_domain::Timestamp::MIN;
            let account = Received::read(tenant, connection, entry, now).unwrap().account();
            let listed = listed(&account);
            let end = format!("#{}#{}", account.id, account.connection);
            prop_assert!(listed.len() < 1_000 && listed.ends_with(&end));
        }
    }

    #[test]
    fn what_an_account_is_called_tells_nothing_and_does_not_cross_tenants() {
        let (one, other): (TenantId, TenantId) = ("one".parse().unwrap(), "other".parse().unwrap());
        let ivan = called(&one, "ivan");
        let hash = ivan.strip_prefix("ACCOUNTS#one#").unwrap();
        assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(ivan, called(&other, "ivan"));
        assert_ne!(ivan, called(&one, "ivanov"));
        assert_ne!(several(&one), called(&one, "several"));
    }
}

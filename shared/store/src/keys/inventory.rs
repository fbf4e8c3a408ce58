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

use bridge_domain::{
    ConnectionId,
    import::manifest::{ChunkId, ExternalId},
    ldap::guid::Guid,
};

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

#[cfg(test)]
mod tests {
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
    }
}

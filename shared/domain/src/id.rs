//! Identifiers and names, checked once when they enter.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier or a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing there.
    #[error("must not be empty")]
    Empty,
    /// Longer than the limit, in characters.
    #[error("must be at most {limit} characters")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// A character that is not allowed.
    #[error("may hold only {allowed}")]
    Character {
        /// What is allowed, in words.
        allowed: &'static str,
    },
}

const ID_LIMIT: usize = 128;

fn check_id(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_LIMIT {
        return Err(IdError::TooLong { limit: ID_LIMIT });
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':')) {
        return Err(IdError::Character { allowed: "ASCII letters, digits, '-', '_', '.' and ':'" });
    }
    Ok(())
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                check_id(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier! {
    /// Id of an alert, as its SIEM gave it: a UUID from KUMA; other senders may use any 1 to 128
    /// characters of `A-Z a-z 0-9 - _ . :`.
    AlertId
}
identifier! {
    /// Id of a tenant: a UUID when made here, or KUMA's own when it was given at creation.
    TenantId
}
identifier! {
    /// Public half of an API token: names it in lists and in the store.
    TokenId
}

identifier! {
    /// Id of a target: an outside system that alerts, or what becomes of them, are sent to.
    TargetId
}
identifier! {
    /// Id of a secret in the vault.
    SecretId
}

identifier! {
    /// Id of a connection that accounts or assets are imported from.
    ConnectionId
}
identifier! {
    /// Id of a task of the Task manager.
    TaskId
}

identifier! {
    /// Id of an incident: `INC-<number>` when made here, `ALRT-<uuid>` when it is a notice of NCIRCC.
    IncidentId
}
identifier! {
    /// Id of a row of an incident's ledger: `export`, or a random one.
    RowId
}

impl IncidentId {
    /// The id of the incident with this number.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        Self(format!("INC-{number}"))
    }
}

impl RowId {
    /// The row of the export itself: there is one at most.
    #[must_use]
    pub fn export() -> Self {
        Self("export".to_owned())
    }

    /// A new random id; those made later sort after.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }
}

impl TargetId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The one connection with NCIRCC, which is kept apart from targets but counted like one.
    #[must_use]
    pub fn ncircc() -> Self {
        Self("ncircc".to_owned())
    }
}

impl ConnectionId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }
}

impl TaskId {
    /// A new random id; those made later sort after.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }
}

impl SecretId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }
}

impl TenantId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }
}

impl TokenId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }
}

/// A name of 1 to 128 Unicode characters, without control characters.
/// Source of the limit: the vendor's rule for names of resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Longest name, in Unicode characters.
    pub const LIMIT: usize = 128;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names that differ only in case have in common.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.trim().to_lowercase()
    }
}

impl FromStr for Name {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.trim().is_empty() {
            return Err(IdError::Empty);
        }
        if text.chars().count() > Self::LIMIT {
            return Err(IdError::TooLong { limit: Self::LIMIT });
        }
        if text.chars().any(char::is_control) {
            return Err(IdError::Character { allowed: "printable characters" });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_characters_not_bytes() {
        assert!("я".repeat(128).parse::<Name>().is_ok());
        assert_eq!("я".repeat(129).parse::<Name>(), Err(IdError::TooLong { limit: 128 }));
        assert_eq!(" ".parse::<Name>(), Err(IdError::Empty));
        assert!("a\nb".parse::<Name>().is_err());
    }

    #[test]
    fn an_id_can_not_smuggle_a_key_separator() {
        assert!("3fa85f64-5717-4562-b3fc-2c963f66afa6".parse::<AlertId>().is_ok());
        for bad in ["", "a#b", "a b", "я", "a/b", &"x".repeat(129)] {
            assert!(bad.parse::<AlertId>().is_err(), "{bad:?}");
        }
    }
}

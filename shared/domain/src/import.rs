//! Imports: what the accounts and assets of a tenant are kept fresh with, whatever system they come from.
//!
//! A connection is due by its [`schedule`]; each run is a [`task`]; the [`engine`] compares what arrives
//! with the [`manifest`] of the connection and says what has to be written; the [`settings`] are those
//! that all connections of one kind and one tenant share.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub mod connection;
pub mod engine;
pub mod manifest;
pub mod schedule;
pub mod settings;
pub mod task;

/// A kind of system that is imported from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ImportKind {
    /// Accounts of Active Directory, over LDAP.
    Ldap,
}

/// The word is that of no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be ldap")]
pub struct UnknownKind;

impl ImportKind {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[Self::Ldap];

    /// The word for it, in addresses, requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ldap => "ldap",
        }
    }

    /// Hours between two runs when nobody said otherwise. KUMA documents, "Changing the data update
    /// frequency": every 12 hours.
    #[must_use]
    pub const fn default_interval_hours(self) -> u16 {
        match self {
            Self::Ldap => 12,
        }
    }

    /// Days that something is kept that is no longer received, when nobody said otherwise. KUMA
    /// documents, "Changing the data storage period": 90 days.
    #[must_use]
    pub const fn default_storage_days(self) -> u16 {
        match self {
            Self::Ldap => 90,
        }
    }
}

impl fmt::Display for ImportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ImportKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        for kind in ImportKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.to_string());
        }
        assert_eq!("LDAP".parse::<ImportKind>(), Err(UnknownKind));
    }
}

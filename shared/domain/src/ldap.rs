//! Active Directory over LDAP: connections to its controllers, and the accounts that they bring.
//!
//! KUMA documents the settings under "Connecting over LDAP".

pub mod account;
pub mod account_search;
pub mod address;
pub mod attributes;
pub mod connection;
pub mod decode;
pub mod digest;
pub mod dn;
pub mod filter;
pub mod guid;
pub mod related;

/// What two texts that differ only in case have in common, as a directory compares them: letter by
/// letter, whatever stands around.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

//! Names of attributes.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// Longest name that is taken, in bytes.
const MAX_NAME: usize = 256;

/// That is no name of an attribute.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("that is no name of an attribute: a letter, then letters, digits and hyphens")]
pub struct AttributeError;

/// The name of an attribute (RFC 4512, 2.5): a word or an OID, without options. It compares without
/// regard to case.
#[derive(Clone, Debug)]
pub struct Attribute(String);

impl Attribute {
    /// A name that is written in this crate.
    pub(crate) fn known(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Attribute {
    type Err = AttributeError;

    fn from_str(text: &str) -> Result<Self, AttributeError> {
        if text.len() <= MAX_NAME && (is_word(text) || is_oid(text)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AttributeError)
        }
    }
}

impl PartialEq for Attribute {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Attribute {}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A descriptor (RFC 4512, 1.4).
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A numeric object identifier (RFC 4512, 1.4): two numbers at least, none with a leading zero.
pub(crate) fn is_oid(text: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    text.contains('.') && text.split('.').all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_oids_are_names() {
        for good in ["cn", "sAMAccountName", "ms-DS-Key", "2.5.4.3", "1.2.840.113556.1.4.221"] {
            assert!(good.parse::<Attribute>().is_ok(), "{good}");
        }
        for bad in ["", "1cn", "-cn", "cn;binary", "cn=*", "c n", "2.", "2", "02.5", "имя", "cn\0", "*", "+"]
        {
            assert_eq!(bad.parse::<Attribute>(), Err(AttributeError), "{bad}");
        }
        assert_eq!("CN".parse::<Attribute>(), "cn".parse::<Attribute>());
    }
}

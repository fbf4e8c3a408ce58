//! Values that must never be printed.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret text. It prints as `[redacted]`, compares in constant time and is wiped when dropped.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the value in.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself: only for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether both hold the same value; takes as long for a near miss as for a far one.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.digest().matches(&other.digest())
    }

    /// What a store keeps instead of the value.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// SHA-256 of a [`Secret`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// The digest from its stored bytes; `None` when they are not 32.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Constant-time equality.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_its_value() {
        let secret = Secret::new("canary-value".into());
        assert_eq!(format!("{secret:?} {:?}", secret.digest()), "[redacted] [redacted]");
    }

    #[test]
    fn equal_secrets_match_and_others_do_not() {
        let secret = Secret::new("a".into());
        assert!(secret.matches(&Secret::new("a".into())));
        assert!(!secret.matches(&Secret::new("b".into())));
        assert!(
            SecretDigest::from_bytes(secret.digest().as_bytes()).is_some_and(|d| d.matches(&secret.digest()))
        );
        assert!(SecretDigest::from_bytes(&[0; 31]).is_none());
    }
}

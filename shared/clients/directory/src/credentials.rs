//! Who signs in.

use std::fmt;

use bridge_domain::secret::Secret;
use thiserror::Error;

/// Longest name, in characters: far above what a directory holds.
const MAX_USER: usize = 512;

/// Why a name and a password can not be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CredentialsError {
    /// A server takes an empty password for an anonymous sign-in and calls it a success
    /// (RFC 4513, 5.1.2).
    #[error("the password is empty")]
    EmptyPassword,
    /// Neither `user@domain` nor `DOMAIN\user`.
    #[error("the user must be user@domain or DOMAIN\\user")]
    User,
}

/// A name and its password. Neither is ever printed.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: Secret,
}

impl Credentials {
    /// The credentials of `user@domain` or `DOMAIN\user`.
    ///
    /// # Errors
    ///
    /// When the name has neither form, or the password is empty: nothing is ever sent then.
    pub fn new(user: &str, password: Secret) -> Result<Self, CredentialsError> {
        let parts = user.split_once('\\').or_else(|| user.rsplit_once('@'));
        let whole = parts.is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
        if !whole || user.chars().count() > MAX_USER || user.chars().any(char::is_control) {
            return Err(CredentialsError::User);
        }
        Self::unchecked(user.to_owned(), password)
    }

    /// The credentials of an entry, named by its DN: for directories other than Active Directory.
    ///
    /// # Errors
    ///
    /// When the DN or the password is empty.
    pub fn of_entry(dn: &str, password: Secret) -> Result<Self, CredentialsError> {
        if dn.trim().is_empty() {
            return Err(CredentialsError::User);
        }
        Self::unchecked(dn.to_owned(), password)
    }

    fn unchecked(user: String, password: Secret) -> Result<Self, CredentialsError> {
        if password.expose().is_empty() {
            return Err(CredentialsError::EmptyPassword);
        }
        Ok(Self { user, password })
    }

    /// The name as a directory may hold it: the whole as `userPrincipalName`, if it has that form, and the
    /// part that may be the `sAMAccountName`.
    pub(crate) fn parts(&self) -> (Option<&str>, &str) {
        match self.user.split_once('\\') {
            Some((_, account)) => (None, account),
            None => {
                (Some(&self.user), self.user.rsplit_once('@').map_or(self.user.as_str(), |(name, _)| name))
            }
        }
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn password(&self) -> &str {
        self.password.expose()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(user: &str, password: &str) -> Result<Credentials, CredentialsError> {
        Credentials::new(user, Secret::new(password.to_owned()))
    }

    #[test]
    fn both_forms_of_a_name_are_taken() {
        assert!(made("ivan@corp.test", "p").is_ok());
        assert!(made("CORP\\ivan", "p").is_ok());
        assert!(made("CORP\\ivan@home", "p").is_ok());
    }

    #[test]
    fn half_a_name_and_an_empty_password_are_refused() {
        for user in ["", "ivan", "@corp.test", "ivan@", "CORP\\", "\\ivan", "i\0van@corp.test"] {
            assert_eq!(made(user, "p").unwrap_err(), CredentialsError::User, "{user}");
        }
        assert_eq!(made("ivan@corp.test", "").unwrap_err(), CredentialsError::EmptyPassword);
    }

    #[test]
    fn nothing_of_them_is_printed() {
        let printed = format!("{:?}", made("canary@corp.test", "canary").unwrap());
        assert!(!printed.contains("canary"), "{printed}");
    }
}

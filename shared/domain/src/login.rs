//! Logging in with an account of the domain.
//!
//! KUMA documents it under "Authorization with domain accounts": groups of the directory stand for roles,
//! and whoever is in one logs in with the account that the directory knows. Nothing of it is kept here
//! but a session, which sees what the groups gave when it began: a role that is changed in the directory
//! is another one at the next login.

use std::time::Duration;

pub mod decide;
pub mod name;
pub mod settings;

pub use decide::{Found, admit};
pub use name::LoginName;
pub use settings::Settings;

use crate::secret::Secret;

/// How long a session lasts.
pub const SESSION: Duration = Duration::from_hours(8);
/// Longest password, in bytes: 127 characters is what Windows takes.
const PASSWORD_LIMIT: usize = 1_024;

/// Why nobody is logged in. KUMA documents most of the reasons, "Authorization with domain accounts".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No connection to a domain is configured.
    #[error("no domain is configured for domain authorization")]
    NotConfigured,
    /// An administrator switched it off.
    #[error("domain authorization is disabled")]
    Disabled,
    /// The name is empty, too long, or has characters that no name has.
    #[error("the user name must be user@domain, DOMAIN\\user or user")]
    BadName,
    /// The name has a space.
    #[error("the user name contains a space: a domain user with such a name can not log in")]
    SpaceInName,
    /// There is no password. Directories take a bind without one for an anonymous bind and let it
    /// succeed (RFC 4513, 5.1.2), so it is never sent to them.
    #[error("the password must not be empty")]
    EmptyPassword,
    /// The password is longer than any directory takes.
    #[error("the password is too long")]
    LongPassword,
    /// The account has no e-mail address in the directory.
    #[error("the account has no e-mail address in the directory: ask its administrator to enter one")]
    NoEmail,
    /// A local user has the same e-mail address.
    #[error("a local user has the e-mail address of the account")]
    EmailTaken,
    /// None of the account's groups stands for a role.
    #[error("the account is in no group that has a role here")]
    NoGroup,
}

impl Refusal {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::NotConfigured,
        Self::Disabled,
        Self::BadName,
        Self::SpaceInName,
        Self::EmptyPassword,
        Self::LongPassword,
        Self::NoEmail,
        Self::EmailTaken,
        Self::NoGroup,
    ];

    /// The word for logs and metric dimensions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::Disabled => "disabled",
            Self::BadName => "bad_name",
            Self::SpaceInName => "space_in_name",
            Self::EmptyPassword => "empty_password",
            Self::LongPassword => "long_password",
            Self::NoEmail => "no_email",
            Self::EmailTaken => "email_taken",
            Self::NoGroup => "no_group",
        }
    }
}

/// Whether a password may be sent to the directory.
///
/// # Errors
/// It is empty, or longer than any password is.
pub fn check_password(password: &Secret) -> Result<(), Refusal> {
    match password.expose().len() {
        0 => Err(Refusal::EmptyPassword),
        1..=PASSWORD_LIMIT => Ok(()),
        _ => Err(Refusal::LongPassword),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_password_is_never_sent() {
        let check = |text: String| check_password(&Secret::new(text));
        assert_eq!(check(String::new()), Err(Refusal::EmptyPassword));
        assert_eq!(check(" ".into()), Ok(()));
        assert_eq!(check("x".repeat(1_025)), Err(Refusal::LongPassword));
    }

    #[test]
    fn every_refusal_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<&str> =
            Refusal::ALL.iter().map(|refusal| refusal.as_str()).collect();
        assert_eq!(words.len(), Refusal::ALL.len());
    }
}

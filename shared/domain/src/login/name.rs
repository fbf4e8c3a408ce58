//! The name that somebody logs in with.

use std::{fmt, str::FromStr};

use super::Refusal;
use crate::ldap::{dn::Dn, folded};

/// Longest name, in characters.
const LIMIT: usize = 256;

/// A name in one of the forms that a directory takes. It prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub enum LoginName {
    /// `user@domain`.
    Principal {
        /// Before the last `@`.
        user: String,
        /// After it.
        domain: String,
    },
    /// `DOMAIN\user`.
    Domain {
        /// Before the backslash.
        domain: String,
        /// After it.
        user: String,
    },
    /// `user`, of the domain that is configured.
    Plain(String),
}

impl fmt::Debug for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl LoginName {
    /// The user without the domain.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::Principal { user, .. } | Self::Domain { user, .. } | Self::Plain(user) => user,
        }
    }

    /// What a bind is made with. A plain name is one of the domain that `base` lies in.
    #[must_use]
    pub fn bind_name(&self, base: &Dn) -> String {
        match self {
            Self::Principal { user, domain } => format!("{user}@{domain}"),
            Self::Domain { domain, user } => format!("{domain}\\{user}"),
            Self::Plain(user) => {
                base.domain().map_or_else(|| user.clone(), |domain| format!("{user}@{domain}"))
            }
        }
    }

    /// What the writings of one name that differ only in case have in common: for counting attempts.
    #[must_use]
    pub fn key(&self) -> String {
        folded(&match self {
            Self::Principal { user, domain } => format!("{user}@{domain}"),
            Self::Domain { domain, user } => format!("{domain}\\{user}"),
            Self::Plain(user) => user.clone(),
        })
    }
}

impl FromStr for LoginName {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.contains(char::is_whitespace) {
            return Err(Refusal::SpaceInName);
        }
        if text.chars().count() > LIMIT {
            return Err(Refusal::BadName);
        }
        // What Windows allows in no name of an account; it also keeps distinguished names out, which a
        // directory would take in a bind.
        let odd = |c: char| c.is_control() || "\"/\\[]:;|=,*?<>".contains(c);
        let part = |text: &str| (!text.is_empty() && !text.contains(odd)).then(|| text.to_owned());
        let name = if let Some((domain, user)) = text.split_once('\\') {
            part(domain).zip(part(user)).map(|(domain, user)| Self::Domain { domain, user })
        } else if let Some((user, domain)) = text.rsplit_once('@') {
            part(user).zip(part(domain)).map(|(user, domain)| Self::Principal { user, domain })
        } else {
            part(text).map(Self::Plain)
        };
        name.ok_or(Refusal::BadName)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_has_three_forms() {
        let base: Dn = "OU=Staff,DC=Corp,DC=Example".parse().unwrap();
        for (text, user, bind) in [
            ("Ivan@corp.example", "Ivan", "Ivan@corp.example"),
            ("CORP\\ivan", "ivan", "CORP\\ivan"),
            ("ivan", "ivan", "ivan@corp.example"),
            ("a@b@corp", "a@b", "a@b@corp"),
            ("иван.п-в_1$", "иван.п-в_1$", "иван.п-в_1$@corp.example"),
        ] {
            let name: LoginName = text.parse().unwrap();
            assert_eq!((name.user(), name.bind_name(&base).as_str()), (user, bind));
            assert_eq!(name.key(), text.to_lowercase());
            assert_eq!(format!("{name:?}"), "[redacted]");
        }
        let nowhere = "OU=x".parse().unwrap();
        assert_eq!("ivan".parse::<LoginName>().unwrap().bind_name(&nowhere), "ivan");
    }

    #[test]
    fn spaces_and_what_is_no_name_are_refused() {
        for text in ["ivan petrov", " ivan", "CORP\\i p", "ivan\u{a0}p", "i\tp@corp"] {
            assert_eq!(text.parse::<LoginName>(), Err(Refusal::SpaceInName), "{text}");
        }
        for text in [
            "",
            "@corp",
            "ivan@",
            "\\ivan",
            "CORP\\",
            "A\\B\\c",
            "CN=ivan,DC=x",
            "i*",
            "a\0",
            &"x".repeat(257),
        ] {
            assert_eq!(text.parse::<LoginName>(), Err(Refusal::BadName), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}", odd in "[a@\\\\.=я]{0,9}") {
            for text in [text, odd] {
                if let Ok(name) = text.parse::<LoginName>() {
                    prop_assert!(!name.user().is_empty() && !name.key().contains(' '));
                }
            }
        }
    }
}

//! What uses a secret.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::{ConnectionId, IdError, TargetId};

/// What the texts of connections begin with. No target has such an id: those are random.
const CONNECTION: &str = "connection:";
const DOMAIN_AUTH: &str = "domain-auth";

/// What uses a secret, which is therefore not deleted. Stored and shown as one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum User {
    /// A target, or the connection with NCIRCC: its id.
    Target(TargetId),
    /// A connection that accounts or assets are imported from: `connection:` and its id.
    Connection(ConnectionId),
    /// The login of domain users: `domain-auth`.
    DomainAuth,
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(id) => id.fmt(f),
            Self::Connection(id) => write!(f, "{CONNECTION}{id}"),
            Self::DomainAuth => f.write_str(DOMAIN_AUTH),
        }
    }
}

impl FromStr for User {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.strip_prefix(CONNECTION) {
            Some(id) => id.parse().map(Self::Connection),
            None if text == DOMAIN_AUTH => Ok(Self::DomainAuth),
            None => text.parse().map(Self::Target),
        }
    }
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_read_as_it_is_written() {
        for (text, user) in [
            ("ncircc", User::Target(TargetId::ncircc())),
            ("a-b", User::Target("a-b".parse().unwrap())),
            ("connection:a-b", User::Connection("a-b".parse().unwrap())),
            ("domain-auth", User::DomainAuth),
        ] {
            assert_eq!(text.parse::<User>().unwrap(), user);
            assert_eq!(
                (user.to_string().as_str(), serde_json::to_value(&user).unwrap()),
                (text, text.into())
            );
        }
        assert!("connection:".parse::<User>().is_err() && "".parse::<User>().is_err());
    }
}

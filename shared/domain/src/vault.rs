//! Secrets that an administrator keeps here for outside systems: tokens, credentials, certificates.
//!
//! What is secret about one lies in Secrets Manager and is never read back through the API; what is
//! known about it lies in the store.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{Name, SecretId, TenantId, Timestamp, secret::Secret};

mod certificate;
mod draft;
mod user;

pub use certificate::{CertificateError, check_certificate};
pub use draft::{Draft, UnknownKind};
pub use user::User;

/// What a secret holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One token.
    Token,
    /// A user and a password.
    Credentials,
    /// Certificates in PEM: a CA, or a chain.
    Certificate,
}

/// What is known about a secret without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: SecretId,
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// Its name, unique in the tenant whatever the case.
    pub name: Name,
    /// What it holds; never changes.
    pub kind: Kind,
    /// Free text.
    pub description: String,
    /// For finding it again.
    pub tags: Vec<String>,
    /// What uses it: it can not be deleted before these let go of it.
    pub used_by: BTreeSet<User>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed, its value included.
    pub updated: Timestamp,
}

/// A secret and where it lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SecretPlace {
    /// The tenant that owns it.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// The secret.
    pub id: SecretId,
}

/// The name of a secret's value in Secrets Manager.
#[must_use]
pub fn place(prefix: &str, tenant: &TenantId, id: &SecretId) -> String {
    // A colon may stand in our ids, but not in a name there; an equals sign just the other way.
    let part = |id: &str| id.replace(':', "=");
    format!("{prefix}{}/{}", part(tenant.as_str()), part(id.as_str()))
}

impl Kind {
    /// The word of the API and of the stored value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Credentials => "credentials",
            Self::Certificate => "certificate",
        }
    }
}

/// The value of a secret, as it lies in Secrets Manager.
#[derive(Clone, Debug)]
pub enum Value {
    /// One token.
    Token(Secret),
    /// A user and a password.
    Credentials {
        /// The user; personal, so it is not printed either.
        user: Secret,
        /// The password.
        password: Secret,
    },
    /// Certificates in PEM. No secret, but nobody's business either.
    Certificate(Secret),
}

/// The stored text is none of ours. Says nothing about it: it may hold what must not be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a value that was stored here")]
pub struct UnreadableValue;

/// The form in Secrets Manager. Flat, so that nothing is copied into buffers on the way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
struct Stored<T> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default = "absent", deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    token: Option<T>,
    #[serde(default = "absent", deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    user: Option<T>,
    #[serde(default = "absent", deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    password: Option<T>,
    #[serde(default = "absent", deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    certificate: Option<T>,
}

const fn absent<T>() -> Option<T> {
    None
}

/// A member that is there has a value: `null` is not the same as nothing.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Value {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Token(_) => Kind::Token,
            Self::Credentials { .. } => Kind::Credentials,
            Self::Certificate(_) => Kind::Certificate,
        }
    }

    /// The text to keep in Secrets Manager.
    #[must_use]
    pub fn render(&self) -> Secret {
        let empty = Stored { kind: self.kind(), token: None, user: None, password: None, certificate: None };
        let stored = match self {
            Self::Token(token) => Stored { token: Some(token.expose()), ..empty },
            Self::Credentials { user, password } => {
                Stored { user: Some(user.expose()), password: Some(password.expose()), ..empty }
            }
            Self::Certificate(pem) => Stored { certificate: Some(pem.expose()), ..empty },
        };
        // Texts under fixed keys always have a form in JSON.
        Secret::new(serde_json::to_string(&stored).unwrap_or_default())
    }

    /// Reads what [`Self::render`] wrote, and nothing else.
    ///
    /// # Errors
    ///
    /// [`UnreadableValue`] for anything that is not exactly one value of one kind.
    pub fn parse(stored: &Secret) -> Result<Self, UnreadableValue> {
        let stored: Stored<String> = serde_json::from_str(stored.expose()).map_err(|_| UnreadableValue)?;
        // First into what is wiped when dropped, whatever comes next.
        let [token, user, password, certificate] =
            [stored.token, stored.user, stored.password, stored.certificate]
                .map(|text| text.map(Secret::new));
        match (stored.kind, token, user, password, certificate) {
            (Kind::Token, Some(token), None, None, None) => Ok(Self::Token(token)),
            (Kind::Credentials, None, Some(user), Some(password), None) => {
                Ok(Self::Credentials { user, password })
            }
            (Kind::Certificate, None, None, None, Some(pem)) => Ok(Self::Certificate(pem)),
            _ => Err(UnreadableValue),
        }
    }
}

#[cfg(test)]
mod tests;

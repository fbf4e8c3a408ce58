//! The secrets that administrators keep for outside systems.

use bridge_domain::{
    CallError, Class, SecretId, TenantId,
    secret::Secret,
    vault::{Kind, Value, place},
};
use bridge_runtime::secrets::{CachedSecret, SecretCache};

/// The name of this system in errors.
const SYSTEM: &str = "vault";

/// Reads secrets of the vault through a cache.
#[derive(Clone, Debug)]
pub struct Vault {
    secrets: SecretCache,
    prefix: String,
}

/// A value, and which version of the secret it is.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The value.
    pub value: Value,
    /// Its version, for [`Vault::refresh`].
    pub version: String,
}

impl Vault {
    /// A vault whose secrets' names begin with `prefix`.
    #[must_use]
    pub const fn new(secrets: SecretCache, prefix: String) -> Self {
        Self { secrets, prefix }
    }

    /// The name of a secret in Secrets Manager.
    #[must_use]
    pub fn name(&self, tenant: &TenantId, secret: &SecretId) -> String {
        place(&self.prefix, tenant, secret)
    }

    /// The secret's value; may be as old as the cache lets it be.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none, `Permanent` when what is there was not stored by us.
    pub async fn read(&self, tenant: &TenantId, secret: &SecretId) -> Result<Fetched, CallError> {
        fetched(&*self.secrets.get(&self.name(tenant, secret)).await?)
    }

    /// The value after an outside system refused the version `seen`.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub async fn refresh(
        &self,
        tenant: &TenantId,
        secret: &SecretId,
        seen: &str,
    ) -> Result<Fetched, CallError> {
        let name = self.name(tenant, secret);
        fetched(&*self.secrets.refresh_after_auth_failure(&name, seen).await?)
    }
}

fn fetched(cached: &CachedSecret) -> Result<Fetched, CallError> {
    let value = Value::parse(cached.value()).map_err(|_| {
        CallError::new(
            Class::Permanent,
            SYSTEM,
            "a secret holds what was not stored here: set its value anew",
        )
        .with_code("unreadable")
    })?;
    Ok(Fetched { value, version: cached.version().to_owned() })
}

impl Fetched {
    /// The token in it. `setting` names the setting that refers to the secret.
    pub(crate) fn token(self, setting: &'static str) -> Result<(Secret, String), CallError> {
        match self.value {
            Value::Token(token) => Ok((token, self.version)),
            other => Err(wrong_kind(setting, Kind::Token, other.kind())),
        }
    }

    /// The certificates in it.
    pub(crate) fn certificate(self, setting: &'static str) -> Result<(Secret, String), CallError> {
        match self.value {
            Value::Certificate(pem) => Ok((pem, self.version)),
            other => Err(wrong_kind(setting, Kind::Certificate, other.kind())),
        }
    }
}

pub(crate) fn wrong_kind(setting: &str, wanted: Kind, found: Kind) -> CallError {
    let public = format!(
        "{setting} must name a secret of type {}; the one it names is of type {}",
        wanted.as_str(),
        found.as_str()
    );
    CallError::new(Class::Permanent, SYSTEM, public).with_code("kind")
}

/// The failure of reading the secret that `setting` names. A secret that is not there is a fault of
/// the settings: the call it was read for must not look as if its own object were missing.
pub(crate) fn for_setting(error: CallError, setting: &'static str) -> CallError {
    match error.class {
        Class::NotFound => {
            let public = format!("the secret that {setting} names does not exist");
            CallError::new(Class::Permanent, SYSTEM, public).with_code("absent").with_detail(error.detail)
        }
        Class::Permanent => CallError { public: format!("{setting}: {}", error.public).into(), ..error },
        _ => error,
    }
}

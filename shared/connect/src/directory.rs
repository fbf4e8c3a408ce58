//! Directories: reached over LDAP with certificates and credentials of the vault.

use std::time::Duration;

use bridge_directory::{Credentials, CredentialsError, Directory, SettingsError, Trust};
use bridge_domain::{
    CallError, Class, SecretId, TenantId,
    ldap::{
        address::Servers,
        connection::{Connection, TlsMode},
        dn::Dn,
    },
    login,
    secret::Secret,
    vault::{Kind, Value},
};

use crate::{
    Vault,
    vault::{for_setting, wrong_kind},
};

/// The setting that names the certificates to trust.
const CERTIFICATE: &str = "certificateSecretID";
/// The setting that names who signs in.
pub const CREDENTIALS: &str = "credentialsSecretID";

/// How the controllers of a domain are reached: what an import and a login have in common.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    urls: &'a Servers,
    mode: TlsMode,
    certificate: Option<(&'a TenantId, &'a SecretId)>,
    timeout: Duration,
}

impl<'a> From<&'a Connection> for Reach<'a> {
    fn from(connection: &'a Connection) -> Self {
        Self {
            urls: &connection.urls,
            mode: connection.mode,
            certificate: connection.certificate.as_ref().map(|id| (&connection.tenant, id)),
            timeout: Duration::from_secs(connection.timeout_seconds.into()),
        }
    }
}

impl<'a> From<&'a login::Settings> for Reach<'a> {
    fn from(settings: &'a login::Settings) -> Self {
        Self {
            urls: &settings.urls,
            mode: settings.tls_mode,
            certificate: settings.certificate.as_ref().map(|place| (&place.tenant, &place.id)),
            timeout: Duration::from_secs(settings.timeout_seconds.into()),
        }
    }
}

impl Reach<'_> {
    /// The same with less time for each controller, if it has more.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout: self.timeout.min(timeout), ..self }
    }

    /// The same for somebody who waits for `budget` at most: every controller has its turn, and the first
    /// that answers has as much time for the rest.
    #[must_use]
    pub fn sharing(self, budget: Duration) -> Self {
        let turns = u32::try_from(self.urls.iter().count()).unwrap_or(u32::MAX).saturating_add(1);
        self.within(budget / turns)
    }
}

impl Vault {
    /// The directory that is reached so. No controller is asked yet.
    ///
    /// # Errors
    ///
    /// `Permanent` when the settings can not work, with the name of the setting; whatever reading a
    /// secret can fail with.
    pub async fn directory(&self, reach: Reach<'_>) -> Result<Directory, CallError> {
        let trust = match reach.certificate {
            Some((tenant, secret)) => Some(self.trust(tenant, secret).await?),
            None => None,
        };
        let directory = Directory::new(reach.urls.clone(), reach.mode, trust).map_err(|error| {
            let setting = match error {
                SettingsError::NoTrust => CERTIFICATE,
                SettingsError::NoName(_) => "urls",
            };
            unusable(setting, &error.to_string())
        })?;
        Ok(directory.with_connect_timeout(reach.timeout).with_page_timeout(reach.timeout))
    }

    /// Who signs in to a directory: the user and password of a secret. A distinguished name is taken as
    /// well, which other directories than Active Directory know their users by.
    ///
    /// # Errors
    ///
    /// As [`Self::directory`].
    pub async fn credentials(&self, tenant: &TenantId, secret: &SecretId) -> Result<Credentials, CallError> {
        let read = self.read(tenant, secret).await.map_err(|error| for_setting(error, CREDENTIALS))?;
        let (user, password) = match read.value {
            Value::Credentials { user, password } => (user, password),
            other => return Err(wrong_kind(CREDENTIALS, Kind::Credentials, other.kind())),
        };
        signer(&user, password).map_err(|error| unusable(CREDENTIALS, &error.to_string()))
    }

    async fn trust(&self, tenant: &TenantId, secret: &SecretId) -> Result<Trust, CallError> {
        let read = self.read(tenant, secret).await.map_err(|error| for_setting(error, CERTIFICATE))?;
        let (pem, _) = read.certificate(CERTIFICATE)?;
        Trust::from_pem(pem.expose()).map_err(|error| unusable(CERTIFICATE, &error.to_string()))
    }
}

fn signer(user: &Secret, password: Secret) -> Result<Credentials, CredentialsError> {
    let user = user.expose();
    if user.contains('=') && user.parse::<Dn>().is_ok() {
        Credentials::of_entry(user, password)
    } else {
        Credentials::new(user, password)
    }
}

fn unusable(setting: &str, why: &str) -> CallError {
    CallError::new(Class::Permanent, bridge_directory::SYSTEM, format!("{setting}: {why}"))
        .with_code("settings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_controller_has_its_turn_before_time_is_up() {
        let urls: Servers = "dc1.test:389,dc2.test:389".parse().unwrap();
        let reach = |timeout| Reach {
            urls: &urls,
            mode: TlsMode::Insecure,
            certificate: None,
            timeout: Duration::from_secs(timeout),
        };
        assert_eq!(reach(30).sharing(Duration::from_secs(27)).timeout, Duration::from_secs(9));
        assert_eq!(reach(2).sharing(Duration::from_secs(27)).timeout, Duration::from_secs(2));
    }

    #[test]
    fn whoever_signs_in_is_named_in_one_of_three_forms() {
        let signs = |user: &str| signer(&Secret::new(user.to_owned()), Secret::new("p".to_owned())).is_ok();
        for user in ["reader@example.com", "EXAMPLE\\reader", "cn=reader,dc=example", "a=b@example.com"] {
            assert!(signs(user), "{user}");
        }
        for user in ["reader", "=", ""] {
            assert!(!signs(user), "{user}");
        }
    }
}

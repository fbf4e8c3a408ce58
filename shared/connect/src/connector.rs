//! Opens clients of outside systems.

use std::{future::Future, sync::Arc, time::Duration};

use bridge_domain::{
    CallError, Class, SecretId, TargetId, TenantId, ncircc,
    secret::Secret,
    target::{Settings, Target},
};
use bridge_http::{Client, Options};
use bridge_kuma::Kuma;
use bridge_ncircc::Ncircc;
use bridge_rvision::RVision;

use crate::{
    Vault,
    account::Account,
    opened::{self, Stamp},
    vault::for_setting,
};

/// Opens clients of outside systems and keeps their connections. Clones share what is kept.
#[derive(Clone, Debug)]
pub struct Connector {
    vault: Vault,
    opened: Arc<opened::Opened>,
}

/// A client that can be made anew with a fresh token.
#[derive(Debug)]
pub struct Opened<C> {
    vault: Vault,
    tenant: TenantId,
    secret: SecretId,
    /// Version of the token that `client` signs in with.
    version: String,
    http: Client,
    client: C,
    make: fn(Client, &Secret) -> Result<C, CallError>,
}

impl Connector {
    /// A connector that reads secrets from `vault`.
    #[must_use]
    pub fn new(vault: Vault) -> Self {
        Self { vault, opened: Arc::default() }
    }

    /// The vault it reads secrets from.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// A client of an R-Vision target.
    ///
    /// # Errors
    ///
    /// `Permanent` when the settings can not work, with the name of the setting; whatever reading a
    /// secret can fail with.
    pub async fn rvision(&self, target: &Target) -> Result<Opened<RVision>, CallError> {
        let account = Account::of_target(target, bridge_rvision::SYSTEM, bridge_rvision::MAX_ANSWER);
        match target.settings {
            Settings::RVision(_) => self.open(&account, RVision::new).await,
            Settings::KumaCore(_) => Err(account.of_another_kind()),
        }
    }

    /// A client of a KUMA Core target.
    ///
    /// # Errors
    ///
    /// As [`Self::rvision`].
    pub async fn kuma(&self, target: &Target) -> Result<Opened<Kuma>, CallError> {
        let account = Account::of_target(target, bridge_kuma::SYSTEM, bridge_kuma::MAX_ANSWER);
        match target.settings {
            Settings::KumaCore(_) => self.open(&account, Kuma::new).await,
            Settings::RVision(_) => Err(account.of_another_kind()),
        }
    }

    /// A client of the NCIRCC account.
    ///
    /// # Errors
    ///
    /// As [`Self::rvision`].
    pub async fn ncircc(&self, settings: &ncircc::settings::Settings) -> Result<Opened<Ncircc>, CallError> {
        let id = TargetId::ncircc();
        self.open(&Account::of_ncircc(&id, settings), Ncircc::new).await
    }

    async fn open<C>(
        &self,
        account: &Account<'_>,
        make: fn(Client, &Secret) -> Result<C, CallError>,
    ) -> Result<Opened<C>, CallError> {
        let (tenant, secret) = account.token;
        let setting = account.names.token;
        let token = self.vault.read(tenant, secret).await.map_err(|error| for_setting(error, setting))?;
        let (token, version) = token.token(setting)?;
        let http = self.http(account).await?;
        let client = make(http.clone(), &token)?;
        Ok(Opened {
            vault: self.vault.clone(),
            tenant: tenant.clone(),
            secret: secret.clone(),
            version,
            http,
            client,
            make,
        })
    }

    /// Connections of an account: those that are kept, or new ones.
    async fn http(&self, account: &Account<'_>) -> Result<Client, CallError> {
        let setting = account.names.certificate;
        let certificate = match account.certificate {
            Some((tenant, secret)) => {
                let read = self.vault.read(tenant, secret).await;
                Some(read.map_err(|error| for_setting(error, setting))?.certificate(setting)?)
            }
            None => None,
        };
        let (pem, version) = certificate.unzip();
        let stamp = Stamp { updated: account.updated, certificate: version };
        if let Some(client) = self.opened.get(account.id, &stamp) {
            return Ok(client);
        }
        let options = Options {
            roots_pem: pem.as_ref().map(Secret::expose),
            proxy: account.proxy,
            timeout: Duration::from_secs(account.timeout_seconds.into()),
            max_body: account.max_body,
            names: account.names,
        };
        let client = Client::new(account.system, account.url, &options)?;
        self.opened.put(account.id, stamp, client.clone());
        Ok(client)
    }
}

impl<C> Opened<C> {
    /// The client with the token as it was when it was opened.
    pub const fn client(&self) -> &C {
        &self.client
    }
}

impl<C: Clone> Opened<C> {
    /// Runs `call`. When the system refuses the token, reads the token again, and if there is a newer
    /// one, runs `call` once more with it.
    ///
    /// # Errors
    ///
    /// What `call` fails with; of a failing second run, what that fails with.
    pub async fn with_fresh_token<T, F, Fut>(&mut self, call: F) -> Result<T, CallError>
    where
        F: Fn(C) -> Fut,
        Fut: Future<Output = Result<T, CallError>>,
    {
        match call(self.client.clone()).await {
            Err(refused) if refused.class == Class::Auth => {
                if self.renew().await {
                    call(self.client.clone()).await
                } else {
                    Err(refused)
                }
            }
            result => result,
        }
    }

    /// Signs in with a newer token from now on; `false` when there is none. A failure to read it is
    /// none of the caller's business: the refusal is what has to be reported.
    async fn renew(&mut self) -> bool {
        let fetched = self.vault.refresh(&self.tenant, &self.secret, &self.version).await;
        let newer = fetched.and_then(|fetched| fetched.token(self.http.names().token));
        let Ok((token, version)) = newer else {
            tracing::warn!("a token that was refused can not be read again");
            return false;
        };
        if version == self.version {
            return false;
        }
        let Ok(client) = (self.make)(self.http.clone(), &token) else { return false };
        (self.client, self.version) = (client, version);
        true
    }
}

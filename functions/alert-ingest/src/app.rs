//! What every request of this function shares.

use bridge_access::{Access, AccessConfig};
use bridge_domain::{CallError, TenantId, Timestamp, TokenId, access::Token, tenant::Tenant};
use bridge_runtime::{Error, aws::Aws, config::Env};

use crate::recent::Recent;

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    access: AccessConfig,
    webhook_secret_prefix: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let access = AccessConfig::read(env);
        let webhook_secret_prefix = env.required("WEBHOOK_SECRET_PREFIX");
        Some(Self { access: access?, webhook_secret_prefix: webhook_secret_prefix? })
    }
}

/// Clients, made once, and what was read a moment ago.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) access: Access,
    pub(crate) webhook_secret_prefix: String,
    tokens: Recent<TokenId, Token>,
    tenants: Recent<TenantId, Tenant>,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            access: Access::new(config.access, &aws),
            webhook_secret_prefix: config.webhook_secret_prefix,
            tokens: Recent::new(),
            tenants: Recent::new(),
        })
    }

    /// A token, read at most a few seconds ago. Only what exists is remembered.
    pub(crate) async fn token(&self, id: TokenId, now: Timestamp) -> Result<Option<Token>, CallError> {
        if let Some(token) = self.tokens.get(&id, now) {
            return Ok(Some(token));
        }
        let token = self.access.store.token(id.clone()).await?;
        if let Some(token) = &token {
            self.tokens.put(id, token.clone(), now);
        }
        Ok(token)
    }

    /// Tenants by id, read at most a few seconds ago. Only what is enabled is remembered.
    pub(crate) async fn tenants(&self, ids: Vec<TenantId>, now: Timestamp) -> Result<Vec<Tenant>, CallError> {
        let (mut tenants, mut missing) = (Vec::new(), Vec::new());
        for id in ids {
            match self.tenants.get(&id, now) {
                Some(tenant) => tenants.push(tenant),
                None => missing.push(id),
            }
        }
        for tenant in self.access.store.tenants_by_id(&missing).await? {
            if !tenant.disabled {
                self.tenants.put(tenant.id.clone(), tenant.clone(), now);
            }
            tenants.push(tenant);
        }
        Ok(tenants)
    }
}

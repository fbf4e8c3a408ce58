//! What every request of this function shares.

use bridge_domain::{CallError, TenantId, Timestamp, TokenId, access::Token, tenant::Tenant};
use bridge_runtime::{
    Error,
    auth::AdminToken,
    aws::Aws,
    config::Env,
    secrets::{SecretCache, TTL},
};
use bridge_store::{Store, TableName};

use crate::recent::Recent;

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    state_table: TableName,
    admin_token_secret: String,
    webhook_secret_prefix: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let admin_token_secret = env.required("ADMIN_TOKEN_SECRET");
        let webhook_secret_prefix = env.required("WEBHOOK_SECRET_PREFIX");
        Some(Self {
            state_table: state_table?,
            admin_token_secret: admin_token_secret?,
            webhook_secret_prefix: webhook_secret_prefix?,
        })
    }
}

/// Clients, made once, and what was read a moment ago.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) admin: AdminToken,
    pub(crate) secrets: SecretCache,
    pub(crate) webhook_secret_prefix: String,
    tokens: Recent<TokenId, Token>,
    tenants: Recent<TenantId, Tenant>,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects an app")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        let secrets = SecretCache::new(aws.secrets(), TTL);
        Ok(Self {
            store: Store::new(aws.config(), config.state_table),
            admin: AdminToken { cache: secrets.clone(), secret_id: config.admin_token_secret },
            secrets,
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
        let token = self.store.token(id.clone()).await?;
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
        for tenant in self.store.tenants_by_id(&missing).await? {
            if !tenant.disabled {
                self.tenants.put(tenant.id.clone(), tenant.clone(), now);
            }
            tenants.push(tenant);
        }
        Ok(tenants)
    }
}

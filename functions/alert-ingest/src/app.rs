//! What every request of this function shares.

use std::sync::Arc;

use bridge_access::{Access, AccessConfig};
use bridge_delivery::{Dispatcher, PullQueue, Queues};
use bridge_domain::{CallError, TenantId, Timestamp, TokenId, access::Token, outbox::Route, tenant::Tenant};
use bridge_runtime::{Error, aws::Aws, config::Env, recent::Recent};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    access: AccessConfig,
    webhook_secret_prefix: String,
    queues: Queues,
    pull_queue: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let access = AccessConfig::read(env);
        let webhook_secret_prefix = env.required("WEBHOOK_SECRET_PREFIX");
        let queues = Queues::read(env);
        let pull_queue = env.required("PULL_QUEUE");
        Some(Self {
            access: access?,
            webhook_secret_prefix: webhook_secret_prefix?,
            queues: queues?,
            pull_queue: pull_queue?,
        })
    }
}

/// A tenant and where its alerts go.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) tenant: Tenant,
    pub(crate) routes: Vec<Route>,
}

/// Clients, made once, and what was read a moment ago.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) access: Access,
    pub(crate) webhook_secret_prefix: String,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) pull_queue: PullQueue,
    tokens: Recent<TokenId, Token>,
    destinations: Recent<TenantId, Arc<Destination>>,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            access: Access::new(config.access, &aws),
            webhook_secret_prefix: config.webhook_secret_prefix,
            dispatcher: Dispatcher::new(aws.sqs(), config.queues),
            pull_queue: PullQueue::new(aws.sqs(), config.pull_queue),
            tokens: Recent::new(),
            destinations: Recent::new(),
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

    /// A tenant and its targets, read at most a few seconds ago; `None` when there is no such
    /// tenant. Only what is enabled is remembered.
    pub(crate) async fn destination(
        &self,
        id: &TenantId,
        now: Timestamp,
    ) -> Result<Option<Arc<Destination>>, CallError> {
        if let Some(known) = self.destinations.get(id, now) {
            return Ok(Some(known));
        }
        let Some((tenant, targets)) = self.access.store.tenant_with_targets(id).await? else {
            return Ok(None);
        };
        let routes = Route::to_all(&targets);
        let destination = Arc::new(Destination { tenant, routes });
        if !destination.tenant.disabled {
            self.destinations.put(id.clone(), Arc::clone(&destination), now);
        }
        Ok(Some(destination))
    }
}

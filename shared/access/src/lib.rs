//! The State table and who may use it: what every function behind the HTTP API begins with.
//!
//! Tokens lie in the store, the stack's first token is a secret that the runtime reads; neither
//! of the two knows the other. Here they meet.

use bridge_domain::{
    CallError, Timestamp, TokenId,
    access::{Bearer, Operation, Principal, Token},
};
use bridge_runtime::{
    Error,
    auth::{self, AdminToken},
    aws::Aws,
    config::Env,
    http::{HttpError, Request},
    secrets::{SecretCache, TTL},
};
use bridge_store::{Store, TableName};

/// The part of the environment that every function behind the HTTP API has.
#[derive(Clone, Debug)]
pub struct AccessConfig {
    state_table: TableName,
    admin_token_secret: String,
}

impl AccessConfig {
    /// Reads `STATE_TABLE` and `ADMIN_TOKEN_SECRET` (the ARN of the stack's first token).
    #[must_use]
    pub fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let admin_token_secret = env.required("ADMIN_TOKEN_SECRET");
        Some(Self { state_table: state_table?, admin_token_secret: admin_token_secret? })
    }
}

/// The store, and the means to tell who asks.
#[derive(Clone, Debug)]
pub struct Access {
    /// The State table.
    pub store: Store,
    /// Secrets, cached.
    pub secrets: SecretCache,
    admin: AdminToken,
}

impl Access {
    /// Makes the clients. No call is made.
    #[must_use]
    pub fn new(config: AccessConfig, aws: &Aws) -> Self {
        let secrets = SecretCache::new(aws.secrets(), TTL);
        Self {
            store: Store::new(aws.config(), config.state_table),
            admin: AdminToken { cache: secrets.clone(), secret_id: config.admin_token_secret },
            secrets,
        }
    }

    /// [`Access::new`] in the form in which [`bridge_runtime::http::serve`] takes it, for functions
    /// that need nothing else.
    ///
    /// # Errors
    ///
    /// None.
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub async fn connect(config: AccessConfig, aws: Aws) -> Result<Self, Error> {
        Ok(Self::new(config, &aws))
    }

    /// Who makes the request, if it may use `operation`. Tokens are read from the store each time,
    /// so that a revoked one is refused at once.
    ///
    /// # Errors
    ///
    /// See [`auth::principal`].
    pub async fn principal(&self, request: &Request, operation: Operation) -> Result<Principal, HttpError> {
        self.principal_by(request, operation, |id| self.store.token(id)).await
    }

    /// The same with another way to look a token up.
    ///
    /// # Errors
    ///
    /// See [`auth::principal`].
    pub async fn principal_by<F, Found>(
        &self,
        request: &Request,
        operation: Operation,
        lookup: F,
    ) -> Result<Principal, HttpError>
    where
        F: FnOnce(TokenId) -> Found,
        Found: Future<Output = Result<Option<Token>, CallError>>,
    {
        auth::principal(request, &self.admin, operation, request.received, lookup).await
    }

    /// Who holds a token that was not where the vendor's API has it, if it may use `operation`.
    ///
    /// # Errors
    ///
    /// See [`auth::holder`].
    pub async fn holder_by<F, Found>(
        &self,
        bearer: Bearer,
        operation: Operation,
        now: Timestamp,
        lookup: F,
    ) -> Result<Principal, HttpError>
    where
        F: FnOnce(TokenId) -> Found,
        Found: Future<Output = Result<Option<Token>, CallError>>,
    {
        auth::holder(bearer, &self.admin, operation, now, lookup).await
    }
}

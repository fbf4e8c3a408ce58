//! What every request of this function shares.

use bridge_access::{Access, AccessConfig};
use bridge_domain::{TenantId, access::Principal, import::ImportKind};
use bridge_importing::{ImportQueues, QueueUrls};
use bridge_runtime::{Error, aws::Aws, config::Env, http::HttpError};

/// What this function is about.
pub(crate) const KIND: ImportKind = ImportKind::Ldap;

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    access: AccessConfig,
    vault_prefix: String,
    queues: QueueUrls,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let access = AccessConfig::read(env);
        let vault_prefix = env.required("VAULT_PREFIX");
        let queues = ImportQueues::read(env);
        Some(Self { access: access?, vault_prefix: vault_prefix?, queues: queues? })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) access: Access,
    /// Past the cache: a test uses secrets as they are.
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    /// What the names of the secrets in the vault begin with.
    pub(crate) vault_prefix: String,
    pub(crate) queues: ImportQueues,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            access: Access::new(config.access, &aws),
            secrets: aws.secrets(),
            vault_prefix: config.vault_prefix,
            queues: ImportQueues::new(aws.sqs(), config.queues),
        })
    }
}

/// Whether the user manages a tenant.
///
/// # Errors
/// A tenant without a role does not exist, which `missing` says; in one with a lesser role it is refused.
pub(crate) fn manages(
    user: &Principal,
    tenant: &TenantId,
    missing: impl FnOnce() -> HttpError,
) -> Result<(), HttpError> {
    if user.grants.administers(tenant) {
        Ok(())
    } else if user.grants.sees(tenant) {
        Err(HttpError::forbidden())
    } else {
        Err(missing())
    }
}

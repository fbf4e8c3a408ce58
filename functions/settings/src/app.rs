//! What every request of this function shares.

use bridge_access::{Access, AccessConfig};
use bridge_runtime::{Error, aws::Aws, config::Env};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    access: AccessConfig,
    webhook_secret_prefix: String,
    vault_prefix: String,
    pull_queue: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let access = AccessConfig::read(env);
        let webhook_secret_prefix = env.required("WEBHOOK_SECRET_PREFIX");
        let vault_prefix = env.required("VAULT_PREFIX");
        let pull_queue = env.required("PULL_QUEUE");
        Some(Self {
            access: access?,
            webhook_secret_prefix: webhook_secret_prefix?,
            vault_prefix: vault_prefix?,
            pull_queue: pull_queue?,
        })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) access: Access,
    /// Past the cache: what is rotated has to be read as it is.
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) webhook_secret_prefix: String,
    /// What the names of the secrets in the vault begin with.
    pub(crate) vault_prefix: String,
    /// Where a KUMA Core's alerts of a given time are asked for.
    pub(crate) pull_queue: String,
    pub(crate) queues: aws_sdk_sqs::Client,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            access: Access::new(config.access, &aws),
            secrets: aws.secrets(),
            webhook_secret_prefix: config.webhook_secret_prefix,
            vault_prefix: config.vault_prefix,
            pull_queue: config.pull_queue,
            queues: aws.sqs(),
        })
    }
}

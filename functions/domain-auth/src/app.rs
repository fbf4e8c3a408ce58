//! What every request of this function shares.

use bridge_access::{Access, AccessConfig};
use bridge_runtime::{Error, aws::Aws, config::Env};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    access: AccessConfig,
    vault_prefix: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let access = AccessConfig::read(env);
        let vault_prefix = env.required("VAULT_PREFIX");
        Some(Self { access: access?, vault_prefix: vault_prefix? })
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
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            access: Access::new(config.access, &aws),
            secrets: aws.secrets(),
            vault_prefix: config.vault_prefix,
        })
    }
}

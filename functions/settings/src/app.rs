//! What every request of this function shares.

use bridge_access::{Access, AccessConfig};
use bridge_runtime::{Error, aws::Aws, config::Env};

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

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) access: Access,
    /// Past the cache: what is rotated has to be read as it is.
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) webhook_secret_prefix: String,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            access: Access::new(config.access, &aws),
            secrets: aws.secrets(),
            webhook_secret_prefix: config.webhook_secret_prefix,
        })
    }
}

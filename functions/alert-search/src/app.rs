//! What every request of this function shares.

use bridge_runtime::{
    Error,
    auth::AdminToken,
    aws::Aws,
    config::Env,
    secrets::{SecretCache, TTL},
};
use bridge_store::{Store, TableName};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    state_table: TableName,
    admin_token_secret: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let admin_token_secret = env.required("ADMIN_TOKEN_SECRET");
        Some(Self { state_table: state_table?, admin_token_secret: admin_token_secret? })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) admin: AdminToken,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects an app")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        let cache = SecretCache::new(aws.secrets(), TTL);
        Ok(Self {
            store: Store::new(aws.config(), config.state_table),
            admin: AdminToken { cache, secret_id: config.admin_token_secret },
        })
    }
}

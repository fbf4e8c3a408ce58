//! What every request of this function shares.

use bridge_connect::Vault;
use bridge_runtime::{
    Error,
    aws::Aws,
    config::Env,
    secrets::{SecretCache, TTL},
};
use bridge_store::{Store, TableName};

/// The environment of this function. The stack's first token is not in it: nobody needs one to log in.
#[derive(Debug)]
pub(crate) struct Config {
    state_table: TableName,
    vault_prefix: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let vault_prefix = env.required("VAULT_PREFIX");
        Some(Self { state_table: state_table?, vault_prefix: vault_prefix? })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            store: Store::new(aws.config(), config.state_table),
            vault: Vault::new(SecretCache::new(aws.secrets(), TTL), config.vault_prefix),
        })
    }
}

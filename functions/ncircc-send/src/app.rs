//! What every batch of this function shares.

use bridge_connect::{Connector, Vault};
use bridge_delivery::Gatekeeper;
use bridge_runtime::{
    Error,
    aws::Aws,
    batch::Queue,
    clock::Clock,
    config::Env,
    secrets::{SecretCache, TTL},
    telemetry::Output,
};
use bridge_store::{Cache, Store, TableName};

use crate::handler::{Desk, Parts};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    state_table: TableName,
    cache_table: TableName,
    vault_prefix: String,
    queue: String,
    dead: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let cache_table = env.required("CACHE_TABLE");
        let vault_prefix = env.required("VAULT_PREFIX");
        let queue = env.required("NCIRCC_QUEUE");
        let dead = env.required("NCIRCC_DEAD_QUEUE");
        Some(Self {
            state_table: state_table?,
            cache_table: cache_table?,
            vault_prefix: vault_prefix?,
            queue: queue?,
            dead: dead?,
        })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) desk: Desk,
    pub(crate) queue: Queue,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        let clock = Clock::system();
        let vault = Vault::new(SecretCache::new(aws.secrets(), TTL), config.vault_prefix);
        let cache = Cache::new(aws.config(), config.cache_table);
        let parts = Parts {
            store: Store::new(aws.config(), config.state_table),
            gatekeeper: Gatekeeper::new(cache.clone(), clock.clone()),
            cache,
            connections: Connector::new(vault),
            clock,
            output: Output::stdout(),
        };
        let queue = Queue { client: aws.sqs(), url: config.queue, dead_letter_url: config.dead };
        Ok(Self { desk: Desk::new(parts), queue })
    }
}

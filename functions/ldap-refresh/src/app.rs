//! What every run of this function shares.

use std::time::Duration;

use bridge_connect::Vault;
use bridge_runtime::{
    Error, aws::Aws, batch::Queue, clock::Clock, config::Env, secrets::SecretCache, telemetry::Output,
};
use bridge_store::{Inventory, Store, TableName};

/// Longest time for one import. The function lives for 15 minutes; the rest is for its end.
const WORK_LIMIT: Duration = Duration::from_mins(14);

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    state_table: TableName,
    inventory_table: TableName,
    vault_prefix: String,
    queue: String,
    dead: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let inventory_table = env.required("INVENTORY_TABLE");
        let vault_prefix = env.required("VAULT_PREFIX");
        let queue = env.required("LDAP_QUEUE");
        let dead = env.required("LDAP_DEAD_QUEUE");
        Some(Self {
            state_table: state_table?,
            inventory_table: inventory_table?,
            vault_prefix: vault_prefix?,
            queue: queue?,
            dead: dead?,
        })
    }
}

/// What a run is made with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) inventory: Inventory,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    pub(crate) output: Output,
    /// Longest time for one import.
    pub(crate) work_limit: Duration,
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) parts: Parts,
    pub(crate) queue: Queue,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        // Hours lie between two runs: what was kept of a secret would only be old.
        let secrets = SecretCache::new(aws.secrets(), Duration::ZERO);
        let parts = Parts {
            store: Store::new(aws.config(), config.state_table),
            inventory: Inventory::new(aws.config(), config.inventory_table),
            vault: Vault::new(secrets, config.vault_prefix),
            clock: Clock::system(),
            output: Output::stdout(),
            work_limit: WORK_LIMIT,
        };
        let queue = Queue { client: aws.sqs(), url: config.queue, dead_letter_url: config.dead };
        Ok(Self { parts, queue })
    }
}

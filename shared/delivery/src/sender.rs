//! A function that makes deliveries from a queue.

use bridge_connect::{Connector as Connections, Vault};
use bridge_runtime::{
    Error,
    aws::Aws,
    batch::{self, Options, Order, Queue},
    clock::Clock,
    config::Env,
    deadline::Deadline,
    secrets::{SecretCache, TTL},
    telemetry::Output,
};
use bridge_store::{Cache, Store, TableName};

use futures_util::FutureExt;

use crate::{Connector, Engine, Gatekeeper, Message, Parts, RESERVE};

/// Deliveries made at once from one batch; the event source mapping gives no more than this.
const CONCURRENT: usize = 10;

/// The names of a sender's queue in its environment.
#[derive(Clone, Copy, Debug)]
pub struct QueueNames {
    /// The variable with the queue's URL.
    pub queue: &'static str,
    /// The variable with the URL of its dead-letter queue.
    pub dead: &'static str,
}

struct Config {
    state_table: TableName,
    cache_table: TableName,
    vault_prefix: String,
    queue: String,
    dead: String,
}

impl Config {
    fn read(env: &mut Env, names: QueueNames) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let cache_table = env.required("CACHE_TABLE");
        let vault_prefix = env.required("VAULT_PREFIX");
        let queue = env.required(names.queue);
        let dead = env.required(names.dead);
        Some(Self {
            state_table: state_table?,
            cache_table: cache_table?,
            vault_prefix: vault_prefix?,
            queue: queue?,
            dead: dead?,
        })
    }
}

struct App<C> {
    engine: Engine<C>,
    queue: Queue,
}

/// Runs a sender until Lambda ends the process. `make` makes the connector from what opens
/// connections to targets.
///
/// # Errors
/// When the Lambda runtime API fails for good.
pub async fn serve<C: Connector + 'static>(
    function: &'static str,
    names: QueueNames,
    make: fn(Connections) -> C,
) -> Result<(), Error> {
    let connect = |config: Config, aws: Aws| async move {
        let clock = Clock::system();
        let vault = Vault::new(SecretCache::new(aws.secrets(), TTL), config.vault_prefix);
        let parts = Parts {
            function,
            store: Store::new(aws.config(), config.state_table),
            gatekeeper: Gatekeeper::new(Cache::new(aws.config(), config.cache_table), clock.clone()),
            connector: make(Connections::new(vault)),
            clock,
            output: Output::stdout(),
        };
        let queue = Queue { client: aws.sqs(), url: config.queue, dead_letter_url: config.dead };
        Ok(App { engine: Engine::new(parts), queue })
    };
    batch::serve(
        function,
        |env| Config::read(env, names),
        connect,
        |app: &App<C>, context| {
            let order = Order::Standard { concurrency: CONCURRENT };
            (Options { order, deadline: Deadline::from(context), reserve: RESERVE }, app.queue.clone())
        },
        // Boxed: what lies below is deep, and the compiler lays every future out inside its caller.
        |app, message: Message, _record| async move { app.engine.handle(&message).await }.boxed(),
    )
    .await
}

//! What every message of this function shares.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bridge_connect::{Connector, Vault};
use bridge_delivery::{Dispatcher, PullQueue, Queues};
use bridge_domain::Timestamp;
use bridge_runtime::{
    Error,
    aws::Aws,
    batch::{Options, Order, Queue},
    clock::Clock,
    config::Env,
    deadline::Deadline,
    secrets::{SecretCache, TTL},
    telemetry::Output,
};
use bridge_store::{Store, TableName};
use lambda_runtime::Context;

/// Nothing new is begun with less time left than this: the longest call to a Core (50 s), writing
/// what it gave, and saying where to go on.
pub(crate) const RESERVE: Duration = Duration::from_secs(75);
/// No message is begun with less time left than this.
const START_RESERVE: Duration = Duration::from_secs(100);

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    state_table: TableName,
    vault_prefix: String,
    pull_queue: String,
    pull_dead_queue: String,
    queues: Queues,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let vault_prefix = env.required("VAULT_PREFIX");
        let pull_queue = env.required("PULL_QUEUE");
        let pull_dead_queue = env.required("PULL_DEAD_QUEUE");
        let queues = Queues::read(env);
        Some(Self {
            state_table: state_table?,
            vault_prefix: vault_prefix?,
            pull_queue: pull_queue?,
            pull_dead_queue: pull_dead_queue?,
            queues: queues?,
        })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) connector: Connector,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) pull_queue: PullQueue,
    pub(crate) clock: Clock,
    pub(crate) output: Output,
    queue: Queue,
    /// Deadline of the invocation that began last.
    deadline: Mutex<Deadline>,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        let vault = Vault::new(SecretCache::new(aws.secrets(), TTL), config.vault_prefix);
        Ok(Self {
            store: Store::new(aws.config(), config.state_table),
            connector: Connector::new(vault),
            dispatcher: Dispatcher::new(aws.sqs(), config.queues),
            pull_queue: PullQueue::new(aws.sqs(), config.pull_queue.clone()),
            clock: Clock::system(),
            output: Output::stdout(),
            queue: Queue {
                client: aws.sqs(),
                url: config.pull_queue,
                dead_letter_url: config.pull_dead_queue,
            },
            deadline: Mutex::new(Deadline::at(Timestamp::MIN)),
        })
    }

    /// How the batch of an invocation is handled: messages one after the other.
    pub(crate) fn plan(&self, context: &Context) -> (Options, Queue) {
        let deadline = Deadline::from(context);
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
        let options = Options { order: Order::Standard { concurrency: 1 }, deadline, reserve: START_RESERVE };
        (options, self.queue.clone())
    }

    /// When Lambda ends the invocation.
    pub(crate) fn deadline(&self, now: Timestamp) -> Timestamp {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        now.plus(deadline.remaining(now))
    }
}

//! What every run of this function shares.

use bridge_importing::{ImportQueues, QueueUrls};
use bridge_runtime::{Error, aws::Aws, config::Env};
use bridge_store::{Store, TableName};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    state_table: TableName,
    queues: QueueUrls,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let queues = ImportQueues::read(env);
        Some(Self { state_table: state_table?, queues: queues? })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) queues: ImportQueues,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            store: Store::new(aws.config(), config.state_table),
            queues: ImportQueues::new(aws.sqs(), config.queues),
        })
    }
}

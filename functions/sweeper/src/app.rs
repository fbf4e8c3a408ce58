//! What every run of this function shares.

use bridge_delivery::{Dispatcher, Queues};
use bridge_reporting::NcirccQueue;
use bridge_runtime::{Error, aws::Aws, config::Env};
use bridge_store::{Store, TableName};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    state_table: TableName,
    queues: Queues,
    ncircc_queue: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let state_table = env.required("STATE_TABLE");
        let queues = Queues::read(env);
        let ncircc_queue = NcirccQueue::read(env);
        Some(Self { state_table: state_table?, queues: queues?, ncircc_queue: ncircc_queue? })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) ncircc: NcirccQueue,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            store: Store::new(aws.config(), config.state_table),
            dispatcher: Dispatcher::new(aws.sqs(), config.queues),
            ncircc: NcirccQueue::new(aws.sqs(), config.ncircc_queue),
        })
    }
}

//! What every request of this function shares.

use bridge_access::{Access, AccessConfig};
use bridge_reporting::NcirccQueue;
use bridge_runtime::{Error, aws::Aws, config::Env};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    access: AccessConfig,
    queue: String,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let access = AccessConfig::read(env);
        let queue = NcirccQueue::read(env);
        Some(Self { access: access?, queue: queue? })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) access: Access,
    pub(crate) queue: NcirccQueue,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            access: Access::new(config.access, &aws),
            queue: NcirccQueue::new(aws.sqs(), config.queue),
        })
    }
}

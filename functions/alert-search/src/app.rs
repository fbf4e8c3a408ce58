//! What every request of this function shares.

use bridge_access::{Access, AccessConfig};
use bridge_runtime::{Error, aws::Aws, config::Env};
use bridge_store::{Inventory, TableName};

/// The environment of this function.
#[derive(Debug)]
pub(crate) struct Config {
    access: AccessConfig,
    inventory_table: TableName,
}

impl Config {
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let access = AccessConfig::read(env);
        let inventory_table = env.required("INVENTORY_TABLE");
        Some(Self { access: access?, inventory_table: inventory_table? })
    }
}

/// Clients, made once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) access: Access,
    pub(crate) inventory: Inventory,
}

impl App {
    #[expect(clippy::unused_async, reason = "the runtime awaits what connects a function")]
    pub(crate) async fn connect(config: Config, aws: Aws) -> Result<Self, Error> {
        Ok(Self {
            inventory: Inventory::new(aws.config(), config.inventory_table),
            access: Access::new(config.access, &aws),
        })
    }
}

//! The Inventory table: accounts, and what is kept of the imports that bring them.
//!
//! An [`ImportRun`] drives one import in the order that `domain::import::engine` asks for. Every write carries
//! the number of its run and is made on condition that no later run has written there: a runner that was
//! taken for dead and is not changes nothing that a later one wrote, and ends with [`ImportError::Lost`].

mod accounts;
mod manifest;
mod named;
mod run;
mod search;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};
use bridge_domain::{
    CallError,
    import::manifest::{Corrupt, Full},
};

pub use self::{named::Name, run::ImportRun, search::AccountPage};
use crate::{
    TableName,
    error::call_error,
    item::{Item, SCHEMA_VERSION, attr},
    keys::inventory::InventoryKey,
};

/// No later run has written there.
const IN_TURN: &str = "(attribute_not_exists(#rn) OR #rn <= :rn)";

/// Why an import can not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// A later run of the connection has written: this one has to stop and say nothing.
    #[error("another run of the import has taken over")]
    Lost,
    /// What is kept of the imports so far can not be read. Nothing may be concluded from it.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// There are more records than may be.
    #[error(transparent)]
    Full(#[from] Full),
    /// The store failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The Inventory table. Cheap to clone; every clone shares one connection pool.
#[derive(Clone, Debug)]
pub struct Inventory {
    client: Client,
    table: String,
}

impl Inventory {
    /// An inventory on `table`, reached as `config` says. Makes no call.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, table: TableName) -> Self {
        Self { client: Client::new(config), table: table.0 }
    }

    /// An item, strongly consistent.
    async fn get(&self, key: &InventoryKey) -> Result<Option<Item>, CallError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attr::PK, AttributeValue::S(key.pk()))
            .key(attr::SK, AttributeValue::S(key.sk()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| call_error("GetItem", &error))?;
        Ok(answer.item.map(Item::from_map))
    }

    /// Puts an item in the name of a run.
    async fn put(&self, key: &InventoryKey, run: i64, item: Item) -> Result<(), ImportError> {
        self.put_after(key, run, run, item).await
    }

    /// Puts an item in the name of a run where none after `last` has written.
    async fn put_after(
        &self,
        key: &InventoryKey,
        run: i64,
        last: i64,
        item: Item,
    ) -> Result<(), ImportError> {
        let item = item
            .text(attr::PK, key.pk())
            .text(attr::SK, key.sk())
            .number(attr::SCHEMA, SCHEMA_VERSION)
            .number(attr::RUN, run);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.into_map()))
            .condition_expression(IN_TURN)
            .expression_attribute_names("#rn", attr::RUN)
            .expression_attribute_values(":rn", AttributeValue::N(last.to_string()));
        put.send().await.map(drop).map_err(|error| refused("PutItem", &error))
    }

    /// Deletes an item in the name of a run. That it is not there is no error.
    async fn delete(&self, key: &InventoryKey, run: i64) -> Result<(), ImportError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key(attr::PK, AttributeValue::S(key.pk()))
            .key(attr::SK, AttributeValue::S(key.sk()))
            .condition_expression(IN_TURN)
            .expression_attribute_names("#rn", attr::RUN)
            .expression_attribute_values(":rn", AttributeValue::N(run.to_string()));
        delete.send().await.map(drop).map_err(|error| refused("DeleteItem", &error))
    }
}

/// What a conditional write failed with.
fn refused<E>(call: &'static str, error: &SdkError<E>) -> ImportError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("ConditionalCheckFailedException") => ImportError::Lost,
        _ => ImportError::Call(call_error(call, error)),
    }
}

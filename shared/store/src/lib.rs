//! The State table: keys, items and queries.
//!
//! The only crate that names the DynamoDB SDK. One table, keyed by `pk` and `sk`; see
//! [`keys`] for what lives where. Reads by key are strongly consistent; listings come from
//! indexes and may lag a moment. There is no way here to walk the whole table.

mod alerts;
mod batch;
mod body;
mod cache;
mod domain_auth;
mod due;
mod error;
mod imports;
mod incident_search;
mod incidents;
mod inventory;
mod item;
pub mod keys;
mod ledger;
mod listing;
mod ncircc;
mod ncircc_sync;
mod pack;
mod pull;
mod search;
mod targets;
mod tenants;
mod tokens;
mod transact;
mod update;
mod uses;
mod vault;

use std::{fmt, str::FromStr, sync::Arc};

use crate::pack::Packer;
pub use crate::{
    alerts::{AlertHead, Closed, Put, Stored, Upserted},
    body::Found,
    cache::{Cache, Held},
    domain_auth::DomainAuthConflict,
    imports::{ImportConflict, Imports, Turn},
    incidents::{IncidentConflict, Linked},
    inventory::{AccountPage, ImportError, ImportRun, Inventory, Name as AccountName},
    ledger::RowConflict,
    ncircc::NcirccConflict,
    search::Page,
    targets::TargetConflict,
    tenants::{TenantChange, TenantConflict},
    transact::Revised,
    vault::SecretConflict,
};

/// Name of a DynamoDB table: 3 to 255 of `A-Z a-z 0-9 _ - .`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(String);

impl FromStr for TableName {
    type Err = TableNameError;

    fn from_str(text: &str) -> Result<Self, TableNameError> {
        let fits = (3..=255).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if fits { Ok(Self(text.to_owned())) } else { Err(TableNameError) }
    }
}

/// The text is no table name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableNameError;

impl fmt::Display for TableNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be 3 to 255 of A-Z a-z 0-9 _ - .")
    }
}

/// The State table. Cheap to clone; every clone shares one connection pool.
#[derive(Clone, Debug)]
pub struct Store {
    client: aws_sdk_dynamodb::Client,
    table: String,
    packer: Arc<Packer>,
}

impl Store {
    /// A store on `table`, reached as `config` says. Makes no call.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, table: TableName) -> Self {
        Self { client: aws_sdk_dynamodb::Client::new(config), table: table.0, packer: Arc::default() }
    }
}

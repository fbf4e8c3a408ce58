//! Types and rules of the field: alerts, tenants, tokens, search and errors.
//!
//! Everything here is pure: no async, no AWS, no clock of its own. A function that needs "now"
//! takes it as an argument, so every rule can be tested as a table or as a property.

pub mod access;
pub mod alert;
pub mod close;
pub mod error;
pub mod events;
pub mod form;
pub mod gate;
pub mod id;
pub mod import;
pub mod incident;
pub mod intake;
pub mod json;
pub mod ldap;
pub mod ledger;
pub mod login;
pub mod merge;
pub mod ncircc;
pub mod outbox;
pub mod pull;
pub mod push;
pub mod query;
pub mod search;
pub mod secret;
pub mod target;
pub mod tenant;
pub mod time;
pub mod vault;
pub mod webhook;

pub use error::{CallError, Class};
pub use id::{
    AlertId, ConnectionId, IdError, IncidentId, Name, RowId, SecretId, TargetId, TaskId, TenantId, TokenId,
};
pub use time::Timestamp;

//! The store against a real DynamoDB engine in the same process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod accounts;
mod alerts;
mod domain_auth;
mod imports;
mod incidents;
mod inventory;
mod ncircc;
mod ncircc_sync;
mod pull;
mod search;
mod settings;
mod support;
mod targets;
mod vault;

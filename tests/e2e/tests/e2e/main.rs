//! The deployed stack, over HTTPS, as its users meet it.
//!
//! Every test makes tenants, tokens and alerts of its own, so that all of them run at once on one
//! stack, beside whatever else is on it. Without a stack every test fails and says how to get one.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test, a panic is how a failure is told"
)]

mod alerts;
mod contract;
mod directory;
mod export_account;
mod irp;
mod kuma_core;
mod tenant;
mod world;

mod accounts;
mod client;
mod close;
mod delivery;
mod delivery_faults;
mod domain_auth;
mod doors;
mod envelopes;
mod export;
mod export_answers;
mod export_faults;
mod incident_links;
mod incidents;
mod ingest;
mod ingest_many;
mod ingest_merge;
mod ingest_tenants;
mod isolation;
mod kuma_lists;
mod large_pages;
mod ldap;
mod ldap_answers;
mod ldap_import;
mod ldap_settings;
mod ldap_time;
mod login;
mod login_refused;
mod loops;
mod ncircc_proxy;
mod ncircc_settings;
mod paging;
mod pull;
mod push;
mod queue;
mod redrive;
mod rotation;
mod samba_import;
mod samba_login;
mod search;
mod search_parameters;
mod security_vision;
mod signature;
mod targets;
mod tenants;
mod tokens;
mod vault;

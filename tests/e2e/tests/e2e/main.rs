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
mod tenant;
mod world;

mod client;
mod close;
mod doors;
mod envelopes;
mod ingest;
mod ingest_many;
mod ingest_merge;
mod ingest_tenants;
mod isolation;
mod kuma_lists;
mod large_pages;
mod paging;
mod queue;
mod rotation;
mod search;
mod search_parameters;
mod signature;
mod tenants;
mod tokens;

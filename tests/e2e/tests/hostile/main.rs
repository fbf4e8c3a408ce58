//! The deployed stack, over HTTPS, as those meet it who mean it no good.
//!
//! Whatever they send, they get a clear refusal in KUMA's form, nothing is written, and nothing of
//! what is inside shows: not in an answer, and not in a log. Every test makes tenants and tokens of
//! its own, so that all of them run at once on one stack, beside whatever else is on it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test, a panic is how a failure is told"
)]

mod bodies;
mod closing;
mod fields;
mod headers;
mod incidents;
mod integrations;
mod logs;
mod methods;
mod ncircc_settings;
mod privilege;
mod searching;
mod settings;
mod signatures;
mod world;

//! Every parser of bytes from outside, fed with what its author did not think of.
//!
//! Inputs are samples, mutated: bits flipped, parts cut, moved, doubled, pieces of other samples and
//! of JSON put in, nested, strewn with odd Unicode. `PROPTEST_CASES` says how many inputs each
//! property gets; `make fuzz` takes a million.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod alerts;
mod batch;
mod edge;
mod keys;
mod mutation;
mod queries;
mod seeds;

use bridge_domain::Timestamp;
use proptest::test_runner::Config;

/// Inputs per property when nobody says otherwise.
const CASES: u32 = 2_000;

/// How the properties are run.
fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// A fixed "now" for what compares with the clock: shortly after the samples were made.
fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

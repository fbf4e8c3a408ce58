//! Whatever happens to the functions and to the systems outside, in the end all sides agree.
//!
//! Processes are killed here and queues have to be empty at the end, so this has the stack to itself.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test, a panic is how a failure is told"
)]

// What the other suite has for its tests; not all of it is needed here.
#[path = "../e2e/alerts.rs"]
#[expect(dead_code, reason = "shared with the suite e2e")]
mod alerts;
#[path = "../e2e/contract.rs"]
mod contract;
#[path = "../e2e/irp.rs"]
#[expect(dead_code, reason = "shared with the suite e2e")]
mod irp;
#[path = "../e2e/kuma_core.rs"]
#[expect(dead_code, reason = "shared with the suite e2e")]
mod kuma_core;
#[path = "../e2e/ldap.rs"]
#[expect(dead_code, reason = "shared with the suite e2e")]
mod ldap;
#[path = "../e2e/tenant.rs"]
#[expect(dead_code, reason = "shared with the suite e2e")]
mod tenant;
#[path = "../e2e/world.rs"]
#[expect(dead_code, reason = "shared with the suite e2e")]
mod world;

mod chaos;
mod imports;
mod random;
mod runs;
mod vault;

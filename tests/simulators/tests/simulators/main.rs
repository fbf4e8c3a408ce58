//! The simulators by plain calls: each rule that makes them strict, each fault, and the two together.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test, a panic is how a failure is told"
)]

mod peer;

mod faults;
mod kuma_close;
mod kuma_search;
mod ncircc_acts;
mod ncircc_create;
mod ncircc_lists;
mod ncircc_update;
mod ncircc_wire;
mod processes;
mod pushes;
mod rvision_lists;
mod rvision_writes;
mod settings;

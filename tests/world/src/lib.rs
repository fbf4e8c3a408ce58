//! What the tests of the functions stand in, all in one process: tables in a real engine, queues and
//! secrets behind real sockets, outside systems over TLS, and a clock that a test moves by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "used by tests alone, which fail by panicking"
)]

mod amazon;
mod cut;
mod hand;
mod ncircc;
mod post;
mod simulator;
mod world;

pub use amazon::Amazon;
pub use cut::cut;
pub use hand::Hand;
pub use ncircc::{NCIRCC_QUEUE, ncircc_settings, notification};
pub use post::{Letter, Post};
pub use simulator::{calm, incidents, posts};
pub use world::{KUMA_QUEUE, PREFIX, RVISION_QUEUE, TENANT, World, alert, kuma_target, rvision_target};

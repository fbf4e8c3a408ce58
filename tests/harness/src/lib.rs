//! The local stack: what a test needs to reach it, and the TLS front that serves it.
//!
//! The stack itself is started by the binary of this crate, `bridge-local`: an AWS emulator, the real
//! template deployed on it with the real function binaries, and [`front`], which gives the deployed
//! HTTP API the address and the TLS that clients of KUMA expect.

pub mod certs;
pub mod front;
mod stack;

pub use stack::{NotRunning, Stack};

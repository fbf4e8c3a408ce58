//! KUMA Core, R-Vision and NCIRCC as the bridge meets them: strict servers on a real socket with TLS by a private
//! authority, a state of their own, and a fault menu.
//!
//! A test runs one inside itself by [`KumaCore::start`], [`RVision::start`] or [`Ncircc::start`], or beside itself as a process
//! (`sim-kuma`, `sim-rvision`, `sim-ncircc`) by [`Process::start`]. Both are driven by [`Control`], over plain HTTP on the
//! loopback; `README.md` lists the commands, the settings and the faults.

mod answer;
mod call;
pub mod cli;
mod commands;
mod control;
mod faults;
mod history;
mod host;
mod kuma;
mod line;
mod ncircc;
mod outgoing;
mod process;
mod running;
mod rvision;
mod settings;
mod tinyproxy;

pub use control::{Control, ControlError};
pub use kuma::KumaCore;
pub use ncircc::Ncircc;
pub use process::Process;
pub use running::{Options, Running, StartError};
pub use rvision::RVision;
pub use tinyproxy::TinyProxy;

//! KUMA Core and R-Vision as the bridge meets them: strict servers on a real socket with TLS by a private
//! authority, a state of their own, and a fault menu.
//!
//! A test runs one inside itself by [`KumaCore::start`] or [`RVision::start`], or beside itself as a process
//! (`sim-kuma`, `sim-rvision`) by [`Process::start`]. Both are driven by [`Control`], over plain HTTP on the
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
mod outgoing;
mod process;
mod running;
mod rvision;
mod settings;

pub use control::{Control, ControlError};
pub use kuma::KumaCore;
pub use process::Process;
pub use running::{Options, Running, StartError};
pub use rvision::RVision;

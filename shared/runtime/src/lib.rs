//! What every function of the bridge starts with.
//!
//! A function is a `Config`, an `App` built from it once, and a handler; the rest lives here:
//! reading the environment ([`config`]), AWS clients ([`aws`]), secrets ([`secrets`]), who is
//! calling ([`auth`]), the HTTP edge ([`http`]), the queue consumer ([`batch`]), the run of a
//! schedule ([`schedule`]), the time that is left ([`deadline`]) and what the log and the metrics
//! say ([`telemetry`]).
//!
//! Nothing here is global but what belongs to the process itself (the log subscriber and the
//! panic hook, set once by `serve`). A handler may run concurrently with itself.

pub mod auth;
pub mod aws;
pub mod batch;
pub mod clock;
pub mod config;
pub mod deadline;
pub mod http;
pub mod recent;
pub mod schedule;
pub mod secrets;
mod start;
pub mod telemetry;

#[cfg(test)]
mod testing;

/// Any error that ends the start of a function.
pub type Error = Box<dyn std::error::Error + Send + Sync + 'static>;

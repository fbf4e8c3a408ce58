//! The National Computer Incident Response & Coordination Center (NCIRCC): what a notification to it
//! may hold, and how it is written on the wire.
//!
//! Our API speaks the English of KUMA, the wire speaks Russian; [`dictionary`] is the only place
//! that knows both.

pub mod decision;
pub mod dictionary;
pub mod errand;
mod format;
pub mod indicators;
mod leak;
pub mod matrix;
pub mod notification;
mod problem;
mod read;
pub mod settings;
pub mod supplement;
pub mod sync;
mod technical;
mod times;
pub mod wire;

pub use problem::Problem;

//! The measurements, one module each.

pub(crate) mod close;
pub(crate) mod ingest;
pub(crate) mod search;
pub(crate) mod size;
pub(crate) mod start;

/// The functions that are measured.
const FUNCTIONS: [&str; 4] = ["alert-ingest", "alert-search", "alert-close", "settings"];

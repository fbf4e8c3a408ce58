//! From the settings of an outside system to a client of it: secrets read, certificates trusted.

mod account;
mod connector;
mod directory;
mod opened;
mod report;
mod vault;

pub use connector::{Connector, Opened};
pub use directory::{CREDENTIALS, Reach};
pub use report::{Finding, Findings, Report};
pub use vault::{Fetched, Vault};

//! From the settings of a target to a client of it: secrets read, certificates trusted.

mod connector;
mod opened;
mod vault;

pub use connector::{Connector, Opened};
pub use vault::{Fetched, Vault};

//! Directory servers for tests, as processes and sockets of this machine.
//!
//! [`Slapd`] is `OpenLDAP` itself with as many people as a test wants, [`Samba`] a real Active Directory
//! that a test changes as it likes. [`Hostile`] is a server of our own that keeps to RFC 4511 until its
//! script says otherwise: written from the standard and from what is known of Active Directory and Samba,
//! not from the client that it is to test.

mod ber;
mod certs;
mod changes;
mod controller;
mod hostile;
mod people;
mod samba;
mod schema;
mod script;
mod slapd;

pub use certs::{Authority, Pair};
pub use changes::Changes;
pub use controller::Object;
pub use hostile::{Hostile, Seen, raw};
pub use people::{ATTRIBUTES, BASE, Person, READER, READER_PASSWORD, TEXT_GUID, person};
pub use samba::Samba;
pub use script::{Script, notice, samples};
pub use slapd::{Slapd, SlapdOptions};

/// Why a server does not start.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

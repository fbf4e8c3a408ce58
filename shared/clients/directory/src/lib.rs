//! Active Directory over LDAP, as the bridge calls it.
//!
//! [`Directory`] connects to the first server of a list that answers, and signs in. A [`Search`] brings
//! entries page by page and says whether they are the whole: only then may anybody conclude that an
//! entry is not there. A [`Filter`] is built by type, or typed by a person and checked.
//!
//! The protocol is `ldap3`'s. It trusts servers, so a guard stands between it and the network: what a
//! server sends is checked for shape and size before the library reads it, entries are kept there and not
//! passed on, and TLS is set up outside of it. Neither names nor values nor passwords are in any error, and
//! nothing here writes logs. The library itself warns through the crate `log`, sometimes with what was
//! received: nothing may listen there.

mod attribute;
mod ber;
mod bind;
mod carry;
mod credentials;
mod directory;
mod entry;
mod fault;
mod filter;
mod guard;
mod login;
mod names;
mod probe;
mod range;
mod search;
mod session;
mod tls;
mod transport;

pub use attribute::{Attribute, AttributeError};
pub use bind::BindFault;
pub use credentials::{Credentials, CredentialsError};
pub use directory::{CONNECT_TIMEOUT, Connection, Directory, PAGE_TIMEOUT, SettingsError};
pub use entry::Entry;
pub use fault::{Error, Fault, Stage};
pub use filter::Filter;
pub use login::{Group, Verified};
pub use names::Names;
pub use search::{MAX_ENTRIES, PAGE, Progress, Request, Scope, Search};
pub use tls::{TlsFault, Trust, TrustError};

/// The name of this system in errors.
pub const SYSTEM: &str = "active_directory";

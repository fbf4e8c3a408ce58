//! What a request wants a connection to be: checked as a whole, with every fault named.
//!
//! | field | rule | when it is left out |
//! |---|---|---|
//! | `tenantID` | id of a tenant; stays as it is | a fault, when the connection is made |
//! | `name` | 1 to 128 characters, unique in the tenant | a fault |
//! | `urls` | 1 to 8 times `host:port`, separated by commas; no IP address with TLS | a fault |
//! | `type` | `startTLS`, `ssl` or `insecure` | a fault |
//! | `certificateSecretID` | id of a secret of type certificate; only and always with TLS | nothing |
//! | `credentialsSecretID` | id of a secret of type credentials | a fault |
//! | `timeoutSeconds` | 1 to 100 seconds for each controller | 30 |
//! | `baseDN` | a distinguished name | a fault |
//! | `attributes` | 1 to 100 names; `objectGUID` is added | the 37 that KUMA documents |
//! | `filter` | a filter of at most 4096 bytes | user accounts |
//! | `disabled` | yes or no | no |
//!
//! KUMA documents the fields, but neither limits nor a default of the time-out, and neither attributes
//! nor filter as settings: those are ours. A large domain takes a good second for each 20,000 accounts
//! before it answers at all, hence 30 seconds.

use serde_json::Value;

use super::{Connection, TlsMode};
use crate::{
    ConnectionId, Name, SecretId, TenantId, Timestamp,
    form::{Faults, Form, flag, parsed, whole},
    ldap::{address::Servers, attributes::Attributes, dn::Dn, filter::Filter},
    vault::Kind,
};

/// Longest time to wait for one controller, in seconds: eight times that is within the life of a function.
const TIMEOUT_LIMIT: u16 = 100;
const DEFAULT_TIMEOUT: u16 = 30;
/// The setting that names the certificates to trust.
pub(crate) const CERTIFICATE: &str = "certificateSecretID";

/// What a request wants a connection to be.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft(pub(super) Connection);

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Draft").field(&self.0).finish()
    }
}

/// What a draft names and only the store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The tenant.
    pub tenant: Option<TenantId>,
    /// Secrets: the field that names one, its id, and what it has to hold.
    pub secrets: Vec<(&'static str, SecretId, Kind)>,
}

/// How controllers are reached: what an import and a login have in common.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) urls: Option<Servers>,
    pub(crate) mode: Option<TlsMode>,
    pub(crate) certificate: Option<SecretId>,
    pub(crate) timeout_seconds: u16,
    pub(crate) base_dn: Option<Dn>,
}

impl Reach {
    /// Reads the fields; that of the mode has another name at each.
    pub(crate) fn read(form: &mut Form, mode_field: &'static str, faults: &mut Faults) -> Self {
        let urls = form.required(faults, "urls", Servers::read);
        let mode = form.required(faults, mode_field, parsed::<TlsMode>);
        let mut unreadable = false;
        let certificate = form.optional(faults, CERTIFICATE, |value| {
            parsed::<SecretId>(value).inspect_err(|_| unreadable = true)
        });
        let timeout = form.optional(faults, "timeoutSeconds", whole(1..=TIMEOUT_LIMIT));
        let base_dn = form.required(faults, "baseDN", Dn::read);
        match mode {
            Some(mode) if mode.is_encrypted() => {
                if let Some(place) = urls.as_ref().and_then(Servers::without_name) {
                    let word = mode.as_str();
                    let message = format!(
                        "server {place} must be a host name: with {word} an IP address can not be used, since \
                         a certificate names a host"
                    );
                    faults.add("urls", message);
                }
                if certificate.is_none() && !unreadable {
                    let message = "is required with startTLS and ssl: the authority that signed the certificate \
                                   of the controllers";
                    faults.add(CERTIFICATE, message);
                }
            }
            Some(_) if certificate.is_some() => {
                faults
                    .add(CERTIFICATE, "is of no use with insecure: leave it out, or choose startTLS or ssl");
            }
            _ => {}
        }
        Self { urls, mode, certificate, timeout_seconds: timeout.unwrap_or(DEFAULT_TIMEOUT), base_dn }
    }
}

impl Draft {
    /// Reads a form at a moment, into a connection of this id. `known` is the one that is to be replaced:
    /// its tenant stays. `None` only when there are faults; what could be read is among the references
    /// all the same.
    #[must_use]
    pub fn read(
        mut form: Form,
        id: ConnectionId,
        known: Option<&Connection>,
        now: Timestamp,
        faults: &mut Faults,
    ) -> (Option<Self>, References) {
        let tenant = match known {
            None => form.required(faults, "tenantID", parsed::<TenantId>),
            Some(known) => {
                form.optional(faults, "tenantID", |value| same(value, &known.tenant));
                Some(known.tenant.clone())
            }
        };
        let name = form.required(faults, "name", parsed::<Name>);
        let reach = Reach::read(&mut form, "type", faults);
        let credentials = form.required(faults, "credentialsSecretID", parsed::<SecretId>);
        let attributes = form.optional(faults, "attributes", Attributes::read);
        let filter = form.optional(faults, "filter", Filter::read);
        let disabled = form.optional(faults, "disabled", flag);
        form.finish(faults);

        let named = [
            ("credentialsSecretID", &credentials, Kind::Credentials),
            (CERTIFICATE, &reach.certificate, Kind::Certificate),
        ];
        let secrets =
            named.into_iter().filter_map(|(field, id, kind)| Some((field, id.clone()?, kind))).collect();
        let references = References { tenant: tenant.clone(), secrets };
        let connection = || {
            Some(Connection {
                id,
                tenant: tenant?,
                name: name?,
                urls: reach.urls?,
                mode: reach.mode?,
                certificate: reach.certificate,
                credentials: credentials?,
                timeout_seconds: reach.timeout_seconds,
                base_dn: reach.base_dn?,
                attributes: attributes.unwrap_or_default(),
                filter: filter.unwrap_or_default(),
                disabled: disabled.unwrap_or(false),
                created: known.map_or(now, |known| known.created),
                updated: now,
            })
        };
        let draft = if faults.is_empty() { connection().map(Self) } else { None };
        (draft, references)
    }

    /// The connection that this makes among `others` of its tenant. One that is to be enabled while
    /// another enabled one names a controller of its is refused: it can be saved disabled.
    ///
    /// # Errors
    /// Adds to `faults` when the name is taken or a controller is.
    pub fn into_connection(self, others: &[Connection], faults: &mut Faults) -> Option<Connection> {
        let connection = self.0;
        let before = faults.is_empty();
        if connection.name_is_taken(others) {
            faults.add("name", "is that of another connection of the tenant");
        }
        if let Some(clash) = connection.clash(others).filter(|_| !connection.disabled) {
            faults.add("disabled", clash.message());
        }
        (before && faults.is_empty()).then_some(connection)
    }
}

fn same(value: Value, known: &TenantId) -> Result<(), String> {
    if parsed::<TenantId>(value)? == *known { Ok(()) } else { Err("can not be changed".to_owned()) }
}

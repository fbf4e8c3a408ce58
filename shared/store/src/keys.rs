//! Every key of the table, built and read back in one place.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | alert | `ALERT#<id>` | `ALERT` |
//! | chunk of an alert's events | `ALERT#<id>` | `EVENTS#<generation>#<n>` |
//! | tenant | `TENANT#<id>` | `TENANT` |
//! | a tenant's name, taken | `TENANTNAME#<name in lower case>` | `TENANTNAME` |
//! | the main tenant's place | `TENANTMAIN` | `TENANTMAIN` |
//! | token | `TOKEN#<id>` | `TOKEN` |
//! | target | `TENANT#<id>` | `TARGET#<id>` |
//! | a target's tenant | `TARGET#<id>` | `TARGET` |
//! | secret's entry | `SECRET#<id>` | `SECRET` |
//! | a secret's name, taken | `SECRETNAME#<tenant>#<name in lower case>` | `SECRETNAME` |
//! | how far a KUMA Core was asked | `PULL#<target>` | `PULL` |
//! | the connection with NCIRCC | `NCIRCC` | `SETTINGS` |
//! | the login of domain users | `DOMAINAUTH` | `SETTINGS` |
//! | incident | `INCIDENT#<id>` | `INCIDENT` |
//! | row of an incident's ledger | `INCIDENT#<id>` | `ROW#<row>` |
//! | part of a file that a row sends | `INCIDENT#<id>` | `FILE#<row>#<file>#<part>` |
//! | comment on an incident | `INCIDENT#<id>` | `COMMENT#<microseconds>#<id>` |
//! | number of the last incident | `COUNTER#INCIDENT` | `COUNTER` |
//! | whose notification a uuid of NCIRCC's is | `REMOTE#<uuid>` | `REMOTE` |
//! | how far NCIRCC's account was read | `NCIRCC` | `SYNC` |
//! | settings of the imports of a tenant | `IMPORTS#<kind>#<tenant>` | `SETTINGS` |
//! | connection to import from | `IMPORTS#<kind>#<tenant>` | `CONNECTION#<id>` |
//! | a connection's kind and tenant | `CONNECTION#<id>` | `CONNECTION` |
//! | who runs an import of a connection | `CONNECTION#<id>` | `LANE` |
//! | task | `TASK#<id>` | `TASK` |
//!
//! A tenant and its targets are one range of one partition: they are read together.
//!
//! Listings (indexes `tenant-last`, `tenant-first`, `all-last`, `all-first`):
//!
//! | listing | partition | sorted by |
//! |---|---|---|
//! | alerts of a tenant in a status | `tp` = `<tenant>#<status>` | `lk`, `fk` |
//! | alerts of all tenants in a status, a quarter of them | `ap` = `<status>#<shard>` | `lk`, `fk` |
//! | incidents of a tenant in a status | `tp` = `INCIDENTS#<tenant>#<status>` | `lk`, `fk` |
//! | incidents of all tenants in a status | `ap` = `INCIDENTS##<status>` | `lk`, `fk` |
//! | tenants, tokens, targets, secrets | `tp` = `TENANTS`, `TOKENS`, `TARGETS`, `SECRETS` | `lk` (when made) |
//! | settings of the imports of one kind | `tp` = `IMPORTS#<kind>` | `lk` (when made) |
//! | tasks of a tenant | `tp` = `TASKS##<tenant>` | `lk` (when ordered) |
//! | tasks of all tenants | `ap` = `TASKS##` | `lk` (when ordered) |
//!
//! The outbox (index `due`): alerts with something to send, partition `dp` = `DUE#<shard>`, sorted by `da`,
//! the time at which the sweeper has to look. Rows of the ledger are in the same index, partitions
//! `LEDGER`, and `STUCK` for those that wait for a person. So are connections, partition `IMPORTS`, and tasks
//! that are not over, partition `TASKS`.

pub mod imports;
pub mod inventory;
mod partition;

use std::fmt;

use bridge_domain::{AlertId, IncidentId, RowId, SecretId, TargetId, TenantId, Timestamp, TokenId};
use sha2::{Digest, Sha256};

use self::imports::ImportKey;
pub use self::partition::Partition;

/// Shards of each all-tenant listing: spreads the writes of one status over four partitions.
pub const SHARDS: u8 = 4;

/// Key of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// An alert.
    Alert(AlertId),
    /// A chunk of an alert's events.
    Events {
        /// The alert.
        alert: AlertId,
        /// Which write made it: chunks of one generation belong together.
        generation: String,
        /// Its number, from 0.
        index: u32,
    },
    /// A tenant.
    Tenant(TenantId),
    /// Marks a tenant's name, in lower case, as taken.
    TenantName(String),
    /// Marks that there is a main tenant.
    MainTenant,
    /// A token.
    Token(TokenId),
    /// A target of a tenant.
    Target {
        /// Its tenant.
        tenant: TenantId,
        /// The target.
        id: TargetId,
    },
    /// Says which tenant a target belongs to.
    TargetPlace(TargetId),
    /// What is known of a secret.
    Secret(SecretId),
    /// Marks a secret's name, in lower case, as taken in a tenant.
    SecretName {
        /// The tenant.
        tenant: TenantId,
        /// The name.
        name: String,
    },
    /// How far a KUMA Core was asked for alerts.
    Pull(TargetId),
    /// The settings of the connection with NCIRCC.
    NcirccSettings,
    /// The settings of the login of domain users.
    DomainAuth,
    /// An incident.
    Incident(IncidentId),
    /// A row of an incident's ledger.
    Row {
        /// The incident.
        incident: IncidentId,
        /// The row.
        row: RowId,
    },
    /// A part of a file that a row of the ledger sends.
    FilePart {
        /// The incident.
        incident: IncidentId,
        /// The row.
        row: RowId,
        /// The file's number, from 0.
        file: u32,
        /// The part's number, from 0.
        part: u32,
    },
    /// A comment on an incident.
    Comment {
        /// The incident.
        incident: IncidentId,
        /// When it was made.
        at: Timestamp,
        /// Its id.
        id: String,
    },
    /// The number of the last incident.
    IncidentCounter,
    /// Whose notification a uuid of NCIRCC's is.
    Remote(String),
    /// How far NCIRCC's account was read.
    NcirccSync,
    /// Something of imports.
    Import(ImportKey),
}

impl Key {
    /// The partition key.
    #[must_use]
    pub fn pk(&self) -> String {
        match self {
            Self::Alert(id) | Self::Events { alert: id, .. } => format!("ALERT#{id}"),
            Self::Tenant(id) | Self::Target { tenant: id, .. } => format!("TENANT#{id}"),
            Self::TargetPlace(id) => format!("TARGET#{id}"),
            Self::Secret(id) => format!("SECRET#{id}"),
            Self::SecretName { tenant, name } => format!("SECRETNAME#{tenant}#{name}"),
            Self::Pull(id) => format!("PULL#{id}"),
            Self::TenantName(name) => format!("TENANTNAME#{name}"),
            Self::MainTenant => "TENANTMAIN".to_owned(),
            Self::Token(id) => format!("TOKEN#{id}"),
            Self::Incident(id)
            | Self::Row { incident: id, .. }
            | Self::FilePart { incident: id, .. }
            | Self::Comment { incident: id, .. } => format!("INCIDENT#{id}"),
            Self::IncidentCounter => "COUNTER#INCIDENT".to_owned(),
            Self::Remote(uuid) => format!("REMOTE#{uuid}"),
            Self::NcirccSettings | Self::NcirccSync => NCIRCC.to_owned(),
            Self::DomainAuth => DOMAIN_AUTH.to_owned(),
            Self::Import(key) => key.pk(),
        }
    }

    /// The sort key.
    #[must_use]
    pub fn sk(&self) -> String {
        match self {
            Self::Alert(_) => "ALERT".to_owned(),
            Self::Events { generation, index, .. } => format!("{}{index:04}", events_prefix(generation)),
            Self::Tenant(_) => "TENANT".to_owned(),
            Self::TenantName(_) => "TENANTNAME".to_owned(),
            Self::MainTenant => "TENANTMAIN".to_owned(),
            Self::Token(_) => "TOKEN".to_owned(),
            Self::Target { id, .. } => format!("{TARGETS_FROM}{id}"),
            Self::TargetPlace(_) => "TARGET".to_owned(),
            Self::Secret(_) => "SECRET".to_owned(),
            Self::SecretName { .. } => "SECRETNAME".to_owned(),
            Self::Pull(_) => "PULL".to_owned(),
            Self::NcirccSettings | Self::DomainAuth => "SETTINGS".to_owned(),
            Self::Incident(_) => "INCIDENT".to_owned(),
            Self::Row { row, .. } => format!("{ROWS}{row}"),
            Self::FilePart { row, file, part, .. } => format!("FILE#{row}#{file:03}#{part:03}"),
            Self::Comment { at, id, .. } => format!("{COMMENTS}{:018}#{id}", at.micros()),
            Self::IncidentCounter => "COUNTER".to_owned(),
            Self::Remote(_) => "REMOTE".to_owned(),
            Self::NcirccSync => "SYNC".to_owned(),
            Self::Import(key) => key.sk(),
        }
    }

    /// Reads a key back; `None` for what none of these would write.
    #[must_use]
    pub fn parse(pk: &str, sk: &str) -> Option<Self> {
        let key = match (pk.split_once('#'), sk) {
            (Some(("ALERT", id)), "ALERT") => Self::Alert(id.parse().ok()?),
            (Some(("ALERT", id)), _) => {
                let (generation, index) = sk.strip_prefix("EVENTS#")?.rsplit_once('#')?;
                Self::Events {
                    alert: id.parse().ok()?,
                    generation: generation.to_owned(),
                    index: index.parse().ok()?,
                }
            }
            (Some(("TENANT", id)), "TENANT") => Self::Tenant(id.parse().ok()?),
            (Some(("TENANTNAME", name)), "TENANTNAME") => Self::TenantName(name.to_owned()),
            (None, "TENANTMAIN") => Self::MainTenant,
            (Some(("TOKEN", id)), "TOKEN") => Self::Token(id.parse().ok()?),
            (Some(("TENANT", tenant)), _) => Self::Target {
                tenant: tenant.parse().ok()?,
                id: sk.strip_prefix(TARGETS_FROM)?.parse().ok()?,
            },
            (Some(("TARGET", id)), "TARGET") => Self::TargetPlace(id.parse().ok()?),
            (Some(("SECRET", id)), "SECRET") => Self::Secret(id.parse().ok()?),
            (Some(("SECRETNAME", rest)), "SECRETNAME") => {
                let (tenant, name) = rest.split_once('#')?;
                Self::SecretName { tenant: tenant.parse().ok()?, name: name.to_owned() }
            }
            (Some(("PULL", id)), "PULL") => Self::Pull(id.parse().ok()?),
            (None, "SETTINGS") if pk == NCIRCC => Self::NcirccSettings,
            (None, "SETTINGS") if pk == DOMAIN_AUTH => Self::DomainAuth,
            (Some(("INCIDENT", id)), _) => Self::of_incident(id.parse().ok()?, sk)?,
            (Some(("COUNTER", "INCIDENT")), "COUNTER") => Self::IncidentCounter,
            (Some(("REMOTE", uuid)), "REMOTE") => Self::Remote(uuid.to_owned()),
            (None, "SYNC") => Self::NcirccSync,
            (Some((area, rest)), _) => Self::Import(ImportKey::parse(area, rest, sk)?),
            _ => return None,
        };
        (key.pk() == pk && key.sk() == sk).then_some(key)
    }

    fn of_incident(incident: IncidentId, sk: &str) -> Option<Self> {
        let mut parts = sk.split('#');
        let key = match (parts.next()?, parts.next(), parts.next(), parts.next()) {
            ("INCIDENT", None, ..) => Self::Incident(incident),
            ("ROW", Some(row), None, _) => Self::Row { incident, row: row.parse().ok()? },
            ("FILE", Some(row), Some(file), Some(part)) => Self::FilePart {
                incident,
                row: row.parse().ok()?,
                file: file.parse().ok()?,
                part: part.parse().ok()?,
            },
            ("COMMENT", Some(_), Some(_), _) => {
                let place = Moment::parse(sk.strip_prefix(COMMENTS)?)?;
                Self::Comment { incident, at: place.at, id: place.id }
            }
            _ => return None,
        };
        Some(key)
    }
}

/// Partition of what there is once of NCIRCC.
const NCIRCC: &str = "NCIRCC";
/// Partition of the settings of the login of domain users.
const DOMAIN_AUTH: &str = "DOMAINAUTH";
/// What the sort keys of the rows of a ledger begin with.
pub const ROWS: &str = "ROW#";
/// What the sort keys of comments begin with.
pub const COMMENTS: &str = "COMMENT#";
/// Partition of the index `due` with the rows of the ledger.
pub const LEDGER_DUE: &str = "LEDGER";
/// Partition of the index `due` with the rows that wait for a person.
pub const LEDGER_STUCK: &str = "STUCK";

/// First sort key of a tenant's targets.
pub const TARGETS_FROM: &str = "TARGET#";
/// Last sort key of a tenant and its targets: the tenant itself.
pub const TARGETS_TO: &str = "TENANT";

/// Partitions of the outbox.
#[must_use]
pub fn outbox_shard(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// What the sort keys of one generation of chunks begin with.
#[must_use]
pub fn events_prefix(generation: &str) -> String {
    format!("EVENTS#{generation}#")
}

/// The shard an alert is in, of the all-tenant listings and of the outbox alike.
#[must_use]
pub fn shard_of(alert: &AlertId) -> u8 {
    Sha256::digest(alert.as_str().as_bytes()).first().copied().unwrap_or_default() % SHARDS
}

/// Place in a listing: a time, then an id so that equal times have an order too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The time sorted by.
    pub at: Timestamp,
    /// Id of what is listed.
    pub id: String,
}

impl Moment {
    /// Reads a place back; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('#')?;
        let moment = Self { at: Timestamp::from_micros(micros.parse().ok()?)?, id: id.to_owned() };
        (moment.to_string() == text).then_some(moment)
    }

    /// The first place at or after `at`.
    #[must_use]
    pub fn first(at: Timestamp) -> String {
        format!("{:018}#", at.micros())
    }

    /// The last place at or before `at`: `~` sorts after every character of an id.
    #[must_use]
    pub fn last(at: Timestamp) -> String {
        format!("{:018}#~", at.micros())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:018}#{}", self.at.micros(), self.id)
    }
}

#[cfg(test)]
mod tests;

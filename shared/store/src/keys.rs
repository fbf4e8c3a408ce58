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
//!
//! A tenant and its targets are one range of one partition: they are read together.
//!
//! Listings (indexes `tenant-last`, `tenant-first`, `all-last`, `all-first`):
//!
//! | listing | partition | sorted by |
//! |---|---|---|
//! | alerts of a tenant in a status | `tp` = `<tenant>#<status>` | `lk`, `fk` |
//! | alerts of all tenants in a status, a quarter of them | `ap` = `<status>#<shard>` | `lk`, `fk` |
//! | tenants, tokens, targets, secrets | `tp` = `TENANTS`, `TOKENS`, `TARGETS`, `SECRETS` | `lk` (when made) |
//!
//! The outbox (index `due`): alerts with something to send, partition `dp` = `DUE#<shard>`, sorted by `da`,
//! the time at which the sweeper has to look.

use std::fmt;

use bridge_domain::{AlertId, SecretId, TargetId, TenantId, Timestamp, TokenId, alert::Status};
use sha2::{Digest, Sha256};

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
            _ => return None,
        };
        (key.pk() == pk && key.sk() == sk).then_some(key)
    }
}

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

/// Partition of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partition {
    /// Alerts of one tenant in one status.
    Tenant(TenantId, Status),
    /// A share of all alerts in one status.
    Shard(Status, u8),
    /// Every tenant.
    Tenants,
    /// Every token.
    Tokens,
    /// Every target.
    Targets,
    /// Every secret.
    Secrets,
}

impl Partition {
    /// The shard of the all-tenant listing that holds an alert.
    #[must_use]
    pub fn shard_of(alert: &AlertId, status: Status) -> Self {
        Self::Shard(status, shard_of(alert))
    }

    /// Reads a partition back; `None` for what none of these would write.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let partition = match (text, text.rsplit_once('#')) {
            ("TENANTS", _) => Self::Tenants,
            ("TOKENS", _) => Self::Tokens,
            ("TARGETS", _) => Self::Targets,
            ("SECRETS", _) => Self::Secrets,
            // A tenant may be called like a status, but no shard is.
            (_, Some((left, right))) => match (left.parse::<Status>(), right.parse::<Status>()) {
                (_, Ok(status)) => Self::Tenant(left.parse().ok()?, status),
                (Ok(status), _) => Self::Shard(status, right.parse().ok().filter(|shard| *shard < SHARDS)?),
                _ => return None,
            },
            _ => return None,
        };
        (partition.to_string() == text).then_some(partition)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(tenant, status) => write!(f, "{tenant}#{}", status.as_str()),
            Self::Shard(status, shard) => write!(f, "{}#{shard}", status.as_str()),
            Self::Tenants => f.write_str("TENANTS"),
            Self::Tokens => f.write_str("TOKENS"),
            Self::Targets => f.write_str("TARGETS"),
            Self::Secrets => f.write_str("SECRETS"),
        }
    }
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "[A-Za-z0-9._:-]{1,128}";

    fn key() -> impl Strategy<Value = Key> {
        prop_oneof![
            ID.prop_map(|id| Key::Alert(id.parse().unwrap())),
            (ID, "[a-f0-9-]{1,36}", 0..9999_u32).prop_map(|(id, generation, index)| Key::Events {
                alert: id.parse().unwrap(),
                generation,
                index
            }),
            ID.prop_map(|id| Key::Tenant(id.parse().unwrap())),
            "\\PC{1,128}".prop_map(Key::TenantName),
            Just(Key::MainTenant),
            ID.prop_map(|id| Key::Token(id.parse().unwrap())),
            (ID, ID).prop_map(|(tenant, id)| Key::Target {
                tenant: tenant.parse().unwrap(),
                id: id.parse().unwrap()
            }),
            ID.prop_map(|id| Key::TargetPlace(id.parse().unwrap())),
            ID.prop_map(|id| Key::Secret(id.parse().unwrap())),
            (ID, "\\PC{1,128}")
                .prop_map(|(tenant, name)| Key::SecretName { tenant: tenant.parse().unwrap(), name }),
            ID.prop_map(|id| Key::Pull(id.parse().unwrap())),
        ]
    }

    fn status() -> impl Strategy<Value = Status> {
        (0..4_usize).prop_map(|index| Status::ALL[index])
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_itself(key in key()) {
            prop_assert_eq!(Key::parse(&key.pk(), &key.sk()), Some(key));
        }

        #[test]
        fn two_keys_are_equal_only_when_their_texts_are(a in key(), b in key()) {
            prop_assert_eq!(a == b, (a.pk(), a.sk()) == (b.pk(), b.sk()));
        }

        #[test]
        fn a_partition_reads_back_as_itself(tenant in ID, status in status(), shard in 0..SHARDS) {
            for partition in [
                Partition::Tenant(tenant.parse().unwrap(), status),
                // A tenant may be called like a status: its text must still not be taken for a shard.
                Partition::Tenant(status.as_str().parse().unwrap(), status),
                Partition::Shard(status, shard),
                Partition::Tenants,
                Partition::Tokens,
            ] {
                prop_assert_eq!(Partition::parse(&partition.to_string()), Some(partition));
            }
        }

        #[test]
        fn places_sort_as_their_texts_do(a in 0..i64::from(u32::MAX), b in 0..i64::from(u32::MAX), id in ID) {
            let place = |micros| Moment { at: Timestamp::from_micros(micros).unwrap(), id: id.clone() };
            let (a, b) = (place(a), place(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
            prop_assert_eq!(Moment::parse(&a.to_string()), Some(a.clone()));
            prop_assert!(Moment::first(a.at) <= a.to_string() && a.to_string() <= Moment::last(a.at));
        }

        #[test]
        fn no_text_makes_a_parser_panic(pk in "\\PC{0,40}", sk in "\\PC{0,40}") {
            let _ = (Key::parse(&pk, &sk), Partition::parse(&pk), Moment::parse(&pk));
        }
    }

    #[test]
    fn alerts_spread_over_every_shard() {
        let shards: std::collections::BTreeSet<String> = (0..64)
            .map(|n| Partition::shard_of(&format!("alert-{n}").parse().unwrap(), Status::New).to_string())
            .collect();
        assert_eq!(shards.len(), usize::from(SHARDS));
    }
}

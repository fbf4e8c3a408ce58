//! What the queue of alert-pull holds.

use serde::{Deserialize, Serialize};

use crate::{AlertId, TargetId, TenantId, Timestamp};

/// A message for alert-pull.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub enum Work {
    /// From the schedule: queue a run for every Core that is due.
    All,
    /// Ask a Core for what is new.
    Pull {
        /// The tenant.
        tenant: TenantId,
        /// The Core.
        target: TargetId,
    },
    /// Read one alert, which a push named.
    Alert {
        /// The tenant.
        tenant: TenantId,
        /// The Core that has it.
        target: TargetId,
        /// The alert.
        alert: AlertId,
        /// The link to it that came with the push.
        url: Option<String>,
    },
    /// Ask a Core for everything of a period.
    Backfill {
        /// The tenant.
        tenant: TenantId,
        /// The Core.
        target: TargetId,
        /// Not before.
        from: Timestamp,
        /// Not after.
        to: Timestamp,
    },
}

/// The members of a message are none of the combinations there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be {{run: all}}, or tenantID and targetID with one of pull: true, alertID and url, from and to"
)]
pub struct WorkError;

/// A message as it is written.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Wire {
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
    #[serde(rename = "tenantID", skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    #[serde(rename = "targetID", skip_serializing_if = "Option::is_none")]
    target: Option<TargetId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull: Option<bool>,
    #[serde(rename = "alertID", skip_serializing_if = "Option::is_none")]
    alert: Option<AlertId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Run {
    All,
}

impl TryFrom<Wire> for Work {
    type Error = WorkError;

    fn try_from(wire: Wire) -> Result<Self, WorkError> {
        let Wire { run, tenant, target, pull, alert, url, from, to } = wire;
        if run.is_some() {
            let nothing = tenant.is_none() && target.is_none() && pull.is_none() && alert.is_none();
            return if nothing && from.is_none() && to.is_none() { Ok(Self::All) } else { Err(WorkError) };
        }
        let (Some(tenant), Some(target)) = (tenant, target) else { return Err(WorkError) };
        match (pull, alert, from, to) {
            (Some(true), None, None, None) => Ok(Self::Pull { tenant, target }),
            (None, Some(alert), None, None) => {
                Ok(Self::Alert { tenant, target, alert, url: url.filter(|url| !url.is_empty()) })
            }
            (None, None, Some(from), Some(to)) => Ok(Self::Backfill { tenant, target, from, to }),
            _ => Err(WorkError),
        }
    }
}

impl From<Work> for Wire {
    fn from(work: Work) -> Self {
        let of = |tenant, target| Self { tenant: Some(tenant), target: Some(target), ..Self::default() };
        match work {
            Work::All => Self { run: Some(Run::All), ..Self::default() },
            Work::Pull { tenant, target } => Self { pull: Some(true), ..of(tenant, target) },
            Work::Alert { tenant, target, alert, url } => {
                Self { alert: Some(alert), url, ..of(tenant, target) }
            }
            Work::Backfill { tenant, target, from, to } => {
                Self { from: Some(from), to: Some(to), ..of(tenant, target) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_are_written() {
        for text in [
            r#"{"run":"all"}"#,
            r#"{"tenantID":"t","targetID":"c","pull":true}"#,
            r#"{"tenantID":"t","targetID":"c","alertID":"a"}"#,
            r#"{"tenantID":"t","targetID":"c","alertID":"a","url":"https://kuma/alerts/a"}"#,
            r#"{"tenantID":"t","targetID":"c","from":"2026-11-20T00:00:00.000Z","to":"2026-11-21T00:00:00.000Z"}"#,
        ] {
            let work: Work = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&work).unwrap(), text);
        }
        let empty: Work =
            serde_json::from_str(r#"{"tenantID":"t","targetID":"c","alertID":"a","url":""}"#).unwrap();
        assert!(matches!(empty, Work::Alert { url: None, .. }));
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        for text in [
            "{}",
            r#"{"run":"one"}"#,
            r#"{"run":"all","tenantID":"t"}"#,
            r#"{"tenantID":"t","targetID":"c"}"#,
            r#"{"tenantID":"t","targetID":"c","pull":false}"#,
            r#"{"tenantID":"t","targetID":"c","from":"2026-11-20T00:00:00Z"}"#,
            r#"{"tenantID":"t","targetID":"c","pull":true,"alertID":"a"}"#,
            r#"{"targetID":"c","pull":true}"#,
            r#"{"tenantID":"t#","targetID":"c","pull":true}"#,
            r#"{"tenantID":"t","targetID":"c","pull":true,"more":1}"#,
        ] {
            assert!(serde_json::from_str::<Work>(text).is_err(), "{text}");
        }
    }
}

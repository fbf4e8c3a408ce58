//! An incident in an answer of the bridge's own calls.

use bridge_domain::{
    AlertId, IncidentId, Name, TenantId, Timestamp,
    incident::{Incident, Priority, Report, Resolution, Status},
    ncircc::dictionary::{Category, Kind},
};
use bridge_store::Revised;
use serde::Serialize;

/// An incident.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View<'a> {
    id: &'a IncidentId,
    #[serde(rename = "tenantID")]
    tenant: &'a TenantId,
    name: &'a Name,
    priority: Priority,
    description: &'a str,
    category: Option<Category>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    status: Status,
    resolution: Option<Resolution>,
    assignee: &'a str,
    #[serde(rename = "alertIDs")]
    alerts: &'a [AlertId],
    #[serde(rename = "assetIDs")]
    assets: &'a [String],
    #[serde(rename = "accountIDs")]
    accounts: &'a [String],
    first_seen: Timestamp,
    last_seen: Timestamp,
    created: Timestamp,
    updated: Timestamp,
    closed: Option<Timestamp>,
    #[serde(rename = "exportToNCIRCC")]
    export: &'static str,
    ncircc: Option<Remote<'a>>,
    revision: i64,
}

impl<'a> From<&'a Revised<Incident>> for View<'a> {
    fn from(Revised { value, revision }: &'a Revised<Incident>) -> Self {
        Self {
            id: &value.id,
            tenant: &value.tenant,
            name: &value.name,
            priority: value.priority,
            description: &value.description,
            category: value.category,
            kind: value.kind,
            status: value.status,
            resolution: value.resolution,
            assignee: &value.assignee,
            alerts: &value.alerts,
            assets: &value.assets,
            accounts: &value.accounts,
            first_seen: value.first_seen,
            last_seen: value.last_seen,
            created: value.created,
            updated: value.updated,
            closed: value.closed,
            export: value.export_state(),
            ncircc: Remote::of(value),
            revision: *revision,
        }
    }
}

/// What NCIRCC says of it. Texts that it did not give are empty.
#[derive(Serialize)]
pub(crate) struct Remote<'a> {
    uuid: &'a str,
    identifier: &'a str,
    number: &'a str,
    status: &'a str,
    result: &'a str,
    kind: &'a str,
    updated: &'a str,
}

impl<'a> Remote<'a> {
    /// None while NCIRCC is not known to have it.
    pub(crate) fn of(incident: &'a Incident) -> Option<Self> {
        let Report { state: _, uuid, identifier, number, status, result, kind, updated } =
            incident.report.as_ref().filter(|report| !report.uuid.is_empty())?;
        Some(Self { uuid, identifier, number, status, result, kind, updated })
    }
}

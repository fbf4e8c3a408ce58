//! `GET /bridge/v1/alerts/{id}`: where an alert has gone, and what happened to it.

use bridge_access::Access;
use bridge_domain::{
    AlertId, IncidentId, Name, TargetId, TenantId, Timestamp,
    access::Principal,
    alert::Status,
    outbox::{Channel, Delivery, Entry, Event, Origin, State},
    target::Target,
};
use bridge_runtime::http::{Answer, HttpError, Request};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    id: &'a AlertId,
    #[serde(rename = "tenantID")]
    tenant: &'a TenantId,
    name: &'a Name,
    status: Status,
    first_seen: Timestamp,
    last_seen: Timestamp,
    /// Null when it is part of none.
    #[serde(rename = "incidentID")]
    incident: Option<&'a IncidentId>,
    closing_reason: &'a str,
    closed_by: Option<By<'a>>,
    deliveries: Vec<DeliveryView<'a>>,
    change_log: Vec<EntryView<'a>>,
}

/// Who made a change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct By<'a> {
    /// `siem`, `kuma-core` or `token`.
    kind: &'static str,
    #[serde(rename = "targetID", skip_serializing_if = "Option::is_none")]
    target: Option<&'a TargetId>,
    #[serde(rename = "tokenID", skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl<'a> From<&'a Origin> for By<'a> {
    fn from(origin: &'a Origin) -> Self {
        let (kind, target, token) = match origin {
            Origin::Siem => ("siem", None, None),
            Origin::Core(target) => ("kuma-core", Some(target), None),
            Origin::Token(token) => ("token", None, Some(token.as_str())),
        };
        Self { kind, target, token }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryView<'a> {
    #[serde(rename = "targetID")]
    target: &'a TargetId,
    /// Null when the target was deleted.
    target_name: Option<&'a Name>,
    kind: Channel,
    state: State,
    attempts: u32,
    last_error: Option<&'a str>,
    waiting_since: Option<Timestamp>,
    next_attempt: Option<Timestamp>,
    delivered: Option<Timestamp>,
    #[serde(rename = "remoteID")]
    remote: Option<&'a str>,
    link: Option<&'a str>,
    closed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryView<'a> {
    at: Timestamp,
    event: Event,
    by: Option<By<'a>>,
    #[serde(rename = "targetID", skip_serializing_if = "Option::is_none")]
    target: Option<&'a TargetId>,
}

/// Shows one alert, without its events.
pub(crate) async fn show(access: &Access, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let missing = || HttpError::not_found("alert not found");
    // What can not be an id is the id of no alert.
    let id: AlertId = request.path_parameter("id").parse().map_err(|_| missing())?;
    let found = access.store.found(&id).await?;
    // An alert of a tenant without a role does not exist.
    let alert = found.filter(|alert| user.grants.sees(&alert.tenant)).ok_or_else(missing)?;
    let targets = access.store.tenant_with_targets(&alert.tenant).await?.map(|(_, targets)| targets);
    let targets = targets.unwrap_or_default();
    let outbox = alert.outbox()?;
    let view = View {
        id: &alert.id,
        tenant: &alert.tenant,
        name: &alert.name,
        status: alert.status,
        first_seen: alert.first_seen,
        last_seen: alert.last_seen,
        incident: alert.incident.as_ref(),
        closing_reason: &alert.closing_reason,
        closed_by: outbox.closed_by.as_ref().map(By::from),
        deliveries: outbox.deliveries.iter().map(|one| delivery(one, &targets, request.received)).collect(),
        change_log: outbox.log.iter().map(entry).collect(),
    };
    Ok(Answer::json(200, &view))
}

fn delivery<'a>(delivery: &'a Delivery, targets: &'a [Target], now: Timestamp) -> DeliveryView<'a> {
    let remote = delivery.remote.as_ref();
    DeliveryView {
        target: &delivery.target,
        target_name: targets.iter().find(|target| target.id == delivery.target).map(|target| &target.name),
        kind: delivery.channel,
        state: delivery.state(now),
        attempts: delivery.attempts,
        last_error: delivery.error.as_deref(),
        waiting_since: delivery.since,
        next_attempt: delivery.next,
        delivered: delivery.delivered,
        remote: remote.map(|remote| remote.id.as_str()),
        link: remote.and_then(|remote| remote.link.as_deref()),
        closed: delivery.closed,
    }
}

fn entry(entry: &Entry) -> EntryView<'_> {
    EntryView {
        at: entry.at,
        event: entry.event,
        by: entry.by.as_ref().map(By::from),
        target: entry.target.as_ref(),
    }
}

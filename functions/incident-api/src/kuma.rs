//! KUMA's calls of version 3.
//!
//! What KUMA's clients send is known; what KUMA answers is not published. The answers here are an
//! assumption, and all of it is in this module: an incident has the members of the bridge's own one,
//! named in the style of KUMA's alerts, with numbers where KUMA's requests have numbers and objects
//! with an `id` where they have those; what only changes something answers 204 without a body. Errors
//! have the form that KUMA documents.

use std::collections::BTreeSet;

use bridge_domain::{
    IncidentId, Name, TenantId, Timestamp,
    form::{Faults, Form, lines, parsed, prose},
    incident::{
        DESCRIPTION_LIMIT, Draft, Incident, Members, Priority, Resolution, Search, Status, alert_ids,
        assignee, member_ids,
    },
    ncircc::dictionary::{Category, Kind},
    query::{BadParameter, Query},
    tenant::Tenant,
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::Revised;
use serde::Serialize;
use serde_json::Value;

use crate::{
    comments,
    desk::{Desk, Way, missing, refused},
    handler::bad_parameter,
    page,
    view::Remote,
};

/// Most incidents that one request assigns or closes.
const MANY: usize = 100;
/// Longest id of an incident, in characters.
const ID_LIMIT: usize = 128;

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
}

/// An incident as KUMA may show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    id: &'a IncidentId,
    #[serde(rename = "tenantID")]
    tenant: &'a TenantId,
    tenant_name: &'a str,
    name: &'a Name,
    description: &'a str,
    /// 1 low to 4 critical.
    priority: u8,
    status: Status,
    /// 1 approved, 0 not approved.
    resolution: Option<u8>,
    assignee: &'a str,
    category: Option<Category>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    first_seen: Timestamp,
    last_seen: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    closed_at: Option<Timestamp>,
    alerts: Vec<Reference<'a>>,
    assets: Vec<Reference<'a>>,
    accounts: Vec<Reference<'a>>,
    #[serde(rename = "exportToNCIRCC")]
    export: &'static str,
    ncircc: Option<Remote<'a>>,
}

impl<'a> View<'a> {
    fn new(incident: &'a Incident, tenants: &'a [Tenant]) -> Self {
        let tenant = tenants.iter().find(|tenant| tenant.id == incident.tenant);
        let references = |ids: &'a [String]| ids.iter().map(|id| Reference { id }).collect();
        Self {
            id: &incident.id,
            tenant: &incident.tenant,
            tenant_name: tenant.map_or("", |tenant| tenant.name.as_str()),
            name: &incident.name,
            description: &incident.description,
            priority: incident.priority.number(),
            status: incident.status,
            resolution: incident.resolution.map(|resolution| u8::from(resolution == Resolution::Approved)),
            assignee: &incident.assignee,
            category: incident.category,
            kind: incident.kind,
            first_seen: incident.first_seen,
            last_seen: incident.last_seen,
            created_at: incident.created,
            updated_at: incident.updated,
            closed_at: incident.closed,
            alerts: incident.alerts.iter().map(|id| Reference { id: id.as_str() }).collect(),
            assets: references(&incident.assets),
            accounts: references(&incident.accounts),
            export: incident.export_state(),
            ncircc: Remote::of(incident),
        }
    }
}

async fn tenants_of(desk: &Desk<'_>, incidents: &[Revised<Incident>]) -> Result<Vec<Tenant>, HttpError> {
    let ids: BTreeSet<&TenantId> = incidents.iter().map(|incident| &incident.value.tenant).collect();
    let ids: Vec<TenantId> = ids.into_iter().cloned().collect();
    Ok(desk.store().tenants_by_id(&ids).await?)
}

async fn one(desk: &Desk<'_>, incident: Revised<Incident>) -> Result<Answer, HttpError> {
    let list = [incident];
    let tenants = tenants_of(desk, &list).await?;
    let [incident] = &list;
    Ok(Answer::json(200, &View::new(&incident.value, &tenants)))
}

/// `GET /api/v3/incidents`
pub(crate) async fn list(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let search = Search::parse(&Query::parse(&request.raw_query)).map_err(bad_parameter)?;
    let found = desk.store().search_incidents(&search, &desk.user.grants).await?;
    let tenants = tenants_of(desk, &found).await?;
    let views: Vec<View<'_>> = found.iter().map(|incident| View::new(&incident.value, &tenants)).collect();
    page::write(&views, request).await
}

/// `GET /api/v3/incidents/id/{id}`
pub(crate) async fn show(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    one(desk, desk.find(request.path_parameter("id")).await?).await
}

/// `POST /api/v3/incidents/create`, and the same of version 2.1
pub(crate) async fn create(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let calculate = calculates(&Query::parse(&request.raw_query)).map_err(bad_parameter)?;
    let mut faults = Faults::default();
    let mut draft = draft(request.json()?, &mut faults);
    if let Some(draft) = draft.as_mut().filter(|_| calculate) {
        draft.priority = None;
    }
    let made = desk.create(draft, faults).await?;
    Ok(one(desk, made).await?.metrics("IncidentsCreated", 1))
}

/// Whether the priority is that of the most urgent alert, whatever the body says.
fn calculates(query: &Query) -> Result<bool, BadParameter> {
    match query.first("calcPriority").map(str::to_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("" | "true" | "1") => Ok(true),
        Some(_) => Err(BadParameter("calcPriority")),
    }
}

/// The body of a creation. Members that the bridge does not know are not looked at, as KUMA's servers do.
fn draft(mut form: Form, faults: &mut Faults) -> Option<Draft> {
    let name = form.required(faults, "name", parsed);
    let tenant = form.required(faults, "tenantID", parsed);
    let description = form.optional(faults, "description", prose(DESCRIPTION_LIMIT)).unwrap_or_default();
    let priority = form.optional(faults, "priority", |value| {
        let number = value.as_u64().and_then(Priority::numbered);
        number.ok_or_else(|| "must be a whole number from 1 (low) to 4 (critical)".to_owned())
    });
    let kind: Option<Kind> = form.optional(faults, "type", kind).flatten();
    let assignee = form.optional(faults, "assigneeId", assignee).unwrap_or_default();
    let alerts =
        form.optional(faults, "alerts", |value| alert_ids(0)(references(value)?)).unwrap_or_default();
    let mut ids =
        |name| form.optional(faults, name, |value| member_ids(references(value)?)).unwrap_or_default();
    let members = Members { assets: ids("assets"), accounts: ids("accounts") };
    let (name, tenant) = (name?, tenant?);
    Some(Draft { name, tenant, priority, description, category: None, kind, assignee, alerts, members })
}

/// The type: KUMA's own types are not ours, but one that is called like a type of NCIRCC's is that one.
fn kind(value: Value) -> Result<Option<Kind>, String> {
    match value {
        Value::Object(members) => {
            Ok(members.get("name").and_then(Value::as_str).and_then(|name| name.parse().ok()))
        }
        _ => Err("must be an object".to_owned()),
    }
}

/// The ids of a list of objects.
fn references(value: Value) -> Result<Value, String> {
    let Value::Array(list) = value else { return Err("must be a list of objects with an id".to_owned()) };
    let id = |(index, one): (usize, Value)| match one {
        Value::Object(mut members) if members.get("id").is_some_and(Value::is_string) => {
            Ok(members.remove("id").unwrap_or_default())
        }
        _ => Err(format!("entry {index} must be an object with an id")),
    };
    list.into_iter().enumerate().map(id).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// The incidents that a request names, if each of them is there and open: nothing is changed unless all
/// can be.
async fn open_ones(desk: &Desk<'_>, ids: Vec<String>) -> Result<Vec<String>, HttpError> {
    for id in &ids {
        let named = |mut error: HttpError| {
            error.details = id.as_str().into();
            error
        };
        let found =
            desk.find(id).await.map_err(|error| if error == missing() { named(error) } else { error })?;
        if found.value.status == Status::Closed {
            return Err(named(refused(bridge_domain::incident::Refusal::Closed)));
        }
    }
    Ok(ids)
}

/// `POST /api/v3/incidents/assign`
pub(crate) async fn assign(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let (ids, wanted) = both(request, ("incidentIDs", lines(1..=MANY, ID_LIMIT)), ("assignee", assignee))?;
    for id in open_ones(desk, ids).await? {
        desk.edit(&id, |incident| incident.assign(wanted.clone(), desk.now)).await?;
    }
    Ok(Answer::empty(204))
}

/// `POST /api/v3/incidents/close`
pub(crate) async fn close(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let (ids, resolution) =
        both(request, ("incidentIDs", lines(1..=MANY, ID_LIMIT)), ("resolution", resolution))?;
    let mut closed = 0;
    for id in open_ones(desk, ids).await? {
        let incident = desk.edit(&id, |incident| incident.close(resolution, desk.now)).await?;
        tracing::info!(incident = %incident.value.id, by = %desk.user.id, "incident closed");
        closed += 1;
    }
    Ok(Answer::empty(204).metrics("IncidentsClosed", closed))
}

#[expect(clippy::needless_pass_by_value, reason = "the form of every reader")]
fn resolution(value: Value) -> Result<Resolution, String> {
    match value.as_u64() {
        Some(1) => Ok(Resolution::Approved),
        Some(0) => Ok(Resolution::NotApproved),
        _ => Err("must be 1 (approved) or 0 (not approved)".to_owned()),
    }
}

/// `POST /api/v3/incidents/comment`
pub(crate) async fn comment(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let (id, text) = both(request, ("id", bridge_domain::form::text), ("comment", comments::text))?;
    desk.comment(&id, text).await?;
    Ok(Answer::empty(204))
}

/// `POST /api/v3/incidents/link`
pub(crate) async fn link(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    relink(desk, request, Way::In).await
}

/// `POST /api/v3/incidents/unlink`
pub(crate) async fn unlink(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    relink(desk, request, Way::Out).await
}

async fn relink(desk: &Desk<'_>, request: &Request, way: Way) -> Result<Answer, HttpError> {
    let (id, alerts) = both(request, ("incidentID", bridge_domain::form::text), ("alertIDs", alert_ids(1)))?;
    desk.relink(&id, way, &alerts).await?;
    Ok(Answer::empty(204))
}

/// A body of two members.
fn both<A, B>(
    request: &Request,
    (first, read_first): (&str, impl FnOnce(Value) -> Result<A, String>),
    (second, read_second): (&str, impl FnOnce(Value) -> Result<B, String>),
) -> Result<(A, B), HttpError> {
    let mut faults = Faults::default();
    let mut form: Form = request.json()?;
    let first = form.required(&mut faults, first, read_first);
    let second = form.required(&mut faults, second, read_second);
    first.zip(second).ok_or_else(|| HttpError::invalid(faults))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> (Option<Draft>, Vec<String>) {
        let mut faults = Faults::default();
        let draft = draft(serde_json::from_str(&value.to_string()).unwrap(), &mut faults);
        (draft, faults.into_vec().into_iter().map(|fault| fault.field).collect())
    }

    #[test]
    fn the_body_of_kumas_client_is_read() {
        let body = json!({
            "name": "Phishing", "tenantID": "t", "description": "d", "type": {}, "priority": 4, "assigneeId": "u",
            "alerts": [{"id": "a"}, {"id": "b", "name": "x"}], "assets": [{"id": "s"}], "accounts": [],
            "availableTenants": ["t"],
        });
        let (draft, faults) = read(&body);
        let draft = draft.unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!((draft.priority, draft.assignee.as_str()), (Some(Priority::Critical), "u"));
        assert_eq!((draft.alerts.len(), draft.members.assets.as_slice()), (2, &["s".to_owned()][..]));
        assert_eq!(draft.kind, None);
        let named =
            |name: &str| read(&json!({"name": "n", "tenantID": "t", "type": {"name": name}})).0.unwrap().kind;
        assert_eq!(named("Malware infection").map(Kind::as_str), Some("Malware infection"));
        assert_eq!(named("Something of one's own"), None);
    }

    #[test]
    fn every_fault_has_kumas_name() {
        let body = json!({
            "priority": 5, "type": "x", "alerts": [{"id": "a"}, {"id": "a"}], "assets": ["x"], "accounts": {},
            "assigneeId": 7, "description": "x".repeat(257),
        });
        let (draft, faults) = read(&body);
        assert!(draft.is_none());
        let expected = [
            "name",
            "tenantID",
            "description",
            "priority",
            "type",
            "assigneeId",
            "alerts",
            "assets",
            "accounts",
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn a_resolution_is_one_or_zero() {
        assert_eq!(resolution(json!(1)), Ok(Resolution::Approved));
        assert_eq!(resolution(json!(0)), Ok(Resolution::NotApproved));
        for other in [json!(2), json!(-1), json!("1"), json!(true), json!(null)] {
            assert!(resolution(other).is_err());
        }
    }

    #[test]
    fn a_flag_is_read_as_its_clients_write_it() {
        for (raw, wanted) in
            [("", false), ("calcPriority", true), ("calcPriority=True", true), ("calcPriority=false", false)]
        {
            assert_eq!(calculates(&Query::parse(raw)), Ok(wanted), "{raw}");
        }
        assert_eq!(calculates(&Query::parse("calcPriority=maybe")), Err(BadParameter("calcPriority")));
    }
}

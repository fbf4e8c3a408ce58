//! `POST /bridge/v1/incidents/{id}/export`: everything is checked, then one write says it is owed.

use bridge_domain::{
    RowId,
    access::Principal,
    form::Form,
    incident::{Incident, Report, ReportState, Resolution, Status},
    ledger::Ledger,
    ncircc::{
        errand::{Errand, Row},
        notification::{Defaults, Draft, Ready, State, preflight},
        settings::Settings,
    },
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{Revised, RowConflict};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use crate::{
    app::App,
    events::{self, Told},
    place, view,
};

/// How often an incident that others change at the same time is read anew.
const ATTEMPTS: u32 = 8;
/// What found it, when nobody says more.
const DETECTION_TOOL: &str = "KUMA";

/// What would be sent.
#[derive(Serialize)]
struct Preview {
    body: Box<RawValue>,
    warnings: Vec<String>,
}

pub(crate) async fn export(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let mut told = None;
    for _ in 0..ATTEMPTS {
        let incident = place::open_incident(app, user, request).await?;
        if let Some(answer) = attempt(app, user, request, incident, &mut told).await? {
            return Ok(answer);
        }
    }
    Err(HttpError::conflict("the incident keeps changing, try again"))
}

/// One try; `None` when somebody changed the incident meanwhile.
async fn attempt(
    app: &App,
    user: &Principal,
    request: &Request,
    incident: Revised<Incident>,
    told: &mut Option<Told>,
) -> Result<Option<Answer>, HttpError> {
    if place::is_notice(&incident.value) {
        return Err(HttpError::conflict(
            "the incident came from NCIRCC and can not be exported: answer it with a decision or a comment",
        ));
    }
    let settings = place::settings(app, &incident.value).await?;
    let draft = Draft::read(request.json::<Form>()?);
    let (store, dry_run) = (&app.access.store, draft.dry_run);
    let old = store.row(&incident.value.id, &RowId::export()).await?;
    if !dry_run {
        place::enabled(&settings)?;
        refuse_twice(old.as_ref(), &incident.value)?;
    }
    if draft.connected && told.is_none() {
        *told = Some(events::read(store, &incident.value).await?);
    }
    let told = told.clone().unwrap_or_default();
    let defaults = defaults(&incident.value, &settings, &told);
    let mut ready = preflight(draft, &defaults, request.received)
        .map_err(|problems| place::refused("the incident can not be exported yet", &problems))?;
    ready.warnings.extend(told.warning);
    if dry_run {
        let body = view::raw(&ready.body).ok_or_else(|| HttpError::internal("a body that is no JSON"))?;
        return Ok(Some(Answer::json(200, &Preview { body, warnings: ready.warnings })));
    }
    let row = row(&incident.value, user, request, ready);
    let report = Some(Report::new(ReportState::Exporting));
    let after = Incident { report, ..incident.value.clone() };
    match store.open_row(&row, old.as_ref(), Some((&incident, &after))).await {
        Ok(()) => {}
        // The row or only the incident: the next look tells.
        Err(RowConflict::Changed) => return Ok(None),
        Err(conflict) => return Err(place::changed(conflict)),
    }
    // It is owed from here on: what can not be queued now, the sweeper queues.
    app.queue.send(&row.incident, &row.id).await;
    tracing::info!(incident = %row.incident, by = %user.id, again = old.is_some(), "export ordered");
    view::show(app, &row.incident, 202).await.map(Some)
}

/// An incident is exported once, unless the last time surely came to nothing.
fn refuse_twice(old: Option<&Revised<Row>>, incident: &Incident) -> Result<(), HttpError> {
    let Some(old) = old.filter(|old| !old.value.ledger.is_replaceable()) else { return Ok(()) };
    let report = incident.report.as_ref();
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let mut error = HttpError::conflict("already exported");
    error.details = json!({
        "state": old.value.ledger.state.as_str(),
        "uuid": text(report.map(|report| report.uuid.as_str())),
        "number": text(report.map(|report| report.number.as_str())),
    });
    Err(error)
}

/// What need not be said because it is known.
fn defaults(incident: &Incident, settings: &Settings, told: &Told) -> Defaults {
    let closed = incident.closed.filter(|_| incident.status == Status::Closed);
    let confirmed = incident.resolution != Some(Resolution::NotApproved);
    Defaults {
        marker: marker(incident),
        company: settings.company_name.clone(),
        scope: settings.company_scope,
        location: settings.location.clone(),
        inn: settings.inn.clone(),
        operator_address: settings.operator_address.clone(),
        email: settings.email.clone(),
        allow_vulnerability: settings.allow_vulnerability_notifications,
        detection_tool: DETECTION_TOOL.to_owned(),
        name: incident.name.as_str().to_owned(),
        description: incident.description.clone(),
        state: closed.map_or(State::Open, |at| State::Closed { at, confirmed }),
        first_seen: Some(incident.first_seen),
        category: incident.category,
        kind: incident.kind,
        found: told.found.clone(),
    }
}

/// A text that no other notification has: neither another incident's, nor one of another stack, nor an
/// earlier one of the same incident.
fn marker(incident: &Incident) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{}/{}", incident.id, random.get(..8).unwrap_or(&random))
}

fn row(incident: &Incident, user: &Principal, request: &Request, ready: Ready) -> Row {
    Row {
        incident: incident.id.clone(),
        tenant: incident.tenant.clone(),
        id: RowId::export(),
        by: user.id.clone(),
        errand: Errand::Export { body: ready.body, marker: ready.marker },
        ledger: Ledger::new(request.received),
    }
}

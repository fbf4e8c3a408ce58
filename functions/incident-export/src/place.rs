//! What every order looks at first: the incident, its tenant, and the connection with NCIRCC.

use bridge_domain::{
    IncidentId, RowId,
    access::Principal,
    incident::{Incident, ReportState},
    ledger::Ledger,
    ncircc::{
        Problem,
        errand::{Errand, Row},
        settings::Settings,
    },
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{Revised, RowConflict};

use crate::{app::App, view};

/// Where the connection is set up.
const SETTINGS: &str = "PUT /bridge/v1/integrations/ncircc";

/// The incident that a request is about. One of a tenant without a role does not exist.
pub(crate) async fn incident(
    app: &App,
    user: &Principal,
    request: &Request,
) -> Result<Revised<Incident>, HttpError> {
    let missing = || HttpError::not_found("incident not found");
    // What can not be an id is the id of no incident.
    let id: IncidentId = request.path_parameter("id").parse().map_err(|_| missing())?;
    let found = app.access.store.incident(&id).await?;
    found.filter(|incident| user.grants.sees(&incident.value.tenant)).ok_or_else(missing)
}

/// The same for whoever orders something.
pub(crate) async fn open_incident(
    app: &App,
    user: &Principal,
    request: &Request,
) -> Result<Revised<Incident>, HttpError> {
    let incident = incident(app, user, request).await?;
    match app.access.store.tenant_with_targets(&incident.value.tenant).await? {
        Some((tenant, _)) if !tenant.disabled => Ok(incident),
        Some(_) | None => Err(HttpError::not_acceptable("tenant disabled")),
    }
}

/// The connection with NCIRCC, for an incident that may use it.
pub(crate) async fn settings(app: &App, incident: &Incident) -> Result<Settings, HttpError> {
    let Some(settings) = app.access.store.ncircc_settings().await? else {
        let message = format!("NCIRCC is not configured: a general administrator does it with {SETTINGS}");
        return Err(HttpError::conflict(message));
    };
    // Whoever gets a notice has to answer it.
    if !settings.value.exports(&incident.tenant) && !is_notice(incident) {
        let mut error = HttpError::forbidden();
        error.message = "the tenant has no right to export".into();
        error.details =
            "a general administrator adds its id to exportTenantIDs of the connection with NCIRCC".into();
        return Err(error);
    }
    Ok(settings.value)
}

/// Nothing is ordered that would not be sent.
pub(crate) fn enabled(settings: &Settings) -> Result<(), HttpError> {
    if settings.enabled {
        return Ok(());
    }
    let message = format!("the connection with NCIRCC is disabled: set enabled to true with {SETTINGS}");
    Err(HttpError::conflict(message))
}

/// Whether it came from NCIRCC.
pub(crate) fn is_notice(incident: &Incident) -> bool {
    incident.report.as_ref().is_some_and(|report| report.state == ReportState::Notice)
}

/// Its id at NCIRCC, when it is there.
pub(crate) fn remote(incident: &Incident) -> Result<&str, HttpError> {
    let report = incident.report.as_ref().filter(|report| !report.uuid.is_empty());
    report.map(|report| report.uuid.as_str()).ok_or_else(|| {
        HttpError::conflict("NCIRCC does not have the incident: export it first, and wait until it is sent")
    })
}

/// Everything that stands in the way.
pub(crate) fn refused(message: &'static str, problems: &[Problem]) -> HttpError {
    HttpError::bad_request(message, serde_json::to_value(problems).unwrap_or_default())
}

/// Enters a row beside the export, queues it and shows it.
pub(crate) async fn order(
    app: &App,
    user: &Principal,
    request: &Request,
    incident: &Incident,
    (id, errand): (RowId, Errand),
) -> Result<Answer, HttpError> {
    let row = Row {
        incident: incident.id.clone(),
        tenant: incident.tenant.clone(),
        id,
        by: user.id.clone(),
        errand,
        ledger: Ledger::new(request.received),
    };
    app.access.store.open_row(&row, None, None).await.map_err(changed)?;
    // It is owed already: what can not be queued now, the sweeper queues.
    app.queue.send(&row.incident, &row.id).await;
    tracing::info!(incident = %row.incident, row = %row.id, kind = row.errand.kind(), by = %user.id, "ordered");
    Ok(Answer::json(202, &view::RowView::new(&row)))
}

/// A write that was not done.
pub(crate) fn changed(conflict: RowConflict) -> HttpError {
    match conflict {
        RowConflict::Changed => {
            HttpError::conflict("somebody else did something with the incident meanwhile: look again")
        }
        RowConflict::Remote => HttpError::conflict("this notification belongs to another incident"),
        RowConflict::Call(error) => error.into(),
    }
}

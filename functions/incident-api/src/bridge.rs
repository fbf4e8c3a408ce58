//! The bridge's own calls.

use bridge_domain::{
    form::{Faults, Form, parsed},
    incident::{Change, Draft, Incident, Resolution, Search, alert_ids, assignee},
    query::Query,
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::Revised;

use crate::{
    desk::{Desk, Way},
    handler::bad_parameter,
    page,
    view::View,
};

/// `GET /bridge/v1/incidents`: `page` from 1, 250 each.
pub(crate) async fn list(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let search = Search::parse(&Query::parse(&request.raw_query)).map_err(bad_parameter)?;
    let found = desk.store().search_incidents(&search, &desk.user.grants).await?;
    let views: Vec<View<'_>> = found.iter().map(View::from).collect();
    page::write(&views, request).await
}

/// `GET /bridge/v1/incidents/{id}`
pub(crate) async fn show(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    Ok(shown(200, &desk.find(request.path_parameter("id")).await?))
}

/// `POST /bridge/v1/incidents`
pub(crate) async fn create(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let mut faults = Faults::default();
    let draft = Draft::read(request.json()?, &mut faults);
    let made = desk.create(draft, faults).await?;
    let location = format!("/bridge/v1/incidents/{}", made.value.id);
    Ok(shown(201, &made).with_header("location", location).metrics("IncidentsCreated", 1))
}

/// `PATCH /bridge/v1/incidents/{id}`
pub(crate) async fn change(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let mut faults = Faults::default();
    let change = Change::read(request.json()?, &mut faults);
    sound(faults)?;
    let edit = |incident: &mut Incident| incident.change(change.clone(), desk.now);
    Ok(shown(200, &desk.edit(request.path_parameter("id"), edit).await?))
}

/// `POST /bridge/v1/incidents/{id}/assign`
pub(crate) async fn assign(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let wanted = only(request, "assignee", assignee)?;
    let edit = |incident: &mut Incident| incident.assign(wanted.clone(), desk.now);
    Ok(shown(200, &desk.edit(request.path_parameter("id"), edit).await?))
}

/// `POST /bridge/v1/incidents/{id}/close`
pub(crate) async fn close(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let resolution: Resolution = only(request, "resolution", parsed)?;
    let edit = |incident: &mut Incident| incident.close(resolution, desk.now);
    let closed = desk.edit(request.path_parameter("id"), edit).await?;
    tracing::info!(incident = %closed.value.id, by = %desk.user.id, "incident closed");
    Ok(shown(200, &closed).metrics("IncidentsClosed", 1))
}

/// `POST /bridge/v1/incidents/{id}/link`
pub(crate) async fn link(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    relink(desk, request, Way::In).await
}

/// `POST /bridge/v1/incidents/{id}/unlink`
pub(crate) async fn unlink(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    relink(desk, request, Way::Out).await
}

async fn relink(desk: &Desk<'_>, request: &Request, way: Way) -> Result<Answer, HttpError> {
    let alerts = only(request, "alertIDs", alert_ids(1))?;
    Ok(shown(200, &desk.relink(request.path_parameter("id"), way, &alerts).await?))
}

/// A form of one field.
pub(crate) fn only<T>(
    request: &Request,
    name: &str,
    read: impl FnOnce(serde_json::Value) -> Result<T, String>,
) -> Result<T, HttpError> {
    let mut faults = Faults::default();
    let mut form: Form = request.json()?;
    let value = form.required(&mut faults, name, read);
    form.finish(&mut faults);
    value.filter(|_| faults.is_empty()).ok_or_else(|| HttpError::invalid(faults))
}

pub(crate) fn sound(faults: Faults) -> Result<(), HttpError> {
    if faults.is_empty() { Ok(()) } else { Err(HttpError::invalid(faults)) }
}

fn shown(status: u16, incident: &Revised<Incident>) -> Answer {
    Answer::json(status, &View::from(incident))
}

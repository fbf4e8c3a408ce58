//! `POST /bridge/v1/alerts`: one alert or an array of them. And the way to the other doors.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bridge_domain::{
    AlertId, CallError, Class, TenantId, Timestamp,
    alert::Alert,
    intake,
    outbox::{Change, Origin, Queued},
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{Store, Upserted};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::{
    app::{App, Destination},
    push,
    sender::{self, Sender},
};

/// Alerts of one request that are written at once.
const CONCURRENT: usize = 16;

/// What became of one alert.
#[derive(Serialize)]
struct Line {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<AlertId>,
    result: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Created,
    Updated,
    Duplicate,
    Rejected,
    /// The store failed; the alert may be sent again as it is.
    Failed,
}

#[derive(Serialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
    created: usize,
    updated: usize,
    duplicate: usize,
    rejected: usize,
    failed: usize,
    results: Vec<Line>,
}

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    match request.route.as_str() {
        "POST /bridge/v1/alerts" => post(&app, &request).await,
        push::TOKEN_ROUTE | push::PUSH_ROUTE => push::handle(&app, request).await,
        _ => Err(HttpError::not_found("no such route")),
    }
}

async fn post(app: &App, request: &Request) -> Result<Answer, HttpError> {
    let sender = sender::authenticate(app, request).await?;
    let alerts = intake::read(&request.body, sender.home.as_ref(), request.received)
        .map_err(|error| HttpError::bad_request(error.to_string(), ()))?;
    let destinations = destinations(app, &sender, &alerts, request.received).await?;
    let taken = stream::iter(alerts.into_iter().enumerate().map(|(index, read)| {
        let admitted = read.and_then(|alert| admit(alert, &sender, &destinations));
        take(&app.access.store, index, admitted, request.received)
    }))
    .buffered(CONCURRENT);
    let (lines, queued): (Vec<Line>, Vec<Vec<Queued>>) = taken.unzip().await;
    // What is stored is owed already: what can not be queued now, the sweeper queues.
    app.dispatcher.send(&queued.concat()).await;
    Ok(answer(lines))
}

type Destinations = BTreeMap<TenantId, Arc<Destination>>;

/// The tenants that the alerts name, as far as they exist for the sender.
async fn destinations(
    app: &App,
    sender: &Sender,
    alerts: &[Result<Alert, intake::Rejection>],
    now: Timestamp,
) -> Result<Destinations, CallError> {
    let wanted: BTreeSet<TenantId> = alerts
        .iter()
        .flatten()
        .map(|alert| alert.tenant.clone())
        .filter(|tenant| sender.grants.sees(tenant))
        .collect();
    let found = stream::iter(wanted.into_iter().map(|id| async move {
        let destination = app.destination(&id, now).await?;
        Ok::<_, CallError>(destination.map(|destination| (id, destination)))
    }));
    let found: Vec<_> = found.buffered(CONCURRENT).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Lets an alert of a tenant in that the sender may send for.
fn admit(
    mut alert: Alert,
    sender: &Sender,
    destinations: &Destinations,
) -> Result<(Alert, Arc<Destination>), intake::Rejection> {
    let destination = destinations.get(&alert.tenant).filter(|_| sender.grants.sees(&alert.tenant));
    let fault = match destination {
        None => "there is no such tenant for this sender",
        Some(destination) if destination.tenant.disabled => "tenant disabled",
        Some(destination) => {
            let fields = &mut alert.latest.fields;
            fields.entry("tenantName").or_insert_with(|| destination.tenant.name.as_str().into());
            return Ok((alert, Arc::clone(destination)));
        }
    };
    Err(intake::Rejection { id: Some(alert.id), field: "tenantID".to_owned(), message: fault.to_owned() })
}

/// Stores an alert; gives what the sender is told of it, and what has to be queued.
async fn take(
    store: &Store,
    index: usize,
    admitted: Result<(Alert, Arc<Destination>), intake::Rejection>,
    now: Timestamp,
) -> (Line, Vec<Queued>) {
    let (alert, destination) = match admitted {
        Ok(admitted) => admitted,
        Err(fault) => {
            let line = Line {
                index,
                id: fault.id,
                result: Outcome::Rejected,
                field: Some(fault.field),
                message: Some(fault.message),
            };
            return (line, Vec::new());
        }
    };
    let id = Some(alert.id.clone());
    let line = |result, field: Option<&str>, message: Option<String>| Line {
        index,
        id,
        result,
        field: field.map(ToOwned::to_owned),
        message,
    };
    let change = Change { origin: &Origin::Siem, routes: &destination.routes, now };
    let (what, queue) = match store.upsert(alert, change).await {
        Ok(stored) => (Ok(stored.what), stored.queue),
        Err(error) => (Err(error), Vec::new()),
    };
    let line = match what {
        Ok(Upserted::Created) => line(Outcome::Created, None, None),
        Ok(Upserted::Updated) => line(Outcome::Updated, None, None),
        Ok(Upserted::Duplicate) => line(Outcome::Duplicate, None, None),
        Ok(Upserted::OtherTenant) => {
            line(Outcome::Rejected, Some("id"), Some("is taken by an alert of another tenant".to_owned()))
        }
        Err(error) if error.class == Class::Invalid => {
            line(Outcome::Rejected, Some("affectedAssets"), Some(error.public.into_owned()))
        }
        Err(error) => {
            tracing::warn!(class = error.class.as_str(), code = %error.code, detail = %error.detail, "an alert was not stored");
            line(Outcome::Failed, None, Some(error.public.into_owned()))
        }
    };
    (line, queue)
}

/// 202 when something was taken (or nothing sent), 400 when everything was at fault, 503 when the
/// store failed and the request should be sent again: what was stored is a duplicate then.
fn answer(results: Vec<Line>) -> Answer {
    let count = |outcome| results.iter().filter(|line| line.result == outcome).count();
    let mut body = Body {
        message: None,
        details: None,
        created: count(Outcome::Created),
        updated: count(Outcome::Updated),
        duplicate: count(Outcome::Duplicate),
        rejected: count(Outcome::Rejected),
        failed: count(Outcome::Failed),
        results,
    };
    let status = if body.failed > 0 {
        body.message = Some("some alerts were not stored, send the request again");
        503
    } else if body.rejected > 0 && body.rejected == body.results.len() {
        body.message = Some("no alert was accepted");
        body.details = body.results.first().and_then(|line| line.field.clone());
        400
    } else {
        202
    };
    let as_metric = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let answer = Answer::json(status, &body)
        .metrics("AlertsCreated", as_metric(body.created))
        .metrics("AlertsUpdated", as_metric(body.updated))
        .metrics("AlertsDuplicate", as_metric(body.duplicate))
        .metrics("AlertsRejected", as_metric(body.rejected))
        .metrics("AlertsFailed", as_metric(body.failed));
    if status == 503 { answer.with_header("retry-after", "2") } else { answer }
}

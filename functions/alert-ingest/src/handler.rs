//! `POST /bridge/v1/alerts`: one alert or an array of them.

use std::{collections::BTreeSet, sync::Arc};

use bridge_domain::{AlertId, Class, TenantId, alert::Alert, intake, tenant::Tenant};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{Store, Upserted};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use crate::{
    app::App,
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
    let sender = sender::authenticate(&app, &request).await?;
    let alerts = intake::read(&request.body, sender.home.as_ref(), request.received)
        .map_err(|error| HttpError::bad_request(error.to_string(), ()))?;
    let wanted: BTreeSet<TenantId> = alerts
        .iter()
        .flatten()
        .map(|alert| alert.tenant.clone())
        .filter(|tenant| sender.grants.sees(tenant))
        .collect();
    let tenants = app.tenants(wanted.into_iter().collect(), request.received).await?;
    let lines = stream::iter(alerts.into_iter().enumerate().map(|(index, read)| {
        let admitted = read.and_then(|alert| admit(alert, &sender, &tenants));
        take(&app.access.store, index, admitted)
    }))
    .buffered(CONCURRENT)
    .collect()
    .await;
    Ok(answer(lines))
}

/// Lets an alert of a tenant in that the sender may send for.
fn admit(mut alert: Alert, sender: &Sender, tenants: &[Tenant]) -> Result<Alert, intake::Rejection> {
    let tenant = tenants.iter().find(|tenant| tenant.id == alert.tenant && sender.grants.sees(&tenant.id));
    let fault = match tenant {
        None => "there is no such tenant for this sender",
        Some(tenant) if tenant.disabled => "tenant disabled",
        Some(tenant) => {
            let fields = &mut alert.latest.fields;
            fields.entry("tenantName").or_insert_with(|| tenant.name.as_str().into());
            return Ok(alert);
        }
    };
    Err(intake::Rejection { id: Some(alert.id), field: "tenantID".to_owned(), message: fault.to_owned() })
}

async fn take(store: &Store, index: usize, admitted: Result<Alert, intake::Rejection>) -> Line {
    let alert = match admitted {
        Ok(alert) => alert,
        Err(fault) => {
            return Line {
                index,
                id: fault.id,
                result: Outcome::Rejected,
                field: Some(fault.field),
                message: Some(fault.message),
            };
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
    match store.upsert(alert).await {
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
    }
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

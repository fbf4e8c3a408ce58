//! Systems that alerts are sent to: for general administrators, as the vendor has it.

use std::time::Duration;

use bridge_domain::{
    TargetId, Timestamp,
    access::{Grants, Principal},
    form::{Faults, Form, parsed, whole},
    query::Query,
    search::PAGE_SIZE,
    target::{Draft, References, Settings, Target},
};
use bridge_runtime::{
    aws::call_error,
    http::{Answer, HttpError, Request},
};
use bridge_store::{Revised, TargetConflict};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    handler::{skip, tenant_filter},
};

/// Longest time whose alerts may be asked for at once: a quarter of a year.
const LONGEST_PULL: Duration = Duration::from_hours(92 * 24);

/// A target in an answer.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    target: &'a Target,
    revision: i64,
}

impl<'a> View<'a> {
    const fn new(target: &'a Revised<Target>) -> Self {
        Self { target: &target.value, revision: target.revision }
    }
}

/// `GET /bridge/v1/integrations/irp`: `page` from 1, 250 each; `tenantID` may be repeated.
pub(crate) async fn list(app: &App, user: &Principal, query: &Query) -> Result<Answer, HttpError> {
    general_administrator(user)?;
    let wanted = tenant_filter(user, query);
    let targets = app.access.store.targets(wanted, skip(query)?, PAGE_SIZE).await?;
    let views: Vec<View<'_>> = targets.iter().map(View::new).collect();
    Ok(Answer::json(200, &views))
}

/// `GET /bridge/v1/integrations/irp/{id}`
pub(crate) async fn show(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    Ok(Answer::json(200, &View::new(&find(app, user, id).await?)))
}

/// A target, for whoever may see it.
pub(crate) async fn find(app: &App, user: &Principal, id: &str) -> Result<Revised<Target>, HttpError> {
    general_administrator(user)?;
    let id: TargetId = id.parse().map_err(|_| missing())?;
    app.access.store.target_by_id(&id).await?.ok_or_else(missing)
}

pub(crate) fn general_administrator(user: &Principal) -> Result<(), HttpError> {
    match user.grants {
        Grants::Everything => Ok(()),
        Grants::Tenants(_) => Err(HttpError::forbidden()),
    }
}

/// `POST /bridge/v1/integrations/irp`
pub(crate) async fn create(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    general_administrator(user)?;
    let draft = read_draft(app, request.json()?, None, Faults::default()).await?;
    let target = draft.into_target(TargetId::random(), request.received, request.received);
    app.access.store.create_target(&target).await.map_err(refused)?;
    tracing::info!(target_id = %target.id, tenant = %target.tenant, by = %user.id, "integration created");
    let location = format!("/bridge/v1/integrations/irp/{}", target.id);
    Ok(Answer::json(201, &View::new(&Revised { value: target, revision: 1 }))
        .with_header("location", location))
}

/// `PUT /bridge/v1/integrations/irp/{id}`
pub(crate) async fn replace(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let old = find(app, user, id).await?;
    let mut form: Form = request.json()?;
    let mut faults = Faults::default();
    let seen = form.optional(&mut faults, "revision", whole(1..=i64::MAX));
    let draft = read_draft(app, form, Some(&old.value), faults).await?;
    if seen.is_some_and(|revision| revision != old.revision) {
        return Err(refused(TargetConflict::Changed));
    }
    let new = draft.into_target(old.value.id.clone(), old.value.created, request.received);
    app.access.store.replace_target(&old, &new).await.map_err(refused)?;
    tracing::info!(target_id = %new.id, by = %user.id, disabled = new.disabled, "integration replaced");
    Ok(Answer::json(200, &View::new(&Revised { value: new, revision: old.revision + 1 })))
}

/// Reads a form and checks what it names; all faults in one answer.
pub(crate) async fn read_draft(
    app: &App,
    form: Form,
    known: Option<&Target>,
    mut faults: Faults,
) -> Result<Draft, HttpError> {
    let (draft, references) = Draft::read(form, known, &mut faults);
    check_references(app, references, &mut faults).await?;
    draft.filter(|_| faults.is_empty()).ok_or_else(|| HttpError::invalid(faults))
}

async fn check_references(app: &App, named: References, faults: &mut Faults) -> Result<(), HttpError> {
    let store = &app.access.store;
    if let Some(tenant) = &named.tenant
        && store.tenant(tenant).await?.is_none()
    {
        faults.add("tenantID", "tenant not found");
    }
    let secrets = store.secrets_by_id(named.secrets.iter().map(|(_, id, _)| id)).await?;
    for (field, id, kind) in &named.secrets {
        match secrets.iter().find(|secret| secret.id == *id) {
            // What belongs to another tenant is not there for this one.
            Some(secret) if named.tenant.as_ref().is_some_and(|tenant| *tenant != secret.tenant) => {
                faults.add(*field, "the tenant has no such secret");
            }
            Some(secret) if secret.kind != *kind => {
                faults.add(*field, format!("must be a secret of type {}", kind.as_str()));
            }
            Some(_) => {}
            None => faults.add(*field, "the tenant has no such secret"),
        }
    }
    if let Some(token) = named.caller_token
        && store.token(token).await?.is_none()
    {
        faults.add("callerTokenID", "token not found");
    }
    Ok(())
}

/// `DELETE /bridge/v1/integrations/irp/{id}`
pub(crate) async fn remove(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let target = find(app, user, id).await?;
    app.access.store.delete_target(&target).await.map_err(refused)?;
    tracing::info!(target_id = %target.value.id, by = %user.id, "integration deleted");
    Ok(Answer::empty(204))
}

/// `POST /bridge/v1/integrations/irp/{id}/pull`
pub(crate) async fn pull(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let target = find(app, user, id).await?.value;
    let mut form: Form = request.json()?;
    let mut faults = Faults::default();
    let from = form.required(&mut faults, "from", parsed::<Timestamp>);
    let to = form.required(&mut faults, "to", parsed::<Timestamp>);
    form.finish(&mut faults);
    if let (Some(from), Some(to)) = (from, to) {
        if from >= to {
            faults.add("from", "must be before to");
        } else if to > request.received {
            faults.add("to", "must not be in the future");
        } else if from.plus(LONGEST_PULL) < to {
            faults.add("from", "must be at most 92 days before to");
        }
    }
    let Some((from, to)) = from.zip(to).filter(|_| faults.is_empty()) else {
        return Err(HttpError::invalid(faults));
    };
    if !matches!(target.settings, Settings::KumaCore(_)) {
        return Err(HttpError::conflict("only a KUMA Core is asked for alerts"));
    }
    if target.disabled {
        return Err(HttpError::conflict("the integration is disabled"));
    }
    let message = json!({"targetID": target.id, "tenantID": target.tenant, "from": from, "to": to});
    app.queues
        .send_message()
        .queue_url(&app.pull_queue)
        .message_body(message.to_string())
        .send()
        .await
        .map_err(|error| call_error("sqs", &error))?;
    tracing::info!(target_id = %target.id, by = %user.id, %from, %to, "alerts asked for");
    Ok(Answer::json(202, &message))
}

fn missing() -> HttpError {
    HttpError::not_found("integration not found")
}

fn refused(conflict: TargetConflict) -> HttpError {
    match conflict {
        TargetConflict::Changed | TargetConflict::Id | TargetConflict::Secret(_) => {
            HttpError::conflict("the integration or a secret of it was changed meanwhile, try again")
        }
        TargetConflict::Call(error) => error.into(),
    }
}

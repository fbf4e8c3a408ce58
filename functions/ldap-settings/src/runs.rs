//! Imports that somebody asks for.

use bridge_domain::{
    access::Principal,
    form::{Faults, Form, flag},
    import::{
        connection::Kept,
        task::{Order, Task, Trigger},
    },
};
use bridge_importing::order;
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::ImportConflict;

use crate::{
    app::{App, KIND},
    connections, tenants,
};

/// `POST /bridge/v1/integrations/ldap/connections/{id}/import`
pub(crate) async fn connection(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let found = connections::find(app, user, id).await?;
    let confirmed = confirmed(request)?;
    if found.kept.value.is_disabled(&found.settings.value) {
        return Err(HttpError::conflict("the connection, or the integration of its tenant, is disabled"));
    }
    let task = begin(app, user, &found.kept.value, confirmed, request).await?;
    Ok(Answer::json(202, &vec![task]))
}

/// `POST /bridge/v1/integrations/ldap/tenants/{id}/import`: every connection that is enabled.
pub(crate) async fn tenant(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let (settings, imports) = tenants::find(app, user, id).await?;
    let confirmed = confirmed(request)?;
    let enabled: Vec<&Kept> = imports
        .connections
        .iter()
        .map(|kept| &kept.value)
        .filter(|kept| !kept.is_disabled(&settings.value))
        .collect();
    if enabled.is_empty() {
        return Err(HttpError::conflict("no connection of the tenant is enabled"));
    }
    let mut tasks = Vec::with_capacity(enabled.len());
    for kept in enabled {
        tasks.push(begin(app, user, kept, confirmed, request).await?);
    }
    Ok(Answer::json(202, &tasks))
}

async fn begin(
    app: &App,
    user: &Principal,
    kept: &Kept,
    confirmed: bool,
    request: &Request,
) -> Result<Task, HttpError> {
    let wanted = Order {
        kind: KIND,
        tenant: kept.connection.tenant().clone(),
        connection: kept.connection.id().clone(),
        trigger: Trigger::Manual { who: user.id.clone() },
        confirmed,
    };
    let ordered = order(&app.access.store, &app.queues, wanted, request.received).await;
    let task = ordered.map_err(|conflict| match conflict {
        ImportConflict::Call(error) => HttpError::from(error),
        _ => HttpError::conflict("the task could not be ordered, try again"),
    })?;
    tracing::info!(task = %task.id, connection = %task.connection, by = %user.id, confirmed, "import ordered");
    Ok(task)
}

/// Whether a run is to be believed that brings much less than before. No body means no.
fn confirmed(request: &Request) -> Result<bool, HttpError> {
    let mut form: Form = if request.body.is_empty() { Form::default() } else { request.json()? };
    let mut faults = Faults::default();
    let confirmed = form.optional(&mut faults, "confirmed", flag);
    form.finish(&mut faults);
    if faults.is_empty() { Ok(confirmed.unwrap_or(false)) } else { Err(HttpError::invalid(faults)) }
}

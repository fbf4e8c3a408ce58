//! Connections to the controllers of a domain.

use bridge_domain::{
    ConnectionId, TaskId, TenantId, Timestamp,
    access::Principal,
    form::{Faults, Form, whole},
    import::{
        connection::{CONNECTIONS_LIMIT, Connection as AnyConnection, Kept},
        schedule::Schedule,
        settings::Settings,
        task::{Order, Task, Trigger},
    },
    ldap::connection::{Connection, Draft, References},
    query::Query,
    vault::Entry,
};
use bridge_importing::start;
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{ImportConflict, Imports, Revised};

use crate::{
    app::{App, KIND, manages},
    view::{ConnectionView, of},
};

/// A connection, the settings it is under, and everything beside it.
pub(crate) struct Found {
    pub(crate) settings: Revised<Settings>,
    pub(crate) kept: Revised<Kept>,
    pub(crate) imports: Imports,
}

/// `GET /bridge/v1/integrations/ldap/connections?tenantID=...`
pub(crate) async fn list(
    app: &App,
    user: &Principal,
    query: &Query,
    request: &Request,
) -> Result<Answer, HttpError> {
    let bad = || HttpError::bad_request("invalid query parameter value", "tenantID");
    let tenant: TenantId = query.first("tenantID").and_then(|id| id.parse().ok()).ok_or_else(bad)?;
    manages(user, &tenant, || HttpError::not_found("tenant not found"))?;
    let mut imports = app.access.store.imports(KIND, &tenant).await?;
    let settings = imports.effective(KIND, &tenant, request.received);
    imports.connections.sort_by(|a, b| {
        let order =
            |kept: &Revised<Kept>| (kept.value.connection.created(), kept.value.connection.id().clone());
        order(a).cmp(&order(b))
    });
    let views: Vec<ConnectionView<'_>> =
        imports.connections.iter().map(|kept| ConnectionView::new(kept, &settings)).collect();
    Ok(Answer::json(200, &views))
}

/// `GET /bridge/v1/integrations/ldap/connections/{id}`
pub(crate) async fn show(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let found = find(app, user, id).await?;
    Ok(Answer::json(200, &ConnectionView::new(&found.kept, &found.settings.value)))
}

/// A connection that the user manages.
pub(crate) async fn find(app: &App, user: &Principal, id: &str) -> Result<Found, HttpError> {
    let id: ConnectionId = id.parse().map_err(|_| missing())?;
    let store = &app.access.store;
    let place = store.connection_place(&id).await?.filter(|(kind, _)| *kind == KIND);
    let (kind, tenant) = place.ok_or_else(missing)?;
    manages(user, &tenant, missing)?;
    let imports = store.imports(kind, &tenant).await?;
    let kept = imports.connection(&id).cloned().ok_or_else(missing)?;
    let settings = imports.settings.clone();
    let settings = settings.ok_or_else(|| HttpError::internal("a connection without settings"))?;
    Ok(Found { settings, kept, imports })
}

/// `POST /bridge/v1/integrations/ldap/connections`
pub(crate) async fn create(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let id = ConnectionId::random();
    let (connection, imports) =
        read(app, user, (request.json()?, Faults::default()), (id, None), request.received).await?;
    save_new(app, user, imports, connection, request).await
}

/// `POST /bridge/v1/integrations/ldap/connections/{id}/duplicate`: a copy, which is disabled.
pub(crate) async fn duplicate(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let Found { kept, imports, .. } = find(app, user, id).await?;
    let others = imports.connections.iter().map(|kept| of(&kept.value));
    let copy = of(&kept.value).duplicate(ConnectionId::random(), others, request.received);
    save_new(app, user, imports, copy, request).await
}

/// Saves a connection for the first time. The settings of its tenant are made with the first one.
async fn save_new(
    app: &App,
    user: &Principal,
    imports: Imports,
    connection: Connection,
    request: &Request,
) -> Result<Answer, HttpError> {
    if imports.connections.len() >= CONNECTIONS_LIMIT {
        return Err(HttpError::conflict("the tenant has 50 connections, which is the most there may be"));
    }
    let now = request.received;
    let settings = imports.effective(KIND, &connection.tenant, now);
    let over = imports.settings;
    let kept = Kept { connection: AnyConnection::Ldap(connection), schedule: Schedule::saved(now) };
    app.access.store.create_connection(over.as_ref(), &settings, &kept).await.map_err(refused)?;
    tracing::info!(connection = %kept.connection.id(), tenant = %kept.connection.tenant(), by = %user.id,
        "LDAP connection created");
    let over = Revised { value: settings, revision: over.map_or(1, |over| over.revision + 1) };
    let location = format!("/bridge/v1/integrations/ldap/connections/{}", kept.connection.id());
    let kept = Revised { value: kept, revision: 1 };
    let answer = saved(app, over, kept, now, 201).await;
    Ok(answer.with_header("location", location))
}

/// `PUT /bridge/v1/integrations/ldap/connections/{id}`
pub(crate) async fn replace(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let Found { settings, kept, .. } = find(app, user, id).await?;
    let mut form: Form = request.json()?;
    let mut faults = Faults::default();
    let seen = form.optional(&mut faults, "revision", whole(1..=i64::MAX));
    let old = of(&kept.value);
    let now = request.received;
    let (new, _) = read(app, user, (form, faults), (old.id.clone(), Some(old)), now).await?;
    if seen.is_some_and(|seen| seen != kept.revision) {
        return Err(refused(ImportConflict::Changed));
    }
    let schedule = if new.runs_otherwise(old) { Schedule::saved(now) } else { kept.value.schedule };
    let new = Kept { connection: AnyConnection::Ldap(new), schedule };
    app.access.store.replace_connection(&settings, &kept, &new).await.map_err(refused)?;
    tracing::info!(connection = %new.connection.id(), tenant = %new.connection.tenant(), by = %user.id,
        disabled = new.connection.is_disabled(), "LDAP connection replaced");
    let over = Revised { revision: settings.revision + 1, ..settings };
    let new = Revised { value: new, revision: kept.revision + 1 };
    Ok(saved(app, over, new, now, 200).await)
}

/// Begins the import that is due with the saving. What fails here, the dispatcher makes good within a
/// minute: the connection is saved.
async fn saved(
    app: &App,
    over: Revised<Settings>,
    mut kept: Revised<Kept>,
    now: Timestamp,
    status: u16,
) -> Answer {
    let started = start(&app.access.store, &app.queues, &over, &kept, now).await;
    let task = started.unwrap_or_else(|error| {
        tracing::warn!(class = error.class.as_str(), detail = %error.detail, "the dispatcher begins the import");
        None
    });
    if task.is_some()
        && let Some(taken) = kept.value.take(&over.value, now)
    {
        kept.value.schedule = taken;
    }
    let id = task.as_ref().map(|task| &task.id);
    Answer::json(status, &ConnectionView::new(&kept, &over.value).with_task(id))
}

/// `DELETE /bridge/v1/integrations/ldap/connections/{id}`: what it brought begins to expire.
pub(crate) async fn remove(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let Found { settings, kept, .. } = find(app, user, id).await?;
    let connection = of(&kept.value);
    let order = Order {
        kind: KIND,
        tenant: connection.tenant.clone(),
        connection: connection.id.clone(),
        trigger: Trigger::Deleted { who: user.id.clone() },
        confirmed: true,
    };
    let farewell = Task::new(TaskId::random(), order, request.received);
    app.access.store.delete_connection(&settings, &kept, &farewell).await.map_err(refused)?;
    tracing::info!(connection = %connection.id, tenant = %connection.tenant, by = %user.id, task = %farewell.id,
        "LDAP connection deleted");
    app.queues.send(KIND, &farewell.id).await;
    Ok(Answer::empty(204))
}

/// Reads a form and checks what it names against what there is; all faults in one answer.
pub(crate) async fn read(
    app: &App,
    user: &Principal,
    (form, mut faults): (Form, Faults),
    (id, known): (ConnectionId, Option<&Connection>),
    now: Timestamp,
) -> Result<(Connection, Imports), HttpError> {
    let (draft, named) = Draft::read(form, id, known, now, &mut faults);
    check(app, user, &named, &mut faults).await?;
    let imports = match &named.tenant {
        Some(tenant) if user.grants.administers(tenant) => app.access.store.imports(KIND, tenant).await?,
        _ => Imports::default(),
    };
    let others: Vec<Connection> = imports.connections.iter().map(|kept| of(&kept.value).clone()).collect();
    let connection = draft.and_then(|draft| draft.into_connection(&others, &mut faults));
    let connection = connection.filter(|_| faults.is_empty());
    connection.map(|connection| (connection, imports)).ok_or_else(|| HttpError::invalid(faults))
}

async fn check(
    app: &App,
    user: &Principal,
    named: &References,
    faults: &mut Faults,
) -> Result<(), HttpError> {
    let store = &app.access.store;
    if let Some(tenant) = &named.tenant {
        if !user.grants.sees(tenant) || store.tenant(tenant).await?.is_none() {
            faults.add("tenantID", "tenant not found");
            return Ok(());
        }
        manages(user, tenant, HttpError::forbidden)?;
    }
    let secrets = store.secrets_by_id(named.secrets.iter().map(|(_, id, _)| id)).await?;
    for (field, id, kind) in &named.secrets {
        let ours = |secret: &&Entry| {
            secret.id == *id && named.tenant.as_ref().is_none_or(|tenant| *tenant == secret.tenant)
        };
        match secrets.iter().find(ours) {
            Some(secret) if secret.kind != *kind => {
                faults.add(*field, format!("must be a secret of type {}", kind.as_str()));
            }
            Some(_) => {}
            // What belongs to another tenant is not there for this one.
            None => faults.add(*field, "the tenant has no such secret"),
        }
    }
    Ok(())
}

fn missing() -> HttpError {
    HttpError::not_found("connection not found")
}

fn refused(conflict: ImportConflict) -> HttpError {
    match conflict {
        ImportConflict::Call(error) => error.into(),
        ImportConflict::Changed | ImportConflict::Secret(_) => HttpError::conflict(
            "the connection, another one of the tenant, or a secret was changed meanwhile, try again",
        ),
    }
}

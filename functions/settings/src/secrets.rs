//! Secrets for outside systems: made, replaced and deleted here, never shown.
//!
//! Two stores hold one secret: Secrets Manager its value, the table all the rest. No transaction
//! spans them, so the order of the writes has to make every crash harmless:
//!
//! - An entry without a value would be a secret that fails whoever uses it. So the value is written
//!   before the entry that makes it a secret, and deleted after it.
//! - A value without an entry is only litter: no request can name it, nothing reads it.
//! - A replacement moves the label of the current value from exactly the version it knows, then
//!   changes the entry by its revision. Of two at once, one loses one of the two races; a value that was
//!   put in force by a replacement that is refused afterwards is taken back. A crash in
//!   between leaves a whole secret with its new value and old name, and the caller without an answer.

use bridge_domain::{
    Name, SecretId, TargetId, TenantId, Timestamp,
    access::Principal,
    form::{Faults, Form, whole},
    query::Query,
    search::PAGE_SIZE,
    vault::{Draft, Entry, Kind, User, Value, place},
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{Revised, SecretConflict};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    handler::{skip, tenant_filter},
    values::{self, ValueConflict},
};

const ABOUT: &str = "A secret for an outside system";

/// A secret in an answer: everything but its value.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    id: &'a SecretId,
    #[serde(rename = "tenantID")]
    tenant: &'a TenantId,
    name: &'a Name,
    #[serde(rename = "type")]
    kind: Kind,
    description: &'a str,
    tags: &'a [String],
    used_by: Vec<&'a User>,
    created: Timestamp,
    updated: Timestamp,
    revision: i64,
}

impl<'a> View<'a> {
    fn new(secret: &'a Revised<Entry>) -> Self {
        let Revised { value: entry, revision } = secret;
        Self {
            id: &entry.id,
            tenant: &entry.tenant,
            name: &entry.name,
            kind: entry.kind,
            description: &entry.description,
            tags: &entry.tags,
            used_by: entry.used_by.iter().collect(),
            created: entry.created,
            updated: entry.updated,
            revision: *revision,
        }
    }
}

/// `GET /bridge/v1/secrets`: `page` from 1, 250 each; `tenantID` may be repeated.
pub(crate) async fn list(app: &App, user: &Principal, query: &Query) -> Result<Answer, HttpError> {
    let wanted = tenant_filter(user, query);
    let secrets = app.access.store.secrets(wanted, skip(query)?, PAGE_SIZE).await?;
    let views: Vec<View<'_>> = secrets.iter().map(View::new).collect();
    Ok(Answer::json(200, &views))
}

/// `GET /bridge/v1/secrets/{id}`
pub(crate) async fn show(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    Ok(Answer::json(200, &View::new(&find(app, user, id).await?)))
}

/// A secret that the user manages.
async fn find(app: &App, user: &Principal, id: &str) -> Result<Revised<Entry>, HttpError> {
    let id: SecretId = id.parse().map_err(|_| missing())?;
    let secret = app.access.store.secret(&id).await?.ok_or_else(missing)?;
    let tenant = &secret.value.tenant;
    if !user.grants.sees(tenant) {
        return Err(missing());
    }
    if user.grants.administers(tenant) { Ok(secret) } else { Err(HttpError::forbidden()) }
}

/// `POST /bridge/v1/secrets`
pub(crate) async fn create(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let form: Form = request.json()?;
    let mut faults = Faults::default();
    let (draft, tenant) = Draft::read(form, None, &mut faults);
    if let Some(tenant) = &tenant {
        check_tenant(app, user, tenant, &mut faults).await?;
    }
    let Some((draft, value)) = draft.and_then(split).filter(|_| faults.is_empty()) else {
        return Err(HttpError::invalid(faults));
    };
    let secret = Entry {
        id: SecretId::random(),
        tenant: draft.tenant,
        name: draft.name,
        kind: draft.kind,
        description: draft.description,
        tags: draft.tags,
        used_by: std::iter::empty().collect(),
        created: request.received,
        updated: request.received,
    };
    let store = &app.access.store;
    if store.secret_named(&secret.tenant, &secret.name).await?.is_some() {
        return Err(refused(SecretConflict::Name));
    }
    let name = place(&app.vault_prefix, &secret.tenant, &secret.id);
    values::create(&app.secrets, &name, ABOUT, &value.render()).await.map_err(value_refused)?;
    if let Err(conflict) = store.create_secret(&secret).await {
        // Whoever can not tell whether the entry was written must leave its value alone.
        if !matches!(conflict, SecretConflict::Call(_)) && store.secret(&secret.id).await?.is_none() {
            values::delete(&app.secrets, &name).await?;
        }
        return Err(refused(conflict));
    }
    tracing::info!(secret = %secret.id, tenant = %secret.tenant, by = %user.id, "secret created");
    let location = format!("/bridge/v1/secrets/{}", secret.id);
    Ok(Answer::json(201, &View::new(&Revised { value: secret, revision: 1 }))
        .with_header("location", location))
}

fn split(mut draft: Draft) -> Option<(Draft, Value)> {
    let value = draft.value.take()?;
    Some((draft, value))
}

/// A tenant whose secrets the user may add to.
async fn check_tenant(
    app: &App,
    user: &Principal,
    tenant: &TenantId,
    faults: &mut Faults,
) -> Result<(), HttpError> {
    if !user.grants.sees(tenant) || app.access.store.tenant(tenant).await?.is_none() {
        faults.add("tenantID", "tenant not found");
    } else if !user.grants.administers(tenant) {
        return Err(HttpError::forbidden());
    }
    Ok(())
}

/// `PUT /bridge/v1/secrets/{id}`
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
    let (draft, _) = Draft::read(form, Some(&old.value), &mut faults);
    let Some(mut draft) = draft.filter(|_| faults.is_empty()) else { return Err(HttpError::invalid(faults)) };
    let value = draft.value.take();
    let new = Entry {
        name: draft.name,
        description: draft.description,
        tags: draft.tags,
        updated: request.received,
        ..old.value.clone()
    };
    let store = &app.access.store;
    if seen.is_some_and(|revision| revision != old.revision) {
        return Err(refused(SecretConflict::Changed));
    }
    // Before the value is touched: most of what can be refused is refused here.
    if store.secret_named(&new.tenant, &new.name).await?.is_some_and(|owner| owner != new.id) {
        return Err(refused(SecretConflict::Name));
    }
    let swap = match &value {
        Some(value) => Some(Swap::begin(app, &new, value).await?),
        None => None,
    };
    if let Err(conflict) = store.change_secret(&old, &new).await {
        // Whoever can not tell whether the entry was written must leave its value alone.
        if let (Some(swap), false) = (swap, matches!(conflict, SecretConflict::Call(_))) {
            swap.undo(app, &new.id).await?;
        }
        return Err(refused(conflict));
    }
    tracing::info!(secret = %new.id, by = %user.id, value = value.is_some(), "secret replaced");
    Ok(Answer::json(200, &View::new(&Revised { value: new, revision: old.revision + 1 })))
}

/// A value that was put in force before its entry was changed.
struct Swap {
    name: String,
    /// The new version and the one before. `None` when there was no value: somebody deleted it past
    /// the bridge, or deletes the whole secret at this moment.
    versions: Option<(String, String)>,
}

impl Swap {
    async fn begin(app: &App, secret: &Entry, value: &Value) -> Result<Self, HttpError> {
        let name = place(&app.vault_prefix, &secret.tenant, &secret.id);
        let Some((_, old)) = values::read(&app.secrets, &name).await? else {
            values::create(&app.secrets, &name, ABOUT, &value.render()).await.map_err(value_refused)?;
            return Ok(Self { name, versions: None });
        };
        let new = values::replace(&app.secrets, &name, &value.render(), &old).await.map_err(value_refused)?;
        Ok(Self { name, versions: Some((new, old)) })
    }

    /// The value before is in force again, unless a third one is meanwhile. There is none when there
    /// is no such secret any more.
    async fn undo(self, app: &App, id: &SecretId) -> Result<(), HttpError> {
        let Some((new, old)) = &self.versions else {
            if app.access.store.secret(id).await?.is_none() {
                values::delete(&app.secrets, &self.name).await?;
            }
            return Ok(());
        };
        match values::put_in_force(&app.secrets, &self.name, old, new).await {
            Ok(()) | Err(ValueConflict::Raced) => Ok(()),
            Err(ValueConflict::Call(error)) => Err(error.into()),
        }
    }
}

/// `DELETE /bridge/v1/secrets/{id}`
pub(crate) async fn remove(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let secret = find(app, user, id).await?;
    match app.access.store.delete_secret(&secret).await {
        Err(SecretConflict::Used) => return Err(used(app, &secret.value).await?),
        result => result.map_err(refused)?,
    }
    let secret = secret.value;
    tracing::info!(secret = %secret.id, tenant = %secret.tenant, by = %user.id, "secret deleted");
    let name = place(&app.vault_prefix, &secret.tenant, &secret.id);
    if let Err(error) = values::delete(&app.secrets, &name).await {
        // The secret is gone for everybody; asking again would find nothing to delete.
        tracing::error!(secret = %secret.id, error = %error, detail = %error.detail, "a value was left behind");
    }
    Ok(Answer::empty(204))
}

/// 409 that names what uses the secret.
async fn used(app: &App, secret: &Entry) -> Result<HttpError, HttpError> {
    let store = &app.access.store;
    let now = store.secret(&secret.id).await?.map(|now| now.value.used_by).unwrap_or_default();
    let targets = now.iter().filter_map(|user| if let User::Target(id) = user { Some(id) } else { None });
    let mut users: Vec<_> = store
        .targets_by_id(&secret.tenant, targets)
        .await?
        .into_iter()
        .map(|target| json!({"id": target.id, "name": target.name, "kind": target.settings.kind()}))
        .collect();
    users.extend(now.iter().filter_map(|user| match user {
        User::Target(id) => {
            (*id == TargetId::ncircc()).then(|| json!({"id": id, "name": "NCIRCC", "kind": "ncircc"}))
        }
        User::Connection(id) => Some(json!({"id": id, "kind": "connection"})),
        User::DomainAuth => Some(json!({"id": user, "name": "domain authorization", "kind": "domain-auth"})),
    }));
    users.sort_by_key(ToString::to_string);
    let mut error = HttpError::conflict("the secret is in use");
    error.details = users.into();
    Ok(error)
}

fn missing() -> HttpError {
    HttpError::not_found("secret not found")
}

fn refused(conflict: SecretConflict) -> HttpError {
    match conflict {
        SecretConflict::Name => HttpError::conflict("a secret with this name exists"),
        SecretConflict::Used => HttpError::conflict("the secret is in use"),
        SecretConflict::Changed | SecretConflict::Id => {
            HttpError::conflict("the secret was changed meanwhile, try again")
        }
        SecretConflict::Call(error) => error.into(),
    }
}

fn value_refused(conflict: ValueConflict) -> HttpError {
    match conflict {
        ValueConflict::Raced => refused(SecretConflict::Changed),
        ValueConflict::Call(error) => error.into(),
    }
}

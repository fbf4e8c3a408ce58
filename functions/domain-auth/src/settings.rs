//! The settings of domain authorization: shown, put, removed.

use std::collections::BTreeSet;

use bridge_domain::{
    SecretId, TenantId, Timestamp,
    access::Principal,
    form::{Faults, Form, whole},
    login::settings::{Draft, Settings},
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{DomainAuthConflict, Revised};
use serde::Serialize;

use crate::app::App;

/// The settings in an answer.
#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    settings: Settings<SecretId>,
    revision: i64,
    warnings: Vec<&'static str>,
}

impl View {
    fn new(settings: &Settings, revision: i64) -> Self {
        Self { settings: settings.shown(), revision, warnings: settings.warnings() }
    }
}

/// `GET /bridge/v1/integrations/domain-auth`
pub(crate) async fn show(app: &App) -> Result<Answer, HttpError> {
    let saved = saved(app).await?;
    Ok(Answer::json(200, &View::new(&saved.value, saved.revision)))
}

/// The settings as they are kept.
pub(crate) async fn saved(app: &App) -> Result<Revised<Settings>, HttpError> {
    let saved = app.access.store.domain_auth().await?;
    saved.ok_or_else(|| HttpError::not_found("domain authorization is not configured"))
}

/// `PUT /bridge/v1/integrations/domain-auth`: makes them, or replaces them as a whole.
pub(crate) async fn put(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let store = &app.access.store;
    let mut form: Form = request.json()?;
    let old = store.domain_auth().await?;
    let mut faults = Faults::default();
    let seen = form.optional(&mut faults, "revision", whole(1..=i64::MAX));
    let made = old.as_ref().map(|old| old.value.created);
    let new = read(app, form, made, request.received, faults).await?;
    if seen.is_some_and(|seen| old.as_ref().is_none_or(|old| old.revision != seen)) {
        return Err(refused(DomainAuthConflict::Changed));
    }
    let revision = store.put_domain_auth(old.as_ref(), &new).await.map_err(refused)?;
    tracing::info!(by = %user.id, revision, disabled = new.disabled, "domain authorization configured");
    Ok(Answer::json(if old.is_some() { 200 } else { 201 }, &View::new(&new, revision)))
}

/// Reads a form and checks what it names; all faults in one answer.
pub(crate) async fn read(
    app: &App,
    form: Form,
    made: Option<Timestamp>,
    now: Timestamp,
    mut faults: Faults,
) -> Result<Settings, HttpError> {
    let store = &app.access.store;
    let (draft, named) = Draft::read(form, now, &mut faults);
    let secrets = store.secrets_by_id(&named.certificate).await?;
    let owners = secrets.iter().map(|secret| &secret.tenant);
    let tenants: BTreeSet<&TenantId> = named.tenants.iter().map(|(_, id)| id).chain(owners).collect();
    let tenants: Vec<TenantId> = tenants.into_iter().cloned().collect();
    let tenants = store.tenants_by_id(&tenants).await?;
    named.check(&tenants, &secrets, &mut faults);
    let settings = draft.and_then(|draft| draft.into_settings(made, &secrets));
    settings.filter(|_| faults.is_empty()).ok_or_else(|| HttpError::invalid(faults))
}

/// `DELETE /bridge/v1/integrations/domain-auth`: nobody logs in any more. Sessions go on until they expire.
pub(crate) async fn remove(app: &App, user: &Principal) -> Result<Answer, HttpError> {
    let old = saved(app).await?;
    app.access.store.delete_domain_auth(&old).await.map_err(refused)?;
    tracing::info!(by = %user.id, "domain authorization deleted");
    Ok(Answer::empty(204))
}

fn refused(conflict: DomainAuthConflict) -> HttpError {
    match conflict {
        DomainAuthConflict::Changed | DomainAuthConflict::Secret(_) => HttpError::conflict(
            "the settings of domain authorization or a secret of them were changed meanwhile, try again",
        ),
        DomainAuthConflict::Call(error) => error.into(),
    }
}

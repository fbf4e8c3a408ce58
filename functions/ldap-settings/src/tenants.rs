//! The tenants that accounts are imported for, and what their connections share.

use bridge_domain::{
    TenantId,
    access::Principal,
    form::{Faults, Form, whole},
    import::settings::Settings,
    query::{BadParameter, Query},
    search::PAGE_SIZE,
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{ImportConflict, Imports, Revised};
use serde_json::json;

use crate::{
    app::{App, KIND, manages},
    view::TenantView,
};

/// `GET /bridge/v1/integrations/ldap/tenants`: `page` from 1, 250 each; `tenantID` may be repeated.
pub(crate) async fn list(app: &App, user: &Principal, query: &Query) -> Result<Answer, HttpError> {
    let page = query.page();
    let page =
        page.map_err(|BadParameter(name)| HttpError::bad_request("invalid query parameter value", name))?;
    let named: Vec<&str> = query.all("tenantID").collect();
    let wanted = |tenant: &str| {
        (named.is_empty() || named.contains(&tenant))
            && tenant.parse::<TenantId>().is_ok_and(|tenant| user.grants.administers(&tenant))
    };
    let skip = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(PAGE_SIZE);
    let listed = app.access.store.import_settings(KIND, wanted, skip, PAGE_SIZE).await?;
    let views: Vec<TenantView<'_>> = listed.iter().map(TenantView::new).collect();
    Ok(Answer::json(200, &views))
}

/// `POST /bridge/v1/integrations/ldap/tenants`
pub(crate) async fn create(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let form: Form = request.json()?;
    let mut faults = Faults::default();
    let settings = Settings::read(form, KIND, None, request.received, &mut faults);
    let Some(settings) = settings else { return Err(HttpError::invalid(faults)) };
    let known = app.access.store.tenant(&settings.tenant).await?.is_some();
    if !known || !user.grants.sees(&settings.tenant) {
        faults.add("tenantID", "tenant not found");
        return Err(HttpError::invalid(faults));
    }
    manages(user, &settings.tenant, HttpError::forbidden)?;
    let put = app.access.store.put_import_settings(KIND, None, &settings, &[]).await;
    let revision = put.map_err(|conflict| match conflict {
        ImportConflict::Call(error) => error.into(),
        _ => HttpError::conflict("the tenant is in the list already"),
    })?;
    tracing::info!(tenant = %settings.tenant, by = %user.id, "LDAP integration created");
    let location = format!("/bridge/v1/integrations/ldap/tenants/{}", settings.tenant);
    let saved = Revised { value: settings, revision };
    Ok(Answer::json(201, &TenantView::new(&saved)).with_header("location", location))
}

/// `GET /bridge/v1/integrations/ldap/tenants/{id}`
pub(crate) async fn show(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let (settings, _) = find(app, user, id).await?;
    Ok(Answer::json(200, &TenantView::new(&settings)))
}

/// The settings of a tenant that the user manages, and all that is under them.
pub(crate) async fn find(
    app: &App,
    user: &Principal,
    id: &str,
) -> Result<(Revised<Settings>, Imports), HttpError> {
    let tenant: TenantId = id.parse().map_err(|_| missing())?;
    manages(user, &tenant, missing)?;
    let imports = app.access.store.imports(KIND, &tenant).await?;
    let settings = imports.settings.clone().ok_or_else(missing)?;
    Ok((settings, imports))
}

/// `PUT /bridge/v1/integrations/ldap/tenants/{id}`
pub(crate) async fn replace(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let (old, imports) = find(app, user, id).await?;
    let mut form: Form = request.json()?;
    let mut faults = Faults::default();
    let seen = form.optional(&mut faults, "revision", whole(1..=i64::MAX));
    let new = Settings::read(form, KIND, Some(&old.value), request.received, &mut faults);
    let Some(new) = new else { return Err(HttpError::invalid(faults)) };
    if seen.is_some_and(|seen| seen != old.revision) {
        return Err(refused(ImportConflict::Changed));
    }
    let store = &app.access.store;
    let put = store.put_import_settings(KIND, Some(&old), &new, &imports.connections).await;
    let saved = Revised { revision: put.map_err(refused)?, value: new };
    tracing::info!(tenant = %saved.value.tenant, by = %user.id, disabled = saved.value.disabled,
        hours = saved.value.refresh_interval_hours, days = saved.value.storage_days, "LDAP integration changed");
    Ok(Answer::json(200, &TenantView::new(&saved)))
}

/// `DELETE /bridge/v1/integrations/ldap/tenants/{id}`: its connections go first.
pub(crate) async fn remove(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let (settings, imports) = find(app, user, id).await?;
    if !imports.connections.is_empty() {
        let mut error = HttpError::conflict("the tenant has connections: delete them first");
        error.details = imports
            .connections
            .iter()
            .map(|kept| json!({"id": kept.value.connection.id(), "name": kept.value.connection.name()}))
            .collect();
        return Err(error);
    }
    app.access.store.delete_import_settings(KIND, &settings).await.map_err(refused)?;
    tracing::info!(tenant = %settings.value.tenant, by = %user.id, "LDAP integration deleted");
    Ok(Answer::empty(204))
}

fn missing() -> HttpError {
    HttpError::not_found("the tenant is not in the list")
}

fn refused(conflict: ImportConflict) -> HttpError {
    match conflict {
        ImportConflict::Call(error) => error.into(),
        ImportConflict::Changed | ImportConflict::Secret(_) => {
            HttpError::conflict("the settings or a connection were changed meanwhile, try again")
        }
    }
}

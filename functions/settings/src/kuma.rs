//! KUMA's own lists, in KUMA's own shapes.

use bridge_domain::{
    Name, TenantId, Timestamp,
    access::{GENERAL_ADMINISTRATOR, Grants, Principal, Role},
    query::Query,
    search::PAGE_SIZE,
    tenant::Tenant,
};
use bridge_runtime::http::{Answer, HttpError};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    handler::{bad_parameter, skip},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantView<'a> {
    id: &'a TenantId,
    name: &'a Name,
    main: bool,
    description: &'a str,
    /// The bridge counts alerts, not events: always 0.
    eps: u32,
    eps_limit: u32,
    created: Timestamp,
    updated: Timestamp,
    /// From API v3 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<bool>,
}

/// KUMA's list of tenants: parameters `page`, `id`, `name`, `main`; `shared` from v3 on.
pub(crate) async fn tenants(
    app: &App,
    user: &Principal,
    query: &Query,
    shared: Option<bool>,
) -> Result<Answer, HttpError> {
    let skip = skip(query)?;
    let name = query.name_pattern().map_err(bad_parameter)?;
    let ids: Vec<&str> = query.all("id").collect();
    let main = query.flag("main");
    let wanted = |tenant: &Tenant| {
        (ids.is_empty() || ids.contains(&tenant.id.as_str()))
            && name.as_ref().is_none_or(|name| name.is_match(tenant.name.as_str()))
            && (!main || tenant.main)
    };
    let tenants = visible(app, &user.grants, wanted, skip, PAGE_SIZE).await?;
    let views: Vec<TenantView<'_>> = tenants
        .iter()
        .map(|tenant| TenantView {
            id: &tenant.id,
            name: &tenant.name,
            main: tenant.main,
            description: &tenant.description,
            eps: 0,
            eps_limit: 0,
            created: tenant.created,
            updated: tenant.updated,
            shared,
        })
        .collect();
    Ok(Answer::json(200, &views))
}

/// The tenants that exist for a user and that `wanted` picks.
pub(crate) async fn visible(
    app: &App,
    grants: &Grants,
    wanted: impl Fn(&Tenant) -> bool,
    skip: usize,
    take: usize,
) -> Result<Vec<Tenant>, HttpError> {
    match grants {
        Grants::Everything => Ok(app.access.store.tenants(wanted, skip, take).await?),
        Grants::Tenants(roles) => {
            let ids: Vec<TenantId> = roles.keys().cloned().collect();
            let tenants = app.access.store.tenants_by_id(&ids).await?;
            Ok(tenants.into_iter().filter(wanted).skip(skip).take(take).collect())
        }
    }
}

/// Who-am-I in v1: each tenant with the role in it.
pub(crate) async fn whoami_by_tenant(app: &App, user: &Principal) -> Result<Answer, HttpError> {
    let tenants: Vec<_> = visible(app, &user.grants, |_| true, 0, usize::MAX)
        .await?
        .iter()
        .map(|tenant| {
            let role = role_in(user, tenant).map_or(GENERAL_ADMINISTRATOR, Role::as_str);
            json!({"id": tenant.id, "name": tenant.name, "role": role})
        })
        .collect();
    Ok(Answer::json(
        200,
        &json!({
            "id": user.id, "name": user.name, "login": user.login, "email": user.email, "tenants": tenants
        }),
    ))
}

/// Who-am-I from v2 on: each role with its tenants.
pub(crate) async fn whoami_by_role(app: &App, user: &Principal) -> Result<Answer, HttpError> {
    let tenants = visible(app, &user.grants, |_| true, 0, usize::MAX).await?;
    let kinds = [None, Some(Role::TenantAdministrator), Some(Role::Analyst), Some(Role::Operator)];
    let roles: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| {
            let of: Vec<_> = tenants
                .iter()
                .filter(|tenant| role_in(user, tenant) == kind)
                .map(|tenant| json!({"id": tenant.id, "name": tenant.name}))
                .collect();
            let holds = !of.is_empty() || (kind.is_none() && user.grants == Grants::Everything);
            let (id, name) = kuma_role(kind);
            holds.then(|| json!({"id": id, "name": name, "tenants": of}))
        })
        .collect();
    Ok(Answer::json(
        200,
        &json!({"id": user.id, "name": user.name, "login": user.login, "email": user.email, "roles": roles}),
    ))
}

/// The user's role in a tenant; `None` for the general administrator.
fn role_in(user: &Principal, tenant: &Tenant) -> Option<Role> {
    match &user.grants {
        Grants::Everything => None,
        Grants::Tenants(roles) => roles.get(&tenant.id).copied(),
    }
}

/// Id and name of KUMA's role that stands for one of ours. The ids are KUMA's; which of its three
/// analyst tiers our analyst and operator are is our choice, made here and nowhere else.
const fn kuma_role(role: Option<Role>) -> (&'static str, &'static str) {
    match role {
        None => ("9dd65e51-3b04-48f5-b132-c08bf9ad17d6", "General administrator"),
        Some(Role::TenantAdministrator) => ("b61cfd50-87c9-45d9-940d-5a6f5d4292a7", "Tenant administrator"),
        Some(Role::Analyst) => ("e57fae66-ec6d-46b9-8d9d-a29efbe04ca2", "Tier 2 analyst"),
        Some(Role::Operator) => ("309ed903-99f0-462e-a43d-6edb7281f830", "Tier 1 analyst"),
    }
}

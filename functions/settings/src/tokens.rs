//! Tokens: issued (the value is shown once), listed without it, revoked.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bridge_domain::{
    Name, TenantId, Timestamp, TokenId,
    access::{Allowed, Bearer, Grants, Operation, Principal, Role, Token},
    query::Query,
    search::PAGE_SIZE,
    secret::Secret,
};
use bridge_runtime::http::{Answer, HttpError, Request};
use serde::{Deserialize, Serialize};

use crate::{app::App, handler::skip};

/// Random bytes in the secret half of a token.
const SECRET_BYTES: usize = 32;
/// Longest login and e-mail, in characters.
const TEXT_LIMIT: usize = 254;
/// Most tenants of one token: keeps its item small, as it is read with every request.
const ROLES_LIMIT: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Issue {
    name: Name,
    #[serde(default)]
    login: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    general_administrator: bool,
    #[serde(default)]
    roles: Vec<RoleIn>,
    /// Those of the issuer when absent.
    operations: Option<Vec<Operation>>,
    expires: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "an object with tenantID and role")]
struct RoleIn {
    #[serde(rename = "tenantID")]
    tenant: TenantId,
    role: Role,
}

/// A token in an answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    id: &'a TokenId,
    name: &'a Name,
    login: &'a str,
    email: &'a str,
    general_administrator: bool,
    roles: Vec<RoleIn>,
    operations: Vec<Operation>,
    created: Timestamp,
    expires: Option<Timestamp>,
    /// Only in the answer to its issue.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl<'a> View<'a> {
    fn new(token: &'a Token, value: Option<&'a str>) -> Self {
        Self {
            id: &token.id,
            name: &token.name,
            login: &token.login,
            email: &token.email,
            general_administrator: token.grants == Grants::Everything,
            roles: match &token.grants {
                Grants::Everything => Vec::new(),
                Grants::Tenants(roles) => roles
                    .iter()
                    .map(|(tenant, role)| RoleIn { tenant: tenant.clone(), role: *role })
                    .collect(),
            },
            operations: match &token.operations {
                Allowed::All => Operation::ALL.to_vec(),
                Allowed::Only(list) => list.clone(),
            },
            created: token.created,
            expires: token.expires,
            token: value,
        }
    }
}

/// `POST /bridge/v1/tokens`
pub(crate) async fn issue(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let wanted: Issue = request.json()?;
    for (field, text) in [("login", &wanted.login), ("email", &wanted.email)] {
        if text.chars().count() > TEXT_LIMIT {
            return Err(invalid(field, &format!("must be at most {TEXT_LIMIT} characters")));
        }
    }
    if wanted.expires.is_some_and(|expires| expires <= request.received) {
        return Err(invalid("expires", "must be in the future"));
    }
    if wanted.operations.as_ref().is_some_and(Vec::is_empty) {
        return Err(invalid("operations", "must name an operation, or be absent for all of them"));
    }
    let grants = grants(app, user, wanted.general_administrator, wanted.roles).await?;
    let secret = secret()?;
    let token = Token {
        id: TokenId::random(),
        name: wanted.name,
        login: wanted.login,
        email: wanted.email,
        grants,
        operations: operations(user, wanted.operations)?,
        created: request.received,
        expires: wanted.expires,
        digest: secret.digest(),
    };
    app.access.store.create_token(&token).await?;
    tracing::info!(token = %token.id, by = %user.id, "token issued");
    let value = Bearer::render(&token.id, &secret);
    Ok(Answer::json(201, &View::new(&token, Some(value.expose()))))
}

/// What the new token may do: never more than its issuer's, which is also what it gets by default.
fn operations(user: &Principal, wanted: Option<Vec<Operation>>) -> Result<Allowed, HttpError> {
    match wanted {
        None => Ok(user.operations.clone()),
        Some(list) if list.iter().all(|one| user.operations.contains(*one)) => Ok(Allowed::Only(list)),
        Some(_) => Err(HttpError::forbidden()),
    }
}

/// What the new token may see: never more than its issuer may give.
async fn grants(app: &App, user: &Principal, general: bool, roles: Vec<RoleIn>) -> Result<Grants, HttpError> {
    match (general, roles.is_empty()) {
        (true, false) => return Err(invalid("roles", "must be absent for a general administrator")),
        (false, true) => return Err(invalid("roles", "must name a tenant and a role in it")),
        (true, true) if user.grants == Grants::Everything => return Ok(Grants::Everything),
        (true, true) => return Err(HttpError::forbidden()),
        (false, false) => {}
    }
    if roles.len() > ROLES_LIMIT {
        return Err(invalid("roles", &format!("must be at most {ROLES_LIMIT}")));
    }
    let mut map = BTreeMap::new();
    for (index, RoleIn { tenant, role }) in roles.into_iter().enumerate() {
        if !user.grants.sees(&tenant) {
            return Err(invalid(&format!("roles[{index}].tenantID"), "tenant not found"));
        }
        if !user.grants.administers(&tenant) {
            return Err(HttpError::forbidden());
        }
        if map.insert(tenant, role).is_some() {
            return Err(invalid(&format!("roles[{index}].tenantID"), "is there twice"));
        }
    }
    let ids: Vec<TenantId> = map.keys().cloned().collect();
    let known = app.access.store.tenants_by_id(&ids).await?;
    match ids.iter().find(|id| known.iter().all(|tenant| tenant.id != **id)) {
        Some(_) => Err(invalid("roles", "tenant not found")),
        None => Ok(Grants::Tenants(map)),
    }
}

/// `GET /bridge/v1/tokens`: `page` from 1, 250 each, in the order issued.
pub(crate) async fn list(app: &App, user: &Principal, query: &Query) -> Result<Answer, HttpError> {
    let tokens = app.access.store.tokens(|token| manages(user, token), skip(query)?, PAGE_SIZE).await?;
    let views: Vec<View<'_>> = tokens.iter().map(|token| View::new(token, None)).collect();
    Ok(Answer::json(200, &views))
}

/// `DELETE /bridge/v1/tokens/{id}`
pub(crate) async fn revoke(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let missing = || HttpError::not_found("token not found");
    let id: TokenId = id.parse().map_err(|_| missing())?;
    let token =
        app.access.store.token(id.clone()).await?.filter(|token| manages(user, token)).ok_or_else(missing)?;
    if !app.access.store.revoke_token(&token.id).await? {
        return Err(missing());
    }
    tracing::info!(token = %id, by = %user.id, "token revoked");
    Ok(Answer::empty(204))
}

/// Whether a user manages a token: the general administrator every one, a tenant administrator
/// those that see no tenant but its own.
fn manages(user: &Principal, token: &Token) -> bool {
    match &token.grants {
        Grants::Everything => user.grants == Grants::Everything,
        Grants::Tenants(roles) => roles.keys().all(|tenant| user.grants.administers(tenant)),
    }
}

fn secret() -> Result<Secret, HttpError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| HttpError::internal("no random bytes"))?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

fn invalid(field: &str, rule: &str) -> HttpError {
    HttpError::bad_request(format!("invalid body: {field} {rule}"), field)
}

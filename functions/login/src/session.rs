//! Sessions: tokens that no list shows and that expire soon.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bridge_domain::{
    Name, TenantId, Timestamp, TokenId,
    access::{Allowed, Bearer, Grants, Role, Token},
    login::SESSION,
    secret::Secret,
};
use bridge_runtime::{
    auth::bearer,
    http::{Answer, HttpError, Request},
};
use serde::Serialize;

use crate::app::App;

/// Random bytes in the secret half of a session's token.
const SECRET_BYTES: usize = 32;

/// Who has logged in.
#[derive(Clone, Serialize)]
pub(crate) struct User {
    pub(crate) name: Name,
    pub(crate) login: String,
    pub(crate) email: String,
}

#[derive(Serialize)]
struct RoleIn {
    #[serde(rename = "tenantID")]
    tenant: TenantId,
    role: Role,
}

/// A session in the answer to its beginning, with the token that is shown this once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Begun {
    id: TokenId,
    token: String,
    expires: Timestamp,
    user: User,
    general_administrator: bool,
    roles: Vec<RoleIn>,
}

/// Begins a session of somebody with these grants.
pub(crate) async fn begin(app: &App, user: User, grants: Grants, now: Timestamp) -> Result<Begun, HttpError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| HttpError::internal("no random bytes"))?;
    let secret = Secret::new(URL_SAFE_NO_PAD.encode(bytes));
    let expires = now.plus_seconds(i64::try_from(SESSION.as_secs()).unwrap_or(0));
    let token = Token {
        id: TokenId::random(),
        name: user.name.clone(),
        login: user.login.clone(),
        email: user.email.clone(),
        grants,
        operations: Allowed::All,
        created: now,
        expires: Some(expires),
        digest: secret.digest(),
    };
    app.store.create_session(&token).await?;
    let (general_administrator, roles) = match token.grants {
        Grants::Everything => (true, Vec::new()),
        Grants::Tenants(roles) => {
            (false, roles.into_iter().map(|(tenant, role)| RoleIn { tenant, role }).collect())
        }
    };
    tracing::info!(session = %token.id, general_administrator, tenants = roles.len(), "logged in");
    let value = Bearer::render(&token.id, &secret).expose().to_owned();
    Ok(Begun { id: token.id, token: value, expires, user, general_administrator, roles })
}

/// `DELETE /bridge/v1/login`: ends the session whose token the request has.
pub(crate) async fn end(app: &App, request: &Request) -> Result<Answer, HttpError> {
    let Bearer::Issued { id, secret } = bearer(request)? else { return Err(HttpError::forbidden()) };
    let token = app.store.token(id.clone()).await?;
    if token.and_then(|token| token.authenticate(&secret, request.received)).is_none() {
        return Err(HttpError::forbidden());
    }
    if !app.store.end_session(&id).await? {
        return Err(HttpError::conflict("the token is no session: DELETE /bridge/v1/tokens/{id} revokes it"));
    }
    tracing::info!(session = %id, "logged out");
    Ok(Answer::empty(204))
}

//! Who is calling: KUMA's bearer tokens.
//!
//! A token issued by the bridge names itself (`kb_<id>_<secret>`) and is looked up in the store.
//! Anything else can only be the first token of the stack, a generated secret. Failures are KUMA's:
//! 400 for a header that can not be read, 403 for everything else, never 401.

use bridge_domain::{
    CallError, Class, Timestamp, TokenId,
    access::{Allowed, Bearer, Grants, Operation, Principal, Token},
    secret::Secret,
};
use http::header::AUTHORIZATION;

use crate::{
    http::{HttpError, Request},
    secrets::SecretCache,
};

/// Id of the principal behind the generated first token of the stack.
pub const FIRST_ADMINISTRATOR: &str = "first-administrator";

/// The generated first token of the stack: where to read it.
#[derive(Clone, Debug)]
pub struct AdminToken {
    /// The cache to read it through.
    pub cache: SecretCache,
    /// Name or ARN of the secret.
    pub secret_id: String,
}

/// The token of a request: one `authorization` header, scheme `Bearer` in any case.
///
/// # Errors
///
/// 400 `invalid authorization header`.
pub fn bearer(request: &Request) -> Result<Bearer, HttpError> {
    let mut values = request.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(unreadable()) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(unreadable)?;
    let token = token.trim();
    // API Gateway joins two headers with a comma, so a comma is a second value.
    let one = !token.is_empty() && !token.contains([' ', ',']);
    if one && scheme.eq_ignore_ascii_case("bearer") { Ok(Bearer::parse(token)) } else { Err(unreadable()) }
}

fn unreadable() -> HttpError {
    HttpError::bad_request("invalid authorization header", "Example: Authorization: Bearer <token>")
}

/// The principal behind a request, if it may use `operation` at `now`. `lookup` reads a token of
/// the bridge from the store.
///
/// # Errors
///
/// 400 for an unreadable header; 403 `access denied` for a token that is unknown, expired or not
/// allowed this operation; 5xx when the token could not be checked.
pub async fn principal<F, Found>(
    request: &Request,
    admin: &AdminToken,
    operation: Operation,
    now: Timestamp,
    lookup: F,
) -> Result<Principal, HttpError>
where
    F: FnOnce(TokenId) -> Found,
    Found: Future<Output = Result<Option<Token>, CallError>>,
{
    holder(bearer(request)?, admin, operation, now, lookup).await
}

/// The principal that holds a token, wherever in the request it was, if it may use `operation` at
/// `now`. `lookup` reads a token of the bridge from the store.
///
/// # Errors
///
/// As [`principal`], but for the header.
pub async fn holder<F, Found>(
    bearer: Bearer,
    admin: &AdminToken,
    operation: Operation,
    now: Timestamp,
    lookup: F,
) -> Result<Principal, HttpError>
where
    F: FnOnce(TokenId) -> Found,
    Found: Future<Output = Result<Option<Token>, CallError>>,
{
    let principal = match bearer {
        Bearer::Issued { id, secret } => {
            lookup(id).await.map_err(unverifiable)?.and_then(|token| token.authenticate(&secret, now))
        }
        Bearer::Other(presented) => first_administrator(admin, &presented).await.map_err(unverifiable)?,
    };
    principal.filter(|principal| principal.operations.contains(operation)).ok_or_else(HttpError::forbidden)
}

/// A token that could not be checked is never the caller's fault.
fn unverifiable(error: CallError) -> HttpError {
    match error.class {
        Class::RateLimited | Class::Transient => error.into(),
        class => HttpError::internal(format!(
            "{} {} {} {}",
            error.system,
            class.as_str(),
            error.code,
            error.detail
        )),
    }
}

async fn first_administrator(admin: &AdminToken, presented: &Secret) -> Result<Option<Principal>, CallError> {
    let known = admin.cache.get(&admin.secret_id).await?;
    let matches = known.value().matches(presented) || {
        let fresh = admin.cache.refresh_after_auth_failure(&admin.secret_id, known.version()).await?;
        fresh.version() != known.version() && fresh.value().matches(presented)
    };
    Ok(matches.then(administrator).flatten())
}

fn administrator() -> Option<Principal> {
    Some(Principal {
        id: FIRST_ADMINISTRATOR.to_owned(),
        name: "First administrator".parse().ok()?,
        login: FIRST_ADMINISTRATOR.to_owned(),
        email: String::new(),
        grants: Grants::Everything,
        operations: Allowed::All,
    })
}

#[cfg(test)]
mod tests;

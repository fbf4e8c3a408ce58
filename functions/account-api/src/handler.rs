//! `GET /bridge/v1/accounts` and `GET /bridge/v1/accounts/{id}`, with and without a trailing slash.

use std::{collections::BTreeSet, sync::Arc};

use bridge_domain::{
    TenantId,
    access::{Grants, Operation, Principal},
    ldap::{
        account_search::{Search, SearchError},
        guid::Guid,
    },
    query::{BadParameter, Query},
};
use bridge_runtime::http::{Answer, GzipSupport, HttpError, Request, accepts_gzip};

use crate::{app::App, page};

/// Most tenants that a search looks into.
const TENANTS_LIMIT: usize = 1_000;
/// Most values that are looked up, in all tenants together: each is a query.
const LOOKUPS_LIMIT: usize = 2_000;

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let (app, request) = (app.as_ref(), &request);
    let user = app.access.principal(request, Operation::SearchAccounts).await?;
    match request.route.as_str() {
        "GET /bridge/v1/accounts" => search(app, &user, request).await,
        "GET /bridge/v1/accounts/{id}" => show(app, &user, request).await,
        _ => Err(HttpError::not_found("no such route")),
    }
}

async fn search(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let search = Search::parse(&Query::parse(&request.raw_query)).map_err(|error| match error {
        SearchError::Value(BadParameter(name)) => {
            HttpError::bad_request("invalid query parameter value", name)
        }
        SearchError::Unknown(name) => HttpError::bad_request("unknown query parameter", name),
    })?;
    let tenants = visible(app, user, &search).await?;
    let values = search.lead().map_or(1, |(_, values)| values.len());
    if tenants.len() > TENANTS_LIMIT || tenants.len().saturating_mul(values) > LOOKUPS_LIMIT {
        return Err(HttpError::bad_request("too many tenants for this search: name some", "tenantID"));
    }
    let found = app.inventory.search(&search, &tenants, request.received).await?;
    let (accounts, queries) = (found.accounts.len(), found.queries);
    // A client that says nothing of encodings accepts any (RFC 9110, 12.5.3), but gets gzip only
    // where the plain answer would be too large for Lambda.
    let may_compress = accepts_gzip(&request.headers) != GzipSupport::Refused;
    let answer = page::write(found.accounts, may_compress).await?;
    Ok(answer
        .metrics("AccountsReturned", u64::try_from(accounts).unwrap_or(u64::MAX))
        .metrics("SearchQueries", u64::from(queries)))
}

/// The tenants that a search is about: those asked for, as far as the user sees them. A tenant without a
/// role does not exist for the user: it is left out, no error.
async fn visible(app: &App, user: &Principal, search: &Search) -> Result<BTreeSet<TenantId>, HttpError> {
    Ok(match (&search.tenants, &user.grants) {
        (Some(asked), grants) => {
            asked.iter().filter_map(|id| id.parse().ok()).filter(|tenant| grants.sees(tenant)).collect()
        }
        (None, Grants::Tenants(roles)) => roles.keys().cloned().collect(),
        (None, Grants::Everything) => {
            let all = app.access.store.tenants(|_| true, 0, TENANTS_LIMIT + 1).await?;
            all.into_iter().map(|tenant| tenant.id).collect()
        }
    })
}

async fn show(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let missing = || HttpError::not_found("account not found");
    // What can not be an id is the id of no account.
    let id: Guid = request.path_parameter("id").parse().map_err(|_| missing())?;
    let sees = |tenant: &TenantId| user.grants.sees(tenant);
    let found = app.inventory.account_of(id, sees, request.received).await?;
    Ok(Answer::json(200, &found.ok_or_else(missing)?.shown()))
}

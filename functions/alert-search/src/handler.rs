//! `GET /api/{v1,v2,v3}/alerts` and `GET /bridge/v1/alerts/{id}`, with and without a trailing slash.

use std::sync::Arc;

use bridge_domain::{
    access::Operation,
    query::{BadParameter, Query},
    search::Search,
};
use bridge_runtime::http::{Answer, GzipSupport, HttpError, Request, accepts_gzip};

use crate::{
    app::App,
    detail, page,
    related::{self, Outcome},
};

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let access = &app.access;
    let principal = access.principal(&request, Operation::SearchAlerts).await?;
    if request.route == "GET /bridge/v1/alerts/{id}" {
        return detail::show(access, &principal, &request).await;
    }
    let search = Search::parse(&Query::parse(&request.raw_query))
        .map_err(|BadParameter(name)| HttpError::bad_request("invalid query parameter value", name))?;
    // Which accounts an alert names is in its events.
    let wanted = Search { with_events: search.with_events || search.with_affected, ..search.clone() };
    let found = access.store.search(&wanted, &principal.grants).await?;
    let (alerts, queries) = (found.alerts.len(), found.queries);
    let mut rows = page::rows(&access.store, found.alerts, &search).await?;
    let related = if search.with_affected {
        related::add(&app.inventory, &mut rows, request.received).await
    } else {
        Outcome::default()
    };
    // A client that says nothing of encodings accepts any (RFC 9110, 12.5.3), but gets gzip only
    // where the plain answer would be too large for Lambda.
    let may_compress = accepts_gzip(&request.headers) != GzipSupport::Refused;
    let answer = page::write(rows, search.with_affected, may_compress).await?;
    let answer = if search.with_affected { related.note(answer) } else { answer };
    Ok(answer
        .metrics("AlertsReturned", u64::try_from(alerts).unwrap_or(u64::MAX))
        .metrics("SearchQueries", u64::from(queries)))
}

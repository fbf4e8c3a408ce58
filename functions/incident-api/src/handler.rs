//! Which route goes where, and what a token must be allowed for it.

use std::sync::Arc;

use bridge_domain::{access::Operation, query::BadParameter};
use bridge_runtime::http::{Answer, HttpError, Request};

use crate::{app::App, bridge, comments, desk::Desk, kuma};

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let user = app.access.principal(&request, operation(&request.route)?).await?;
    let desk = Desk { app: &app, user: &user, now: request.received };
    let (desk, request) = (&desk, &request);
    match request.route.as_str() {
        "GET /bridge/v1/incidents" => bridge::list(desk, request).await,
        "POST /bridge/v1/incidents" => bridge::create(desk, request).await,
        "GET /bridge/v1/incidents/{id}" => bridge::show(desk, request).await,
        "PATCH /bridge/v1/incidents/{id}" => bridge::change(desk, request).await,
        "POST /bridge/v1/incidents/{id}/assign" => bridge::assign(desk, request).await,
        "POST /bridge/v1/incidents/{id}/close" => bridge::close(desk, request).await,
        "POST /bridge/v1/incidents/{id}/link" => bridge::link(desk, request).await,
        "POST /bridge/v1/incidents/{id}/unlink" => bridge::unlink(desk, request).await,
        "GET /bridge/v1/incidents/{id}/comments" => comments::list(desk, request).await,
        "POST /bridge/v1/incidents/{id}/comments" => comments::add(desk, request).await,
        "GET /api/v3/incidents" => kuma::list(desk, request).await,
        "GET /api/v3/incidents/id/{id}" => kuma::show(desk, request).await,
        "POST /api/v2.1/incidents/create" | "POST /api/v3/incidents/create" => {
            kuma::create(desk, request).await
        }
        "POST /api/v3/incidents/assign" => kuma::assign(desk, request).await,
        "POST /api/v3/incidents/close" => kuma::close(desk, request).await,
        "POST /api/v3/incidents/comment" => kuma::comment(desk, request).await,
        "POST /api/v3/incidents/link" => kuma::link(desk, request).await,
        "POST /api/v3/incidents/unlink" => kuma::unlink(desk, request).await,
        _ => Err(unknown_route()),
    }
}

/// What a token must be allowed for a route.
fn operation(route: &str) -> Result<Operation, HttpError> {
    let (method, path) = route.split_once(' ').ok_or_else(unknown_route)?;
    Ok(match (method, path) {
        ("GET", _) => Operation::SearchIncidents,
        ("POST", path) if path.ends_with("/close") => Operation::CloseIncident,
        ("POST", path) if path.ends_with("/create") || path == "/bridge/v1/incidents" => {
            Operation::CreateIncident
        }
        _ => Operation::ChangeIncident,
    })
}

fn unknown_route() -> HttpError {
    HttpError::not_found("no such route")
}

/// KUMA's answer to a value it can not use.
pub(crate) fn bad_parameter(BadParameter(name): BadParameter) -> HttpError {
    HttpError::bad_request("invalid query parameter value", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_needs_the_operation_that_it_is() {
        for (route, wanted) in [
            ("GET /bridge/v1/incidents/{id}/comments", Operation::SearchIncidents),
            ("GET /api/v3/incidents", Operation::SearchIncidents),
            ("POST /bridge/v1/incidents", Operation::CreateIncident),
            ("POST /api/v2.1/incidents/create", Operation::CreateIncident),
            ("PATCH /bridge/v1/incidents/{id}", Operation::ChangeIncident),
            ("POST /bridge/v1/incidents/{id}/comments", Operation::ChangeIncident),
            ("POST /api/v3/incidents/unlink", Operation::ChangeIncident),
            ("POST /bridge/v1/incidents/{id}/close", Operation::CloseIncident),
            ("POST /api/v3/incidents/close", Operation::CloseIncident),
        ] {
            assert_eq!(operation(route).unwrap(), wanted, "{route}");
        }
        assert!(operation("$default").is_err());
    }
}

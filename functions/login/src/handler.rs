//! Which route goes where.

use std::sync::Arc;

use bridge_runtime::http::{Answer, HttpError, Request};

use crate::{app::App, login, session};

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let (app, request) = (app.as_ref(), &request);
    match request.route.as_str() {
        "POST /bridge/v1/login" => login::log_in(app, request).await,
        "DELETE /bridge/v1/login" => session::end(app, request).await,
        _ => Err(HttpError::not_found("no such route")),
    }
}

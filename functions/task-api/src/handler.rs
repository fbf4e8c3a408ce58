//! `GET /bridge/v1/tasks` and `GET /bridge/v1/tasks/{id}`.

use std::sync::Arc;

use bridge_access::Access;
use bridge_domain::{
    TaskId,
    access::{Operation, Principal},
    import::task::search::Search,
    query::{BadParameter, Query},
};
use bridge_runtime::http::{Answer, HttpError, Request};

use crate::view::View;

pub(crate) async fn handle(access: Arc<Access>, request: Request) -> Result<Answer, HttpError> {
    let user = access.principal(&request, Operation::SearchTasks).await?;
    match request.route.as_str() {
        "GET /bridge/v1/tasks" => list(&access, &user, &request).await,
        "GET /bridge/v1/tasks/{id}" => show(&access, &user, request.path_parameter("id")).await,
        _ => Err(HttpError::not_found("no such route")),
    }
}

async fn list(access: &Access, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    let search = Search::parse(&Query::parse(&request.raw_query))
        .map_err(|BadParameter(name)| HttpError::bad_request("invalid query parameter value", name))?;
    let tasks = access.store.search_tasks(&search, &user.grants).await?;
    let views: Vec<View<'_>> = tasks.iter().map(View::new).collect();
    Ok(Answer::json(200, &views))
}

async fn show(access: &Access, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let missing = || HttpError::not_found("task not found");
    // What can not be an id is the id of no task.
    let id: TaskId = id.parse().map_err(|_| missing())?;
    let task = access.store.task(&id).await?.map(|task| task.value);
    // A task of a tenant without a role does not exist.
    let task = task.filter(|task| user.grants.sees(&task.tenant)).ok_or_else(missing)?;
    Ok(Answer::json(200, &View::new(&task)))
}

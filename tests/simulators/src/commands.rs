//! The control: commands that every simulator knows. All others are its own.

use http::{Request, Response};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::{
    answer::{Answer, AnswerBody, Pace},
    call::{Call, Content},
    faults::Order,
    host::{Command, Host, Refusal, Simulator, locked},
    settings::one_or_many,
};

/// Does one command.
pub(crate) async fn serve<S: Simulator>(host: &Host<S>, request: Request<Incoming>) -> Response<AnswerBody> {
    let Some(call) = Call::read(request).await else {
        return Answer::json(413, &json!({"error": "request too large"})).sent(Pace::Whole);
    };
    let body = match call.content {
        Ok(Content::Nothing) => Value::Null,
        Ok(Content::Json(body)) => body,
        Ok(Content::Form(_)) | Err(_) => {
            return Answer::json(400, &json!({"error": "commands are JSON"})).sent(Pace::Whole);
        }
    };
    let command = Command { method: call.method, path: call.path, query: call.query, body };
    let answer = match done(host, command).await {
        Ok(Value::Null) => Answer::nothing(),
        Ok(value) => Answer::json(200, &value),
        Err(refusal) => Answer::json(refusal.status, &refusal.body),
    };
    answer.sent(Pace::Whole)
}

async fn done<S: Simulator>(host: &Host<S>, command: Command) -> Result<Value, Refusal> {
    match (command.method.as_str(), command.path.as_str()) {
        ("GET", "/state") => {
            let mut state = host.simulator.state();
            let history = locked(&host.history);
            if let Some(members) = state.as_object_mut() {
                members.insert("requests".to_owned(), history.count().into());
                members.insert("open".to_owned(), history.open().into());
                members.insert("mostInFlight".to_owned(), history.most_in_flight().into());
                if !host.late.idle() {
                    members.insert("idle".to_owned(), false.into());
                }
            }
            Ok(state)
        }
        ("GET", "/history") => {
            let since =
                command.query.iter().find(|(name, _)| name == "since").map(|(_, value)| value.parse());
            let since = since.transpose().map_err(|_| Refusal::new(400, "`since` is a number"))?;
            let history = locked(&host.history);
            Ok(serde_json::to_value(history.since(since.unwrap_or_default()))?)
        }
        ("GET", "/faults") => Ok(serde_json::to_value(locked(&host.faults).orders())?),
        ("POST", "/faults") => {
            let orders: Vec<Order> = serde_json::from_value(one_or_many(command.body))?;
            locked(&host.faults).add(orders)?;
            Ok(Value::Null)
        }
        ("DELETE", "/faults") => {
            locked(&host.faults).clear();
            Ok(Value::Null)
        }
        ("POST", "/reset") => {
            host.late.end();
            host.simulator.reset();
            locked(&host.faults).clear();
            locked(&host.history).clear();
            Ok(Value::Null)
        }
        _ => host.simulator.command(command).await,
    }
}

//! One message: a task is claimed, run and ended.

use std::time::Duration;

use bridge_domain::{Timestamp, import::engine::Counts};
use bridge_importing::{Halt, Message, Session};
use bridge_runtime::{
    batch::{Failure, Options, Order},
    deadline::Deadline,
    telemetry::ImportHandled,
};

use crate::{app::Parts, import};

/// Time that an invocation must have left for an import to be begun: all but the start.
const RESERVE: Duration = Duration::from_mins(14);

/// How a batch, which is one message, is taken.
pub(crate) fn options(deadline: Deadline) -> Options {
    Options { order: Order::Standard { concurrency: 1 }, deadline, reserve: RESERVE }
}

/// Handles one message in the name of `runner`.
///
/// # Errors
/// A retry when the task has to wait, or the store failed; dead when there is no such task.
pub(crate) async fn handle(parts: &Parts, message: &Message, runner: &str) -> Result<(), Failure> {
    let claimed = Session::claim(parts.store.clone(), parts.clock.clone(), &message.task, runner).await?;
    let Some(mut session) = claimed else { return Ok(()) };
    let began = parts.clock.now();
    let ended = Box::pin(import::run(parts, &mut session)).await;
    let ended = match ended {
        Ok(ended) => ended,
        Err(halt) => return stopped(parts, &session, began, halt),
    };
    let import::Ended { ending, counts, code } = ended;
    let task = match session.finish(ending, counts).await {
        Ok(task) => task,
        Err(Halt::Lost) => {
            tracing::warn!(task = %message.task, "another attempt has taken over: this one says nothing");
            return Ok(());
        }
        Err(Halt::Call(error)) => return Err(error.into()),
    };
    let now = parts.clock.now();
    ImportHandled {
        function: "ldap-refresh",
        task: task.id.as_str(),
        connection: task.connection.as_str(),
        tenant: task.tenant.as_str(),
        state: task.state,
        code: &code,
        counts: &task.counts,
        latency_ms: u64::try_from(began.until(now).as_millis()).unwrap_or(u64::MAX),
    }
    .emit(&parts.output, now);
    Ok(())
}

/// A run that may not, or can not, say how it ended: its lease runs out, and the task is tried again.
fn stopped(parts: &Parts, session: &Session, began: Timestamp, halt: Halt) -> Result<(), Failure> {
    let task = session.task();
    let now = parts.clock.now();
    match halt {
        Halt::Lost => {
            tracing::warn!(task = %task.id, "another attempt has taken over: this one stops");
            Ok(())
        }
        Halt::Call(error) => {
            ImportHandled {
                function: "ldap-refresh",
                task: task.id.as_str(),
                connection: task.connection.as_str(),
                tenant: task.tenant.as_str(),
                state: task.state,
                code: &error.code,
                counts: &Counts::default(),
                latency_ms: u64::try_from(began.until(now).as_millis()).unwrap_or(u64::MAX),
            }
            .emit(&parts.output, now);
            Err(Failure::Retry { after: None, reason: format!("{} {}", error.code, error.detail).into() })
        }
    }
}

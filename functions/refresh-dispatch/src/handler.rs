//! One dispatch, every minute.

use std::{sync::Arc, time::Duration};

use bridge_domain::CallError;
use bridge_importing::dispatch;
use bridge_runtime::{
    clock::Clock,
    schedule::{Metrics, Run},
};

use crate::app::App;

/// What is not looked at this long before the deadline is left to the next dispatch.
const RESERVE: Duration = Duration::from_secs(5);

pub(crate) async fn handle(app: Arc<App>, run: Run) -> Result<Metrics, CallError> {
    let clock = Clock::system();
    let time_left = || !run.deadline.budget(clock.now(), RESERVE).is_zero();
    let done = dispatch(&app.store, &app.queues, clock.now(), time_left).await?;
    if done.cut_short {
        tracing::warn!("there was no time to look at everything that is due");
    }
    Ok(Metrics::new()
        .count("ImportsStarted", done.started)
        .count("TasksRequeued", done.requeued)
        .seconds("OldestImportDueSeconds", done.oldest.as_secs()))
}

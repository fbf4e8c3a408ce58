//! One sweep, every five minutes.

use std::{sync::Arc, time::Duration};

use bridge_delivery::sweep;
use bridge_domain::CallError;
use bridge_runtime::{
    clock::Clock,
    schedule::{Metrics, Run},
};

use crate::app::App;

/// What is not looked at this long before the deadline is left to the next sweep.
const RESERVE: Duration = Duration::from_secs(10);

pub(crate) async fn handle(app: Arc<App>, run: Run) -> Result<Metrics, CallError> {
    let clock = Clock::system();
    let time_left = || !run.deadline.budget(clock.now(), RESERVE).is_zero();
    let swept = sweep(&app.store, &app.dispatcher, || clock.now(), time_left).await?;
    // The ledger comes after: it is short, and its own messages are the usual way.
    let ledger = bridge_reporting::sweep(&app.store, &app.ncircc, clock.now()).await?;
    if swept.cut_short {
        tracing::warn!("there was no time to look at everything that is overdue");
    }
    Ok(Metrics::new()
        .count("DeliveriesRequeued", u64::try_from(swept.queued).unwrap_or(u64::MAX))
        .seconds("OldestDueSeconds", swept.oldest.as_secs())
        .count("LedgerRowsRequeued", u64::try_from(ledger.queued).unwrap_or(u64::MAX))
        .count("LedgerRowsStuck", u64::try_from(ledger.stuck).unwrap_or(u64::MAX))
        .seconds("OldestLedgerDueSeconds", ledger.oldest.as_secs()))
}

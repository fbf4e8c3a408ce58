//! One message.

use std::sync::Arc;

use bridge_domain::pull::Work;
use bridge_runtime::batch::{Failure, Record};

use crate::{app::App, backfill, one, poll, schedule, session::Session};

/// Attempts after which a message that fails for passing reasons is given up: a day, by the growing
/// delays of the queue.
pub(crate) const ATTEMPTS: u32 = 105;

pub(crate) async fn handle(app: Arc<App>, work: Work, record: Record) -> Result<(), Failure> {
    let count = record.receive_count;
    let handled = Box::pin(dispatch(&app, work, record)).await;
    handled.map_err(|failure| match failure {
        Failure::Retry { reason, .. } if count >= ATTEMPTS => {
            Failure::Dead { reason: format!("given up after {count} attempts: {reason}").into() }
        }
        failure => failure,
    })
}

async fn dispatch(app: &App, work: Work, record: Record) -> Result<(), Failure> {
    let (tenant, target) = match &work {
        Work::All => return schedule::queue_due(app).await,
        Work::Pull { tenant, target }
        | Work::Alert { tenant, target, .. }
        | Work::Backfill { tenant, target, .. } => (tenant, target),
    };
    let Some(session) = Session::open(app, tenant, target).await? else {
        // Deleted or disabled meanwhile: nothing is taken from it any more.
        tracing::info!(%tenant, %target, "there is no such KUMA Core, or it is disabled");
        return Ok(());
    };
    match work {
        Work::Pull { .. } => poll::run(&session, &record).await,
        Work::Alert { alert, url, .. } => one::read(&session, &alert, url.as_deref(), &record).await,
        Work::Backfill { from, to, .. } => backfill::run(&session, from, to).await,
        Work::All => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_events_hold_one_message_of_each_kind() {
        let samples = [
            include_str!("../../../events/alert-pull/schedule.json"),
            include_str!("../../../events/alert-pull/pull.json"),
            include_str!("../../../events/alert-pull/alert.json"),
            include_str!("../../../events/alert-pull/period.json"),
        ];
        let kinds = samples.map(|text| {
            let event: serde_json::Value = serde_json::from_str(text).unwrap();
            let work: Work = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
            match work {
                Work::All => "schedule",
                Work::Pull { .. } => "pull",
                Work::Alert { url: Some(_), .. } => "alert",
                Work::Alert { url: None, .. } => "alert without a link",
                Work::Backfill { from, to, .. } if from < to => "period",
                Work::Backfill { .. } => "nothing",
            }
        });
        assert_eq!(kinds, ["schedule", "pull", "alert", "period"]);
    }
}

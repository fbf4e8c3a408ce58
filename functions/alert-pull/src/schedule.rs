//! Once a minute: which Cores are to be asked.

use std::time::Duration;

use bridge_domain::{
    TargetId,
    pull::{State, Work, claim_limit},
    target::Settings,
};
use bridge_runtime::batch::Failure;

use crate::app::App;

/// Queues a run for every Core that is due. Of any number of schedule messages at once, one queues it.
pub(crate) async fn queue_due(app: &App) -> Result<(), Failure> {
    let now = app.clock.now();
    let targets = app.store.targets(|_| true, 0, usize::MAX).await?;
    let pulled: Vec<_> = targets
        .into_iter()
        .map(|revised| revised.value)
        .filter(|target| !target.disabled)
        .filter_map(|target| match &target.settings {
            Settings::KumaCore(core) if core.pull => {
                let interval = core.pull_interval_seconds;
                Some((target.tenant, target.id, interval))
            }
            _ => None,
        })
        .collect();
    let ids: Vec<TargetId> = pulled.iter().map(|(_, id, _)| id.clone()).collect();
    let states = app.store.pull_states(&ids).await?;
    let never = State::default();
    for (tenant, target, interval) in pulled {
        let due = states.get(&target).unwrap_or(&never).due(interval, now);
        if !due || !app.store.claim_pull(&target, claim_limit(interval, now), now).await? {
            continue;
        }
        let work = Work::Pull { tenant, target: target.clone() };
        if let Err(error) = app.pull_queue.send(&work, Duration::ZERO).await {
            // Or else it would wait for its interval, up to a day.
            app.store.unclaim_pull(&target, now).await?;
            return Err(error.into());
        }
    }
    Ok(())
}

//! Writing down what a step brought: the row, and what the incident says of it.

use bridge_domain::{
    CallError,
    incident::{Incident, Report, ReportState},
    ledger::{Ledger, State},
    ncircc::errand::{Errand, Row},
};
use bridge_runtime::batch::Failure;
use bridge_store::{Revised, RowConflict};

use crate::handler::{Claimed, News, Parts, wait_for};

/// Attempts to write what others change.
const ATTEMPTS: u32 = 20;

/// Writes it; gives the row as it is then.
///
/// # Errors
/// When the store fails: the lease then runs out, and NCIRCC is asked.
pub(crate) async fn settle(
    parts: &Parts,
    claimed: &Claimed<'_>,
    news: &News,
) -> Result<Revised<Row>, Failure> {
    let attempt = claimed.row.value.ledger.sends;
    let mut row = claimed.row.clone();
    for _ in 0..ATTEMPTS {
        let mut ledger = row.value.ledger.clone();
        let now = parts.clock.now();
        let changed = match news {
            News::Answered(outcome) => ledger.answered(claimed.holder, attempt, outcome, now),
            News::Asked { at, finding } => ledger.asked(*at, finding, now),
        };
        if !changed {
            return Ok(row);
        }
        let (incident, id) = (row.value.incident.clone(), row.value.id.clone());
        match write(parts, row.clone(), ledger).await {
            Ok(row) => return Ok(row),
            Err(RowConflict::Call(error)) => return Err(error.into()),
            Err(RowConflict::Changed | RowConflict::Remote) => {}
        }
        let Some(newer) = parts.store.row(&incident, &id).await? else {
            return Err(Failure::Dead { reason: "the row is gone".into() });
        };
        row = newer;
    }
    Err(wait_for(std::time::Duration::from_secs(1), "the row keeps changing"))
}

async fn write(parts: &Parts, row: Revised<Row>, ledger: Ledger) -> Result<Revised<Row>, RowConflict> {
    let Some((before, after)) = told(parts, &row.value, &ledger).await? else {
        return parts.store.save_row(row, ledger).await;
    };
    let first = row.value.ledger.state != State::Sent && ledger.state == State::Sent;
    let uuid = ledger.remote.as_ref().map(|remote| remote.uuid.clone()).filter(|_| first);
    let incident = (&before, &after);
    match parts.store.settle_row(row.clone(), ledger.clone(), incident, uuid.as_deref()).await {
        // Another incident claims this notification. Both say so, nothing is lost.
        Err(RowConflict::Remote) => {
            tracing::error!(incident = %after.id, uuid = uuid.as_deref().unwrap_or_default(),
                "a notification of NCIRCC's belongs to two incidents");
            parts.store.settle_row(row, ledger, incident, None).await
        }
        result => result,
    }
}

/// The incident before and after it says how its export stands; `None` when it says so already.
async fn told(
    parts: &Parts,
    row: &Row,
    ledger: &Ledger,
) -> Result<Option<(Revised<Incident>, Incident)>, CallError> {
    if !matches!(row.errand, Errand::Export { .. }) {
        return Ok(None);
    }
    let Some(before) = parts.store.incident(&row.incident).await? else { return Ok(None) };
    let state = match ledger.state {
        State::Pending | State::Sending { .. } => ReportState::Exporting,
        State::Unknown | State::Stuck => ReportState::Unknown,
        State::Sent => ReportState::Exported,
        State::Failed => ReportState::Failed,
    };
    let mut report = before.value.report.clone().unwrap_or_else(|| Report::new(state));
    report.state = state;
    if let (State::Sent, Some(remote)) = (&ledger.state, &ledger.remote) {
        report.uuid.clone_from(&remote.uuid);
        report.identifier.clone_from(&remote.identifier);
    }
    if before.value.report.as_ref() == Some(&report) {
        return Ok(None);
    }
    let after = Incident { report: Some(report), ..before.value.clone() };
    Ok(Some((before, after)))
}

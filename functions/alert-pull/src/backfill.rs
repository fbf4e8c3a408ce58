//! Everything of a period that somebody asked for.

use std::time::Duration;

use bridge_domain::{
    Timestamp,
    pull::{Work, windows},
};
use bridge_runtime::batch::Failure;

use crate::{
    listed::Progress,
    poll::{emit, window},
    session::Session,
};

/// How long what is left waits after a failure that came after progress.
const PAUSE: Duration = Duration::from_mins(1);

/// Asks for everything of a period, oldest first. The mark of the polls is left alone: what is done
/// is kept in the message, which is queued anew for the rest.
pub(crate) async fn run(session: &Session<'_>, from: Timestamp, to: Timestamp) -> Result<(), Failure> {
    let to = to.min(session.began);
    for piece in windows(from, to) {
        let outcome = window(session, piece).await;
        let rest = Work::Backfill {
            tenant: session.tenant.id.clone(),
            target: session.target.id.clone(),
            from: piece.from,
            to,
        };
        match outcome {
            Ok(Progress::Done) => {}
            Ok(Progress::Stopped) => {
                emit(session, &outcome, None);
                return Ok(session.app.pull_queue.send(&rest, Duration::ZERO).await?);
            }
            Err(error) => {
                let progressed = piece.from > from;
                let outcome = Err(error.clone());
                emit(session, &outcome, None);
                if progressed && !error.class.policy().dead_letter {
                    let pause = error.retry_after.unwrap_or(PAUSE);
                    return Ok(session.app.pull_queue.send(&rest, pause).await?);
                }
                return Err(error.into());
            }
        }
    }
    emit(session, &Ok(Progress::Done), None);
    Ok(())
}

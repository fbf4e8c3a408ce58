//! Work that a signal can end, so that what it started is always taken down.

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Context as _, Failure, Result};

/// Does `work` until it ends, or until this process is asked to stop.
pub(crate) async fn unless_stopped<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
    let mut hang_up = signal(SignalKind::hangup()).context("listening for signals")?;
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => Err(Failure::interrupted(2)),
        _ = terminate.recv() => Err(Failure::interrupted(15)),
        _ = hang_up.recv() => Err(Failure::interrupted(1)),
    }
}

//! A run that asks a Core for what is new.

use std::{sync::atomic::Ordering, time::Duration};

use bridge_domain::{
    CallError, Timestamp,
    pull::{
        FIRST_SECONDS, Paging, RECHECK_BATCH, RECHECK_LIMIT, State, Window, Work, next_window, pause_seconds,
    },
};
use bridge_kuma::Filter;
use bridge_runtime::{
    batch::{Failure, Record},
    telemetry::{PullHandled, Pulled},
};

use crate::{
    listed::{self, Line, Progress},
    session::Session,
};

/// How long a lease outlives the invocation that took it.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// Asks for everything from the mark on, then for open alerts that may have changed without an event.
///
/// A failed run is done as a message: the schedule queues the next one, and messages that come back
/// would only pile up while the Core is away.
pub(crate) async fn run(session: &Session<'_>, record: &Record) -> Result<(), Failure> {
    if !session.core.pull {
        return Ok(());
    }
    let (store, target) = (&session.app.store, &session.target.id);
    let holder = format!("{}.{}", record.message_id, record.receive_count);
    let until = session.app.deadline(session.began).plus(LEASE_MARGIN);
    let Some(state) = store.begin_pull(target, &holder, session.began, until).await? else {
        tracing::info!(%target, "another run is under way");
        return Ok(());
    };
    let outcome = match news(session, &holder, state.watermark).await {
        Ok(Progress::Done) => recheck(session, &holder, &state).await,
        outcome => outcome,
    };
    emit(session, &outcome, Some(gap(session.began, state.watermark)));
    match outcome {
        Ok(progress) => {
            store.end_pull(target, &holder, 0, None).await?;
            if progress == Progress::Stopped {
                let work = Work::Pull { tenant: session.tenant.id.clone(), target: target.clone() };
                session.app.pull_queue.send(&work, Duration::ZERO).await?;
            }
        }
        Err(error) => {
            let failures = state.failures.saturating_add(1);
            let pause = Duration::from_secs(u64::try_from(pause_seconds(failures)).unwrap_or(0));
            let pause = error.retry_after.map_or(pause, |wish| wish.max(pause));
            let not_before = session.app.clock.now().plus(pause);
            store.end_pull(target, &holder, failures, Some(not_before)).await?;
        }
    }
    Ok(())
}

fn gap(began: Timestamp, watermark: Option<Timestamp>) -> u64 {
    let from = watermark.unwrap_or_else(|| began.plus_seconds(-FIRST_SECONDS));
    from.until(began).as_secs()
}

/// One event line for a run.
pub(crate) fn emit(session: &Session<'_>, outcome: &Result<Progress, CallError>, gap_seconds: Option<u64>) {
    let now = session.app.clock.now();
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let detail = outcome.as_ref().err().map(|error| format!("{error} {} {}", error.code, error.detail));
    PullHandled {
        function: "alert-pull",
        target: session.target.id.as_str(),
        outcome: match outcome {
            Ok(Progress::Done) => Pulled::Done,
            Ok(Progress::Stopped) => Pulled::Stopped,
            Err(_) => Pulled::Failed,
        },
        detail: detail.as_deref().map_or("", str::trim_end),
        listed: count(&session.tally.listed),
        pulled: count(&session.tally.pulled),
        brought: count(&session.tally.brought),
        refused: count(&session.tally.refused),
        gap_seconds,
        latency_ms: u64::try_from(session.began.until(now).as_millis()).unwrap_or(u64::MAX),
    }
    .emit(&session.app.output, now);
}

/// Everything from the mark to the beginning of the run, a piece at a time. The mark follows.
async fn news(
    session: &Session<'_>,
    holder: &str,
    mut mark: Option<Timestamp>,
) -> Result<Progress, CallError> {
    let mut first = true;
    while let Some(piece) = next_window(mark, session.began, first) {
        if window(session, piece).await? == Progress::Stopped {
            return Ok(Progress::Stopped);
        }
        let ahead = mark.is_none_or(|mark| piece.to > mark);
        if ahead && !session.app.store.advance_pull(&session.target.id, holder, piece.to).await? {
            // Another run took over, or the target was deleted: it is theirs now.
            return Ok(Progress::Done);
        }
        (mark, first) = (Some(piece.to), false);
    }
    Ok(Progress::Done)
}

/// Everything of a period. [`Progress::Done`] says that all of it is stored.
pub(crate) async fn window(session: &Session<'_>, window: Window) -> Result<Progress, CallError> {
    let mut paging = Paging::new(window);
    while let Some(ask) = paging.ask() {
        if !session.has_time() {
            return Ok(Progress::Stopped);
        }
        let filter = Filter { from: Some(ask.from), to: Some(ask.to), page: ask.page, ..Filter::default() };
        let mut page: Vec<_> = listed::all(session.list(filter).await?)?.into_iter().map(Some).collect();
        let lines = page.iter().flatten().map(|line| (&line.id, line.last_seen));
        let fresh = paging.take(lines).map_err(|error| {
            CallError::new(bridge_domain::Class::Permanent, bridge_kuma::SYSTEM, error.to_string())
        })?;
        let fresh = fresh.into_iter().filter_map(|place| page.get_mut(place)?.take()).collect();
        if listed::take(session, fresh).await? == Progress::Stopped {
            return Ok(Progress::Stopped);
        }
    }
    Ok(Progress::Done)
}

/// Asks for open alerts by their ids: what was assigned, renamed or closed without a new event is in
/// no period. A walk that is not through in one run goes on in the next.
async fn recheck(session: &Session<'_>, holder: &str, state: &State) -> Result<Progress, CallError> {
    if !state.walks(session.began) {
        return Ok(Progress::Done);
    }
    let (store, target) = (&session.app.store, &session.target.id);
    let began = state.walk_began.filter(|_| state.walk_at.is_some()).unwrap_or(session.began);
    let mut at = state.walk_at.clone();
    for _ in 0..RECHECK_LIMIT / RECHECK_BATCH {
        if !session.has_time() {
            break;
        }
        let (ids, next) = store.open_alerts(&session.tenant.id, at.as_deref(), RECHECK_BATCH).await?;
        if !ids.is_empty() {
            let ids = ids.into_iter().map(|id| id.to_string()).collect();
            let lines = session.list(Filter { ids, page: 1, ..Filter::default() }).await?;
            let readable = |line| match line {
                Line::Listed(listed) => Some(listed),
                Line::Unreadable => None,
            };
            if listed::take(session, lines.into_iter().filter_map(readable).collect()).await?
                == Progress::Stopped
            {
                break;
            }
        }
        let is_through = next.is_none();
        let held = store.walk_pull(target, holder, began, next.as_deref()).await?;
        if is_through || !held {
            break;
        }
        at = next;
    }
    Ok(Progress::Done)
}

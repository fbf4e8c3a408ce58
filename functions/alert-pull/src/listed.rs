//! Lines of a Core's list, and what to do about them.

use std::{borrow::Cow, sync::Arc};

use bridge_domain::{
    AlertId, CallError, Class, Timestamp,
    pull::{Known, Listed, wanted},
};
use bridge_store::Upserted;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::session::{Session, Taken, Tally};

/// Alerts that are read in full at once: each may be of many megabytes.
const SLOTS: usize = 2;

/// A line, as far as it can be read.
#[derive(Debug)]
pub(crate) enum Line {
    /// It can be compared.
    Listed(Listed),
    /// It has no id or no time of a last event that could be.
    Unreadable,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    id: AlertId,
    last_seen: Timestamp,
    #[serde(rename = "tenantID", borrow, default)]
    tenant: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tenant_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    priority: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    assignee: Option<Cow<'a, str>>,
}

/// Reads a line.
pub(crate) fn read(line: &RawValue) -> Line {
    let Ok(wire) = serde_json::from_str::<Wire<'_>>(line.get()) else { return Line::Unreadable };
    let text = |value: Option<Cow<'_, str>>| value.map(Cow::into_owned).unwrap_or_default();
    Line::Listed(Listed {
        id: wire.id,
        tenant: text(wire.tenant),
        tenant_name: text(wire.tenant_name),
        name: text(wire.name),
        priority: text(wire.priority),
        status: wire.status.and_then(|status| status.parse().ok()),
        assignee: text(wire.assignee),
        last_seen: wire.last_seen,
    })
}

/// Every line of a page; paging is not possible past one that can not be read.
pub(crate) fn all(lines: Vec<Line>) -> Result<Vec<Listed>, CallError> {
    let readable = |line| match line {
        Line::Listed(listed) => Ok(listed),
        Line::Unreadable => {
            let public = "the list of alerts holds one without an id or a time of its last event";
            Err(CallError::new(Class::Permanent, bridge_kuma::SYSTEM, public).with_code("answer"))
        }
    };
    lines.into_iter().map(readable).collect()
}

/// Whether everything was done, or the time was up before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Done,
    Stopped,
}

/// Reads in full and stores what of these lines is ours and says something new.
pub(crate) async fn take(session: &Session<'_>, lines: Vec<Listed>) -> Result<Progress, CallError> {
    let ours: Vec<Listed> = lines.into_iter().filter(|line| session.is_ours(line)).collect();
    let ids: Vec<AlertId> = ours.iter().map(|line| line.id.clone()).collect();
    let mut known = session.app.store.known(&ids).await?;
    let fresh: Vec<(AlertId, Option<Arc<Known>>)> = ours
        .into_iter()
        .filter_map(|line| match known.remove(&line.id) {
            // Not ours to change: the alert was stored for another tenant.
            Some((tenant, _)) if tenant != session.tenant.id => {
                tracing::error!(alert = %line.id, "the id is taken by an alert of another tenant");
                Tally::add(&session.tally.refused, 1);
                None
            }
            Some((_, known)) => wanted(&line, Some(&known)).then(|| (line.id, Some(Arc::new(known)))),
            None => Some((line.id, None)),
        })
        .collect();
    let mut reading = stream::iter(fresh.into_iter().map(|(id, known)| async move {
        if session.has_time() { one(session, &id, known.as_deref()).await } else { Ok(Progress::Stopped) }
    }))
    .buffer_unordered(SLOTS);
    let mut progress = Progress::Done;
    while let Some(read) = reading.next().await {
        if read? == Progress::Stopped {
            progress = Progress::Stopped;
        }
    }
    Ok(progress)
}

async fn one(session: &Session<'_>, id: &AlertId, known: Option<&Known>) -> Result<Progress, CallError> {
    let tally = &session.tally;
    match session.take(id, None, known).await? {
        Taken::Stored(Upserted::Created) => {
            Tally::add(&tally.pulled, 1);
            Tally::add(&tally.brought, 1);
        }
        Taken::Stored(Upserted::Updated) => Tally::add(&tally.pulled, 1),
        // Deleted, or moved to another tenant, since it was listed.
        Taken::Stored(_) | Taken::Absent | Taken::Foreign => {}
        Taken::Refused(reason) => {
            // It would be refused again: the mark goes past it, and the metric raises an alarm.
            tracing::error!(alert = %id, %reason, "an alert can not be stored");
            Tally::add(&tally.refused, 1);
        }
    }
    Ok(Progress::Done)
}

//! Asking NCIRCC whether it has what a row may have sent.

use std::time::Duration;

use bridge_connect::Opened;
use bridge_domain::{
    CallError, Class, Timestamp,
    ledger::{Finding, Remote},
    ncircc::{
        errand::{Errand, FileNote, Row},
        wire::{MARK, marker_line},
    },
};
use bridge_ncircc::{Card, Direction, Ncircc, Property, Query};
use serde_json::Value;

use crate::handler::Parts;

/// How far apart NCIRCC's clock and ours may be. What is older than the first attempt by more is not ours.
const SKEW: Duration = Duration::from_hours(1);
/// Cards of one page: the longest descriptions of as many are some megabytes.
const PAGE: u32 = 200;
/// Candidates that a person is shown.
const CANDIDATES: usize = 10;

/// What there is of a row at NCIRCC.
///
/// # Errors
/// When NCIRCC can not be asked or not be understood.
pub(crate) async fn ask(parts: &Parts, row: &Row, there: &mut Opened<Ncircc>) -> Result<Finding, CallError> {
    let since = row.ledger.first_sent.unwrap_or(row.ledger.requested);
    let since = Timestamp::from_micros(since.micros().saturating_sub(micros(SKEW))).unwrap_or(Timestamp::MIN);
    match &row.errand {
        Errand::Export { body, marker } => notification(parts, body, marker, since, there).await,
        Errand::Comment { uuid, text } => comment(parts, row, uuid, text, since, there).await,
        Errand::Decision { uuid, status, .. } => change(uuid, status, there).await,
        Errand::Supplement { uuid, status, files, .. } => {
            if missing(uuid, files, there).await?.is_empty() {
                change(uuid, status, there).await
            } else {
                // What is missing is sent again, and only that.
                Ok(Finding::Absent)
            }
        }
    }
}

/// A notification by its marker, among all since `since`.
async fn notification(
    parts: &Parts,
    body: &str,
    marker: &str,
    since: Timestamp,
    there: &mut Opened<Ncircc>,
) -> Result<Finding, CallError> {
    let ours: Value = serde_json::from_str(body).unwrap_or_default();
    let mark = marker_line(marker);
    let mut suspects = Vec::new();
    let mut query = Some(Query {
        filter: vec![Property::CreateTime.since(since)],
        sort: vec![(Property::CreateTime, Direction::Ascending)],
        limit: PAGE,
        ..Query::default()
    });
    while let Some(asked) = query {
        let asked_for = &asked;
        let page = there.with_fresh_token(|there| async move { there.list(asked_for).await }).await?;
        if page.rows != page.cards.len() {
            // What can not be read may be ours.
            return Err(unreadable());
        }
        for card in &page.cards {
            match &card.event_description {
                Some(text) if text.contains(&mark) => {
                    return Ok(Finding::Found(remote(card)));
                }
                // Another one of ours has a marker of its own.
                Some(text) if text.contains(MARK) => {}
                _ if resembles(card, &ours) => suspects.push(remote(card)),
                _ => {}
            }
        }
        query = asked.after(&page);
    }
    let uuids: Vec<String> = suspects.iter().map(|suspect: &Remote| suspect.uuid.clone()).collect();
    let known = parts.store.incidents_of(&uuids).await?;
    suspects.retain(|suspect| !known.iter().any(|(uuid, _)| *uuid == suspect.uuid));
    if suspects.is_empty() {
        return Ok(Finding::Absent);
    }
    suspects.truncate(CANDIDATES);
    Ok(Finding::CannotTell {
        why: "NCIRCC has a notification that resembles this one and does not have its mark".to_owned(),
        candidates: suspects,
    })
}

/// Whether a card says what the notification says, as far as NCIRCC does not change it.
fn resembles(card: &Card, ours: &Value) -> bool {
    let text = |name: &str| ours.get(name).and_then(Value::as_str);
    let same = |theirs: &Option<String>, name: &str| {
        theirs.as_deref().is_none_or(|theirs| Some(theirs) == text(name))
    };
    let detected = text("detect_time").and_then(|text| text.parse::<Timestamp>().ok());
    same(&card.category, "category")
        && same(&card.kind, "type")
        && same(&card.affected_system_name, "affected_system_name")
        && card.detected.is_none_or(|theirs| {
            detected.is_none_or(|ours| ours.micros() / SECOND == theirs.micros() / SECOND)
        })
}

const SECOND: i64 = 1_000_000;

fn remote(card: &Card) -> Remote {
    Remote { uuid: card.uuid.clone(), identifier: card.identifier.clone().unwrap_or_default() }
}

/// A comment by its text, among those that no other row is known to have made.
async fn comment(
    parts: &Parts,
    row: &Row,
    uuid: &str,
    text: &str,
    since: Timestamp,
    there: &mut Opened<Ncircc>,
) -> Result<Finding, CallError> {
    let ask = |there: Ncircc| async move { there.incident_comments(uuid, Some(since)).await };
    let comments = there.with_fresh_token(ask).await?;
    let rows = parts.store.rows(&row.incident).await?;
    let taken = |id: &str| {
        rows.iter().any(|other| {
            other.value.id != row.id
                && other.value.ledger.remote.as_ref().is_some_and(|remote| remote.uuid == id)
        })
    };
    let ours = comments.into_iter().find(|comment| comment.text.trim() == text.trim() && !taken(&comment.id));
    Ok(match ours {
        Some(comment) => Finding::Found(Remote { uuid: comment.id, identifier: String::new() }),
        None => Finding::Absent,
    })
}

/// Whether a card has the status that a change gives it.
async fn change(uuid: &str, status: &str, there: &mut Opened<Ncircc>) -> Result<Finding, CallError> {
    let query = &Query { filter: vec![Property::Uuid.is(uuid)], limit: 1, ..Query::default() };
    let page = there.with_fresh_token(|there| async move { there.list(query).await }).await?;
    let Some(card) = page.cards.iter().find(|card| card.uuid == uuid) else {
        return Err(unreadable());
    };
    Ok(match card.status.as_deref() {
        Some(theirs) if theirs == status => Finding::Found(remote(card)),
        // A change sets one state and can be made again: that it is not there is all there is to know.
        Some(_) => Finding::Absent,
        None => return Err(unreadable()),
    })
}

/// The numbers of the files that NCIRCC does not have.
///
/// # Errors
/// When NCIRCC can not be asked.
pub(crate) async fn missing(
    uuid: &str,
    files: &[FileNote],
    there: &mut Opened<Ncircc>,
) -> Result<Vec<usize>, CallError> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let known = there.with_fresh_token(|there| async move { there.files(uuid).await }).await?;
    let has = |note: &FileNote| {
        known.iter().any(|file| {
            file.size.is_none_or(|size| size == note.size)
                && match &file.sha1 {
                    Some(sha1) => sha1.eq_ignore_ascii_case(&note.sha1),
                    None => file.name.as_deref() == Some(&note.name),
                }
        })
    };
    Ok((0..).zip(files).filter(|(_, note)| !has(note)).map(|(number, _)| number).collect())
}

fn unreadable() -> CallError {
    let text = "NCIRCC's list can not be read, so nobody knows what it has";
    CallError::new(Class::Transient, bridge_ncircc::SYSTEM, text).with_code("answer")
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

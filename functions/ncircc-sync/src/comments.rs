//! What was said at NCIRCC about what is known here.

use std::collections::HashMap;

use bridge_domain::{
    IncidentId,
    incident::{COMMENT_LIMIT, Comment, Speaker},
    ledger::State,
    ncircc::{
        errand::{Errand, Row as LedgerRow},
        sync::{PAGE, Row, Walk, begin},
    },
};
use bridge_ncircc::{Comment as Remote, CommentQuery};

use crate::session::{Halt, Session};

/// Reads every comment since the run before, page by page.
pub(crate) async fn read(session: &mut Session<'_>) -> Result<(), Halt> {
    let mut walk = Walk::new(begin(session.mark.comments, session.settings.created, session.began));
    loop {
        let query = &CommentQuery {
            since: Some(walk.since()),
            incidents: Vec::new(),
            limit: PAGE,
            offset: walk.offset(),
        };
        let page = session.call(|there| async move { there.comments(query).await }).await?;
        let rows: Vec<Row<'_>> =
            page.comments.iter().map(|comment| Row { id: &comment.id, at: comment.created }).collect();
        let taken = walk.take(&rows, page.rows, page.next)?;
        let mut comments: Vec<Option<Remote>> = page.comments.into_iter().map(Some).collect();
        let fresh = taken.fresh.iter().filter_map(|index| comments.get_mut(*index)?.take()).collect();
        store(session, fresh).await?;
        session.mark.comments_read(walk.reached(), session.began);
        session.save().await?;
        if taken.last {
            return Ok(());
        }
    }
}

/// Reads every comment on one card.
pub(crate) async fn read_all(session: &mut Session<'_>, uuid: &str) -> Result<(), Halt> {
    let mut comments = session.call(|there| async move { there.incident_comments(uuid, None).await }).await?;
    for comment in &mut comments {
        comment.incident.get_or_insert_with(|| uuid.to_owned());
    }
    store(session, comments).await
}

/// Stores those that are about incidents and not here yet.
async fn store(session: &mut Session<'_>, comments: Vec<Remote>) -> Result<(), Halt> {
    let mut uuids: Vec<String> = comments.iter().filter_map(|comment| comment.incident.clone()).collect();
    uuids.sort_unstable();
    uuids.dedup();
    let known: HashMap<String, IncidentId> =
        session.app.store.incidents_of(&uuids).await?.into_iter().collect();
    for uuid in uuids.iter().filter(|uuid| !known.contains_key(*uuid)) {
        session.mark.meet(uuid, session.began);
    }
    let ours = comments.into_iter().filter_map(|remote| {
        let id = known.get(remote.incident.as_ref()?)?.clone();
        let comment = comment(remote);
        if comment.is_none() {
            tracing::warn!(incident = %id, "a comment without a usable id or time is passed over");
        }
        Some((id, comment?))
    });
    let mut missing = session.app.store.missing_comments(ours.collect()).await?;
    // All of one incident together: its ledger is read once.
    missing.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut ledger: Option<(IncidentId, Vec<LedgerRow>)> = None;
    for (incident, mut comment) in missing {
        if ledger.as_ref().is_none_or(|(of, _)| *of != incident) {
            let rows = session.app.store.rows(&incident).await?;
            ledger = Some((incident.clone(), rows.into_iter().map(|row| row.value).collect()));
        }
        let rows = ledger.as_ref().map(|(_, rows)| rows.as_slice()).unwrap_or_default();
        if rows.iter().any(|row| wrote(row, &comment)) {
            comment.from = Speaker::Export;
        }
        session.app.store.put_comment(&incident, &comment).await?;
        session.tally.comments += 1;
    }
    Ok(())
}

/// A comment as it is kept here. Its id and its time are its place: the same comment is stored once.
fn comment(remote: Remote) -> Option<Comment> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if remote.id.len() > 64 || !remote.id.bytes().all(plain) {
        return None;
    }
    Some(Comment {
        id: format!("{PREFIX}{}", remote.id),
        at: remote.created?,
        from: Speaker::Ncircc,
        author: remote.login.unwrap_or_default(),
        text: remote.text.chars().take(COMMENT_LIMIT).collect(),
    })
}

/// What the ids of comments of NCIRCC's begin with.
const PREFIX: &str = "ncircc-";

/// Whether a row of the ledger made this comment. One whose answer is still out, or was lost, is known by
/// what it says.
fn wrote(row: &LedgerRow, comment: &Comment) -> bool {
    let Errand::Comment { text, .. } = &row.errand else { return false };
    match (&row.ledger.remote, &row.ledger.state) {
        (Some(remote), _) => comment.id.strip_prefix(PREFIX) == Some(&*remote.uuid),
        (None, State::Failed) => false,
        (None, _) => row.ledger.sends > 0 && text.trim() == comment.text.trim(),
    }
}

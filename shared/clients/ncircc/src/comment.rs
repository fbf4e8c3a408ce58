//! Comments: the conversation with NCIRCC about one card.

use std::fmt;

use bridge_domain::{CallError, Timestamp};
use serde_json::{Value, json};

use crate::{
    answer::{Good, STRANGE},
    date,
    query::{Direction, PAGE, sorted},
    value,
};

/// A comment.
#[derive(Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: String,
    /// The uuid of the card that it is about.
    pub incident: Option<String>,
    /// Who wrote it: whoever is not the owner of our token is at NCIRCC, or a colleague.
    pub login: Option<String>,
    /// What it says.
    pub text: String,
    /// When it was written, by NCIRCC's clock.
    pub created: Option<Timestamp>,
}

impl fmt::Debug for Comment {
    /// Neither its text nor its author.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comment")
            .field("id", &self.id)
            .field("incident", &self.incident)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

/// A page of comments to ask for, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentQuery {
    /// Only those from this moment on.
    pub since: Option<Timestamp>,
    /// Only those about these cards, by uuid; about every card when empty.
    pub incidents: Vec<String>,
    /// Most comments, up to [`crate::MAX_LIMIT`].
    pub limit: u32,
    /// How many are left out first.
    pub offset: u64,
}

impl Default for CommentQuery {
    /// The first page of all.
    fn default() -> Self {
        Self { since: None, incidents: Vec::new(), limit: PAGE, offset: 0 }
    }
}

impl CommentQuery {
    /// The query for the page after `page`, which this one gave; `None` after the last.
    #[must_use]
    pub fn after(&self, page: &CommentPage) -> Option<Self> {
        let rows = u64::try_from(page.rows).unwrap_or(u64::MAX);
        page.next.then(|| Self { offset: self.offset.saturating_add(rows), ..self.clone() })
    }

    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut filter = since(self.since);
        match self.incidents.as_slice() {
            [] => {}
            [one] => filter.push(condition("incident_uuid", "=", one)),
            several => filter.push(condition("incident_uuid", "in", several)),
        }
        let mut pairs = Vec::with_capacity(4);
        if !filter.is_empty() {
            pairs.push(("filter", Value::from(filter).to_string()));
        }
        pairs.push(("sort", sorted([("create_time", Direction::Ascending)])));
        pairs.push(("limit", self.limit.to_string()));
        pairs.push(("offset", self.offset.to_string()));
        pairs
    }
}

/// One page of comments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommentPage {
    /// The comments.
    pub comments: Vec<Comment>,
    /// How many rows came: one without an id or a text is no comment.
    pub rows: usize,
    /// Whether there are more.
    pub next: bool,
}

impl Comment {
    fn read(row: Value) -> Option<Self> {
        let Value::Object(mut row) = row else { return None };
        let mut first = |names: &[&str]| names.iter().find_map(|name| value::take_text(&mut row, name));
        Some(Self {
            id: first(&["id"])?,
            incident: first(&["incident.uuid", "incident_uuid"]),
            login: first(&["login"]),
            text: first(&["text", "comment"])?,
            created: ["create_time", "createdAt"].iter().find_map(|name| value::take_moment(&mut row, name)),
        })
    }
}

/// The filter for comments from a moment on.
pub(crate) fn since(at: Option<Timestamp>) -> Vec<Value> {
    at.map(|at| condition("create_time", ">=", date(at))).into_iter().collect()
}

fn condition(property: &str, operator: &str, value: impl serde::Serialize) -> Value {
    json!({"property": property, "operator": operator, "value": value})
}

/// A page of at most `limit` comments; without a limit it is all there are.
pub(crate) fn page(answer: Good, limit: Option<u32>) -> Result<CommentPage, CallError> {
    let (answer, data) = answer.parts();
    let (rows, next) = data.and_then(value::rows).ok_or_else(|| answer.unreadable(STRANGE))?;
    let count = rows.len();
    let is_full = limit.and_then(|limit| usize::try_from(limit).ok()).is_some_and(|limit| count >= limit);
    let next = count > 0 && next.unwrap_or(is_full);
    Ok(CommentPage { comments: rows.into_iter().filter_map(Comment::read).collect(), rows: count, next })
}

/// The id of the comment that NCIRCC says it has added.
pub(crate) fn id(answer: Good) -> Result<String, CallError> {
    let (answer, data) = answer.parts();
    let id = data.and_then(value::one).and_then(|mut row| value::take_text(&mut row, "id"));
    id.ok_or_else(|| answer.unreadable("does not say which comment it has added"))
}

//! What is said about an incident.

use bridge_domain::{
    IncidentId, RowId,
    form::{self, line},
    incident::{COMMENT_LIMIT, Comment, Speaker},
    query::Query,
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::keys::Moment;
use serde_json::Value;

use crate::{bridge::only, desk::Desk, handler::bad_parameter};

/// Comments on a page: as many of the longest ones as an answer holds.
const PAGE: u16 = 100;

/// `GET /bridge/v1/incidents/{id}/comments`: oldest first; `page` from 1, 100 each.
pub(crate) async fn list(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let page = Query::parse(&request.raw_query).page().map_err(bad_parameter)?;
    let incident = desk.find(request.path_parameter("id")).await?.value.id;
    Ok(Answer::json(200, &read(desk, &incident, page).await?))
}

async fn read(desk: &Desk<'_>, incident: &IncidentId, page: u32) -> Result<Vec<Comment>, HttpError> {
    let mut skip = u64::from(page - 1) * u64::from(PAGE);
    let mut after: Option<Moment> = None;
    let mut shown = Vec::new();
    while shown.len() < usize::from(PAGE) {
        // The table may give fewer than asked for; nothing at all only at the end.
        let share = desk.store().comments(incident, after.as_ref(), PAGE).await?;
        let Some(last) = share.last() else { break };
        after = Some(Moment { at: last.at, id: last.id.clone() });
        for comment in share {
            if skip > 0 {
                skip -= 1;
            } else if shown.len() < usize::from(PAGE) {
                shown.push(comment);
            }
        }
    }
    Ok(shown)
}

/// `POST /bridge/v1/incidents/{id}/comments`
pub(crate) async fn add(desk: &Desk<'_>, request: &Request) -> Result<Answer, HttpError> {
    let text = only(request, "text", text)?;
    let made = desk.comment(request.path_parameter("id"), text).await?;
    Ok(Answer::json(201, &made))
}

/// Reads what is to be said: something, of one or several lines.
pub(crate) fn text(value: Value) -> Result<String, String> {
    let wrong = || format!("must be 1 to {COMMENT_LIMIT} characters, not only blanks");
    let text = form::text(value)?;
    // Line breaks and tabs are what several lines are made of.
    let flat: String = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    line(COMMENT_LIMIT)(Value::String(flat)).map_err(|_| wrong())?;
    Ok(text)
}

impl Desk<'_> {
    /// Keeps a comment for colleagues. A closed incident may still be spoken of.
    pub(crate) async fn comment(&self, id: &str, text: String) -> Result<Comment, HttpError> {
        let incident = self.find(id).await?.value;
        self.routes(&incident.tenant).await?;
        let author = if self.user.login.is_empty() { self.user.name.as_str() } else { &self.user.login };
        let comment = Comment {
            id: RowId::random().to_string(),
            at: self.now,
            from: Speaker::Operator,
            author: author.to_owned(),
            text,
        };
        self.store().put_comment(&incident.id, &comment).await?;
        Ok(comment)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comment_has_lines_and_no_control_characters() {
        let long = "ю".repeat(COMMENT_LIMIT);
        for good in ["x", "one\r\n\ttwo", &long] {
            assert_eq!(text(json!(good)).unwrap(), good);
        }
        for bad in [json!(""), json!(" \n"), json!("a\0b"), json!(format!("{long}x")), json!(5), json!(null)]
        {
            assert!(text(bad).is_err());
        }
    }
}

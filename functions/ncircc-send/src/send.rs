//! Doing at NCIRCC what a row says.

use std::time::Duration;

use bridge_connect::Opened;
use bridge_domain::{
    CallError, Class,
    ledger::{AUTH_DELAY, Outcome, Remote},
    ncircc::errand::{Errand, FileNote, Row},
};
use bridge_ncircc::{Attachment, Ncircc};

use crate::{ask, handler::Parts};

/// Delay after NCIRCC asked for fewer requests without saying for how long.
const SLOW_DOWN: Duration = Duration::from_mins(1);

/// Sends what a row owes; gives what NCIRCC calls it.
///
/// # Errors
/// `Unknown` when it may have been done.
pub(crate) async fn send(parts: &Parts, row: &Row, there: &mut Opened<Ncircc>) -> Result<Remote, CallError> {
    match &row.errand {
        Errand::Export { body, .. } => {
            let created = there.with_fresh_token(|there| async move { there.create(body).await }).await?;
            Ok(Remote { uuid: created.uuid, identifier: created.identifier.unwrap_or_default() })
        }
        Errand::Comment { uuid, text } => {
            let id = there.with_fresh_token(|there| async move { there.comment(uuid, text).await }).await?;
            Ok(Remote { uuid: id, identifier: String::new() })
        }
        Errand::Decision { uuid, body, .. } => {
            there.with_fresh_token(|there| async move { there.update(body).await }).await?;
            Ok(Remote { uuid: uuid.clone(), identifier: String::new() })
        }
        Errand::Supplement { uuid, company, body, files, .. } => {
            // Files first: the change ends NCIRCC's wish for them. What an earlier attempt left there
            // is not attached again.
            for number in ask::missing(uuid, files, there).await? {
                let Some((number, note)) = u32::try_from(number).ok().zip(files.get(number)) else {
                    continue;
                };
                let attachment = attachment(parts, row, number, note).await?;
                let attachment = &attachment;
                let attach = |there: Ncircc| async move {
                    there.attach(uuid, Some(company), vec![attachment.clone()]).await
                };
                there.with_fresh_token(attach).await?;
            }
            there.with_fresh_token(|there| async move { there.update(body).await }).await?;
            Ok(Remote { uuid: uuid.clone(), identifier: String::new() })
        }
    }
}

async fn attachment(parts: &Parts, row: &Row, number: u32, note: &FileNote) -> Result<Attachment, CallError> {
    let bytes = parts.store.file(&row.incident, &row.id, number, note.parts).await?;
    let bytes = bytes.ok_or_else(|| {
        CallError::new(
            Class::Permanent,
            "store",
            "a file of the supplement is gone: send the supplement again",
        )
    })?;
    let (name, content_type) = (note.name.clone(), note.content_type.clone());
    Ok(Attachment { name, content_type, bytes: bytes.into() })
}

/// What a failure of sending means for the row.
pub(crate) fn outcome(error: &CallError) -> Outcome {
    let text = error.public.clone().into_owned();
    match error.class {
        Class::Unknown => Outcome::Unknown { error: text },
        Class::Transient | Class::RateLimited | Class::Auth => not_done(error),
        Class::Invalid | Class::NotFound | Class::Conflict | Class::Permanent => {
            Outcome::Refused { error: text }
        }
    }
}

/// It surely was not done, and it is tried again.
pub(crate) fn not_done(error: &CallError) -> Outcome {
    let after = match error.class {
        Class::Transient | Class::RateLimited | Class::Unknown => wish(error),
        // Nothing helps but somebody who changes something: a token, a setting.
        _ => Some(AUTH_DELAY),
    };
    Outcome::NotDone { error: error.public.clone().into_owned(), after }
}

/// When NCIRCC wants to be called again, if it said so.
pub(crate) fn wish(error: &CallError) -> Option<Duration> {
    match error.class {
        Class::RateLimited => Some(error.retry_after.unwrap_or(SLOW_DOWN)),
        Class::Auth => Some(AUTH_DELAY),
        _ => error.retry_after,
    }
}

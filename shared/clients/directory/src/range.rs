//! Attributes with so many values that a server sends them in parts: `member;range=0-1499`.

use bytes::Bytes;
use ldap3::Scope;
use tokio::time::Instant;

use crate::{
    directory::Connection,
    entry::{Entry, Held},
    fault::Fault,
    session::Question,
};

/// Most values of one attribute: beyond that it is no list that anybody reads.
const MAX_VALUES: usize = 100_000;

/// Most bytes that the entries of one page take in beside those that came with the page.
const MAX_MORE: usize = 48 * 1024 * 1024;

/// Fetches what is missing of those attributes of a page that came in part, until `deadline`.
pub(crate) async fn complete(
    connection: &mut Connection,
    entries: &mut [Entry],
    deadline: Instant,
) -> Result<(), Fault> {
    let mut left = MAX_MORE;
    for entry in entries {
        for at in 0..entry.attributes().len() {
            while let Some((name, next)) = missing(entry, at)? {
                let more = fetch(connection, entry, &name, next, deadline).await?;
                let size = more.values.iter().map(Bytes::len).sum();
                left = left.checked_sub(size).ok_or(Fault::TooLarge)?;
                entry.extend(at, more);
            }
        }
    }
    Ok(())
}

/// The name of an attribute that is not whole, and the number of its first value that is missing.
fn missing(entry: &Entry, at: usize) -> Result<Option<(String, u32)>, Fault> {
    let Some(attribute) = entry.attributes().get(at) else {
        return Ok(None);
    };
    let Some(range) = attribute.range else {
        return Ok(None);
    };
    let Some(last) = range.last else {
        return Ok(None);
    };
    let next = last.checked_add(1).ok_or(Fault::Ranges)?;
    let held = u32::try_from(attribute.values.len()).map_err(|_| Fault::Ranges)?;
    // What is counted must be what came; otherwise values would be lost, or come for ever.
    if held != next || attribute.values.len() > MAX_VALUES {
        return Err(Fault::Ranges);
    }
    Ok(Some((attribute.name.as_str().to_owned(), next)))
}

async fn fetch(
    connection: &mut Connection,
    entry: &Entry,
    name: &str,
    next: u32,
    deadline: Instant,
) -> Result<Held, Fault> {
    let question = Question {
        base: entry.dn().ok_or(Fault::Ranges)?,
        scope: Scope::Base,
        filter: "(objectClass=*)",
        attributes: &[format!("{name};range={next}-*")],
        controls: Vec::new(),
        limit: 1,
    };
    let reply = connection.session().ask(question, deadline).await?;
    match Fault::of_code(reply.result.rc) {
        None => {}
        // Deleted or moved since its page came.
        Some(Fault::BaseNotFound) => return Err(Fault::Ranges),
        Some(fault) => return Err(fault),
    }
    let found = reply.entries.into_iter().next().and_then(|entry| entry.take(name)).ok_or(Fault::Ranges)?;
    match found.range {
        Some(range) if range.first == next && !found.values.is_empty() => Ok(found),
        _ => Err(Fault::Ranges),
    }
}

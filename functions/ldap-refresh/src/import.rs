//! The import itself: pages of entries become accounts, and what is no longer received begins to expire.

use std::{borrow::Cow, time::Duration};

use bridge_connect::Reach;
use bridge_directory::{Attribute, Credentials, Directory, Filter, Request};
use bridge_domain::{
    CallError, Timestamp,
    import::{
        connection::Connection as AnyConnection,
        engine::{Counts, End, Marking},
        task::{Ending, Progress, Task, Trigger},
    },
    ldap::{account::Received, connection::Connection},
};
use bridge_importing::{Halt, Session};
use bridge_store::{ImportError, ImportRun};
use futures_util::future;
use tokio::time::timeout;

use crate::app::Parts;

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    pub(crate) counts: Counts,
    /// A word for what went wrong; empty when nothing did.
    pub(crate) code: Cow<'static, str>,
}

/// Why the reading stopped before its end.
struct Cut {
    why: String,
    code: Cow<'static, str>,
}

impl Cut {
    fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self { why: why.into(), code: code.into() }
    }

    fn failed(self) -> Ended {
        Ended { ending: Ending::Failed { why: self.why }, counts: Counts::default(), code: self.code }
    }
}

impl From<CallError> for Cut {
    fn from(error: CallError) -> Self {
        Self { why: error.public.into_owned(), code: error.code }
    }
}

impl From<bridge_directory::Error> for Cut {
    fn from(error: bridge_directory::Error) -> Self {
        Self::new(error.class(), error.public())
    }
}

/// Runs the task of a session.
///
/// # Errors
/// When the run has to stop without a word: somebody else took over, or the store failed.
pub(crate) async fn run(parts: &Parts, session: &mut Session) -> Result<Ended, Halt> {
    let began = parts.clock.now();
    let task = session.task().clone();
    let imports = parts.store.imports(task.kind, &task.tenant).await?;
    let settings = imports.effective(task.kind, &task.tenant, began);
    let farewell = matches!(task.trigger, Trigger::Deleted { .. });
    let connection = match imports.connection(&task.connection) {
        Some(kept) if kept.value.is_disabled(&settings) => {
            let why = "the connection, or the integration of its tenant, is disabled";
            return Ok(Cut::new("disabled", why).failed());
        }
        Some(kept) => match &kept.value.connection {
            AnyConnection::Ldap(connection) => Some(connection.clone()),
        },
        None if farewell => None,
        None => return Ok(Cut::new("deleted", "the connection was deleted").failed()),
    };
    let open_run =
        || ImportRun::begin(parts.inventory.clone(), task.connection.clone(), began, settings.storage_days);
    let Some(connection) = connection else {
        // Nothing is received any more: all of it is gone, and somebody said so.
        let run = match open_run().await {
            Ok(run) => run,
            Err(error) => return unable(error, &Counts::default()),
        };
        return Box::pin(retire(session, run)).await;
    };
    let (directory, credentials) = match open(parts, &connection).await {
        Ok(opened) => opened,
        Err(error) => return Ok(Cut::from(error).failed()),
    };
    let connected = session.during(timeout(left(parts, began), directory.connect(&credentials))).await?;
    let mut controller = match connected {
        Ok(Ok(controller)) => controller,
        Ok(Err(error)) => return Ok(Cut::from(error).failed()),
        Err(_) => return Ok(time_up().failed()),
    };
    tracing::info!(task = %task.id, connection = %connection.id, server = %controller.server(), "signed in");
    let mut run = match open_run().await {
        Ok(run) => run,
        Err(error) => return unable(error, &Counts::default()),
    };
    let mut search = controller.search(request(&connection));
    let mut page = session.during(timeout(left(parts, began), search.next_page())).await?;
    let cut = loop {
        let entries = match page {
            Ok(Ok(Some(entries))) => entries,
            Ok(Ok(None)) => break None,
            Ok(Err(error)) => break Some(Cut::from(error)),
            Err(_) => break Some(time_up()),
        };
        // Before anything is written: whoever lost the lane must not.
        session.beat(progress(&run)).await?;
        // The server is at the next page while this one is stored.
        let next = timeout(left(parts, began), search.next_page());
        let both = future::join(next, store(&mut run, &task, entries, began));
        let (next, stored) = Box::pin(session.during(both)).await?;
        match stored {
            Ok(()) => page = next,
            Err(Stop::Cut(cut)) => break Some(cut),
            Err(Stop::Import(error)) => return unable(error, run.counts()),
        }
    };
    if search.progress().references > 0 {
        tracing::info!(task = %task.id, references = search.progress().references, "other domains are left out");
    }
    session.beat(progress(&run)).await?;
    Box::pin(end(session, run, cut, task.confirmed)).await
}

fn progress(run: &ImportRun) -> Progress {
    Progress { seen: run.counts().seen, expected: run.expected() }
}

/// Ends a run whose reading is over, and says how it went.
async fn end(
    session: &mut Session,
    run: ImportRun,
    cut: Option<Cut>,
    confirmed: bool,
) -> Result<Ended, Halt> {
    let known = *run.counts();
    let end = if cut.is_some() { End::CutOff } else { End::Complete };
    let (counts, marking) = match Box::pin(session.during(run.finish(end, confirmed))).await? {
        Ok(done) => done,
        Err(error) => return unable(error, &known),
    };
    Ok(match (cut, marking) {
        (Some(cut), _) if counts.seen == 0 => cut.failed(),
        (Some(Cut { why, code }), _) => {
            let why = format!("{why}; the {} accounts received before are stored", counts.seen);
            Ended { ending: Ending::Incomplete { why }, counts, code }
        }
        (None, Marking::Shrank { seen, before }) => {
            let why = format!(
                "{seen} accounts were received, the last time {before}: less than half is not believed, so \
                 none was marked as gone. If it is right, import once more with \"confirmed\": true"
            );
            Ended { ending: Ending::Incomplete { why }, counts, code: "shrank".into() }
        }
        (None, Marking::Done | Marking::CutOff) => {
            Ended { ending: Ending::Completed, counts, code: "".into() }
        }
    })
}

/// Ends the last run of a connection that was deleted.
async fn retire(session: &mut Session, run: ImportRun) -> Result<Ended, Halt> {
    let known = *run.counts();
    match Box::pin(session.during(run.retire())).await? {
        Ok(counts) => Ok(Ended { ending: Ending::Completed, counts, code: "".into() }),
        Err(error) => unable(error, &known),
    }
}

/// What a run says that can not go on.
fn unable(error: ImportError, counts: &Counts) -> Result<Ended, Halt> {
    let (ending, code) = match error {
        ImportError::Lost => return Err(Halt::Lost),
        ImportError::Call(error) => return Err(Halt::Call(error)),
        ImportError::Full(full) => (Ending::Incomplete { why: full.to_string() }, "full"),
        ImportError::Corrupt(corrupt) => (Ending::Failed { why: corrupt.to_string() }, "corrupt"),
    };
    Ok(Ended { ending, counts: *counts, code: code.into() })
}

/// The time that is left for the import.
fn left(parts: &Parts, began: Timestamp) -> Duration {
    parts.work_limit.saturating_sub(began.until(parts.clock.now()))
}

fn time_up() -> Cut {
    Cut::new("time", "time was up: narrow the search base or the filter, or split the connection in two")
}

async fn open(parts: &Parts, connection: &Connection) -> Result<(Directory, Credentials), CallError> {
    let credentials = parts.vault.credentials(&connection.tenant, &connection.credentials).await?;
    let directory = parts.vault.directory(Reach::from(connection)).await?;
    Ok((directory, credentials))
}

fn request(connection: &Connection) -> Request {
    // They were checked when the connection was saved.
    let attributes = connection.attributes.iter().filter_map(|name| name.parse::<Attribute>().ok());
    Request::new(connection.base_dn.as_str(), Filter::from(&connection.filter), attributes)
}

/// Why a page is not stored.
enum Stop {
    Cut(Cut),
    Import(ImportError),
}

/// Takes in a page of the import that began then.
async fn store(
    run: &mut ImportRun,
    task: &Task,
    entries: Vec<bridge_directory::Entry>,
    began: Timestamp,
) -> Result<(), Stop> {
    let received = entries.into_iter().map(|entry| received(task, entry, began));
    let page = received.collect::<Result<Vec<_>, _>>().map_err(Stop::Cut)?;
    run.page(page).await.map_err(Stop::Import)
}

fn received(task: &Task, entry: bridge_directory::Entry, at: Timestamp) -> Result<Received, Cut> {
    let entry =
        entry.for_import().ok_or_else(|| Cut::new("entry", "an entry came with a name that is no text"))?;
    Received::read(task.tenant.clone(), task.connection.clone(), entry, at)
        .map_err(|missing| Cut::new("guid", missing.to_string()))
}

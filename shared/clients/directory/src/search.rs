//! Searches, page by page (RFC 2696).

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
};

use ldap3::controls::{PagedResults, RawControl};

use crate::{
    attribute::Attribute,
    ber,
    directory::Connection,
    entry::Entry,
    fault::{Error, Fault},
    filter::Filter,
    range,
    session::{Question, Reply},
};

pub use ldap3::Scope;

/// Entries per page, when nothing else is set. Twice as many are the most that Active Directory sends;
/// half of that keeps memory low at the same speed.
pub const PAGE: u32 = 500;
/// Most entries of a search, when nothing else is set.
pub const MAX_ENTRIES: u64 = 1_000_000;
/// Most empty pages in a row. A controller may send some when its time for a page is up before it has
/// found anything.
const MAX_EMPTY: u32 = 50;

/// The paging control.
const PAGED: &str = "1.2.840.113556.1.4.319";
/// Asks Active Directory to send no references to other domains.
const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";

/// What a search asks for.
#[derive(Clone, Debug)]
pub struct Request {
    base: String,
    scope: Scope,
    filter: Filter,
    attributes: Vec<String>,
    page: u32,
    max_entries: u64,
}

impl Request {
    /// A search of the tree at and below `base` for these attributes; all of them when none is named.
    pub fn new(base: &str, filter: Filter, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        Self {
            base: base.to_owned(),
            scope: Scope::Subtree,
            filter,
            attributes: attributes.into_iter().map(|name| name.as_str().to_owned()).collect(),
            page: PAGE,
            max_entries: MAX_ENTRIES,
        }
    }

    /// The same with another scope.
    #[must_use]
    pub const fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same with so many entries per page, 1 to 1000.
    #[must_use]
    pub fn with_page(mut self, page: u32) -> Self {
        self.page = page.clamp(1, 1000);
        self
    }

    /// The same with another limit of entries; more are an error.
    #[must_use]
    pub const fn with_max_entries(mut self, limit: u64) -> Self {
        self.max_entries = limit;
        self
    }
}

/// What a search has brought so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pages received.
    pub pages: u64,
    /// Entries received.
    pub entries: u64,
    /// References to other servers, which are not followed.
    pub references: u64,
    /// Whether this is the whole: the server said success on the last page, and that it was the last.
    pub complete: bool,
}

enum State {
    /// The cookie for the next page; empty for the first.
    Next(Vec<u8>),
    Complete,
    Failed(Fault),
}

/// A search that is under way. One page is in memory at a time: the next is asked for only when it is
/// wanted.
pub struct Search<'a> {
    connection: &'a mut Connection,
    request: Request,
    state: State,
    progress: Progress,
    hasher: RandomState,
    /// The first entries of the pages, as hashes.
    first: HashSet<u64>,
    empty: u32,
}

impl<'a> Search<'a> {
    pub(crate) fn new(connection: &'a mut Connection, request: Request) -> Self {
        Self {
            connection,
            request,
            state: State::Next(Vec::new()),
            progress: Progress::default(),
            hasher: RandomState::new(),
            first: HashSet::new(),
            empty: 0,
        }
    }

    /// What the search has brought so far.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// The entries of the next page; `None` after the last one, and only when the search is complete.
    ///
    /// # Errors
    ///
    /// When a page fails, the first or a later one. The search is over then, and what came before is
    /// not the whole; every further call fails as well.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Entry>>, Error> {
        loop {
            let cookie = match &mut self.state {
                State::Complete => return Ok(None),
                State::Failed(fault) => return Err(self.connection.error(*fault)),
                State::Next(cookie) => std::mem::take(cookie),
            };
            match self.page(cookie).await {
                Ok(entries) if entries.is_empty() => {}
                Ok(entries) => return Ok(Some(entries)),
                Err(fault) => {
                    self.state = State::Failed(fault);
                    return Err(self.connection.error(fault));
                }
            }
        }
    }

    async fn page(&mut self, cookie: Vec<u8>) -> Result<Vec<Entry>, Fault> {
        // Should the caller drop this half-way, no further page is asked for.
        self.state = State::Failed(Fault::Spent);
        let later = !cookie.is_empty();
        // One entry needs no pages, and the root of the tree is not to be asked for them.
        let paged = self.request.scope != Scope::Base;
        let left = self.request.max_entries.saturating_sub(self.progress.entries);
        let question = Question {
            base: &self.request.base,
            scope: self.request.scope,
            filter: self.request.filter.as_str(),
            attributes: &self.request.attributes,
            controls: if paged { controls(self.request.page, cookie) } else { Vec::new() },
            limit: usize::try_from(left).unwrap_or(usize::MAX),
        };
        let deadline = self.connection.deadline();
        let Reply { mut entries, references, result } =
            self.connection.session().ask(question, deadline).await?;
        if let Some(fault) = Fault::of_code(result.rc) {
            return Err(fault);
        }
        let next = match result.ctrls.iter().find(|control| control.1.ctype == PAGED) {
            Some(control) => next_cookie(control.1.val.as_deref().unwrap_or_default())?,
            // Just as many as one page has may be the first of several, whose control got lost on the way.
            None if later || (paged && entries.len() as u64 == u64::from(self.request.page)) => {
                return Err(Fault::PagingLost);
            }
            // A server that knows no paging has sent everything at once.
            None => Vec::new(),
        };
        self.check_progress(&entries, !next.is_empty())?;
        let deadline = self.connection.deadline();
        range::complete(self.connection, &mut entries, deadline).await?;
        self.progress.pages += 1;
        self.progress.entries += entries.len() as u64;
        self.progress.references += references;
        self.progress.complete = next.is_empty();
        self.state = if next.is_empty() { State::Complete } else { State::Next(next) };
        Ok(entries)
    }

    /// Whether the search comes nearer to its end. The cookie does not tell: Samba sends the same one
    /// with every page of a search, and rightly so.
    fn check_progress(&mut self, entries: &[Entry], more: bool) -> Result<(), Fault> {
        match entries.first() {
            Some(first) => {
                self.empty = 0;
                if !self.first.insert(self.hasher.hash_one(first.raw_dn())) {
                    return Err(Fault::EndlessPages);
                }
            }
            None => self.empty += 1,
        }
        if more && self.empty > MAX_EMPTY { Err(Fault::EndlessPages) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search").field("progress", &self.progress).finish_non_exhaustive()
    }
}

fn controls(page: u32, cookie: Vec<u8>) -> Vec<RawControl> {
    let size = i32::try_from(page).unwrap_or(i32::MAX);
    let scope = RawControl { ctype: DOMAIN_SCOPE.to_owned(), crit: false, val: None };
    vec![PagedResults { size, cookie }.into(), scope]
}

/// The cookie in the value of the paging control.
fn next_cookie(mut value: &[u8]) -> Result<Vec<u8>, Fault> {
    let read = |value: &mut &[u8]| {
        let mut inner = ber::take_tag(value, 0x30)?;
        ber::take_tag(&mut inner, 0x02)?;
        ber::take_tag(&mut inner, 0x04).map(<[u8]>::to_vec)
    };
    read(&mut value).ok_or(Fault::Garbage)
}

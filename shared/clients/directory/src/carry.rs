//! Carries bytes between a server and the LDAP library, keeps the entries, and lets only good messages
//! through.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::BytesMut;
use tokio::{
    io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{UnixStream, unix},
    select,
};

use crate::{
    entry::Entry,
    guard::{self, Awaited, Breach, Good},
};

/// What an element costs in memory beside its bytes, once it is read.
const ELEMENT_COST: usize = 64;
/// How much room there is at least before the next read.
const READ: usize = 64 * 1024;

/// What one request may cost, what it was answered with, and what went wrong.
#[derive(Debug)]
pub(crate) struct Meter {
    limit: usize,
    request: Mutex<Request>,
    breach: OnceLock<Breach>,
}

/// A request that is under way.
#[derive(Debug)]
struct Request {
    awaited: Awaited,
    /// Most entries of the answer.
    most: usize,
    /// Bytes of memory that the answer took so far.
    spent: usize,
    /// The entries that came, with the id of the request that each answers.
    entries: Vec<(u32, Entry)>,
}

impl Meter {
    /// A meter of requests whose answers take up to `limit` bytes of memory.
    pub(crate) const fn new(limit: usize) -> Self {
        let request = Request { awaited: Awaited::Bind, most: 0, spent: 0, entries: Vec::new() };
        Self { limit, request: Mutex::new(request), breach: OnceLock::new() }
    }

    /// Begins to count anew for the next request, which is answered with this and so many entries at most.
    pub(crate) fn begin(&self, awaited: Awaited, most: usize) {
        *self.request() = Request { awaited, most, spent: 0, entries: Vec::new() };
    }

    /// The entries that came for the request of this id. All are there once the library has its result.
    pub(crate) fn entries(&self, id: u32) -> Result<Vec<Entry>, Breach> {
        let entries = std::mem::take(&mut self.request().entries).into_iter();
        let ours =
            entries.map(|(answers, entry)| if answers == id { Ok(entry) } else { Err(Breach::Unexpected) });
        ours.collect()
    }

    /// Why the connection ended.
    pub(crate) fn breach(&self) -> Option<Breach> {
        self.breach.get().copied()
    }

    /// Takes in one whole message; gives whether it is for the library.
    fn take(&self, message: &[u8]) -> Result<bool, Breach> {
        let mut request = self.request();
        // Before anything is read of it.
        let cost = guard::elements(message)?.saturating_mul(ELEMENT_COST).saturating_add(message.len());
        request.spent = request.spent.saturating_add(cost);
        if request.spent > self.limit {
            return Err(Breach::TooLarge);
        }
        match guard::check(message, request.awaited)? {
            Good::Other => Ok(true),
            Good::Entry(..) if request.entries.len() >= request.most => Err(Breach::TooMany),
            Good::Entry(id, entry) => {
                request.entries.push((id, entry));
                Ok(false)
            }
        }
    }

    fn request(&self) -> MutexGuard<'_, Request> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries both ways until one side ends or the server breaks a rule.
pub(crate) async fn carry<S>(server: S, near: UnixStream, meter: &Meter)
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (from_server, mut to_server) = io::split(server);
    let (mut from_library, to_library) = near.into_split();
    select! {
        breach = answers(from_server, to_library, meter) => {
            // The first reason counts. It is set before the library's side is closed, which is when
            // the library asks for it.
            let _ = meter.breach.set(breach);
        }
        _ = io::copy(&mut from_library, &mut to_server) => {
            // The library said good-bye; a server that does not answer to that is left.
            let _ = to_server.shutdown().await;
        }
    }
}

async fn answers<R: AsyncRead + Unpin>(mut from: R, mut to: unix::OwnedWriteHalf, meter: &Meter) -> Breach {
    match pass(&mut from, &mut to, meter).await {
        Ok(()) | Err(Pass::Io) => Breach::Closed,
        Err(Pass::Breach(breach)) => breach,
    }
}

enum Pass {
    Io,
    Breach(Breach),
}

async fn pass<R: AsyncRead + Unpin>(
    from: &mut R,
    to: &mut unix::OwnedWriteHalf,
    meter: &Meter,
) -> Result<(), Pass> {
    let (mut buffer, mut passed) = (BytesMut::new(), Vec::new());
    loop {
        let end = sort(&mut buffer, &mut passed, meter);
        // What was good before something was not is an answer all the same.
        to.write_all(&passed).await.map_err(|_| Pass::Io)?;
        end.map_err(Pass::Breach)?;
        passed.clear();
        buffer.reserve(READ);
        if from.read_buf(&mut buffer).await.map_err(|_| Pass::Io)? == 0 {
            return Ok(());
        }
    }
}

/// Takes the whole messages off the buffer: entries are kept, and what is for the library is added to
/// `passed`, until there is no whole message left, or one that is not good.
fn sort(buffer: &mut BytesMut, passed: &mut Vec<u8>, meter: &Meter) -> Result<(), Breach> {
    while let Some(length) = guard::length(buffer)? {
        let message = buffer.split_to(length);
        if meter.take(&message)? {
            passed.extend(message);
        }
    }
    Ok(())
}

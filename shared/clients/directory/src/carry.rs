//! Carries bytes between a server and the LDAP library, and lets only good messages through.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use bytes::BytesMut;
use tokio::{
    io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{UnixStream, unix},
    select,
};

use crate::guard::{self, Awaited, Breach};

/// What an element costs in memory beside its bytes, once it is parsed.
const ELEMENT_COST: usize = 64;
/// How much room there is at least before the next read.
const READ: usize = 64 * 1024;

/// What one request may cost, and what went wrong.
#[derive(Debug)]
pub(crate) struct Meter {
    limit: usize,
    spent: AtomicUsize,
    searching: AtomicBool,
    breach: OnceLock<Breach>,
}

impl Meter {
    /// A meter of requests whose answers take up to `limit` bytes of memory.
    pub(crate) const fn new(limit: usize) -> Self {
        Self { limit, spent: AtomicUsize::new(0), searching: AtomicBool::new(false), breach: OnceLock::new() }
    }

    /// Begins to count anew for the next request, which is answered with this.
    pub(crate) fn begin(&self, awaited: Awaited) {
        self.spent.store(0, Ordering::Relaxed);
        self.searching.store(awaited == Awaited::Search, Ordering::Release);
    }

    fn awaited(&self) -> Awaited {
        if self.searching.load(Ordering::Acquire) { Awaited::Search } else { Awaited::Bind }
    }

    /// Why the connection ended.
    pub(crate) fn breach(&self) -> Option<Breach> {
        self.breach.get().copied()
    }

    fn spend(&self, cost: usize) -> Result<(), Breach> {
        let before = self.spent.fetch_add(cost, Ordering::Relaxed);
        if before.saturating_add(cost) > self.limit { Err(Breach::TooLarge) } else { Ok(()) }
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
    let mut buffer = BytesMut::new();
    loop {
        let (good, end) = checked(&buffer, meter);
        // What was good before something was not is an answer all the same.
        to.write_all(&buffer.split_to(good)).await.map_err(|_| Pass::Io)?;
        end.map_err(Pass::Breach)?;
        buffer.reserve(READ);
        if from.read_buf(&mut buffer).await.map_err(|_| Pass::Io)? == 0 {
            return Ok(());
        }
    }
}

/// How many bytes at the beginning are good messages, and what ended them.
fn checked(buffer: &[u8], meter: &Meter) -> (usize, Result<(), Breach>) {
    let mut good = 0;
    loop {
        let rest = buffer.get(good..).unwrap_or_default();
        match next(rest, meter) {
            Ok(0) => return (good, Ok(())),
            Ok(length) => good += length,
            Err(breach) => return (good, Err(breach)),
        }
    }
}

/// The length of the first message, which is good; 0 when it is not all there.
fn next(rest: &[u8], meter: &Meter) -> Result<usize, Breach> {
    let Some(message) = guard::length(rest)?.and_then(|length| rest.get(..length)) else {
        return Ok(0);
    };
    let elements = guard::check(message, meter.awaited())?;
    meter.spend(elements.saturating_mul(ELEMENT_COST).saturating_add(message.len()))?;
    Ok(message.len())
}

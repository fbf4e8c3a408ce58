//! Connecting: to the first server of a list that answers and lets the account in.

use std::{fmt, time::Duration};

use bridge_domain::ldap::{
    address::{Server, Servers},
    connection::TlsMode,
};
use thiserror::Error as ThisError;
use tokio::time::Instant;

use crate::{
    credentials::Credentials,
    fault::{Error, Fault},
    names::Names,
    search::{Request, Search},
    session::Session,
    tls::Trust,
    transport::Reach,
};

/// Longest time for one server, from its name to the answer to the sign-in, when nothing else is set.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for one page. A controller of a large domain finds all entries before it sends the
/// first, which takes it up to half a minute.
pub const PAGE_TIMEOUT: Duration = Duration::from_mins(1);

/// Why a directory can not be reached by these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum SettingsError {
    /// TLS without an authority to trust.
    #[error("TLS needs the certificate of the authority that signed the server's certificate")]
    NoTrust,
    /// TLS with a server that has no name.
    #[error("server {0} is an IP address: with TLS the name is needed that stands in its certificate")]
    NoName(usize),
}

/// How to reach a directory. It holds no password.
#[derive(Clone, Debug)]
pub struct Directory {
    servers: Servers,
    reach: Reach,
    connect_timeout: Duration,
    page_timeout: Duration,
}

impl Directory {
    /// The directory behind these servers, which are trusted through `trust` when they use TLS.
    ///
    /// # Errors
    ///
    /// When TLS is asked for and nobody is trusted, or a server has no name for it.
    pub fn new(servers: Servers, mode: TlsMode, trust: Option<Trust>) -> Result<Self, SettingsError> {
        if mode.is_encrypted() {
            if trust.is_none() {
                return Err(SettingsError::NoTrust);
            }
            if let Some(place) = servers.without_name() {
                return Err(SettingsError::NoName(place));
            }
        }
        let reach = Reach { mode, trust, names: Names::System };
        Ok(Self { servers, reach, connect_timeout: CONNECT_TIMEOUT, page_timeout: PAGE_TIMEOUT })
    }

    /// The same with another time for each server, from its name to the answer to the sign-in.
    #[must_use]
    pub const fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The same with another time for each page of a search.
    #[must_use]
    pub const fn with_page_timeout(mut self, timeout: Duration) -> Self {
        self.page_timeout = timeout;
        self
    }

    /// The same with addresses from elsewhere than the system's name service.
    #[must_use]
    pub fn with_names(mut self, names: Names) -> Self {
        self.reach.names = names;
        self
    }

    /// The servers.
    #[must_use]
    pub const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Connects and signs in at the first server that can be reached, in the order of the list.
    ///
    /// # Errors
    ///
    /// At once when a server refuses the sign-in: the others of the domain would do the same, and
    /// each attempt counts towards locking the account. Otherwise when no server is left; the error
    /// tells what happened at each.
    pub async fn connect(&self, credentials: &Credentials) -> Result<Connection, Error> {
        let mut earlier: Vec<(Server, Fault)> = Vec::new();
        for server in self.servers.iter() {
            match self.connect_to(server, credentials).await {
                Ok(session) => {
                    return Ok(Connection {
                        session,
                        server: server.clone(),
                        page_timeout: self.page_timeout,
                    });
                }
                Err(fault) if fault.next_server_may_help() => earlier.push((server.clone(), fault)),
                Err(fault) => return Err(Error { fault, server: Some(server.clone()), earlier }),
            }
        }
        Err(match earlier.pop() {
            Some((server, fault)) => Error { fault, server: Some(server), earlier },
            None => Error { fault: Fault::Unreachable, server: None, earlier },
        })
    }

    async fn connect_to(&self, server: &Server, credentials: &Credentials) -> Result<Session, Fault> {
        let deadline = Instant::now() + self.connect_timeout;
        let stream = self.reach.open(server, deadline).await?;
        let mut session = Session::over(stream).await?;
        session.bind(credentials, deadline).await?;
        Ok(session)
    }
}

/// A connection to one server, signed in.
pub struct Connection {
    session: Session,
    server: Server,
    page_timeout: Duration,
}

impl Connection {
    /// The server that it leads to.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Begins a search. Nothing is sent before its first page is asked for.
    pub fn search(&mut self, request: Request) -> Search<'_> {
        Search::new(self, request)
    }

    /// Says good-bye. A connection that is only dropped is closed as well, without a word.
    pub async fn close(self) {
        self.session.close().await;
    }

    pub(crate) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// When a request that begins now must be answered.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.page_timeout
    }

    pub(crate) fn error(&self, fault: Fault) -> Error {
        Error::at(self.server.clone(), fault)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("server", &self.server).finish_non_exhaustive()
    }
}

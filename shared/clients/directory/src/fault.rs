//! What can go wrong with a directory, in words that say what to do.

use std::fmt;

use bridge_domain::{CallError, Class, ldap::address::Server};

use crate::{SYSTEM, bind::BindFault, guard::Breach, tls::TlsFault};

/// What the program was waiting for when time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A connection.
    Connect,
    /// The answer to `StartTLS`.
    StartTls,
    /// The TLS handshake.
    Tls,
    /// The answer to the sign-in.
    Bind,
    /// A page of a search.
    Search,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The name service does not know the host.
    UnknownHost,
    /// Nobody takes connections at the port.
    Refused,
    /// No way to the host, or the connection broke before anything was said.
    Unreachable,
    /// No answer in time.
    Timeout(Stage),
    /// TLS does not come about.
    Tls(TlsFault),
    /// The server refuses `StartTLS`, with this result code.
    StartTls(u32),
    /// What the server says to `StartTLS` is no answer to it, or it hangs up: so does a port with TLS.
    NoStartTls,
    /// The server signs nobody in over a connection without TLS: result code 8, in `OpenLDAP` 13.
    TlsRequired,
    /// The sign-in was refused.
    Bind(BindFault),
    /// The search base does not exist.
    BaseNotFound,
    /// The search base is no DN.
    BaseInvalid,
    /// The search base lies in another domain: the server refers to its controllers.
    OtherDomain,
    /// The account may not read this.
    Denied,
    /// The server does not understand the filter.
    FilterRefused,
    /// The server's limit of time (result code 3).
    TimeLimit,
    /// The server's limit of entries (result code 4): the answer is not whole.
    SizeLimit,
    /// A limit that the administrator of the server has set (result code 11).
    AdminLimit,
    /// The server is busy (result code 51).
    Busy,
    /// The server is shutting down, or has nothing to answer from (result code 52).
    Unavailable,
    /// Another result code.
    Code(u32),
    /// What the server sends is no LDAP.
    Garbage,
    /// The server answers what was not asked.
    Unexpected,
    /// An answer is over the limit of memory.
    TooLarge,
    /// The server announced that it ends the connection, with this result code.
    Notice(u32),
    /// The server hung up.
    Closed,
    /// Pages come again, or come empty without an end.
    EndlessPages,
    /// The server stopped paging in the middle: what came is not the whole.
    PagingLost,
    /// More pages or entries than were agreed.
    TooMany,
    /// The values of an attribute come in ranges that do not fit together, or are too many.
    Ranges,
    /// Not one entry but none.
    NotFound,
    /// Not one entry but several.
    Ambiguous,
    /// The server does not tell who has signed in, as Active Directory does.
    NoToken,
    /// An earlier request of this connection failed, so that nothing more can be asked over it.
    Spent,
}

impl Fault {
    /// A word for telemetry.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::UnknownHost => "dns",
            Self::Refused | Self::Unreachable => "connect",
            Self::Timeout(Stage::Connect) => "connect_timeout",
            Self::Timeout(_) => "timeout",
            Self::Tls(fault) => fault.class(),
            Self::StartTls(_) | Self::NoStartTls => "starttls",
            Self::TlsRequired => "tls_required",
            Self::Bind(fault) => fault.class(),
            Self::BaseNotFound | Self::BaseInvalid | Self::OtherDomain => "base",
            Self::Denied => "denied",
            Self::FilterRefused => "filter",
            Self::TimeLimit | Self::SizeLimit | Self::AdminLimit => "limit",
            Self::Busy | Self::Unavailable | Self::Notice(_) => "unavailable",
            Self::Code(_) => "refused",
            Self::Garbage | Self::Unexpected | Self::PagingLost | Self::Ranges => "protocol",
            Self::EndlessPages => "endless",
            Self::TooLarge | Self::TooMany => "too_large",
            Self::Closed | Self::Spent => "closed",
            Self::NotFound | Self::Ambiguous => "entry",
            Self::NoToken => "no_token",
        }
    }

    /// Whether the same attempt may succeed later without anybody changing anything.
    #[must_use]
    pub const fn worth_repeat(self) -> bool {
        match self {
            Self::UnknownHost
            | Self::Refused
            | Self::Unreachable
            | Self::Timeout(_)
            | Self::TimeLimit
            | Self::Busy
            | Self::Unavailable
            | Self::Notice(_)
            | Self::Closed
            // It may be about to end.
            | Self::NoStartTls
            // The list may have changed meanwhile.
            | Self::Ranges
            | Self::Spent => true,
            Self::Tls(fault) => fault.worth_repeat(),
            _ => false,
        }
    }

    /// Whether the next server of the list may do better. A refused sign-in is the same everywhere in a
    /// domain, and each further attempt counts towards locking the account.
    pub(crate) const fn next_server_may_help(self) -> bool {
        !matches!(self, Self::Bind(_))
    }

    /// What happened and what to do, without the name of the server.
    fn words(self) -> String {
        let fixed = match self {
            Self::Timeout(stage) => return timeout(stage).to_owned(),
            Self::Tls(fault) => return fault.to_string(),
            Self::Bind(fault) => return fault.to_string(),
            Self::StartTls(code) => {
                return format!(
                    "refuses StartTLS (LDAP result code {code}): install a certificate on the controller, or \
                     use the type ssl with port 636"
                );
            }
            Self::Code(code) => return format!("answers with LDAP result code {code}"),
            Self::Notice(code) => return format!("ended the connection (LDAP result code {code})"),
            Self::NoStartTls => {
                "does not answer to StartTLS: check that the port is one without TLS, usually 389, or use the \
                 type ssl"
            }
            Self::UnknownHost => "the name is not known to the name service (DNS)",
            Self::Refused => "takes no connections: check the port, and whether it runs",
            Self::Unreachable => "can not be reached: check the address, the port and the firewalls",
            Self::TlsRequired => "signs nobody in without TLS: choose the type startTLS or ssl",
            Self::BaseNotFound => "the search base does not exist",
            Self::BaseInvalid => "the search base is no distinguished name",
            Self::OtherDomain => {
                "the search base belongs to another domain: enter the controllers of that domain"
            }
            Self::Denied => "the account may not read the search base",
            Self::FilterRefused => "does not understand the filter",
            Self::TimeLimit => {
                "stopped the search at its limit of time: narrow the search base or the filter"
            }
            Self::SizeLimit => "stopped the search at its limit of entries: the answer is not whole",
            Self::AdminLimit => "refuses the search by a limit of its administrator",
            Self::Busy => "is busy",
            Self::Unavailable => "is shutting down or not ready",
            Self::Garbage => "does not answer in LDAP: check that the port is that of the directory",
            Self::Unexpected => "answers what was not asked",
            Self::TooLarge => "sends more than is read",
            Self::Closed => "hung up before the answer was complete",
            Self::EndlessPages => "sends the same page again, or no end",
            Self::PagingLost => "stopped paging in the middle: the answer is not whole",
            Self::TooMany => "sends more entries than are read: narrow the search base or the filter",
            Self::Ranges => "sends the values of an attribute in ranges that do not fit together",
            Self::NotFound => "holds no such entry",
            Self::Ambiguous => "holds several such entries",
            Self::NoToken => "does not tell who has signed in: it must be a controller of Active Directory",
            Self::Spent => "an earlier request failed, and the connection with it",
        };
        fixed.to_owned()
    }

    pub(crate) const fn of_breach(breach: Breach) -> Self {
        match breach {
            Breach::Garbage => Self::Garbage,
            Breach::TooLarge => Self::TooLarge,
            Breach::Unexpected => Self::Unexpected,
            Breach::TooMany => Self::TooMany,
            Breach::Notice(code) => Self::Notice(code),
            Breach::Closed => Self::Closed,
        }
    }

    /// The fault behind the result code of a search (RFC 4511, appendix A); `None` for success.
    pub(crate) const fn of_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => return None,
            // 1 is what Active Directory answers to whom it does not know.
            1 | 50 => Self::Denied,
            3 => Self::TimeLimit,
            4 => Self::SizeLimit,
            8 | 13 => Self::TlsRequired,
            10 => Self::OtherDomain,
            11 => Self::AdminLimit,
            18 | 21 | 87 => Self::FilterRefused,
            32 => Self::BaseNotFound,
            34 => Self::BaseInvalid,
            51 => Self::Busy,
            52 => Self::Unavailable,
            code => Self::Code(code),
        })
    }
}

const fn timeout(stage: Stage) -> &'static str {
    match stage {
        Stage::Connect => "no connection in time: check the address, the port and the firewalls",
        Stage::StartTls => "takes the connection but does not answer to StartTLS in time",
        Stage::Tls => {
            "takes the connection but does not answer to the TLS handshake in time: check that the port is one \
             with TLS"
        }
        Stage::Bind => "takes the connection but does not answer to the sign-in in time",
        Stage::Search => "did not send the next page in time",
    }
}

/// A failure, at which server, and what was tried before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What went wrong in the end.
    pub fault: Fault,
    /// The server that it is about.
    pub server: Option<Server>,
    /// The servers of the list that failed before, in their order.
    pub earlier: Vec<(Server, Fault)>,
}

impl Error {
    pub(crate) const fn at(server: Server, fault: Fault) -> Self {
        Self { fault, server: Some(server), earlier: Vec::new() }
    }

    /// A word for telemetry.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        self.fault.class()
    }

    /// Whether the same attempt may succeed later without anybody changing anything. With several
    /// servers one that may come back is enough.
    #[must_use]
    pub fn worth_repeat(&self) -> bool {
        self.fault.worth_repeat() || self.earlier.iter().any(|(_, fault)| fault.worth_repeat())
    }

    /// What an administrator is told. It names servers and nothing else that was entered or received.
    #[must_use]
    pub fn public(&self) -> String {
        let told = |server: &Server, fault: Fault| format!("{server}: {}", fault.words());
        let mut parts: Vec<String> =
            self.earlier.iter().map(|(server, fault)| told(server, *fault)).collect();
        parts.push(match &self.server {
            Some(server) => told(server, self.fault),
            None => self.fault.words(),
        });
        parts.join("; ")
    }

    fn call_class(&self) -> Class {
        match self.fault {
            Fault::Bind(_) => Class::Auth,
            Fault::BaseNotFound | Fault::NotFound => Class::NotFound,
            _ if self.worth_repeat() => Class::Transient,
            _ => Class::Permanent,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.public())
    }
}

impl std::error::Error for Error {}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::new(error.call_class(), SYSTEM, error.public()).with_code(error.class())
    }
}

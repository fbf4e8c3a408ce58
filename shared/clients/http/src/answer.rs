//! What a system answered.

use std::{sync::Arc, time::SystemTime};

use bridge_domain::{CallError, Class};
use bytes::Bytes;
use http::HeaderMap;

use crate::{Effect, Peer, fault, retry_after};

/// An answer, of any status but a redirect.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The whole body, decompressed.
    pub body: Bytes,
    pub(crate) peer: Arc<Peer>,
    pub(crate) effect: Effect,
}

impl std::fmt::Debug for Answer {
    /// Neither headers nor body: they hold what is nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// Whether the status is a 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// This answer, when its status is a 2xx.
    ///
    /// # Errors
    ///
    /// [`Self::refusal`] for every other status.
    pub fn accepted(self) -> Result<Self, CallError> {
        if self.is_success() { Ok(self) } else { Err(self.refusal()) }
    }

    /// The failure that an answer with a status other than 2xx is.
    #[must_use]
    pub fn refusal(&self) -> CallError {
        let (host, status) = (&self.peer.host, self.status);
        let (class, public) = match status {
            401 | 403 => (
                Class::Auth,
                format!(
                    "{host} refuses the token ({status}): check the secret in {} and the rights of its user",
                    self.peer.names.token
                ),
            ),
            404 | 405 | 501 => (
                Class::Permanent,
                format!("{host} does not know the call ({status}): check the address and the port in url"),
            ),
            407 => (
                Class::Permanent,
                format!("the proxy before {host} asks for a password (407), which has no setting"),
            ),
            408 | 425 => (Class::Transient, format!("{host} asks to send the request again ({status})")),
            409 => (Class::Conflict, format!("{host} reports a conflict (409)")),
            413 => (Class::Permanent, format!("{host} takes no request of this size (413)")),
            429 => (Class::RateLimited, format!("{host} asks for fewer requests (429)")),
            503 => (Class::Transient, format!("{host} is not available (503)")),
            500..=599 => (
                fault::after_sending(Class::Transient, self.effect),
                format!("{host} reports a fault of its own ({status})"),
            ),
            _ => (Class::Permanent, format!("{host} refuses the request ({status})")),
        };
        let mut error = CallError::new(class, self.peer.system, public)
            .with_code(status.to_string())
            .with_detail(format!("status {status}, {} bytes", self.body.len()));
        error.retry_after = match class {
            Class::RateLimited | Class::Transient | Class::Unknown => self.retry_after(),
            _ => None,
        };
        error
    }

    /// The failure that a 2xx with a body we do not understand is; `why` says what is wrong with it
    /// and follows the name of the host.
    #[must_use]
    pub fn unreadable(&self, why: &str) -> CallError {
        let class = fault::after_sending(Class::Permanent, self.effect);
        self.peer.error(class, "answer", format!("{} {why}", self.peer.host)).with_detail(format!(
            "status {}, {} bytes",
            self.status,
            self.body.len()
        ))
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        let text = |name| self.headers.get(name)?.to_str().ok();
        retry_after::parse(text(http::header::RETRY_AFTER)?, text(http::header::DATE), SystemTime::now())
    }
}

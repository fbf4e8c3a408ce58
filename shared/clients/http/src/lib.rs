//! Calls to outside systems over HTTPS.
//!
//! One [`Client`] speaks to one system. It verifies the system's certificate always, follows no
//! redirect, reads no more than it was told and gives up in time. Whatever goes wrong becomes a
//! [`CallError`] whose public text tells an administrator what to change, and whose class tells
//! the program what to do. Header values, queries and bodies never get into an error.

use std::{fmt, sync::Arc, time::Duration};

use bridge_domain::{CallError, Class};
use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, Method, Proxy, RequestBuilder, Response, Url, redirect};

mod answer;
mod fault;
mod names;
mod retry_after;

pub use answer::Answer;
pub use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
pub use names::Names;
pub use reqwest;

/// Longest time to open a connection, name resolution, proxy and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection waits for its next request. Some servers hang up after 5 seconds, and a
/// request that meets the hang-up half-way leaves us guessing whether it was carried out.
const IDLE: Duration = Duration::from_secs(4);

/// How to reach a system.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Certificates in PEM that are trusted beside the public authorities.
    pub roots_pem: Option<&'a str>,
    /// An HTTP proxy: `http://host:port`.
    pub proxy: Option<&'a str>,
    /// Longest time for one call, from the first packet to the end of the answer.
    pub timeout: Duration,
    /// Longest answer that is read, in bytes, after decompression.
    pub max_body: usize,
    /// What the settings are called that the texts of errors point at.
    pub names: Names,
}

/// What it means to send a request twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it reads, or it says how things should be.
    Repeatable,
    /// Its effect happens again. When it is uncertain whether it happened, the failure is
    /// [`Class::Unknown`].
    Once,
}

/// Who is called, for errors.
#[derive(Debug)]
struct Peer {
    system: &'static str,
    /// Host, and port if it is not the usual one.
    host: String,
    /// Host and port of the proxy.
    proxy: Option<String>,
    timeout: Duration,
    names: Names,
}

impl Peer {
    fn error(&self, class: Class, code: &'static str, public: impl Into<String>) -> CallError {
        CallError::new(class, self.system, public.into()).with_code(code)
    }
}

/// A client of one outside system. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    inner: reqwest::Client,
    base: Url,
    peer: Arc<Peer>,
    max_body: usize,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the system at `base` (`https://host[:port]`). `system` names it in errors.
    ///
    /// # Errors
    ///
    /// `Permanent` when the address, the proxy or the certificates can not be used.
    pub fn new(system: &'static str, base: &str, options: &Options<'_>) -> Result<Self, CallError> {
        let unusable =
            |why: &str| CallError::new(Class::Permanent, system, why.to_owned()).with_code("settings");
        let unreadable_roots = || unusable(&options.names.unreadable_certificate());
        let base = Url::parse(base).ok().filter(|url| url.scheme() == "https" && is_plain(url));
        let base = base.ok_or_else(|| unusable("url must be https://host[:port]"))?;
        let mut builder = reqwest::Client::builder()
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .timeout(options.timeout)
            .connect_timeout(connect_timeout(options.timeout))
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("kuma-bridge/", env!("CARGO_PKG_VERSION")));
        let mut proxy_host = None;
        if let Some(proxy) = options.proxy {
            let url = Url::parse(proxy).ok().filter(|url| url.scheme() == "http" && is_plain(url));
            let url = url.ok_or_else(|| unusable("proxy must be http://host:port"))?;
            proxy_host = Some(host_of(&url));
            builder = builder.proxy(Proxy::all(url).map_err(|_| unusable("proxy must be http://host:port"))?);
        }
        if let Some(pem) = options.roots_pem {
            let roots = Certificate::from_pem_bundle(pem.as_bytes()).ok().filter(|roots| !roots.is_empty());
            builder = builder.tls_certs_merge(roots.ok_or_else(unreadable_roots)?);
        }
        let inner = builder.build().map_err(|_| match options.roots_pem {
            Some(_) => unreadable_roots(),
            None => unusable("no TLS client can be made"),
        })?;
        let peer = Peer {
            system,
            host: host_of(&base),
            proxy: proxy_host,
            timeout: options.timeout,
            names: options.names,
        };
        Ok(Self { inner, base, peer: Arc::new(peer), max_body: options.max_body })
    }

    /// The same client, its connections included, with another limit for answers.
    #[must_use]
    pub fn with_max_body(mut self, max_body: usize) -> Self {
        self.max_body = max_body;
        self
    }

    /// The system's name in errors.
    #[must_use]
    pub fn system(&self) -> &'static str {
        self.peer.system
    }

    /// Its host, and the port if it is not the usual one: fit for the text of an error.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.peer.host
    }

    /// What its settings are called.
    #[must_use]
    pub fn names(&self) -> Names {
        self.peer.names
    }

    /// The address of `path` there, which begins with a slash; for adding a query.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// A request to be completed and given to [`Self::send`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.inner.request(method, url)
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    ///
    /// `Transient` when it surely was not carried out, or when that does not matter; `Unknown` when
    /// it may have been; `Permanent` for a redirect and for an answer over the limit.
    pub async fn send(&self, request: RequestBuilder, effect: Effect) -> Result<Answer, CallError> {
        let answer = request.send().await.map_err(|error| fault::of(&error, &self.peer, effect))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status.is_redirection() {
            return Err(self.peer.error(
                Class::Permanent,
                "redirect",
                format!(
                    "{} answers with a redirect ({}), which is not followed: enter the address that it leads to",
                    self.peer.host,
                    status.as_u16()
                ),
            ));
        }
        let body = self.read(answer, effect).await?;
        Ok(Answer { status: status.as_u16(), headers, body, peer: Arc::clone(&self.peer), effect })
    }

    async fn read(&self, mut answer: Response, effect: Effect) -> Result<Bytes, CallError> {
        let too_large = || {
            let public = format!("the answer of {} is over {} bytes", self.peer.host, self.max_body);
            self.peer.error(fault::after_sending(Class::Permanent, effect), "too_large", public)
        };
        let announced = answer.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |announced| announced > self.max_body) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| fault::of(&error, &self.peer, effect))? {
            if body.len() + chunk.len() > self.max_body {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

/// Shorter than the whole, so that a connection that does not come about is told from an answer that
/// does not come.
fn connect_timeout(total: Duration) -> Duration {
    CONNECT_TIMEOUT.min(total * 4 / 5)
}

/// Whether an address is a host and a port, with nothing in it that would end up in every call.
fn is_plain(url: &Url) -> bool {
    url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

/// Host and port of an address, as a person would write them.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

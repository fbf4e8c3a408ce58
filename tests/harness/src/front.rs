//! The TLS front: HTTPS on a local port, passed on to the deployed HTTP API of the emulator.
//!
//! The request goes through as it came: method, path and query string byte for byte (a KUMA client
//! sends valueless flags, repeated parameters and doubled slashes), headers and a streamed body.

use std::{error::Error, io, net::SocketAddr, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri,
    header::{
        CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE,
    },
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body_util::{Either, Full, LengthLimitError, Limited};
use hyper::{
    body::{Body as _, Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

type RequestBody = Limited<Incoming>;
type Answer = Response<Either<Incoming, Full<Bytes>>>;

const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Where the requests go.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Host and port of the emulator.
    pub authority: Authority,
    /// The `Host` header it knows the API by.
    pub host: HeaderValue,
}

/// What one client may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for the TLS handshake, and for the headers of each request.
    pub headers: Duration,
    /// Time for a whole request to be passed on and answered.
    pub answer: Duration,
    /// Bytes of a request's body.
    pub body: usize,
    /// Connections open at once; further ones wait.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            answer: Duration::from_mins(1),
            body: 32 * 1024 * 1024,
            connections: 512,
        }
    }
}

/// A front that is bound to its port and ready to serve.
#[derive(Debug)]
pub struct Front {
    listeners: Vec<TcpListener>,
    address: SocketAddr,
    tls: Arc<ServerConfig>,
    upstream: Upstream,
    limits: Limits,
}

impl Front {
    /// Binds the loopback addresses at `port` (0 takes a free one).
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn bind(
        port: u16,
        tls: Arc<ServerConfig>,
        upstream: Upstream,
        limits: Limits,
    ) -> io::Result<Self> {
        let first = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = first.local_addr()?;
        let mut listeners = vec![first];
        // `localhost` may mean either family; a machine without IPv6 does without.
        if let Ok(second) = TcpListener::bind(("::1", address.port())).await {
            listeners.push(second);
        }
        Ok(Self { listeners, address, tls, upstream, limits })
    }

    /// The IPv4 address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until dropped.
    pub async fn serve(self) {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        // Shorter than the emulator's own 75 s, so that no request meets a connection it is closing.
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_timer(TokioTimer::new())
            .build(connector);
        let proxy = Arc::new(Proxy { client, upstream: self.upstream, limits: self.limits });
        let acceptor = TlsAcceptor::from(self.tls);
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let mut accepting = JoinSet::new();
        for listener in self.listeners {
            accepting.spawn(accept(listener, acceptor.clone(), Arc::clone(&proxy), Arc::clone(&places)));
        }
        while accepting.join_next().await.is_some() {}
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, proxy: Arc<Proxy>, places: Arc<Semaphore>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (acceptor, proxy) = (acceptor.clone(), Arc::clone(&proxy));
        connections.spawn(async move {
            connection(stream, acceptor, proxy).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, proxy: Arc<Proxy>) {
    let _ = stream.set_nodelay(true);
    let limit = proxy.limits.headers;
    let Ok(Ok(secured)) = timeout(limit, acceptor.accept(stream)).await else {
        return;
    };
    let service = service_fn(move |request| {
        let proxy = Arc::clone(&proxy);
        async move { Ok::<_, std::convert::Infallible>(proxy.pass(request).await) }
    });
    // How a connection ends is the client's own affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .serve_connection(TokioIo::new(secured), service)
        .await;
}

struct Proxy {
    client: Client<HttpConnector, RequestBody>,
    upstream: Upstream,
    limits: Limits,
}

impl Proxy {
    async fn pass(&self, request: Request<Incoming>) -> Answer {
        let cap = self.limits.body;
        if request.body().size_hint().lower() > cap as u64 {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "request too large");
        }
        let request = match self.rewritten(request) {
            Ok(request) => request,
            Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        match timeout(self.limits.answer, self.client.request(request)).await {
            Ok(Ok(mut answer)) => {
                strip_hop_by_hop(answer.headers_mut());
                answer.map(Either::Left)
            }
            Ok(Err(error)) if caused_by_length(&error) => {
                refusal(StatusCode::PAYLOAD_TOO_LARGE, "request too large")
            }
            Ok(Err(error)) => refusal(StatusCode::BAD_GATEWAY, &chain(&error)),
            Err(_) => refusal(StatusCode::GATEWAY_TIMEOUT, "the emulator did not answer in time"),
        }
    }

    fn rewritten(&self, request: Request<Incoming>) -> Result<Request<RequestBody>, http::Error> {
        let (mut parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().cloned();
        parts.uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.upstream.authority.clone())
            .path_and_query(target.unwrap_or_else(|| PathAndQuery::from_static("/")))
            .build()?;
        strip_hop_by_hop(&mut parts.headers);
        parts.headers.remove(EXPECT); // answered here, on the first read of the body
        parts.headers.insert(HOST, self.upstream.host.clone());
        // API Gateway hands a function a compressed body base64-encoded. The emulator goes by the
        // content type alone and would decode the bytes of `application/json` as UTF-8 text.
        if parts.headers.contains_key(CONTENT_ENCODING) {
            let binary = HeaderValue::from_static("application/octet-stream");
            parts.headers.insert(CONTENT_TYPE, binary);
        }
        Ok(Request::from_parts(parts, Limited::new(body, self.limits.body)))
    }
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        // What frames the message is not for a `Connection` header to remove.
        if name != CONTENT_LENGTH {
            headers.remove(name);
        }
    }
}

fn caused_by_length(error: &(dyn Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(caused_by_length)
}

fn chain(error: &dyn Error) -> String {
    let mut text = format!("the emulator did not answer: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn refusal(status: StatusCode, message: &str) -> Answer {
    let body = serde_json::json!({ "message": message, "details": null }).to_string();
    let mut answer = Response::new(Either::Right(Full::new(Bytes::from(body))));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}

//! A front, a server behind it that answers with what it got, and clients of both kinds.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bridge_harness::{
    certs,
    front::{Front, Limits, Upstream},
};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsConnector;

/// Everything ends and is removed when it is dropped.
pub(crate) struct Fixture {
    dir: PathBuf,
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

/// What a client got, and what the server behind the front had got.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) echo: Value,
}

impl Reply {
    /// The values of one header as the server saw them.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let headers = self.echo["headers"].as_array().unwrap();
        headers.iter().filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap()).collect()
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        serde_json::from_value(self.echo["body"].clone()).unwrap()
    }

    pub(crate) fn message(&self) -> String {
        self.echo["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl Fixture {
    pub(crate) async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(echo(listener, Arc::clone(&connections)));
        Self::before(upstream, limits, connections, tasks).await
    }

    /// A front whose server is not there.
    pub(crate) async fn without_upstream(limits: Limits) -> Self {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        Self::before(closed, limits, Arc::default(), JoinSet::new()).await
    }

    async fn before(
        upstream: SocketAddr,
        limits: Limits,
        connections: Arc<AtomicUsize>,
        mut tasks: JoinSet<()>,
    ) -> Self {
        let dir = std::env::temp_dir().join(format!("bridge-front-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&dir).unwrap();
        certs::generate(&dir).unwrap();
        let upstream = Upstream {
            authority: upstream.to_string().parse().unwrap(),
            host: HeaderValue::from_static("api1.execute-api.localhost"),
        };
        let tls = certs::server_config(&dir).unwrap();
        let front = Front::bind(0, tls, upstream, limits).await.unwrap();
        let address = front.address();
        tasks.spawn(front.serve());
        Self { dir, address, connections, _tasks: tasks }
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("https://localhost:{}{target}", self.address.port())
    }

    /// How many connections the server behind the front has had.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn client(&self) -> reqwest::Client {
        let pem = std::fs::read(self.dir.join(certs::CA)).unwrap();
        reqwest::Client::builder()
            .tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem).unwrap())
            .no_proxy()
            .build()
            .unwrap()
    }

    /// Sends these bytes over TLS and reads the answer.
    pub(crate) async fn raw(&self, request: &[u8]) -> Reply {
        let bytes = self.bytes(request).await;
        let split = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
        Reply {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            echo: serde_json::from_slice(&bytes[split + 4..]).unwrap(),
        }
    }

    /// Sends these bytes over TLS and reads until the other side closes.
    pub(crate) async fn bytes(&self, request: &[u8]) -> Vec<u8> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.dir.join(certs::CA)).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = Vec::new();
        // A peer that closes without TLS's own goodbye has closed all the same.
        let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap();
        answer
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

async fn echo(listener: TcpListener, connections: Arc<AtomicUsize>) {
    let mut open = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.fetch_add(1, Ordering::SeqCst);
        open.spawn(async move {
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let echo = json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "headers": headers,
        "body": body.to_vec(),
    });
    Ok(Response::new(Full::new(Bytes::from(echo.to_string()))))
}

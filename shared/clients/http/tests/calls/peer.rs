//! A peer over real sockets and real TLS, with answers of the test's choice. The tests of the other
//! clients use it too.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

const DAY: Duration = Duration::from_hours(24);

/// An authority that signs servers' certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// What clients have to trust.
    pub(crate) pem: String,
    /// What a server sends beside its own certificate.
    chain: Vec<CertificateDer<'static>>,
}

/// What a server proves its name with.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// When a certificate is valid, in days from now.
pub(crate) type Days = (i32, i32);

fn dated(names: &[&str], common_name: &str, days: Days) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let at = |days: i32| {
        let span = DAY * days.unsigned_abs();
        let now = SystemTime::now();
        if days < 0 { now - span } else { now + span }.into()
    };
    (params.not_before, params.not_after) = (at(days.0), at(days.1));
    params
}

fn authority(common_name: &str) -> (CertificateParams, KeyPair) {
    let mut params = dated(&[], common_name, (-1, 30));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (params, KeyPair::generate().unwrap())
}

impl Authority {
    pub(crate) fn new(common_name: &str) -> Self {
        let (params, key) = authority(common_name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem, chain: Vec::new() }
    }

    /// An authority that this one signs. Clients still trust this one.
    pub(crate) fn intermediate(&self) -> Self {
        let (params, key) = authority("intermediate");
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            pem: self.pem.clone(),
            chain: vec![certificate.der().clone()],
        }
    }

    /// A certificate for servers of these names.
    pub(crate) fn issue(&self, names: &[&str], days: Days) -> Identity {
        let mut params = dated(names, "server", days);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = std::iter::once(certificate.der().clone()).chain(self.chain.clone()).collect();
        Identity { chain, key: key.into() }
    }

    /// A certificate for `localhost`.
    pub(crate) fn localhost(&self) -> Identity {
        self.issue(&["localhost"], (-1, 30))
    }
}

impl Identity {
    /// A certificate that nobody else signed; returns its PEM too.
    pub(crate) fn self_signed(is_authority: bool) -> (Self, String) {
        let mut params = dated(&["localhost"], "localhost", (-1, 30));
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (Self { chain: vec![certificate.der().clone()], key: key.into() }, certificate.pem())
    }

    /// The same without what the server sends beside its own certificate.
    pub(crate) fn alone(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    fn acceptor(self) -> TlsAcceptor {
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method, target and version.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Which connection it came on, from 1.
    pub(crate) connection: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// What a peer does with a request.
pub(crate) enum Reply {
    /// Sends these bytes and goes on.
    Bytes(Vec<u8>),
    /// Sends these bytes and hangs up.
    Last(Vec<u8>),
    /// Sends these bytes, then one more every few milliseconds for ever.
    Drip(Vec<u8>),
    /// Keeps silent.
    Silence,
    /// Breaks the connection off with a TCP reset.
    Reset,
}

/// An answer with a body of known length.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let mut bytes =
        format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Reply::Bytes(bytes)
}

/// An answer in JSON.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    answer(status, "content-type: application/json\r\n", body)
}

/// A server at `https://localhost:<port>`.
pub(crate) struct Peer {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Peer {
    pub(crate) async fn start(
        identity: Identity,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (acceptor, script, requests) = (identity.acceptor(), Arc::new(script), Arc::clone(&seen));
        tokio::spawn(async move {
            let mut connections = 0;
            while let Ok((socket, _)) = listener.accept().await {
                connections += 1;
                let (connection, acceptor) = (connections, acceptor.clone());
                let (script, requests) = (Arc::clone(&script), Arc::clone(&requests));
                tokio::spawn(async move {
                    // A client that does not trust us ends the handshake.
                    let Ok(mut stream) = acceptor.accept(socket).await else { return };
                    while let Ok(mut request) = receive(&mut stream).await {
                        request.connection = connection;
                        let reply = script(&request);
                        requests.lock().unwrap().push(request);
                        if carry_out(reply, &mut stream).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request there was.
    pub(crate) fn only(&self) -> Request {
        let [request] = self.seen().try_into().unwrap();
        request
    }
}

fn ended() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

async fn carry_out(reply: Reply, stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    match reply {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await
        }
        Reply::Last(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await?;
            Err(ended())
        }
        Reply::Drip(bytes) => {
            stream.write_all(&bytes).await?;
            let mut ticks = tokio::time::interval(Duration::from_millis(5));
            loop {
                ticks.tick().await;
                stream.write_all(b" ").await?;
                stream.flush().await?;
            }
        }
        Reply::Silence => std::future::pending().await,
        Reply::Reset => {
            stream.get_ref().0.set_zero_linger()?;
            Err(ended())
        }
    }
}

/// Reads a request with its body, of known length or in chunks.
pub(crate) async fn receive(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ended());
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut body = bytes.split_off(end + 4);
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let request = Request { line, headers, body: Vec::new(), connection: 0 };
    assert_eq!(request.header("transfer-encoding"), None, "every body's length is known");
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(ended());
        }
    }
    assert_eq!(body.len(), length, "one request at a time");
    Ok(Request { body, ..request })
}

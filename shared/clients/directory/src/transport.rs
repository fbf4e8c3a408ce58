//! From a server's address to a stream that carries LDAP.

use std::{future::Future, io, sync::Arc};

use bridge_domain::ldap::{
    address::{Host, Server},
    connection::TlsMode,
};
use bytes::BytesMut;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;

use crate::{
    fault::{Fault, Stage},
    guard,
    names::Names,
    tls::{self, Trust},
};

/// A stream that carries LDAP, with or without TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The request of `StartTLS` (RFC 4511, 4.14.1): message 1, its OID as the name of the operation.
const START_TLS: [u8; 31] = *b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// Longest answer to it, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// How to reach servers.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) mode: TlsMode,
    pub(crate) trust: Option<Trust>,
    pub(crate) names: Names,
}

impl Reach {
    /// Opens a stream to a server until `deadline`.
    pub(crate) async fn open(&self, server: &Server, deadline: Instant) -> Result<Box<dyn Stream>, Fault> {
        let mut stream = within(deadline, Stage::Connect, self.dial(server, deadline)).await?;
        if self.mode == TlsMode::StartTls {
            within(deadline, Stage::StartTls, start_tls(&mut stream)).await?;
        }
        if !self.mode.is_encrypted() {
            return Ok(Box::new(stream));
        }
        within(deadline, Stage::Tls, self.protect(server, stream)).await
    }

    /// Connects to the first address of the server that takes the connection. Each has an equal share of
    /// the time that is left, so that one without an answer does not use up that of the others.
    async fn dial(&self, server: &Server, deadline: Instant) -> Result<TcpStream, Fault> {
        let addresses = self.names.addresses(server).await.map_err(|_| Fault::UnknownHost)?;
        let mut fault = Fault::UnknownHost;
        let mut shares = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        for address in addresses {
            let left = deadline.saturating_duration_since(Instant::now());
            let connecting = timeout(left / shares.max(1), TcpStream::connect(address)).await;
            shares = shares.saturating_sub(1);
            match connecting.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(stream) => {
                    // Requests are small and wait for their answers.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fault = Fault::Refused,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    fault = Fault::Timeout(Stage::Connect);
                }
                Err(_) => fault = Fault::Unreachable,
            }
        }
        Err(fault)
    }

    async fn protect(&self, server: &Server, stream: TcpStream) -> Result<Box<dyn Stream>, Fault> {
        let other = || Fault::Tls(tls::TlsFault::Other);
        let trust = self.trust.as_ref().ok_or_else(other)?;
        let (config, witness) = trust.config().map_err(Fault::Tls)?;
        let Host::Name(name) = &server.host else {
            return Err(other());
        };
        let name = ServerName::try_from(name.clone()).map_err(|_| other())?;
        match TlsConnector::from(Arc::clone(&config)).connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(Fault::Tls(tls::fault(&error, &witness))),
        }
    }
}

/// Asks for TLS on an open connection.
async fn start_tls(stream: &mut TcpStream) -> Result<(), Fault> {
    match start_tls_code(stream).await {
        Some(0) => Ok(()),
        Some(code) => Err(Fault::StartTls(code)),
        None => Err(Fault::NoStartTls),
    }
}

/// The result code of `StartTLS`; `None` when what comes is no answer to it, or nothing comes.
async fn start_tls_code(stream: &mut TcpStream) -> Option<u32> {
    stream.write_all(&START_TLS).await.ok()?;
    let mut buffer = BytesMut::new();
    let length = loop {
        if let Some(length) = guard::length(&buffer).ok()? {
            break length;
        }
        if buffer.len() > MAX_ANSWER || stream.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
    };
    let answer = buffer.split_to(length);
    // Whatever comes before TLS may come from anybody on the way: it must not be taken for the server's.
    if buffer.is_empty() { guard::extended(&answer) } else { None }
}

/// Waits for one stage until the deadline.
pub(crate) async fn within<T>(
    deadline: Instant,
    stage: Stage,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    timeout_at(deadline, work).await.unwrap_or(Err(Fault::Timeout(stage)))
}

//! A small HTTP server on a free port of this machine.

use std::net::SocketAddr;

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::failure::{Failure, Result};

/// An answer with its whole body at hand.
pub(crate) type Reply = Response<Full<Bytes>>;

/// A server that stops taking connections when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves every request by `handle`. A failure to answer closes that connection.
    pub(crate) async fn start<H, A>(handle: H) -> Result<Self>
    where
        H: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
        A: Future<Output = Result<Reply>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Small answers must not wait for the acknowledgement of the one before.
                if stream.set_nodelay(true).is_err() {
                    continue;
                }
                let handle = handle.clone();
                tokio::spawn(
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(handle)),
                );
            }
        });
        Ok(Self { address, accepting })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// An answer without headers of its own.
pub(crate) fn reply(status: u16, body: impl Into<Bytes>) -> Result<Reply> {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = StatusCode::from_u16(status).map_err(Failure::from)?;
    Ok(reply)
}

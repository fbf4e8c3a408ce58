//! Connections: accepted, with TLS or without, and cut when a fault asks for it.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::answer::AnswerBody;

/// One client's connection, as the one who answers on it sees it.
#[derive(Debug, Default)]
pub(crate) struct Line {
    cut: Notify,
    reset: AtomicBool,
}

impl Line {
    /// Ends the connection at once: the client is told by a reset.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::SeqCst);
        self.cut.notify_one();
    }
}

/// Serves what connects, until dropped.
pub(crate) async fn accept<F, A>(listener: TcpListener, tls: Option<TlsAcceptor>, answer: F)
where
    F: Fn(Request<Incoming>, Arc<Line>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<AnswerBody>> + Send,
{
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (tls, answer, line) = (tls.clone(), answer.clone(), Arc::new(Line::default()));
        let wire = Wire { stream, line: Arc::clone(&line) };
        connections.spawn(async move {
            match tls {
                Some(tls) => {
                    if let Ok(secured) = tls.accept(wire).await {
                        connection(secured, line, answer).await;
                    }
                }
                None => connection(wire, line, answer).await,
            }
        });
    }
}

async fn connection<I, F, A>(io: I, line: Arc<Line>, answer: F)
where
    I: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<Incoming>, Arc<Line>) -> A,
    A: Future<Output = Response<AnswerBody>>,
{
    let service = service_fn(|request| {
        let answering = answer(request, Arc::clone(&line));
        async { Ok::<_, Infallible>(answering.await) }
    });
    tokio::select! {
        biased;
        () = line.cut.notified() => {}
        // How a connection ends is the client's own affair.
        _ = http1::Builder::new().serve_connection(TokioIo::new(io), service) => {}
    }
}

/// The socket, which knows whether its end is to be a rude one.
struct Wire {
    stream: TcpStream,
    line: Arc<Line>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.line.reset.load(Ordering::SeqCst) {
            // Closing sends a reset instead of an orderly end.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

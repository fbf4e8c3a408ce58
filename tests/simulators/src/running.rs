//! A simulator that serves.

use std::{
    error::Error,
    fmt, fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bridge_harness::certs;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::{
    commands,
    control::Control,
    host::{Host, Simulator},
    line,
};

/// Why a simulator did not start.
pub type StartError = Box<dyn Error + Send + Sync>;

/// How to start a simulator.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port of its API; 0 takes a free one.
    pub port: u16,
    /// The port of its control; 0 takes a free one.
    pub control_port: u16,
    /// A directory with an authority and a certificate, made there when it is not; otherwise one of its own,
    /// removed at the end.
    pub tls_dir: Option<PathBuf>,
    /// NCIRCC only: the server sends the intermediate certificate, which it otherwise leaves out.
    pub send_chain: bool,
}

/// A running simulator, which ends when this is dropped.
#[non_exhaustive]
pub struct Running {
    /// The address of its API.
    pub url: String,
    /// The certificate of its authority, a PEM file.
    pub ca: PathBuf,
    /// The same as text.
    pub ca_pem: String,
    /// The certificate between the authority's and the server's, a PEM file: NCIRCC has one.
    pub intermediate: Option<PathBuf>,
    /// The same as text; empty when there is none.
    pub intermediate_pem: String,
    /// What drives it.
    pub control: Control,
    background: [Background; 2],
    _own_dir: Option<OwnDir>,
    _serving: JoinSet<()>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("url", &self.url)
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.background.iter().for_each(Background::end);
    }
}

/// A directory of a simulator's own, which goes with it.
struct OwnDir(PathBuf);

impl Drop for OwnDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The calls that a simulator makes itself: they end with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Background(Arc<Mutex<JoinSet<()>>>);

impl Background {
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// Whether nothing of it is under way.
    pub(crate) fn idle(&self) -> bool {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.is_empty()
    }

    pub(crate) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

/// Starts a simulator on the present runtime.
pub(crate) async fn start<S: Simulator>(options: Options) -> Result<Running, StartError> {
    let own_dir = match options.tls_dir {
        Some(_) => None,
        None => Some(OwnDir(std::env::temp_dir().join(format!("bridge-simulator-{}", Uuid::new_v4())))),
    };
    let own = || own_dir.as_ref().map(|dir| dir.0.clone());
    let dir = options.tls_dir.or_else(own).unwrap_or_default();
    // Beside the files of those that share the directory and have no chain.
    let dir = if S::CHAIN { dir.join("chain") } else { dir };
    fs::create_dir_all(&dir)?;
    let ca = dir.join(certs::CA);
    if !ca.exists() {
        if S::CHAIN { certs::generate_chain(&dir) } else { certs::generate(&dir) }?;
    }
    let ca_pem = fs::read_to_string(&ca)?;
    let intermediate = S::CHAIN.then(|| dir.join(certs::INTERMEDIATE));
    let intermediate_pem = intermediate.as_ref().map(fs::read_to_string).transpose()?.unwrap_or_default();
    let acceptor = TlsAcceptor::from(match (options.send_chain, S::CHAIN) {
        (false, _) => certs::server_config(&dir)?,
        (true, true) => certs::chain_config(&dir)?,
        (true, false) => return Err("this simulator's certificate has no chain".into()),
    });

    let (background, late) = (Background::default(), Background::default());
    let (listeners, address) = bind(options.port).await?;
    let url = format!("https://localhost:{}", address.port());
    let host = Arc::new(Host::new(S::new(url.clone(), background.clone()), late.clone()));
    let mut serving = JoinSet::new();
    for listener in listeners {
        let (acceptor, host) = (acceptor.clone(), Arc::clone(&host));
        serving.spawn(line::accept(listener, Some(acceptor), move |request, line| {
            let host = Arc::clone(&host);
            async move { host.serve(request, line).await }
        }));
    }
    let control = TcpListener::bind(("127.0.0.1", options.control_port)).await?;
    let control_url = format!("http://{}", control.local_addr()?);
    serving.spawn(line::accept(control, None, move |request, _| {
        let host = Arc::clone(&host);
        async move { commands::serve(&host, request).await }
    }));
    Ok(Running {
        url,
        ca,
        ca_pem,
        intermediate,
        intermediate_pem,
        control: Control::new(control_url),
        background: [background, late],
        _own_dir: own_dir,
        _serving: serving,
    })
}

async fn bind(port: u16) -> std::io::Result<(Vec<TcpListener>, SocketAddr)> {
    let first = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    // `localhost` may mean either family; a machine without IPv6 does without.
    if let Ok(second) = TcpListener::bind(("::1", address.port())).await {
        listeners.push(second);
    }
    Ok((listeners, address))
}

//! A server of our own that follows a script.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use crate::{
    Script, StartError, ber, controller,
    script::{message, result},
};

/// How long a test waits for what a client should send.
const PATIENCE: Duration = Duration::from_secs(10);

type Log = watch::Sender<Vec<Seen>>;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A connection.
    Connection,
    /// A sign-in: the name.
    Bind(String),
    /// `StartTLS`.
    StartTls,
    /// A search: its base, and the number of its page.
    Search(String, usize),
    /// A good-bye.
    Unbind,
}

/// A search request, as far as scripts look at it.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) id: u32,
    pub(crate) base: String,
    pub(crate) scope: u32,
    pub(crate) filter: Vec<u8>,
    pub(crate) attributes: Vec<String>,
    /// Which page of the connection's search this is, from 1.
    pub(crate) page: usize,
    /// The first value that is asked for by a range.
    pub(crate) range: usize,
    /// Who has signed in.
    pub(crate) bound: Option<String>,
}

/// A running server.
#[derive(Debug)]
pub struct Hostile {
    port: u16,
    seen: watch::Receiver<Vec<Seen>>,
    task: JoinHandle<()>,
}

impl Hostile {
    /// Starts one on a port of this machine's 127.0.0.1.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(script: Script) -> Result<Self, StartError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (log, seen) = watch::channel(Vec::new());
        let (script, log) = (Arc::new(script), Arc::new(log));
        let task = tokio::spawn(async move {
            // They end with this task.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                note(&log, Seen::Connection);
                connections.spawn(async move {
                    let _ = serve(stream, &script, &log).await;
                });
            }
        });
        Ok(Self { port, seen, task })
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What clients sent so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    /// Waits until a client has sent this; whether it has, in time.
    pub async fn wait_for(&self, wanted: &Seen) -> bool {
        let mut seen = self.seen.clone();
        let found = timeout(PATIENCE, seen.wait_for(|seen| seen.contains(wanted))).await;
        matches!(found, Ok(Ok(_)))
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn note(log: &Log, seen: Seen) {
    log.send_modify(|all| all.push(seen));
}

/// Serves one connection; `None` at its end.
async fn serve(mut stream: TcpStream, script: &Script, log: &Log) -> Option<()> {
    let mut buffer = Vec::new();
    let mut page = 0;
    let mut bound = None;
    loop {
        let request = receive(&mut stream, &mut buffer).await?;
        let mut rest = request.as_slice();
        let id = ber::small(&mut rest)?;
        let (tag, mut operation) = ber::take(&mut rest)?;
        match tag {
            0x60 => {
                ber::content(&mut operation)?;
                let name = ber::text(&mut operation)?;
                note(log, Seen::Bind(name.clone()));
                let password = ber::text(&mut operation)?;
                bind(&mut stream, script, id, &name, &password).await?;
                bound = Some(name);
            }
            0x77 => {
                note(log, Seen::StartTls);
                start_tls(&mut stream, script, id).await?;
            }
            0x63 => {
                page += 1;
                let question = question(id, operation, page, bound.clone())?;
                note(log, Seen::Search(question.base.clone(), page));
                search(&mut stream, script, &question).await?;
            }
            _ => {
                note(log, Seen::Unbind);
                return None;
            }
        }
    }
}

/// The next message, without its head.
async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        let mut rest = buffer.as_slice();
        if let Some((_, content)) = ber::take(&mut rest) {
            let message = content.to_vec();
            *buffer = rest.to_vec();
            return Some(message);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

async fn bind(stream: &mut TcpStream, script: &Script, id: u32, name: &str, password: &str) -> Option<()> {
    let (code, text) = match script {
        Script::SilentBind => return Some(()),
        Script::RawBind(bytes) => return stream.write_all(bytes).await.ok(),
        Script::RefuseBind(code, text) => (*code, (*text).to_owned()),
        Script::Controller(objects) => controller::bind(objects, name, password),
        _ => (0, String::new()),
    };
    stream.write_all(&message(id, &result(0x61, code, &text), &[])).await.ok()
}

async fn start_tls(stream: &mut TcpStream, script: &Script, id: u32) -> Option<()> {
    let consent = message(id, &result(0x78, 0, ""), &[]);
    let bytes = match script {
        Script::SilentStartTls => return Some(()),
        Script::HangUpAtStartTls => return None,
        Script::RefuseStartTls(code) => message(id, &result(0x78, *code, "no certificate"), &[]),
        Script::InjectAfterStartTls => [consent, message(id + 1, &result(0x61, 0, ""), &[])].concat(),
        _ => consent,
    };
    stream.write_all(&bytes).await.ok()
}

async fn search(stream: &mut TcpStream, script: &Script, question: &Question) -> Option<()> {
    match script {
        Script::Flood => loop {
            let entry = crate::script::numbered(1);
            stream.write_all(&message(question.id, &entry, &[])).await.ok()?;
        },
        Script::Controller(objects) => {
            stream.write_all(&controller::search(objects, question).concat()).await.ok()
        }
        script => {
            stream.write_all(&script.answer(question).concat()).await.ok()?;
            if matches!(script, Script::HangUp) { None } else { Some(()) }
        }
    }
}

fn question(id: u32, mut operation: &[u8], page: usize, bound: Option<String>) -> Option<Question> {
    let base = ber::text(&mut operation)?;
    let scope = ber::small(&mut operation)?;
    for _ in 0..4 {
        ber::content(&mut operation)?;
    }
    let whole = operation;
    ber::take(&mut operation)?;
    let filter = whole.get(..whole.len() - operation.len())?.to_vec();
    let mut names = ber::content(&mut operation)?;
    let mut attributes = Vec::new();
    while !names.is_empty() {
        attributes.push(ber::text(&mut names)?);
    }
    let first = |name: &String| name.split_once(";range=")?.1.split_once('-')?.0.parse().ok();
    let range = attributes.iter().find_map(first).unwrap_or_default();
    Some(Question { id, base, scope, filter, attributes, page, range, bound })
}

/// The bytes of a message with this operation, for scripts of raw bytes. The id is 0xEE.
#[must_use]
pub fn raw(operation: &[u8]) -> Vec<u8> {
    // An id above 127 takes two bytes; the one that is put in its place takes one.
    let id = ber::element(0x02, &[0xee]);
    ber::list(0x30, &[id, operation.to_vec()])
}

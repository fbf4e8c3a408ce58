//! Functions as processes, each under a Lambda Runtime API server of its own.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
};
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    sync::{mpsc, oneshot},
    time::timeout,
};
use uuid::Uuid;

use crate::{
    aws::{CACHE, INVENTORY, REGION},
    failure::Result,
    http::{Reply, Server, reply},
};

/// Time-out of an invocation: what the template gives the slowest of those that are invoked here.
const DEADLINE: Duration = Duration::from_mins(15);
/// What the names of the administrators' secrets begin with.
pub(crate) const VAULT_PREFIX: &str = "bench/vault/";
/// Longest wait for a function to start.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Where functions are and what they talk to.
#[derive(Debug)]
pub(crate) struct Bed {
    /// Directory of the built binaries.
    pub(crate) binaries: PathBuf,
    /// Directory for what the functions log.
    pub(crate) logs: PathBuf,
    /// Address of the AWS services.
    pub(crate) endpoint: String,
    /// The prepared item of `bare-write`.
    pub(crate) item: PathBuf,
}

impl Bed {
    /// Starts a function on a table and waits until it asks for its first event.
    pub(crate) async fn start(&self, name: &str, table: &str) -> Result<Function> {
        self.start_with(name, table, "").await
    }

    /// The same; `clients` are what `bare-clients` makes.
    pub(crate) async fn start_with(&self, name: &str, table: &str, clients: &str) -> Result<Function> {
        let (first_poll, polled) = oneshot::channel();
        let (calls, queue) = mpsc::channel(1);
        let api = Arc::new(Api {
            first_poll: Mutex::new(Some(first_poll)),
            queue: tokio::sync::Mutex::new(queue),
            pending: Mutex::new(None),
        });
        let server = Server::start(move |request| {
            let api = Arc::clone(&api);
            async move { api.serve(request).await }
        })
        .await?;

        let binary = self.binaries.join(name);
        let log = self.logs.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(&binary);
        command
            .env_clear()
            .envs(self.environment(name, table))
            .env("AWS_LAMBDA_RUNTIME_API", server.address.to_string())
            .env("BENCH_CLIENTS", clients)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true);
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", binary.display()))?;
        let polled = tokio::select! {
            polled = timeout(START_LIMIT, polled) => polled??,
            status = child.wait() => return Err(format!("{name} ended ({}), see {}", status?, log.display()).into()),
        };
        Ok(Function { name: name.to_owned(), start: polled - started, child, calls, _server: server })
    }

    fn environment(&self, name: &str, table: &str) -> Vec<(&'static str, String)> {
        [
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "bench"),
            ("AWS_SECRET_ACCESS_KEY", "bench"),
            ("AWS_SESSION_TOKEN", "bench"),
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("LANG", "en_US.UTF-8"),
            ("STATE_TABLE", table),
            ("ADMIN_TOKEN_SECRET", "bench/admin-token"),
            ("WEBHOOK_SECRET_PREFIX", "bench/webhook/"),
            ("VAULT_PREFIX", VAULT_PREFIX),
            ("CACHE_TABLE", CACHE),
            ("INVENTORY_TABLE", INVENTORY),
            ("RVISION_QUEUE", "https://sqs.invalid/bench/rvision"),
            ("RVISION_DEAD_QUEUE", "https://sqs.invalid/bench/rvision-dead"),
            ("KUMA_QUEUE", "https://sqs.invalid/bench/kuma"),
            ("KUMA_DEAD_QUEUE", "https://sqs.invalid/bench/kuma-dead"),
            ("PULL_QUEUE", "https://sqs.invalid/bench/pull"),
            ("PULL_DEAD_QUEUE", "https://sqs.invalid/bench/pull-dead"),
            ("LDAP_QUEUE", "https://sqs.invalid/bench/ldap"),
            ("LDAP_DEAD_QUEUE", "https://sqs.invalid/bench/ldap-dead"),
            ("NCIRCC_QUEUE", "https://sqs.invalid/bench/ncircc"),
            ("NCIRCC_DEAD_QUEUE", "https://sqs.invalid/bench/ncircc-dead"),
            ("LOG_LEVEL", "info"),
            ("BENCH_ITEM", &self.item.to_string_lossy()),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    /// Size of a function's binary and of its zip, in bytes.
    pub(crate) fn zipped(&self, name: &str) -> Result<(usize, usize)> {
        let binary = fs::read(self.binaries.join(name))?;
        let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
        std::io::Write::write_all(&mut deflated, &binary)?;
        Ok((binary.len(), deflated.finish()?.len()))
    }
}

/// A running function. Its process ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Function {
    name: String,
    /// From the start of the process to its first poll.
    pub(crate) start: Duration,
    child: Child,
    calls: mpsc::Sender<Call>,
    _server: Server,
}

/// What a function answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The answer.
    pub(crate) body: Bytes,
    /// From handing the event over to having the answer.
    pub(crate) took: Duration,
}

impl Function {
    /// Invokes the function, which must answer with this status.
    pub(crate) async fn invoke(&self, event: &Bytes, status: u16) -> Result<Answer> {
        self.call(event, |body| body.get("statusCode") == Some(&status.into())).await
    }

    /// Gives the function a batch, of which it must do every message.
    pub(crate) async fn consume(&self, batch: &Bytes) -> Result<Answer> {
        let done = |body: &Value| match body.get("batchItemFailures") {
            Some(failures) => failures.as_array().is_some_and(Vec::is_empty),
            None => false,
        };
        self.call(batch, done).await
    }

    async fn call(&self, event: &Bytes, wanted: impl Fn(&Value) -> bool) -> Result<Answer> {
        let (done, answer) = oneshot::channel();
        self.calls.send(Call { event: event.clone(), done }).await?;
        let answer = timeout(DEADLINE, answer).await??;
        let body: Value = serde_json::from_slice(&answer.body)?;
        if wanted(&body) { Ok(answer) } else { Err(format!("{} answered {body}", self.name).into()) }
    }

    /// Most memory that the process has had so far, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        let process = self.child.id().ok_or("the function has ended")?;
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes: u64 =
            peak.and_then(|peak| peak.trim().strip_suffix(" kB")).ok_or("no VmHWM")?.parse()?;
        Ok(kibibytes * 1024)
    }

    /// Ends the process and waits for its end.
    pub(crate) async fn end(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// An event for a function, and where to put the answer.
#[derive(Debug)]
struct Call {
    event: Bytes,
    done: oneshot::Sender<Answer>,
}

/// The Runtime API of one process that handles one event at a time.
#[derive(Debug)]
struct Api {
    first_poll: Mutex<Option<oneshot::Sender<Instant>>>,
    queue: tokio::sync::Mutex<mpsc::Receiver<Call>>,
    pending: Mutex<Option<(Instant, oneshot::Sender<Answer>)>>,
}

impl Api {
    async fn serve(&self, request: Request<Incoming>) -> Result<Reply> {
        let arrived = Instant::now();
        let path = request.uri().path();
        match (request.method(), path.rsplit('/').next().unwrap_or_default()) {
            (&Method::GET, "next") => {
                let waiting = lock(&self.first_poll).take();
                if let Some(waiting) = waiting {
                    let _ = waiting.send(arrived);
                }
                let Some(call) = self.queue.lock().await.recv().await else {
                    return reply(410, "no more events");
                };
                let next = next(call.event)?;
                *lock(&self.pending) = Some((Instant::now(), call.done));
                Ok(next)
            }
            // An error is an answer too: without the status that the caller wants.
            (&Method::POST, "response" | "error") => {
                let body = request.into_body().collect().await?.to_bytes();
                let ended = Instant::now();
                if let Some((begun, done)) = lock(&self.pending).take() {
                    let _ = done.send(Answer { body, took: ended - begun });
                }
                reply(202, "")
            }
            _ => reply(404, ""),
        }
    }
}

fn next(event: Bytes) -> Result<Reply> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", Uuid::new_v4().to_string())
        .header("lambda-runtime-deadline-ms", (now + DEADLINE).as_millis().to_string())
        .header(
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:{REGION}:000000000000:function:bench"),
        )
        .body(Full::new(event))?)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

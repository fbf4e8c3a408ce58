//! A KUMA Core, an R-Vision or NCIRCC's account of the demo: a process of its own, driven over its control.

use std::process::Stdio;

use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::failure::{Context as _, Failure, Result};

/// A running simulator. It ends with its standard input, so however this process ends.
pub(super) struct Simulator {
    pub(super) url: String,
    /// The certificate of its authority.
    pub(super) ca: String,
    /// The certificate between that and the server's, if there is one.
    pub(super) intermediate: String,
    control: String,
    client: Client,
    child: Child,
}

/// The line that it prints when it serves.
#[derive(Deserialize)]
struct Ready {
    url: String,
    ca: String,
    intermediate: Option<String>,
    control: String,
}

impl Simulator {
    /// Starts `sim-kuma`, `sim-rvision` or `sim-ncircc`, which are built beside this program.
    pub(super) async fn start(program: &str) -> Result<Self> {
        let path = std::env::current_exe().context("finding this program")?.with_file_name(program);
        if !path.is_file() {
            return Err(Failure::new(format!("{} is not built: run `make build` first", path.display())));
        }
        let mut child = Command::new(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context(format_args!("starting {program}"))?;
        let out = child.stdout.take().ok_or_else(|| Failure::new("a simulator has no output"))?;
        let line = BufReader::new(out).lines().next_line().await.context(program)?.unwrap_or_default();
        let Ready { url, ca, intermediate, control } =
            serde_json::from_str(&line).context(format_args!("{program} says `{line}`"))?;
        let read = |path: String| std::fs::read_to_string(&path).context(path);
        let (ca, intermediate) = (read(ca)?, intermediate.map(read).transpose()?.unwrap_or_default());
        let client = Client::builder().no_proxy().build().context("making a client")?;
        Ok(Self { url, ca, intermediate, control, client, child })
    }

    /// Gives it an order; gives what came of it.
    pub(super) async fn order(&self, path: &str, order: &Value) -> Result<Value> {
        self.send(Method::POST, path, Some(order)).await
    }

    /// What it holds.
    pub(super) async fn state(&self) -> Result<Value> {
        self.send(Method::GET, "/state", None).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.client.request(method, format!("{}{path}", self.control));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.context("talking to a simulator")?;
        let status = answer.status();
        let bytes = answer.bytes().await.context("talking to a simulator")?;
        if !status.is_success() {
            let told = String::from_utf8_lossy(&bytes);
            return Err(Failure::new(format!("a simulator refused {path}: {status}: {told}")));
        }
        if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes).context(path) }
    }

    /// Ends it, and waits until it is gone.
    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        self.child.wait().await.map(drop).context("ending a simulator")
    }
}

//! A simulator as a process of its own.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{control::Control, running::StartError};

/// A simulator's process, which ends when this is dropped.
#[derive(Debug)]
#[non_exhaustive]
pub struct Process {
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
    // Its standard input is held here: it ends with it, cleanly, however this process ends.
    child: Child,
}

#[derive(Deserialize)]
struct Ready {
    url: String,
    ca: PathBuf,
    intermediate: Option<PathBuf>,
    control: String,
}

impl Process {
    /// Starts `sim-kuma`, `sim-rvision` or `sim-ncircc` and waits until it serves.
    ///
    /// # Errors
    /// When there is no such program beside this one, or it does not start.
    pub async fn start(program: &str, arguments: &[&str]) -> Result<Self, StartError> {
        let path = beside(&std::env::current_exe()?, program)
            .ok_or_else(|| format!("{program} is not built: run `make build`"))?;
        let mut child =
            Command::new(path).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().ok_or("it has no standard output")?;
        let line = BufReader::new(out).lines().next_line().await?;
        let ready: Ready = serde_json::from_str(&line.ok_or_else(|| format!("{program} ended at once"))?)?;
        let ca_pem = std::fs::read_to_string(&ready.ca)?;
        let intermediate = ready.intermediate;
        let intermediate_pem =
            intermediate.as_ref().map(std::fs::read_to_string).transpose()?.unwrap_or_default();
        Ok(Self {
            url: ready.url,
            ca: ready.ca,
            ca_pem,
            intermediate,
            intermediate_pem,
            control: Control::new(ready.control),
            child,
        })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it as its user would, and waits until it is gone and has cleaned up.
    ///
    /// # Errors
    /// When it ends badly.
    pub async fn stop(mut self) -> Result<(), StartError> {
        drop(self.child.stdin.take());
        let status = self.child.wait().await?;
        if status.success() { Ok(()) } else { Err(format!("it ended with {status}").into()) }
    }
}

/// A program of the same build: tests are one directory below.
fn beside(this: &Path, program: &str) -> Option<PathBuf> {
    this.ancestors().skip(1).take(2).map(|dir| dir.join(program)).find(|path| path.is_file())
}

//! A real HTTP proxy: Debian's tinyproxy.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::running::StartError;

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);

/// A running tinyproxy, which ends when this is dropped.
#[derive(Debug)]
#[non_exhaustive]
pub struct TinyProxy {
    /// Its address.
    pub url: String,
    directory: PathBuf,
    child: Child,
}

impl TinyProxy {
    /// Starts one that lets everybody on this machine through; `rules` are further lines of its settings.
    ///
    /// # Errors
    /// When `infra/local/tools.sh` has not put the program there, or it does not serve.
    pub async fn start(rules: &str) -> Result<Self, StartError> {
        let program = program()?;
        let directory = std::env::temp_dir().join(format!("bridge-tinyproxy-{}", Uuid::new_v4()));
        fs::create_dir_all(&directory)?;
        let until = Instant::now() + START;
        loop {
            // It takes no port of the system's choice, so one is chosen for it; somebody may be faster.
            let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
            let log = directory.join("log");
            let settings = format!(
                "Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Connect\n\
                 LogFile \"{}\"\n{rules}",
                log.display()
            );
            fs::write(directory.join("settings"), settings)?;
            let mut child = Command::new(&program)
                .args(["-d", "-c"])
                .arg(directory.join("settings"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            while child.try_wait()?.is_none() {
                if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                    return Ok(Self { url: format!("http://127.0.0.1:{port}"), directory, child });
                }
                if Instant::now() > until {
                    return Err("tinyproxy does not serve".into());
                }
                sleep(Duration::from_millis(20)).await;
            }
            if Instant::now() > until {
                return Err("tinyproxy does not start".into());
            }
        }
    }

    /// The requests that it was asked to carry out: their first lines.
    ///
    /// # Errors
    /// When its log can not be read.
    pub fn requests(&self) -> Result<Vec<String>, StartError> {
        let log = self.log()?;
        let requests = log.lines().filter_map(|line| line.split_once("Request (file descriptor"));
        Ok(requests.filter_map(|(_, rest)| rest.split_once("): ")).map(|(_, line)| line.to_owned()).collect())
    }

    /// Its whole log.
    ///
    /// # Errors
    /// When it can not be read.
    pub fn log(&self) -> Result<String, StartError> {
        Ok(fs::read_to_string(self.directory.join("log"))?)
    }

    /// Ends it and everything that goes through it.
    ///
    /// # Errors
    /// When it can not be ended.
    pub async fn stop(&mut self) -> Result<(), StartError> {
        Ok(self.child.kill().await?)
    }
}

impl Drop for TinyProxy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The program, as `infra/local/tools.sh` has put it.
fn program() -> Result<PathBuf, StartError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("there is no checkout")?;
    let program = root.join(".tools/proxy/tinyproxy");
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("{} is not there: run `infra/local/tools.sh proxy`", program.display()).into())
}

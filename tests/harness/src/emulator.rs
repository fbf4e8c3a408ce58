//! The AWS endpoint of a stack: ministack as a process, in a container, or one that is already there.

use std::{
    fs::{self, File},
    io::Write as _,
    net::TcpListener,
    path::Path,
    process::Stdio,
    sync::Mutex,
    time::{Duration, Instant},
};

use testcontainers::{
    ContainerAsync, GenericImage, ImageExt as _, TestcontainersError,
    core::{IntoContainerPort as _, WaitFor, error::ClientError, logs::LogFrame, wait::HttpWaitStrategy},
    runners::AsyncRunner as _,
};
use tokio::{process::Command, time::sleep};

use crate::{
    failure::{Context as _, Failure, Result},
    place::{Repository, Running, tail},
};

pub(crate) const REGION: &str = "eu-central-1";
/// In the command line of every emulator of this checkout's tools.
pub(crate) const MARK: &str = "ministack/bin/ministack";
const LOG: &str = "ministack.log";
const HEALTH: &str = "/_ministack/health";
const IMAGE: &str = "ministackorg/ministack:1.5.33";
const GATEWAY: u16 = 4566;
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts ministack for the stack in `dir` and waits until it is healthy.
pub(crate) async fn start(
    repository: &Repository,
    dir: &Path,
    auth: bool,
    running: &mut Running,
) -> Result<()> {
    let program = repository.tool("ministack", "ministack")?;
    let port = free_port()?;
    running.endpoint = format!("http://127.0.0.1:{port}");
    let log_path = dir.join(LOG);
    let log = File::create(&log_path).context(log_path.display())?;
    for inside in ["home", "tmp"] {
        fs::create_dir_all(dir.join(inside)).context("making the emulator's directories")?;
    }
    let mut child = Command::new(program)
        // Functions inherit the emulator's environment: nothing of this shell may reach them.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir.join("home"))
        .env("TMPDIR", dir.join("tmp"))
        .env("STATE_DIR", dir.join("tmp/state"))
        .env("S3_DATA_DIR", dir.join("tmp/s3"))
        .env("LANG", "C.UTF-8")
        .env("PYTHONUNBUFFERED", "1")
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("LAMBDA_EXECUTOR", "local")
        .env("IOT_MTLS_ENABLED", "0")
        .env("AUTH", auth.to_string())
        .env("AWS_ENDPOINT_URL", &running.endpoint)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("LOG_LEVEL", "INFO")
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("opening the emulator's log")?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("starting ministack")?;
    running.emulator = child.id();
    running.write(dir)?;

    let started = Instant::now();
    loop {
        if healthy(&running.endpoint).await {
            return Ok(());
        }
        let ended = child.try_wait().context("watching ministack")?;
        if ended.is_some() || started.elapsed() > PATIENCE {
            let what = if ended.is_some() { "ended at once" } else { "is not healthy after 10 s" };
            return Err(Failure::new(format!(
                "ministack {what}; the end of its log:\n{}",
                tail(&log_path, 20)
            )));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Whether a ministack answers there.
pub(crate) async fn healthy(endpoint: &str) -> bool {
    let Ok(client) = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build() else {
        return false;
    };
    let answer = client.get(format!("{endpoint}{HEALTH}")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// An emulator in a container, with the address it is reached at.
pub(crate) struct Contained {
    container: ContainerAsync<GenericImage>,
    pub(crate) endpoint: String,
}

impl Contained {
    pub(crate) async fn remove(self) -> Result<()> {
        self.container.rm().await.context("removing the container")
    }
}

/// Starts the emulator's image. `None` when there is no Docker to ask.
pub(crate) async fn start_container(dir: &Path, auth: bool) -> Result<Option<Contained>> {
    let image = std::env::var("TEST_EMULATOR_IMAGE").unwrap_or_else(|_| IMAGE.to_owned());
    let (name, tag) =
        image.rsplit_once(':').ok_or_else(|| Failure::new("TEST_EMULATOR_IMAGE must be name:tag"))?;
    let log = Mutex::new(File::create(dir.join(LOG)).context("making the emulator's log")?);
    let ready = HttpWaitStrategy::new(HEALTH).with_port(GATEWAY.tcp()).with_expected_status_code(200_u16);
    let request = GenericImage::new(name, tag)
        .with_exposed_port(GATEWAY.tcp())
        .with_wait_for(WaitFor::http(ready))
        .with_env_var("GATEWAY_PORT", GATEWAY.to_string())
        .with_env_var("BIND_HOST", "0.0.0.0")
        .with_env_var("LAMBDA_EXECUTOR", "local")
        .with_env_var("IOT_MTLS_ENABLED", "0")
        .with_env_var("AUTH", auth.to_string())
        .with_env_var("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{GATEWAY}"))
        .with_env_var("AWS_DEFAULT_REGION", REGION)
        .with_startup_timeout(Duration::from_mins(2))
        .with_log_consumer(move |frame: &LogFrame| {
            if let Ok(mut file) = log.lock() {
                let (LogFrame::StdOut(bytes) | LogFrame::StdErr(bytes)) = frame;
                let _ = file.write_all(bytes);
            }
        });
    let container = match request.start().await {
        Ok(container) => container,
        Err(error) if unreachable(&error) => return Ok(None),
        Err(error) => {
            return Err(error).context(format_args!("starting a container of {image} (TEST_EMULATOR_IMAGE)"));
        }
    };
    let host = container.get_host().await.context("asking for the container's address")?;
    let port = container.get_host_port_ipv4(GATEWAY).await.context("asking for the container's port")?;
    Ok(Some(Contained { endpoint: format!("http://{host}:{port}"), container }))
}

/// Whether it is Docker itself that could not be talked to.
fn unreachable(error: &TestcontainersError) -> bool {
    match error {
        TestcontainersError::Client(ClientError::Init(_) | ClientError::Configuration(_)) => true,
        TestcontainersError::Client(inner) => connection_failed(inner),
        _ => false,
    }
}

fn connection_failed(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
    let here = error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|io| matches!(io.kind(), ConnectionRefused | NotFound | PermissionDenied));
    here || error.source().is_some_and(connection_failed)
}

fn free_port() -> Result<u16> {
    let socket = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(socket.local_addr().context("looking for a free port")?.port())
}

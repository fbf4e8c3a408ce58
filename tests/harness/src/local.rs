//! `up` and `down`: a stack that stays until it is told to go.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use bridge_harness::{
    Stack, certs,
    front::{Front, Limits, Upstream},
};
use http::HeaderValue;
use tokio::{process::Command, time::sleep};

use crate::{
    args::{FrontOptions, Options},
    deploy::{Deployment, Outputs, aws_variables, lay_functions},
    emulator,
    failure::{Context as _, Failure, Result, print, progress},
    place::{Repository, Running, read_variables, write_variables},
    process,
    stop::unless_stopped,
};

/// In the command line of every front.
const FRONT_MARK: &str = "bridge-local front";

/// Brings the stack up and says how to use it.
pub(crate) async fn up(options: &Options) -> Result<u8> {
    let stack = ensure(options).await?;
    summary(&stack)
}

/// Brings the stack up, or finds it up already.
pub(crate) async fn ensure(options: &Options) -> Result<Stack> {
    let repository = Repository::find()?;
    let _alone = repository.alone().await?;
    let dir = repository.local();
    if let Some(stack) = found(&dir).await {
        progress(format_args!("the stack is up already at {}", stack.url));
        return Ok(stack);
    }
    if dir.exists() {
        progress("an earlier stack is not healthy: taking it down first");
        take_down(&dir).await?;
    }
    let started = Instant::now();
    match unless_stopped(bring_up(&repository, &dir, options)).await {
        Ok(stack) => {
            progress(format_args!("up in {:.1} s", started.elapsed().as_secs_f64()));
            Ok(stack)
        }
        Err(failure) => {
            process::end_descendants().await;
            if dir.exists() {
                take_down(&dir).await?;
                progress("what had been started was taken down again");
            }
            Err(failure)
        }
    }
}

/// Stops what `up` started.
pub(crate) async fn down() -> Result<u8> {
    let repository = Repository::find()?;
    let _alone = repository.alone().await?;
    let dir = repository.local();
    if dir.exists() {
        take_down(&dir).await?;
        progress("the stack is down, nothing is left of it");
    } else {
        progress("there is no stack to stop");
    }
    Ok(0)
}

/// Ends a stack's processes and removes its directory.
pub(crate) async fn take_down(dir: &Path) -> Result<()> {
    let running = Running::read(dir).unwrap_or_default();
    // Function processes run from the stack's directory.
    let functions = dir.to_string_lossy();
    let groups = [(running.front, FRONT_MARK), (running.emulator, emulator::MARK)];
    for (group, mark) in groups {
        if let Some(group) = group
            && !process::end_group(group, &[mark, &functions]).await
        {
            return Err(Failure::new(format!("process group {group} ({mark}) does not end")));
        }
    }
    process::remove_dir(dir).await.context(dir.display())
}

/// The stack in `dir`, if all of it is well.
async fn found(dir: &Path) -> Option<Stack> {
    let running = Running::read(dir)?;
    let stack = stack_in(dir).ok()?;
    let alive = process::is_running(running.emulator?, emulator::MARK)
        && process::is_running(running.front?, FRONT_MARK)
        && emulator::healthy(&running.endpoint).await
        && answers(&stack).await;
    alive.then_some(stack)
}

/// Whether the API answers through the front, whatever it says.
async fn answers(stack: &Stack) -> bool {
    let Ok(client) = stack.client() else {
        return false;
    };
    let request = client.get(format!("{}/api/v1/users/whoami", stack.url));
    matches!(request.send().await, Ok(answer) if !answer.status().is_server_error())
}

fn stack_in(dir: &Path) -> Result<Stack> {
    let variables = read_variables(dir)?;
    let find = |name: &str| variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    Stack::from_variables(find).context("reading stack.env")
}

async fn bring_up(repository: &Repository, dir: &Path, options: &Options) -> Result<Stack> {
    if tokio::net::TcpListener::bind(("127.0.0.1", options.port)).await.is_err() {
        return Err(Failure::new(format!(
            "port {0} is in use. Choose another: `make up PORT={1}`",
            options.port,
            options.port.wrapping_add(1)
        )));
    }
    let functions = lay_functions(repository)?;
    make_dir(dir)?;
    let mut running = Running::default();
    progress("starting the emulator (ministack) ...");
    emulator::start(repository, dir, options.auth, &mut running).await?;
    let deployment = Deployment {
        repository: repository.clone(),
        dir: dir.to_owned(),
        endpoint: running.endpoint.clone(),
        name: "kuma-bridge-local".to_owned(),
    };
    progress(format_args!(
        "deploying {} with {functions} functions (sam deploy, about 15 s) ...",
        options.template.display()
    ));
    let outputs = deployment.deploy(&options.template).await?;
    let token = deployment.admin_token(&outputs).await?;
    certs::generate(dir).context("making the certificates")?;
    progress(format_args!("serving https://localhost:{} ...", options.port));
    start_front(dir, options.port, &mut running, &outputs)?;
    let url = format!("https://localhost:{}", options.port);
    let variables = variables(&deployment, &outputs, token, url, options.auth);
    write_variables(dir, &variables)?;
    let stack = stack_in(dir)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while !answers(&stack).await {
        if Instant::now() > deadline {
            return Err(Failure::new(format!(
                "the API does not answer through {}; the end of the front's log:\n{}and of the emulator's:\n{}",
                stack.url,
                crate::place::tail(&dir.join("front.log"), 10),
                crate::place::tail(&dir.join("ministack.log"), 20)
            )));
        }
        sleep(Duration::from_millis(100)).await;
    }
    Ok(stack)
}

/// A new directory that only its owner can look into.
pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir.join("tmp")).context(dir.display())
}

/// Everything that a test, or a person's shell, needs to use the stack.
pub(crate) fn variables(
    deployment: &Deployment,
    outputs: &Outputs,
    token: String,
    url: String,
    auth: bool,
) -> Vec<(&'static str, String)> {
    let path = |name: &str| deployment.dir.join(name).to_string_lossy().into_owned();
    let mut all = vec![
        ("BRIDGE_URL", url),
        ("BRIDGE_CA", path(certs::CA)),
        ("BRIDGE_ADMIN_TOKEN", token),
        ("BRIDGE_ADMIN_TOKEN_SECRET", outputs.admin_token_secret_arn.clone()),
        ("BRIDGE_STATE_TABLE", outputs.state_table_name.clone()),
        ("BRIDGE_CACHE_TABLE", outputs.cache_table_name.clone()),
        ("BRIDGE_INVENTORY_TABLE", outputs.inventory_table_name.clone()),
        ("BRIDGE_RVISION_QUEUE", outputs.rvision_queue_url.clone()),
        ("BRIDGE_RVISION_DEAD_QUEUE", outputs.rvision_dead_queue_url.clone()),
        ("BRIDGE_KUMA_QUEUE", outputs.kuma_queue_url.clone()),
        ("BRIDGE_KUMA_DEAD_QUEUE", outputs.kuma_dead_queue_url.clone()),
        ("BRIDGE_PULL_QUEUE", outputs.pull_queue_url.clone()),
        ("BRIDGE_PULL_DEAD_QUEUE", outputs.pull_dead_queue_url.clone()),
        ("BRIDGE_LDAP_QUEUE", outputs.ldap_queue_url.clone()),
        ("BRIDGE_LDAP_DEAD_QUEUE", outputs.ldap_dead_queue_url.clone()),
        ("BRIDGE_NCIRCC_QUEUE", outputs.ncircc_queue_url.clone()),
        ("BRIDGE_NCIRCC_DEAD_QUEUE", outputs.ncircc_dead_queue_url.clone()),
        ("BRIDGE_STACK", deployment.name.clone()),
        ("BRIDGE_API_ID", outputs.api_id.clone()),
        ("BRIDGE_LOG", path("ministack.log")),
        ("BRIDGE_AUTH", auth.to_string()),
    ];
    all.extend(aws_variables(&deployment.endpoint));
    all
}

/// The address and name that the front passes requests to.
pub(crate) fn upstream(endpoint: &str, host: &str) -> Result<Upstream> {
    let authority = endpoint.trim_end_matches('/').trim_start_matches("http://");
    Ok(Upstream {
        authority: authority.parse().context(format_args!("{endpoint} is no http address"))?,
        host: HeaderValue::from_str(host).context("naming the API's host")?,
    })
}

/// The name by which the emulator knows an HTTP API.
pub(crate) fn api_host(outputs: &Outputs) -> String {
    format!("{}.execute-api.localhost", outputs.api_id)
}

fn start_front(dir: &Path, port: u16, running: &mut Running, outputs: &Outputs) -> Result<()> {
    let log = File::create(dir.join("front.log")).context("making the front's log")?;
    let child = Command::new(std::env::current_exe().context("finding this program")?)
        .arg("front")
        .arg("--dir")
        .arg(dir)
        .args(["--port", &port.to_string(), "--upstream", &running.endpoint])
        .args(["--host", &api_host(outputs)])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("opening the front's log")?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("starting the TLS front")?;
    running.front = child.id();
    running.write(dir)
}

/// The front's own process.
pub(crate) async fn serve_front(options: FrontOptions) -> Result<u8> {
    let tls = certs::server_config(&options.dir).context("reading the certificate")?;
    let upstream = upstream(&options.upstream, &options.host)?;
    let front = Front::bind(options.port, tls, upstream, Limits::default())
        .await
        .context(format_args!("listening on port {}", options.port))?;
    front.serve().await;
    Ok(0)
}

fn summary(stack: &Stack) -> Result<u8> {
    let env = stack.ca.with_file_name("stack.env");
    let log = stack.log.clone().unwrap_or_default();
    print(&format!(
        "\n\
         \x20 API              {url}\n\
         \x20 CA               {ca}\n\
         \x20 variables        source {env}\n\
         \x20 AWS endpoint     {aws}\n\
         \x20 state table      {table}\n\
         \x20 emulator's log   {log}\n\n\
         \x20 try              source {env}\n\
         \x20                  curl --cacert $BRIDGE_CA -H \"Authorization: Bearer $BRIDGE_ADMIN_TOKEN\" $BRIDGE_URL/api/v1/users/whoami\n\
         \x20 stop             make down\n\n",
        url = stack.url,
        ca = stack.ca.display(),
        env = env.display(),
        aws = stack.aws_endpoint,
        table = stack.state_table,
        log = log.display(),
    ))
}

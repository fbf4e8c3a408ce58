//! `run`: a command with a stack of its own, taken down whatever happens.

use std::{fs, os::unix::process::ExitStatusExt as _, path::Path, process::ExitStatus, time::Instant};

use bridge_harness::{
    certs,
    front::{Front, Limits},
};
use tokio::{process::Command, task::JoinHandle};

use crate::{
    args::Options,
    deploy::{Deployment, lay_functions},
    emulator::{self, Contained},
    failure::{Context as _, Failure, Result, progress},
    local::{api_host, make_dir, take_down, upstream, variables},
    place::{Repository, Running},
    process,
    stop::unless_stopped,
};

/// What has been started so far, in the order it has to go.
#[derive(Default)]
struct Started {
    front: Option<JoinHandle<()>>,
    /// On an endpoint that outlives the run.
    deployment: Option<Deployment>,
    container: Option<Contained>,
}

pub(crate) async fn run(options: &Options, command: &[String]) -> Result<u8> {
    let repository = Repository::find()?;
    sweep(&repository).await;
    let dir = repository.root.join(format!("target/local-{}", std::process::id()));
    let mut started = Started::default();
    let result = unless_stopped(work(&repository, &dir, options, command, &mut started)).await;

    if let Some(front) = started.front {
        front.abort();
    }
    // Before the emulator: a test that is still running would only see it vanish.
    if result.is_err() {
        end_command(&dir).await;
    }
    let deleted = match started.deployment {
        Some(deployment) => deployment.delete().await,
        None => Ok(()),
    };
    let removed = match started.container {
        Some(container) => container.remove().await,
        None => Ok(()),
    };
    let down = take_down(&dir).await;
    let code = result?;
    deleted.and(removed).and(down)?;
    Ok(code)
}

async fn work(
    repository: &Repository,
    dir: &Path,
    options: &Options,
    command: &[String],
    started: &mut Started,
) -> Result<u8> {
    let begun = Instant::now();
    lay_functions(repository)?;
    make_dir(dir)?;
    let mut running = Running { owner: Some(std::process::id()), ..Running::default() };
    let given = std::env::var("TEST_AWS_ENDPOINT").ok().filter(|url| !url.is_empty());
    if options.container {
        let Some(container) = emulator::start_container(dir, options.auth).await? else {
            progress("docker is not available: the container variant was skipped");
            return Ok(0);
        };
        running.endpoint.clone_from(&container.endpoint);
        started.container = Some(container);
    } else if let Some(url) = &given {
        running.endpoint = url.trim_end_matches('/').to_owned();
    } else {
        emulator::start(repository, dir, options.auth, &mut running).await?;
    }
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let deployment = Deployment {
        repository: repository.clone(),
        dir: dir.to_owned(),
        endpoint: running.endpoint.clone(),
        name: format!("kuma-bridge-{}", unique.get(..8).unwrap_or_default()),
    };
    if given.is_some() && !options.container {
        started.deployment = Some(deployment.clone());
    }
    progress(format_args!("deploying {} on {} ...", deployment.name, deployment.endpoint));
    let outputs = deployment.deploy(&options.template).await?;
    let token = deployment.admin_token(&outputs).await?;
    certs::generate(dir).context("making the certificates")?;
    let tls = certs::server_config(dir).context("reading the certificate")?;
    let upstream = upstream(&deployment.endpoint, &api_host(&outputs))?;
    let front = Front::bind(0, tls, upstream, Limits::default()).await.context("listening on a free port")?;
    let url = format!("https://localhost:{}", front.address().port());
    started.front = Some(tokio::spawn(front.serve()));
    progress(format_args!(
        "the stack is up at {url} in {:.1} s{}",
        begun.elapsed().as_secs_f64(),
        if options.auth { ", IAM policies enforced" } else { "" }
    ));
    let (program, args) = command.split_first().ok_or_else(|| Failure::new("no command"))?;
    let status = Command::new(program)
        .args(args)
        // What a developer's own shell may hold for the real AWS.
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_REGION")
        .envs(variables(&deployment, &outputs, token, url, options.auth))
        .status()
        .await
        .context(format_args!("running {program}"))?;
    Ok(exit_code(status))
}

/// As a shell would pass it on.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Ends the command and whatever it started; the emulator goes in its own turn.
async fn end_command(dir: &Path) {
    let emulator = Running::read(dir).and_then(|running| running.emulator);
    if !process::end_descendants_but(emulator).await {
        progress("some processes of the command do not end");
    }
}

/// Takes down what a run left that was itself killed.
async fn sweep(repository: &Repository) {
    let Ok(entries) = fs::read_dir(repository.root.join("target")) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("local-")?.parse().ok());
        if let Some(owner) = owner
            && !process::is_running(owner, "bridge-local")
            && let Err(failure) = take_down(&entry.path()).await
        {
            progress(format_args!("an earlier run left something: {failure}"));
        }
    }
}

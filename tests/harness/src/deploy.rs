//! The real template on an AWS endpoint: binaries in place, bucket, `sam deploy`, outputs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::Deserialize;
use tokio::process::Command;

use crate::{
    emulator::REGION,
    failure::{Context as _, Failure, Result},
    place::{Repository, tail},
};

/// What a deployed stack says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Outputs {
    pub(crate) api_id: String,
    pub(crate) state_table_name: String,
    pub(crate) admin_token_secret_arn: String,
    pub(crate) cache_table_name: String,
    pub(crate) inventory_table_name: String,
    pub(crate) rvision_queue_url: String,
    pub(crate) rvision_dead_queue_url: String,
    pub(crate) kuma_queue_url: String,
    pub(crate) kuma_dead_queue_url: String,
    pub(crate) pull_queue_url: String,
    pub(crate) pull_dead_queue_url: String,
    pub(crate) ldap_queue_url: String,
    pub(crate) ldap_dead_queue_url: String,
    pub(crate) ncircc_queue_url: String,
    pub(crate) ncircc_dead_queue_url: String,
}

/// Puts the built binary of every function where the template takes it from.
pub(crate) fn lay_functions(repository: &Repository) -> Result<usize> {
    let built = built_dir()?;
    let functions = repository.root.join("functions");
    let mut laid = 0;
    for entry in fs::read_dir(&functions).context(functions.display())? {
        let name = entry.context(functions.display())?.file_name();
        if !functions.join(&name).join("Cargo.toml").is_file() {
            continue;
        }
        let binary = built.join(&name);
        if !binary.is_file() {
            return Err(Failure::new(format!("{} is not built: run `make build` first", binary.display())));
        }
        let dir = repository.root.join("target/lambda").join(&name);
        fs::create_dir_all(&dir).context(dir.display())?;
        // A copy under another name, then renamed: another run may be reading the old one, and a
        // hard link would let `cargo lambda build` write into cargo's own binary.
        let fresh = dir.join(format!(".bootstrap-{}", std::process::id()));
        fs::copy(&binary, &fresh).context(fresh.display())?;
        fs::rename(&fresh, dir.join("bootstrap")).context(dir.display())?;
        laid += 1;
    }
    Ok(laid)
}

/// The functions are built beside this very program.
fn built_dir() -> Result<PathBuf> {
    let program = std::env::current_exe().context("finding this program")?;
    program
        .parent()
        .map(Path::to_owned)
        .ok_or_else(|| Failure::new("finding this program: it has no directory"))
}

/// One deployment of the template onto one endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) repository: Repository,
    /// For logs and a home of the tools' own.
    pub(crate) dir: PathBuf,
    pub(crate) endpoint: String,
    pub(crate) name: String,
}

impl Deployment {
    /// Deploys `template` and reads what came of it.
    pub(crate) async fn deploy(&self, template: &Path) -> Result<Outputs> {
        let template = self.repository.root.join(template);
        if !template.is_file() {
            return Err(Failure::new(format!("there is no template {}", template.display())));
        }
        self.ask("prepare", &[&self.bucket()]).await?;
        let sam = self.repository.tool("sam", "sam")?;
        let log_path = self.dir.join("deploy.log");
        let log = fs::File::create(&log_path).context(log_path.display())?;
        let architecture = match std::env::consts::ARCH {
            "aarch64" => "arm64",
            other => other,
        };
        let status = self
            .command(&sam)
            .arg("deploy")
            .arg("--config-file")
            .arg(self.repository.root.join("samconfig.toml"))
            .args(["--config-env", "local", "--template-file"])
            .arg(&template)
            .args(["--stack-name", &self.name, "--s3-bucket", &self.bucket(), "--region", REGION])
            .args(["--no-confirm-changeset", "--no-progressbar", "--parameter-overrides"])
            .arg(format!("Architecture={architecture}"))
            .args(["DeletionProtection=false", "LogLevel=debug", "LogRetentionDays=1"])
            .stdout(log.try_clone().context(log_path.display())?)
            .stderr(log)
            .status()
            .await
            .context("running sam deploy")?;
        if !status.success() {
            return Err(Failure::new(format!(
                "sam deploy failed; the end of its log:\n{}and of the emulator's:\n{}",
                tail(&log_path, 25),
                tail(&self.dir.join("ministack.log"), 15)
            )));
        }
        let outputs = self.ask("outputs", &[&self.name]).await?;
        serde_json::from_str(&outputs).context(format_args!("reading the stack's outputs from {outputs}"))
    }

    /// The generated token of the first general administrator.
    pub(crate) async fn admin_token(&self, outputs: &Outputs) -> Result<String> {
        let token = self.ask("token", &[&outputs.admin_token_secret_arn]).await?;
        Ok(token.trim().to_owned())
    }

    /// Runs a function once, as its schedule does, and waits until it has ended.
    pub(crate) async fn run(&self, function: &str) -> Result<()> {
        self.ask("run", &[&format!("{}-{function}", self.name)]).await.map(drop)
    }

    /// Takes the stack off an endpoint that goes on running.
    pub(crate) async fn delete(&self) -> Result<()> {
        self.ask("delete", &[&self.name, &self.bucket()]).await.map(drop)
    }

    fn bucket(&self) -> String {
        format!("{}-deploy", self.name)
    }

    async fn ask(&self, question: &str, args: &[&str]) -> Result<String> {
        let python = self.repository.tool("ministack", "python")?;
        let answer = self
            .command(&python)
            .arg(self.repository.root.join("infra/local/stack.py"))
            .arg(question)
            .args(args)
            .output()
            .await
            .context("running infra/local/stack.py")?;
        if !answer.status.success() {
            let why = String::from_utf8_lossy(&answer.stderr);
            return Err(Failure::new(format!("asking the AWS endpoint failed: {}", why.trim())));
        }
        String::from_utf8(answer.stdout).context("reading the AWS endpoint's answer")
    }

    /// A tool in an environment of its own: no profile, proxy or credential of this shell.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.join("home"))
            .env("TMPDIR", self.dir.join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("SAM_CLI_TELEMETRY", "0")
            .envs(aws_variables(&self.endpoint))
            .current_dir(&self.repository.root)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// What an AWS client needs to use the endpoint as its root user.
pub(crate) fn aws_variables(endpoint: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
    ]
}

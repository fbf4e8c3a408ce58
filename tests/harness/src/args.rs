//! The command line.

use std::{collections::VecDeque, path::PathBuf};

use crate::failure::{Context as _, Failure, Result};

pub(crate) const HELP: &str = "\
bridge-local: the real stack on this machine (ministack + the real template and function binaries)

  up [--port 7223] [--auth]              start it and leave it running; .local/stack.env says where
  down                                   stop it and leave nothing behind
  demo [--port 7223]                     one alert's way from a SIEM to an IRP and back, shown step by step
  run [--auth] [--container] -- COMMAND  start one on free ports, run COMMAND against it, stop it

  --auth              the emulator enforces the IAM policy of each function
  --container         the emulator runs in a container of TEST_EMULATOR_IMAGE; skipped without Docker
  --template FILE     deploy this template (default infra/template.yaml)

TEST_AWS_ENDPOINT makes `run` deploy onto that endpoint and start no emulator.
Run `make build` and infra/local/tools.sh first; `make up`, `make demo` and `make test` do.
";

/// KUMA's own API port.
const PORT: u16 = 7223;

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Up(Options),
    Down,
    Run(Options, Vec<String>),
    Front(FrontOptions),
    Demo(Options),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) auth: bool,
    pub(crate) container: bool,
    pub(crate) template: PathBuf,
}

/// Of the front's own process, which `up` starts.
#[derive(Debug)]
pub(crate) struct FrontOptions {
    pub(crate) dir: PathBuf,
    pub(crate) port: u16,
    pub(crate) upstream: String,
    pub(crate) host: String,
}

pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Command> {
    let mut rest: VecDeque<String> = args.collect();
    let verb = rest.pop_front().unwrap_or_default();
    match verb.as_str() {
        "" | "help" | "-h" | "--help" => Ok(Command::Help),
        "up" => Ok(Command::Up(options(&mut rest, &["--port", "--auth", "--template"])?)),
        "demo" => Ok(Command::Demo(options(&mut rest, &["--port", "--auth", "--template"])?)),
        "down" => options(&mut rest, &[]).map(|_| Command::Down),
        "front" => front(&mut rest).map(Command::Front),
        "run" => {
            let found = options(&mut rest, &["--auth", "--container", "--template"])?;
            if rest.is_empty() {
                return Err(Failure::new("run needs a command after `--`, see `bridge-local help`"));
            }
            Ok(Command::Run(found, rest.into()))
        }
        other => Err(Failure::new(format!("there is no command `{other}`, see `bridge-local help`"))),
    }
}

/// Reads options up to the end or to `--`, which it takes too.
fn options(rest: &mut VecDeque<String>, known: &[&str]) -> Result<Options> {
    let mut found =
        Options { port: PORT, auth: false, container: false, template: PathBuf::from("infra/template.yaml") };
    while let Some(name) = rest.pop_front() {
        if name == "--" {
            break;
        }
        if !known.contains(&name.as_str()) {
            return Err(Failure::new(format!("`{name}` does not belong here, see `bridge-local help`")));
        }
        match name.as_str() {
            "--auth" => found.auth = true,
            "--container" => found.container = true,
            "--port" => found.port = port(&value(rest, &name)?)?,
            _ => found.template = value(rest, &name)?.into(),
        }
    }
    Ok(found)
}

fn front(rest: &mut VecDeque<String>) -> Result<FrontOptions> {
    let mut named = |wanted: &str| match rest.pop_front() {
        Some(name) if name == wanted => value(rest, wanted),
        _ => Err(Failure::new(format!("front needs {wanted}"))),
    };
    Ok(FrontOptions {
        dir: named("--dir")?.into(),
        port: port(&named("--port")?)?,
        upstream: named("--upstream")?,
        host: named("--host")?,
    })
}

fn value(rest: &mut VecDeque<String>, name: &str) -> Result<String> {
    rest.pop_front().ok_or_else(|| Failure::new(format!("{name} needs a value")))
}

fn port(text: &str) -> Result<u16> {
    text.parse().context(format_args!("`{text}` is not a port"))
}

//! What the programs share.

use std::{io::Write as _, process::ExitCode};

use serde_json::json;
use tokio::{
    io::AsyncReadExt as _,
    signal::unix::{SignalKind, signal},
};

use crate::running::{Options, Running, StartError};

const HELP: &str = "\
options: [--port N] [--control-port N] [--tls-dir DIR] [--send-chain] [--detached]

  --port, --control-port   0, the default, takes a free one
  --tls-dir DIR            serve with the certificate there; made when there is none
  --send-chain             sim-ncircc: send the intermediate certificate too
  --detached               do not end when standard input does

Prints {\"url\",\"ca\",\"control\"} as one line of JSON when ready, sim-ncircc \"intermediate\" too. Ends on SIGTERM or
SIGINT, and with standard input.
";

/// Runs a program: `start` makes its simulator.
pub fn main<F, R>(start: F) -> ExitCode
where
    F: FnOnce(Options) -> R,
    R: Future<Output = Result<Running, StartError>>,
{
    let Some((options, detached)) = options(std::env::args().skip(1)) else {
        let _ = std::io::stderr().write_all(HELP.as_bytes());
        return ExitCode::from(2);
    };
    let done =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::from).and_then(
            |runtime| {
                let done = runtime.block_on(run(start(options), detached));
                // A read of standard input can not be called off.
                runtime.shutdown_background();
                done
            },
        );
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(
    starting: impl Future<Output = Result<Running, StartError>>,
    detached: bool,
) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = starting.await?;
    let mut ready = json!({"url": running.url, "ca": running.ca, "control": running.control.url()});
    if let (Some(intermediate), Some(members)) = (&running.intermediate, ready.as_object_mut()) {
        members.insert("intermediate".to_owned(), json!(intermediate));
    }
    let mut out = std::io::stdout();
    writeln!(out, "{ready}")?;
    out.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = input_ended(), if !detached => {}
    }
    Ok(())
}

async fn input_ended() {
    let mut input = tokio::io::stdin();
    let mut waste = [0; 256];
    while input.read(&mut waste).await.is_ok_and(|read| read > 0) {}
}

fn options(mut args: impl Iterator<Item = String>) -> Option<(Options, bool)> {
    let (mut options, mut detached) = (Options::default(), false);
    while let Some(name) = args.next() {
        match name.as_str() {
            "--port" => options.port = args.next()?.parse().ok()?,
            "--control-port" => options.control_port = args.next()?.parse().ok()?,
            "--tls-dir" => options.tls_dir = Some(args.next()?.into()),
            "--send-chain" => options.send_chain = true,
            "--detached" => detached = true,
            _ => return None,
        }
    }
    Some((options, detached))
}

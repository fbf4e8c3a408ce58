//! `bridge-local`: the whole stack on this machine, behind `make up`, `make down`, `make demo` and `make test`.

mod args;
mod demo;
mod deploy;
mod emulator;
mod failure;
mod local;
mod place;
mod process;
mod run;
mod stop;

use std::process::ExitCode;

use args::Command;
use failure::Result;

#[tokio::main]
async fn main() -> ExitCode {
    match dispatch().await {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure::report(&failure);
            ExitCode::from(failure.code())
        }
    }
}

async fn dispatch() -> Result<u8> {
    match args::parse(std::env::args().skip(1))? {
        Command::Help => failure::print(args::HELP),
        Command::Up(options) => local::up(&options).await,
        Command::Down => local::down().await,
        Command::Run(options, command) => run::run(&options, &command).await,
        Command::Front(options) => local::serve_front(options).await,
        Command::Demo(options) => demo::demo(&options).await,
    }
}

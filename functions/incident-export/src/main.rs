//! Enters into the ledger what is to go to NCIRCC, and shows how it stands there.

mod answers;
mod app;
mod attached;
mod events;
mod export;
mod handler;
mod place;
mod resolve;
mod supplement;
#[cfg(test)]
mod tests;
mod view;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("incident-export", Config::read, App::connect, handler::handle).await
}

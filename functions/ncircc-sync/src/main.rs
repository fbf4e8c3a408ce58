//! Brings back what NCIRCC says: statuses, numbers, comments, notices.

mod app;
mod cards;
mod comments;
mod handler;
mod notices;
mod pace;
mod session;
mod strangers;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::schedule::serve("ncircc-sync", Config::read, App::connect, handler::handle).await
}

#[cfg(test)]
mod tests;

//! Asks KUMA Core for alerts: for those that a push names, and for those that no push brought.

mod app;
mod backfill;
mod handler;
mod listed;
mod one;
mod pace;
mod poll;
mod schedule;
mod session;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::batch::serve("alert-pull", Config::read, App::connect, App::plan, handler::handle).await
}

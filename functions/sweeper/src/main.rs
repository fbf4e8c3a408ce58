//! Queues again what should have been delivered by now.

mod app;
mod handler;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::schedule::serve("sweeper", Config::read, App::connect, handler::handle).await
}

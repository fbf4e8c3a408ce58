//! Starts the imports that are due.

mod app;
mod handler;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::schedule::serve("refresh-dispatch", Config::read, App::connect, handler::handle).await
}

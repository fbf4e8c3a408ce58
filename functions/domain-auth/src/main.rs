//! The settings page of domain authorization as an API, and its connection test.

mod app;
mod checks;
mod handler;
mod settings;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("domain-auth", Config::read, App::connect, handler::handle).await
}

//! The settings page of NCIRCC as an API, and its connection test.

mod app;
mod checks;
mod handler;
mod settings;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("ncircc-settings", Config::read, App::connect, handler::handle).await
}

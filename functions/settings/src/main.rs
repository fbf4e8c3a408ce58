//! The settings pages as an API: tenants, tokens, webhook secrets; and who-am-I.

mod app;
mod handler;
mod kuma;
mod tenants;
mod tokens;
mod webhook;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("settings", Config::read, App::connect, handler::handle).await
}

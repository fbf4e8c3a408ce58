//! The settings pages as an API: tenants, tokens, secrets, integrations; and who-am-I.

mod app;
mod checks;
mod handler;
mod integrations;
mod kuma;
mod secrets;
mod tenants;
mod tokens;
mod values;
mod webhook;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("settings", Config::read, App::connect, handler::handle).await
}

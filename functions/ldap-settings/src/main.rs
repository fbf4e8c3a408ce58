//! The settings page of LDAP servers as an API: tenants, connections, imports and connection tests.

mod app;
mod checks;
mod connections;
mod handler;
mod runs;
mod tenants;
mod view;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("ldap-settings", Config::read, App::connect, handler::handle).await
}

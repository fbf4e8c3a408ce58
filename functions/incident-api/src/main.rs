//! Incidents: made of alerts, read, worked on, closed; by the bridge's own calls and by KUMA's.

mod app;
mod bridge;
mod comments;
mod desk;
mod handler;
mod kuma;
mod page;
mod view;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("incident-api", Config::read, App::connect, handler::handle).await
}

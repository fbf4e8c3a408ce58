//! Searches alerts, exactly as KUMA's own API does.

mod app;
mod detail;
mod handler;
mod page;
mod related;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("alert-search", Config::read, App::connect, handler::handle).await
}

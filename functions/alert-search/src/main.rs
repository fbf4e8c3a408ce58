//! Searches alerts, exactly as KUMA's own API does.

mod app;
mod handler;
mod page;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("alert-search", Config::read, App::connect, handler::handle).await
}

//! Closes an alert, exactly as KUMA's own API does.

mod app;
mod handler;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("alert-close", Config::read, App::connect, handler::handle).await
}

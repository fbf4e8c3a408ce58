//! Takes alerts in: from a SIEM with a token, or from a sender that signs.

mod app;
mod handler;
mod recent;
mod sender;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("alert-ingest", Config::read, App::connect, handler::handle).await
}

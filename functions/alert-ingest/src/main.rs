//! Takes alerts in: from a SIEM with a token, from a sender that signs, or by KUMA's push to an IRP.

mod app;
#[cfg(test)]
mod crash;
mod handler;
mod push;
mod sender;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("alert-ingest", Config::read, App::connect, handler::handle).await
}

//! Searches alerts, exactly as KUMA's own API does.

mod detail;
mod handler;
mod page;

use bridge_access::{Access, AccessConfig};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("alert-search", AccessConfig::read, Access::connect, handler::handle).await
}

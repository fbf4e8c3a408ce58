//! Closes an alert, exactly as KUMA's own API does.

mod handler;

use bridge_access::{Access, AccessConfig};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("alert-close", AccessConfig::read, Access::connect, handler::handle).await
}

//! The Task manager: what imports do and did.

mod handler;
mod view;

use bridge_access::{Access, AccessConfig};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("task-api", AccessConfig::read, Access::connect, handler::handle).await
}

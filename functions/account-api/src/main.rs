//! Searches the accounts that were imported from directories.

mod app;
mod handler;
mod page;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("account-api", Config::read, App::connect, handler::handle).await
}

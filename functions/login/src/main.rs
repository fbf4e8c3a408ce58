//! Logging in with an account of the domain, and logging out.

mod app;
mod handler;
mod login;
mod refused;
mod session;
mod sign_in;

use app::{App, Config};

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_runtime::http::serve("login", Config::read, App::connect, handler::handle).await
}

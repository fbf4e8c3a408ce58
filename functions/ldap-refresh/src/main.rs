//! Imports the accounts of a domain: one run for each task.

mod app;
mod handler;
mod import;
#[cfg(test)]
mod tests;

use app::{App, Config};
use bridge_runtime::batch;
use futures_util::FutureExt;

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    batch::serve(
        "ldap-refresh",
        Config::read,
        App::connect,
        |app: &App, context| (handler::options(context.into()), app.queue.clone()),
        // Boxed: what lies below is deep, and the compiler lays every future out inside its caller.
        |app, message: bridge_importing::Message, record| {
            async move { handler::handle(&app.parts, &message, &record.correlation_id).await }.boxed()
        },
    )
    .await
}

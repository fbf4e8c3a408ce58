//! Sends to NCIRCC what the ledger owes it: once.

mod app;
mod ask;
mod handler;
mod send;
mod settle;
#[cfg(test)]
mod tests;

use app::{App, Config};
use bridge_runtime::batch;
use futures_util::FutureExt;

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    batch::serve(
        "ncircc-send",
        Config::read,
        App::connect,
        |app: &App, context| (handler::options(context.into()), app.queue.clone()),
        // Boxed: what lies below is deep, and the compiler lays every future out inside its caller.
        |app, message: bridge_reporting::Message, _record| {
            async move { app.desk.handle(&message).await }.boxed()
        },
    )
    .await
}

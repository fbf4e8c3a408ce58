//! Closes in KUMA Core what an IRP closed here.

mod handler;
#[cfg(test)]
mod tests;

use bridge_delivery::QueueNames;
use handler::KumaCore;

const QUEUES: QueueNames = QueueNames { queue: "KUMA_QUEUE", dead: "KUMA_DEAD_QUEUE" };

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_delivery::serve("kuma-send", QUEUES, KumaCore::new).await
}

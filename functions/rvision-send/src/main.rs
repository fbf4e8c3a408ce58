//! Creates, changes and closes the R-Vision incident of an alert.

mod fields;
mod file;
mod handler;
mod people;
#[cfg(test)]
mod tests;

use bridge_delivery::QueueNames;
use handler::Incidents;

const QUEUES: QueueNames = QueueNames { queue: "RVISION_QUEUE", dead: "RVISION_DEAD_QUEUE" };

#[tokio::main]
async fn main() -> Result<(), bridge_runtime::Error> {
    bridge_delivery::serve("rvision-send", QUEUES, Incidents::new).await
}

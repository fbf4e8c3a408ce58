//! The function as it is, against an R-Vision over TLS and tables in a real engine.

mod crash;
mod faults;
mod fields;
mod flow;
mod outage;
mod switches;

use bridge_delivery::Engine;
use bridge_domain::TargetId;
use bridge_simulators::{Options, RVision, Running};
use bridge_world::{Post, World, alert, incidents, posts, rvision_target};
use serde_json::{Value, json};

use crate::handler::Incidents;

const TOKEN: &str = "r-vision-token";

/// A bridge with one target.
struct Bench {
    world: World,
    irp: Running,
    target: TargetId,
    engine: Engine<Incidents>,
    post: Post,
}

impl Bench {
    /// `more` adds settings of the target or replaces them.
    async fn start(more: Value) -> Self {
        let (world, irp) = (World::start().await, RVision::start(Options::default()).await.unwrap());
        let target = world.add_target(&rvision_target("r", &irp, &more), TOKEN, &irp.ca_pem).await;
        let engine = world.sender("rvision-send", Incidents::new);
        Self { world, irp, target, engine, post: Post::default() }
    }

    /// The function's process is another one from now on.
    fn restart(&mut self) {
        self.engine = self.world.sender("rvision-send", Incidents::new);
    }

    /// Takes an alert in, and delivers it.
    async fn take(&mut self, id: &str, seconds: i64, more: Value) {
        self.world.take(alert(id, seconds, &more)).await;
        self.settle().await;
    }

    /// Closes an alert for the holder of a token, and delivers that.
    async fn close(&mut self, id: &str, token: &str) {
        self.world.close(id, bridge_domain::close::Reason::Responded, token).await;
        self.settle().await;
    }

    async fn settle(&mut self) {
        self.world.settle(&mut self.post, &self.engine).await;
    }

    async fn incidents(&self) -> Vec<Value> {
        incidents(&self.irp).await
    }

    /// The only incident there is.
    async fn incident(&self) -> Value {
        let mut all = self.incidents().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    async fn posts(&self) -> usize {
        posts(&self.irp).await
    }
}

/// What was written into an incident, in turn.
fn kinds(incident: &Value) -> Vec<&str> {
    incident["writes"].as_array().unwrap().iter().map(|write| write["kind"].as_str().unwrap()).collect()
}

/// The names of the fields of the last write.
fn last_fields(incident: &Value) -> Vec<&str> {
    let last = incident["writes"].as_array().unwrap().last().unwrap();
    last["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect()
}

/// Members of an alert that is closed when it comes.
fn closed() -> Value {
    json!({"status": "closed", "closingReason": "incorrect data"})
}

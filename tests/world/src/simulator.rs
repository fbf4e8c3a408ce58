//! What a simulator was asked for.

use bridge_simulators::{Control, Running};
use serde_json::Value;

/// The incidents of an R-Vision.
pub async fn incidents(simulator: &Running) -> Vec<Value> {
    simulator.control.state().await.unwrap()["incidents"].as_array().unwrap().clone()
}

/// How often it was called to write an incident.
pub async fn posts(simulator: &Running) -> usize {
    let history = simulator.control.history().await.unwrap();
    history.iter().filter(|call| call["method"] == "POST" && call["path"] == "/api/v2/incidents").count()
}

/// Waits until a simulator has dealt with whatever is on its way to it.
pub async fn calm(control: &Control) {
    let (mut last, mut same) = (Value::Null, 0);
    // What was sent over the loopback before is read before the answers of several round trips.
    while same < 6 {
        let state = control.state().await.unwrap();
        let now = Value::from(vec![state["requests"].clone(), state["open"].clone(), state["idle"].clone()]);
        same = if now == last && state["idle"] == true { same + 1 } else { 0 };
        last = now;
    }
}

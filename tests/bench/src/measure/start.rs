//! How long a function takes from its start to its first poll.

use super::FUNCTIONS;
use crate::{
    failure::Result,
    lambda::Bed,
    report::Row,
    stats::{Pairs, median, millis},
};

/// Rounds; in each, every function starts once and right after a bare one.
const ROUNDS: usize = 31;
/// How much longer than the bare one a function may take.
const BAR: f64 = 1.25;

/// Starts everything in turn.
pub(crate) async fn measure(bed: &Bed, table: &str) -> Result<Vec<Row>> {
    let mut pairs = FUNCTIONS.map(|(name, clients)| (name, clients, Pairs::default()));
    let mut hello = Vec::new();
    for round in 0..=ROUNDS {
        for (name, clients, pairs) in &mut pairs {
            let bare = once(bed, "bare-clients", table, clients).await?;
            let ours = once(bed, name, table, "").await?;
            // The first round brings the binaries into memory.
            if round > 0 {
                pairs.add(ours, bare);
            }
        }
        hello.push(once(bed, "bare-hello", table, "").await?);
    }
    let beside = format!("hello-world {:.2} ms", median(&hello));
    Ok(pairs
        .iter()
        .map(|(name, _, pairs)| Row::paired(format!("start of {name}"), "ms", BAR, pairs).beside(&beside))
        .collect())
}

async fn once(bed: &Bed, name: &str, table: &str, clients: &str) -> Result<f64> {
    let function = bed.start_with(name, table, clients).await?;
    let took = millis(function.start);
    function.end().await?;
    Ok(took)
}

//! What taking in an alert of ten events costs.

use std::{collections::BTreeMap, fs, time::Duration};

use hyper::body::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    aws::Aws,
    events::Samples,
    failure::Result,
    lambda::{Bed, Function},
    report::Row,
    seed::{Seed, TENANT},
    stats::{Pairs, median, millis},
};

const TABLE: &str = "ingest";
/// Rounds; in each, both functions take a block of alerts, one after the other.
const ROUNDS: usize = 40;
/// Alerts in a block.
const BLOCK: usize = 20;
/// Alerts before the first round.
const WARM_UP: usize = 200;
/// How much longer than the bare write it may take.
const BAR: f64 = 1.25;
/// What a write over a network takes at least; DynamoDB's own measure is single-digit milliseconds.
const NETWORK: Duration = Duration::from_millis(3);
/// Write units that an alert may cost.
const UNITS: usize = 2;
/// Bytes in a write unit.
const UNIT: usize = 1024;

/// Takes alerts in, in turn with a function that makes the same write and nothing else.
pub(crate) async fn measure(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<Row>> {
    let seed = Seed::table(aws, TABLE).await?;
    let token = seed.token().await?;
    let ours = bed.start("alert-ingest", TABLE).await?;
    block(&ours, samples, &token, WARM_UP).await?;

    aws.take();
    block(&ours, samples, &token, BLOCK).await?;
    let tally = aws.take();
    let put: Value = serde_json::from_slice(&tally.last_put)?;
    let item = put.get("Item").ok_or("alert-ingest put no item")?;
    fs::write(&bed.item, item.to_string())?;
    let bytes = item_size(&serde_json::from_value(item.clone())?)?;

    let bare = bed.start("bare-write", TABLE).await?;
    block(&bare, samples, &token, WARM_UP).await?;
    let mut in_memory = Pairs::default();
    let mut over_network = Pairs::default();
    for (pairs, takes) in [(&mut in_memory, Duration::ZERO), (&mut over_network, NETWORK)] {
        aws.slow_down(takes);
        for _ in 0..ROUNDS {
            let bare = block(&bare, samples, &token, BLOCK).await?;
            let ours = block(&ours, samples, &token, BLOCK).await?;
            pairs.add(ours, bare);
        }
    }
    aws.slow_down(Duration::ZERO);
    ours.end().await?;
    bare.end().await?;

    let alerts = count(BLOCK);
    let json = samples.alert(&Uuid::new_v4().to_string(), TENANT)?.to_string().len();
    let units = bytes.div_ceil(UNIT);
    Ok(vec![
        timed("ingest of 10 events, table in memory", &in_memory),
        timed(&format!("ingest of 10 events, table {} ms away", NETWORK.as_millis()), &over_network),
        Row::single("writes of an ingest", "requests", 1.0, f64::from(tally.writes().requests) / alerts, 1.0),
        Row::single(
            "calls of an ingest",
            "requests",
            1.0,
            f64::from(tally.writes().requests + tally.reads().requests) / alerts,
            1.0,
        )
        .beside(format!("for {BLOCK} alerts, warm: {}", tally.words())),
        Row::single("write units of an ingest", "units", 1.0, count(units), count(UNITS))
            .beside(format!("{json} bytes of JSON, {bytes} bytes of item")),
    ])
}

fn timed(name: &str, pairs: &Pairs) -> Row {
    Row::paired(name, "ms", BAR, pairs).beside(format!("adds {:.2} ms", pairs.ours() - pairs.bare()))
}

/// Sends new alerts, and gives the median time of one.
async fn block(function: &Function, samples: &Samples, token: &str, alerts: usize) -> Result<f64> {
    let events = (0..alerts)
        .map(|_| samples.ingest(token, &samples.alert(&Uuid::new_v4().to_string(), TENANT)?))
        .collect::<Result<Vec<Bytes>>>()?;
    let mut times = Vec::with_capacity(alerts);
    for event in &events {
        times.push(millis(function.invoke(event, 202).await?.took));
    }
    Ok(median(&times))
}

/// Size of an item as DynamoDB counts it: names, and values without their encoding.
fn item_size(item: &BTreeMap<String, BTreeMap<String, Value>>) -> Result<usize> {
    let mut size = 0;
    for (name, typed) in item {
        let value = typed.iter().next().map(|(kind, value)| (kind.as_str(), value));
        size += name.len();
        size += match value {
            Some(("S", Value::String(text))) => text.len(),
            // Two digits a byte, one byte more, and one for the sign.
            Some(("N", Value::String(text))) => text.len().div_ceil(2) + 1,
            Some(("B", Value::String(text))) => {
                text.len() / 4 * 3 - text.bytes().rev().take_while(|byte| *byte == b'=').count()
            }
            Some(("BOOL", _)) => 1,
            _ => return Err(format!("attribute {name} is of a type whose size is not known").into()),
        };
    }
    Ok(size)
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

//! What taking in an alert of ten events costs.

use std::{collections::BTreeMap, fs, time::Duration};

use hyper::body::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    aws::{Aws, Tally},
    events::Samples,
    failure::Result,
    lambda::{Bed, Function},
    report::Row,
    seed::{Seed, TENANT},
    stats::{Pairs, count, median, millis},
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
pub(super) const UNITS: usize = 2;
/// Bytes in a write unit.
const UNIT: usize = 1024;

/// Size of the alert that the bar is meant for: ten events are 5 to 7 KB of JSON.
pub(super) const USUAL: usize = 7_000;

/// Takes alerts in, in turn with a function that makes the same write and nothing else: alerts of
/// the usual size, and beside them the sample as it is, which is twice as large.
pub(crate) async fn measure(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<Row>> {
    let token = Seed::table(aws, TABLE).await?.token().await?;
    let usual = compare(bed, aws, &samples.within(USUAL)?, &token).await?;
    let rich = compare(bed, aws, samples, &token).await?;
    let alerts = count(BLOCK);
    let beside = |timing: &Pairs, rich_timing: &Pairs| {
        format!(
            "{} B of JSON, adds {:.2} ms; {} B: {:.2}, adds {:.2} ms",
            usual.json,
            timing.ours() - timing.bare(),
            rich.json,
            rich_timing.ratio().0,
            rich_timing.ours() - rich_timing.bare(),
        )
    };
    let network = NETWORK.as_millis();
    Ok(vec![
        Row::paired("ingest of 10 events, table in memory", "ms", BAR, &usual.in_memory)
            .beside(beside(&usual.in_memory, &rich.in_memory)),
        Row::paired(format!("ingest of 10 events, table {network} ms away"), "ms", BAR, &usual.over_network)
            .beside(beside(&usual.over_network, &rich.over_network)),
        Row::single(
            "writes of an ingest",
            "requests",
            1.0,
            f64::from(rich.tally.writes().requests) / alerts,
            1.0,
        ),
        Row::single(
            "calls of an ingest",
            "requests",
            1.0,
            f64::from(rich.tally.writes().requests + rich.tally.reads().requests) / alerts,
            1.0,
        )
        .beside(format!("for {BLOCK} alerts, warm: {}", rich.tally.words())),
        Row::single("write units of an ingest", "units", 1.0, usual.units(), count(UNITS)).beside(format!(
            "{} B of JSON are {} B of item; {} B are {} B, {:.0} units",
            usual.json,
            usual.item,
            rich.json,
            rich.item,
            rich.units()
        )),
    ])
}

/// What was measured with alerts of one size.
struct Measured {
    /// Bytes of an alert's JSON.
    json: usize,
    /// Bytes of its item.
    item: usize,
    /// What a block of alerts asked of the table.
    tally: Tally,
    in_memory: Pairs,
    over_network: Pairs,
}

impl Measured {
    fn units(&self) -> f64 {
        count(self.item.div_ceil(UNIT))
    }
}

async fn compare(bed: &Bed, aws: &Aws, samples: &Samples, token: &str) -> Result<Measured> {
    let ours = bed.start("alert-ingest", TABLE).await?;
    block(&ours, samples, token, WARM_UP).await?;

    aws.take();
    block(&ours, samples, token, BLOCK).await?;
    let tally = aws.take();
    let item = item(&tally)?;
    fs::write(&bed.item, item.to_string())?;
    let bytes = item_size(&serde_json::from_value(item)?)?;

    let bare = bed.start("bare-write", TABLE).await?;
    block(&bare, samples, token, WARM_UP).await?;
    let mut in_memory = Pairs::default();
    let mut over_network = Pairs::default();
    for (pairs, takes) in [(&mut in_memory, Duration::ZERO), (&mut over_network, NETWORK)] {
        aws.slow_down(takes);
        for _ in 0..ROUNDS {
            let bare = block(&bare, samples, token, BLOCK).await?;
            let ours = block(&ours, samples, token, BLOCK).await?;
            pairs.add(ours, bare);
        }
    }
    aws.slow_down(Duration::ZERO);
    ours.end().await?;
    bare.end().await?;
    let json = samples.alert(&Uuid::new_v4().to_string(), TENANT)?.to_string().len();
    Ok(Measured { json, item: bytes, tally, in_memory, over_network })
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

/// The item that was put last.
fn item(tally: &Tally) -> Result<Value> {
    let mut put: Value = serde_json::from_slice(&tally.last_put)?;
    Ok(put.get_mut("Item").map(Value::take).ok_or("alert-ingest put no item")?)
}

/// Write units of the item that was put last, and its bytes.
pub(super) fn item_units(tally: &Tally) -> Result<(f64, usize)> {
    let bytes = item_size(&serde_json::from_value(item(tally)?)?)?;
    Ok((count(bytes.div_ceil(UNIT)), bytes))
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

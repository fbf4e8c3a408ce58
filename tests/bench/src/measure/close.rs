//! What closing an alert asks of the table.

use uuid::Uuid;

use crate::{
    aws::Aws,
    events::Samples,
    failure::Result,
    lambda::Bed,
    report::Row,
    seed::{Seed, TENANT},
    stats::{median, millis},
};

const TABLE: &str = "close";
/// Alerts closed.
const ALERTS: u32 = 20;

/// Takes alerts in and closes them.
pub(crate) async fn measure(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<Row>> {
    let seed = Seed::table(aws, TABLE).await?;
    let token = seed.token().await?;
    let ingest = bed.start("alert-ingest", TABLE).await?;
    let close = bed.start("alert-close", TABLE).await?;
    let mut events = Vec::new();
    for _ in 0..ALERTS {
        let id = Uuid::new_v4().to_string();
        ingest.invoke(&samples.ingest(&token, &samples.alert(&id, TENANT)?)?, 202).await?;
        events.push(samples.close(&token, &id)?);
    }
    aws.take();
    let mut times = Vec::new();
    for event in &events {
        times.push(millis(close.invoke(event, 204).await?.took));
    }
    let tally = aws.take();
    ingest.end().await?;
    close.end().await?;
    let writes = Row::single(
        "writes of a close",
        "requests",
        1.0,
        f64::from(tally.writes().requests) / f64::from(ALERTS),
        1.0,
    );
    Ok(vec![writes.beside(format!("for {ALERTS} alerts: {}; {:.2} ms each", tally.words(), median(&times)))])
}

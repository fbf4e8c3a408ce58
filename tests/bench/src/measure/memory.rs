//! How much memory the largest alert takes on its way to an R-Vision.

use serde_json::json;
use uuid::Uuid;

use crate::{
    aws::Aws,
    events::Samples,
    failure::Result,
    irp::{Incident, Irp, Service},
    lambda::Bed,
    report::Row,
    seed::{Seed, TENANT},
};

const TABLE: &str = "memory";
/// Events of the alert.
const EVENTS: usize = 10_000;
/// Bytes of its events.
const BYTES: usize = 16 * 1024 * 1024;
/// Megabytes that the function has in the template.
const LIMIT: f64 = 1_024.0 * 1.048_576;

/// Delivers one such alert in a fresh process, and a batch of two in another.
pub(crate) async fn measure(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<Row>> {
    let irp = Irp::start().await?;
    irp.renew(Service::None).await?;
    let seed = Seed::table(aws, TABLE).await?;
    let target = seed.target(aws, &irp, samples.event_fields()).await?;
    let mut known = 0;
    let mut file = 0;
    let mut peaks = [0.0; 2];
    let mut took = Vec::new();
    for (place, peak) in peaks.iter_mut().enumerate() {
        let sender = bed.start("rvision-send", TABLE).await?;
        let mut messages = Vec::new();
        for _ in 0..=place {
            let id = Uuid::new_v4().to_string();
            let alert = samples.large(&id, TENANT, EVENTS, BYTES)?;
            seed.wanted(alert.to_string().as_bytes(), &target).await?;
            let message = json!({ "tenantID": TENANT, "alertID": id, "targetID": target.id.as_str() });
            messages.push(message.to_string());
        }
        let answer = sender.consume(&samples.batch(&messages)?).await?;
        took.push(format!("{:.1} s", answer.took.as_secs_f64()));
        known += messages.len();
        let incidents = irp.incidents(known).await?;
        file = incidents.first().map_or(0, Incident::file_bytes);
        *peak = f64::from(u32::try_from(sender.peak_memory()?)?) / 1_000_000.0;
        sender.end().await?;
    }
    let [one, two] = peaks;
    Ok(vec![Row::single("peak memory of rvision-send, an alert of 16 MB", "MB", 1.0, one, LIMIT).beside(format!(
        "{EVENTS} events, a file of {file} B; two in one batch {two:.0} MB; took {}; against the memory that it has",
        took.join(" and ")
    ))])
}

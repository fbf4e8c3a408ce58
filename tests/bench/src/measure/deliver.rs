//! How fast alerts become incidents, and what that asks of the table.

use std::time::Duration;

use hyper::body::Bytes;
use uuid::Uuid;

use super::ingest::{UNITS, USUAL, item_units};
use crate::{
    aws::{Aws, Tally},
    events::Samples,
    failure::Result,
    irp::{Bare, Irp, Poster, Service},
    lambda::{Bed, Function},
    report::Row,
    seed::{Seed, TENANT},
    stats::{Pairs, count},
};

const TABLE: &str = "deliver";
/// Messages in a batch, as the template has it. The sender delivers all of them at once, so this is
/// the number of its connections too, and that of the bare client's.
const BATCH: usize = 10;
/// Alerts in a block.
const BLOCK: usize = 100;
/// Rounds; in each, both post a block, one after the other.
const ROUNDS: usize = 9;
/// What a request takes at a real IRP, about.
const SERVICE: Duration = Duration::from_millis(30);
/// How much of the bare client's speed the sender has to reach.
const BAR: f64 = 0.5;
/// Writes to the State table that an alert may cost until it is delivered.
const WRITES: f64 = 3.0;

/// Takes alerts in and delivers them, in turn with a client that makes the same posts and nothing else.
pub(crate) async fn measure(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<Row>> {
    let irp = Irp::start().await?;
    let seed = Seed::table(aws, TABLE).await?;
    seed.target(aws, &irp, samples.event_fields()).await?;
    let bench = Bench {
        aws,
        samples: samples.within(USUAL)?,
        token: seed.token().await?,
        ingest: bed.start("alert-ingest", TABLE).await?,
        sender: bed.start("rvision-send", TABLE).await?,
        irp,
    };

    // Warm, and what the bare client is to post.
    bench.block(Service::None).await?;
    let poster = match bench.irp.incidents(BLOCK).await?.first() {
        Some(incident) => Poster::new(&bench.irp, incident).await?,
        None => return Err("R-Vision has no incident".into()),
    };
    let counted = bench.block(Service::None).await?;
    let posts = bench.compare(&poster, Bare::Posts, Service::Posts(SERVICE)).await?;
    let at_once = bench.compare(&poster, Bare::Posts, Service::None).await?;
    let both = bench.compare(&poster, Bare::LooksAndPosts, Service::All(SERVICE)).await?;
    let half = bench.compare(&poster, Bare::Posts, Service::All(SERVICE)).await?;
    let memory = bench.sender.peak_memory()?;
    let rich = bench.rich_units(samples).await?;
    bench.ingest.end().await?;
    bench.sender.end().await?;

    let (file, fields) = poster.sizes();
    let alerts = count(BLOCK);
    let service = SERVICE.as_millis();
    let writes = f64::from(counted.intake.writes().requests + counted.delivery.writes().requests) / alerts;
    Ok(vec![
        Row::paired(format!("alerts delivered, {service} ms a post"), "a second", BAR, &posts)
            .at_least()
            .beside(format!(
                "against the same posts on as many connections ({BATCH}): {file} B of file, {fields} B of fields; \
                 the target's limit of 100 a second lifted; no service time: {}; peak {:.1} MB",
                speeds(&at_once),
                megabytes(memory)
            )),
        Row::paired(format!("alerts looked for and delivered, {service} ms each"), "a second", BAR, &both)
            .at_least()
            .beside(format!(
                "against the same two requests an alert; against the post alone, where two requests reach 0.50 \
                 at best: {}",
                speeds(&half)
            )),
        Row::single("writes of a delivered alert", "requests", 1.0, writes, WRITES).beside(format!(
            "for {BLOCK} alerts: intake {}; delivery {}",
            counted.intake.words(),
            counted.delivery.words()
        )),
        Row::single("write units of an ingest with a target", "units", 1.0, counted.units.0, count(UNITS))
            .beside(format!(
                "{} B of item with the outbox; the richer sample {:.0} units, {} B",
                counted.units.1, rich.0, rich.1
            )),
    ])
}

pub(super) fn speeds(pairs: &Pairs) -> String {
    format!("{:.2} ({:.0} against {:.0} a second)", pairs.ratio().0, pairs.ours(), pairs.bare())
}

pub(super) fn megabytes(bytes: u64) -> f64 {
    u32::try_from(bytes / 1_000).map_or(f64::INFINITY, f64::from) / 1_000.0
}

struct Bench<'a> {
    aws: &'a Aws,
    samples: Samples,
    token: String,
    ingest: Function,
    sender: Function,
    irp: Irp,
}

/// What a block asked for.
struct Counted {
    intake: Tally,
    delivery: Tally,
    took: Duration,
    /// Write units of the last alert's item, and its bytes.
    units: (f64, usize),
}

impl Bench<'_> {
    /// Pairs of alerts a second.
    async fn compare(&self, poster: &Poster, what: Bare, service: Service) -> Result<Pairs> {
        let mut pairs = Pairs::default();
        for _ in 0..ROUNDS {
            self.irp.renew(service).await?;
            let bare = poster.post(what, BLOCK, BATCH).await?;
            self.irp.incidents(BLOCK).await?;
            let ours = self.block(service).await?.took;
            let rate = |took: Duration| count(BLOCK) / took.as_secs_f64();
            pairs.add(rate(ours), rate(bare));
        }
        Ok(pairs)
    }

    /// Write units of one alert of these samples, and the bytes of its item.
    async fn rich_units(&self, samples: &Samples) -> Result<(f64, usize)> {
        self.aws.take();
        let alert = samples.alert(&Uuid::new_v4().to_string(), TENANT)?;
        self.ingest.invoke(&samples.ingest(&self.token, &alert)?, 202).await?;
        item_units(&self.aws.take())
    }

    /// Takes a block of new alerts in and delivers it, batch after batch, as Lambda does; the time is
    /// that of the delivery.
    async fn block(&self, service: Service) -> Result<Counted> {
        self.irp.renew(service).await?;
        self.aws.take();
        for _ in 0..BLOCK {
            let alert = self.samples.alert(&Uuid::new_v4().to_string(), TENANT)?;
            self.ingest.invoke(&self.samples.ingest(&self.token, &alert)?, 202).await?;
        }
        let intake = self.aws.take();
        let units = item_units(&intake)?;
        let batches = intake.queued.chunks(BATCH).map(|batch| self.samples.batch(batch));
        let batches = batches.collect::<Result<Vec<Bytes>>>()?;
        let mut took = Duration::ZERO;
        for batch in &batches {
            took += self.sender.consume(batch).await?.took;
        }
        let delivery = self.aws.take();
        self.irp.incidents(BLOCK).await?;
        Ok(Counted { intake, delivery, took, units })
    }
}

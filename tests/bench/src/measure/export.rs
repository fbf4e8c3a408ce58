//! How fast the ledger is worked off at NCIRCC, and what that asks of the tables.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::deliver::{megabytes, speeds};
use crate::{
    aws::{Aws, Tally},
    events::Samples,
    failure::Result,
    lambda::{Bed, Function},
    ncircc::{Account, Poster, notification},
    report::Row,
    seed::Seed,
    stats::{Pairs, count},
};

const TABLE: &str = "export";
/// Messages in a batch, as the template has it.
const BATCH: usize = 10;
/// Exports in a block.
const BLOCK: usize = 50;
/// Rounds; in each, both post a block, one after the other.
const ROUNDS: usize = 9;
/// What a request takes at the real NCIRCC, at the least.
const SERVICE: Duration = Duration::from_millis(30);
/// How much of the bare client's speed the sender has to reach.
const BAR: f64 = 0.7;
/// Writes to the State table that an export may cost: one that claims it, one that settles it.
const WRITES: f64 = 2.0;

/// Works rows of the ledger off, in turn with a client that makes the same posts and nothing else.
pub(crate) async fn measure(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<Row>> {
    let account = Account::start().await?;
    let seed = Seed::table(aws, TABLE).await?;
    seed.connect(aws, &account).await?;
    let poster = Poster::new(&account)?;
    let sender = bed.start("ncircc-send", TABLE).await?;
    let bench = Bench { aws, samples, seed, sender, account, next: AtomicU32::new(1) };

    // Warm.
    bench.block(Duration::ZERO).await?;
    let (_, counted) = bench.block(Duration::ZERO).await?;
    let served = bench.compare(&poster, SERVICE).await?;
    let at_once = bench.compare(&poster, Duration::ZERO).await?;
    let memory = bench.sender.peak_memory()?;
    bench.sender.end().await?;

    let writes = f64::from(counted.writes().requests) / count(BLOCK);
    Ok(vec![
        Row::paired(
            format!("exports to NCIRCC, {} ms a post", SERVICE.as_millis()),
            "a second",
            BAR,
            &served,
        )
        .at_least()
        .beside(format!(
            "against the same posts, one after the other on one connection: {} B each; the limit of 50 a \
                 second lifted; no service time: {}; peak {:.1} MB",
            notification("INC-1/0badcafe").len(),
            speeds(&at_once),
            megabytes(memory)
        )),
        Row::single("writes of an export", "requests", 1.0, writes, WRITES)
            .beside(format!("for {BLOCK} exports: {}", counted.words())),
    ])
}

struct Bench<'a> {
    aws: &'a Aws,
    samples: &'a Samples,
    seed: Seed,
    sender: Function,
    account: Account,
    /// Number of the next incident.
    next: AtomicU32,
}

impl Bench<'_> {
    /// Pairs of exports a second.
    async fn compare(&self, poster: &Poster, service: Duration) -> Result<Pairs> {
        let mut pairs = Pairs::default();
        for _ in 0..ROUNDS {
            self.account.renew(service).await?;
            let bare = poster.post(BLOCK).await?;
            self.account.check(BLOCK).await?;
            let (ours, _) = self.block(service).await?;
            let rate = |took: Duration| count(BLOCK) / took.as_secs_f64();
            pairs.add(rate(ours), rate(bare));
        }
        Ok(pairs)
    }

    /// Has a block of rows, which are there beforehand, worked off batch after batch, as Lambda does.
    /// Gives how long that took and what it asked for.
    async fn block(&self, service: Duration) -> Result<(Duration, Tally)> {
        self.account.renew(service).await?;
        let mut messages = Vec::with_capacity(BLOCK);
        for _ in 0..BLOCK {
            messages.push(self.seed.owe(self.next.fetch_add(1, Ordering::Relaxed)).await?);
        }
        self.aws.take();
        let mut took = Duration::ZERO;
        for batch in messages.chunks(BATCH) {
            took += self.sender.consume(&self.samples.batch(batch)?).await?.took;
        }
        let tally = self.aws.take();
        self.account.check(BLOCK).await?;
        Ok((took, tally))
    }
}

//! What an import of accounts costs that finds nothing new, and what that asks of the tables.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use bridge_domain::{ConnectionId, import::task::Task};
use bridge_slapd::{ATTRIBUTES, BASE, READER, READER_PASSWORD, Slapd, SlapdOptions};
use tokio::process::Command;

use super::deliver::megabytes;
use crate::{
    aws::{Aws, Tally},
    events::Samples,
    failure::Result,
    lambda::{Bed, Function},
    report::Row,
    seed::{FILTER, Seed},
    stats::Pairs,
};

/// People of the directory that is read in turn with `ldapsearch`.
const USUAL: usize = 20_000;
/// People of the one whose writes are counted.
const LARGE: usize = 100_000;
/// Rounds; in each, both read the directory, one after the other.
const ROUNDS: usize = 7;
/// How much longer than `ldapsearch` an import may take.
const BAR: f64 = 1.5;
/// Memory that it may take, in megabytes.
const MEMORY: f64 = 64.0;
/// Writes that an import of any size may make when nothing has changed.
const WRITES: f64 = 20.0;

/// Imports a directory, in turn with a client that reads the same and keeps nothing of it.
pub(crate) async fn measure(bed: &Bed, aws: &Aws, samples: &Samples, root: &Path) -> Result<Vec<Row>> {
    let bench = Bench::start(bed, aws, samples, USUAL).await?;
    let first = bench.import().await?;
    let ldapsearch = Ldapsearch { program: root.join(".tools/slapd/ldapsearch"), port: bench.server.port() };
    let mut pairs = Pairs::default();
    for _ in 0..ROUNDS {
        let bare = ldapsearch.read().await?;
        let again = bench.import().await?;
        again.is_unchanged(USUAL)?;
        pairs.add(again.took.as_secs_f64(), bare.as_secs_f64());
    }
    let memory = megabytes(bench.function.peak_memory()?);
    bench.end().await?;
    Ok(vec![
        Row::paired(format!("import of {USUAL} accounts, none changed"), "s", BAR, &pairs).beside(format!(
            "against ldapsearch -E pr=500/noprompt of the same {} attributes, its output thrown away; the first \
             import {:.1} s, {:.0} writing calls",
            ATTRIBUTES.len(),
            first.took.as_secs_f64(),
            first.writes()
        )),
        Row::single(format!("peak memory of ldap-refresh, {USUAL} accounts"), "MB", 1.0, memory, MEMORY)
            .beside(format!("the first import and {ROUNDS} more")),
    ])
}

/// Imports a larger directory twice.
pub(crate) async fn measure_large(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<Row>> {
    let bench = Bench::start(bed, aws, samples, LARGE).await?;
    let first = bench.import().await?;
    let again = bench.import().await?;
    again.is_unchanged(LARGE)?;
    let memory = megabytes(bench.function.peak_memory()?);
    bench.end().await?;
    Ok(vec![
        Row::single(format!("peak memory of ldap-refresh, {LARGE} accounts"), "MB", 1.0, memory, MEMORY),
        Row::single(
            format!("writes of an import of {LARGE}, none changed"),
            "requests",
            1.0,
            again.writes(),
            WRITES,
        )
        .beside(format!(
            "{}; took {:.1} s; the first {:.0} writing calls, {:.1} s",
            again.asked.words(),
            again.took.as_secs_f64(),
            first.writes(),
            first.took.as_secs_f64()
        )),
    ])
}

/// A directory, and a function that imports it.
struct Bench<'a> {
    aws: &'a Aws,
    samples: &'a Samples,
    seed: Seed,
    server: Slapd,
    connection: ConnectionId,
    function: Function,
}

/// An import, what it asked for, and how long it took.
struct Import {
    task: Task,
    asked: Tally,
    took: Duration,
}

impl<'a> Bench<'a> {
    async fn start(bed: &Bed, aws: &'a Aws, samples: &'a Samples, people: usize) -> Result<Self> {
        let options = SlapdOptions { people, settings: "sizelimit unlimited\n", ..SlapdOptions::default() };
        let server = Slapd::start(options).await?;
        // One table each: a tenant has no controller twice, and both are this machine.
        let table = format!("directory-{people}");
        let seed = Seed::table(aws, &table).await?;
        let connection = seed.connect_directory(aws, server.port()).await?;
        let function = bed.start("ldap-refresh", &table).await?;
        Ok(Self { aws, samples, seed, server, connection, function })
    }

    /// Imports the directory once, to its end.
    async fn import(&self) -> Result<Import> {
        let (task, message) = self.seed.order_import(&self.connection).await?;
        let batch = self.samples.batch(&[message])?;
        self.aws.take();
        let took = self.function.consume(&batch).await?.took;
        let asked = self.aws.take();
        Ok(Import { task: self.seed.imported(&task).await?, asked, took })
    }

    async fn end(self) -> Result<()> {
        self.function.end().await
    }
}

impl Import {
    /// Calls that write.
    fn writes(&self) -> f64 {
        f64::from(self.asked.writes().requests)
    }

    /// What is measured is an import that read everybody and found nothing new.
    fn is_unchanged(&self, people: usize) -> Result<()> {
        let people = u64::try_from(people)?;
        let counts = &self.task.counts;
        if (counts.seen, counts.unchanged) == (people, people) {
            return Ok(());
        }
        Err(format!("{people} people should be as they were: {counts:?}").into())
    }
}

/// The client of `OpenLDAP`.
struct Ldapsearch {
    program: PathBuf,
    port: u16,
}

impl Ldapsearch {
    /// Reads what an import reads, page by page.
    async fn read(&self) -> Result<Duration> {
        let url = format!("ldap://127.0.0.1:{}", self.port);
        let began = Instant::now();
        let status = Command::new(&self.program)
            .args(["-x", "-LLL", "-H", &url, "-D", READER, "-w", READER_PASSWORD, "-b", BASE])
            .args(["-E", "pr=500/noprompt", FILTER])
            .args(ATTRIBUTES)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .status()
            .await
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let took = began.elapsed();
        if status.success() { Ok(took) } else { Err(format!("ldapsearch: {status}").into()) }
    }
}

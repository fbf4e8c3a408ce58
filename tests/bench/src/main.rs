//! `bridge-bench`: what the functions cost, as ratios measured in one run.
//!
//! The real binaries run as processes under a small Lambda Runtime API server, on a DynamoDB
//! engine inside this process that counts every call. Bare functions, built alike, run beside
//! them. A bar that does not hold is printed and no error: this informs, it does not judge.

mod aws;
mod events;
mod failure;
mod http;
mod lambda;
mod measure;
mod report;
mod seed;
mod stats;

use std::{env, fs, io::Write, path::Path, process::ExitCode};

use aws::Aws;
use events::Samples;
use failure::{Result, progress};
use lambda::Bed;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            progress(format_args!("could not run: {failure}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let here = env::current_dir()?;
    let root = here
        .ancestors()
        .find(|dir| dir.join("events/alert-ingest").is_dir())
        .ok_or("run this inside a checkout of KUMA Bridge")?;
    let program = env::current_exe()?;
    let binaries = program.parent().ok_or("this program has no directory")?.to_owned();
    let work = root.join("target/bench");
    fs::create_dir_all(&work)?;

    let samples = Samples::read(root)?;
    let aws = Aws::start().await?;
    let bed = Bed { binaries, endpoint: aws.endpoint.clone(), item: work.join("item.json"), logs: work };
    let rows = measure(&bed, &aws, &samples).await?;
    report::write(&rows, &root.join("target/bench.json"))?;
    print(&rows, root)
}

async fn measure(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<report::Row>> {
    progress("starting every function many times");
    let mut rows = measure::start::measure(bed, "start").await?;
    progress("taking alerts in, in turn with a bare write");
    rows.extend(measure::ingest::measure(bed, aws, samples).await?);
    progress("closing alerts");
    rows.extend(measure::close::measure(bed, aws, samples).await?);
    progress("searching a small and a large table");
    rows.extend(measure::search::measure(bed, aws, samples).await?);
    progress("packing the functions");
    rows.extend(measure::size::measure(bed)?);
    Ok(rows)
}

fn print(rows: &[report::Row], root: &Path) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let path = root.join("target/bench.json");
    write!(out, "{}\n{}; also in {}\n", report::table(rows), report::verdict(rows), path.display())?;
    Ok(())
}

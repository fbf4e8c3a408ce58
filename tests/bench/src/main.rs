//! `bridge-bench`: what the functions cost, as ratios measured in one run.
//!
//! The real binaries run as processes under a small Lambda Runtime API server, on a DynamoDB
//! engine inside this process that counts every call; the simulators of R-Vision and NCIRCC are
//! processes of their own, and so is slapd. Bare functions, built alike, and bare clients run beside them.
//! A bar that does not hold is printed and no error: this informs, it does not judge.

mod aws;
mod events;
mod failure;
mod http;
mod irp;
mod lambda;
mod measure;
mod ncircc;
mod report;
mod seed;
mod stats;

use std::{env, fs, io::Write, path::Path, process::ExitCode};

use aws::Aws;
use events::Samples;
use failure::{Result, progress};
use lambda::Bed;

/// What can be measured, in the order of the report. Names on the command line pick from it.
const MEASUREMENTS: [&str; 10] = [
    "start",
    "ingest",
    "close",
    "search",
    "deliver",
    "export",
    "memory",
    "directory",
    "large-directory",
    "size",
];

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
    let rows = measure(&bed, &aws, &samples, root).await?;
    report::write(&rows, &root.join("target/bench.json"))?;
    print(&rows, root)
}

async fn measure(bed: &Bed, aws: &Aws, samples: &Samples, root: &Path) -> Result<Vec<report::Row>> {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let mut rows = Vec::new();
    for what in MEASUREMENTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == what) {
            rows.extend(one(what, bed, aws, samples, root).await?);
        }
    }
    Ok(rows)
}

async fn one(what: &str, bed: &Bed, aws: &Aws, samples: &Samples, root: &Path) -> Result<Vec<report::Row>> {
    let say = |doing: &str| progress(format_args!("{what}: {doing}"));
    match what {
        "start" => {
            say("starting every function many times");
            measure::start::measure(bed, what).await
        }
        "ingest" => {
            say("taking alerts in, in turn with a bare write");
            measure::ingest::measure(bed, aws, samples).await
        }
        "close" => {
            say("closing alerts");
            measure::close::measure(bed, aws, samples).await
        }
        "search" => {
            say("searching a small and a large table");
            measure::search::measure(bed, aws, samples).await
        }
        "deliver" => {
            say("delivering alerts, in turn with a bare client");
            measure::deliver::measure(bed, aws, samples).await
        }
        "export" => {
            say("exporting incidents, in turn with a bare client");
            measure::export::measure(bed, aws, samples).await
        }
        "memory" => {
            say("delivering the largest alerts");
            measure::memory::measure(bed, aws, samples).await
        }
        "directory" => {
            say("importing a directory, in turn with ldapsearch");
            measure::directory::measure(bed, aws, samples, root).await
        }
        "large-directory" => {
            say("importing a larger directory, some minutes");
            measure::directory::measure_large(bed, aws, samples).await
        }
        _ => {
            say("packing the functions");
            measure::size::measure(bed)
        }
    }
}

fn print(rows: &[report::Row], root: &Path) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let path = root.join("target/bench.json");
    write!(out, "{}\n{}; also in {}\n", report::table(rows), report::verdict(rows), path.display())?;
    Ok(())
}

//! `make redrive`: lists dead letters, and queues them again when told to.
//!
//! A dead letter is deleted only after its message is in the work queue: whatever ends this program
//! half-way leaves a message twice, never nowhere, and a delivery that is asked for twice is made
//! once. What is not to be queued again is hidden from nobody when the program ends.

mod args;
mod failure;
mod letter;
mod queues;
mod report;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use args::{Command, Options};
use failure::Failure;
use letter::Letter;
use queues::{Dead, Taken};

#[tokio::main]
async fn main() -> ExitCode {
    let result = match args::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => print(args::HELP),
        Ok(Command::Work(options)) => work(&options).await,
        Err(failure) => Err(failure),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "redrive: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

async fn work(options: &Options) -> Result<(), Failure> {
    let client = queues::client().await;
    let now = time::OffsetDateTime::now_utc();
    let mut taken = Taken::default();
    let done = tokio::select! {
        done = redrive(&client, options, now, &mut taken) => done,
        _ = tokio::signal::ctrl_c() => Err(Failure::new("interrupted: what was not queued again is still a dead letter")),
    };
    // Whatever happened: the rest is there for the next one who looks.
    taken.release().await;
    done
}

async fn redrive(
    client: &aws_sdk_sqs::Client,
    options: &Options,
    now: time::OffsetDateTime,
    taken: &mut Taken,
) -> Result<(), Failure> {
    let mut selected: Vec<Letter> = Vec::new();
    let mut others = 0;
    for &kind in &options.queues {
        let dead = Dead::find(client, &options.stack, kind).await?;
        if let Some(hidden) = dead.hidden().await {
            print(&format!(
                "{kind}: {hidden} dead letters are hidden: somebody else looks at them, or did so less than ten minutes ago\n"
            ))?;
        }
        for letter in taken.read(dead).await? {
            if options.filter.wants(&letter, now) {
                selected.push(letter);
            } else {
                others += 1;
            }
        }
    }
    print(&report::table(&selected))?;
    if !options.yes {
        return print(&report::listed(selected.len(), others));
    }
    let (queued, faults) = taken.queue_again(&selected).await;
    print(&report::queued(queued, others, &faults))?;
    if faults.is_empty() { Ok(()) } else { Err(Failure::new("not everything could be done")) }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::new(format!("writing to standard output: {error}")))
}

//! What a page of a search reads, in a small and in a large table.

use hyper::body::Bytes;

use crate::{
    aws::{Aws, Calls},
    events::Samples,
    failure::{Result, progress},
    lambda::{Bed, Function},
    report::Row,
    seed::Seed,
    stats::{median, millis},
};

const TABLE: &str = "search";
/// Alerts in the small table.
const SMALL: i64 = 1_000;
/// Alerts in the large table.
const LARGE: i64 = 10_000;
/// How much more may be read in the large table.
const BAR: f64 = 1.1;
/// Searches timed.
const SEARCHES: usize = 5;

/// What one search cost.
struct Cost {
    reads: Calls,
    words: String,
    took: f64,
}

/// Searches as a user of one tenant and as a user of all.
pub(crate) async fn measure(bed: &Bed, aws: &Aws, samples: &Samples) -> Result<Vec<Row>> {
    let seed = Seed::table(aws, TABLE).await?;
    let users = [
        ("one tenant", samples.search(&seed.token().await?)?),
        ("all tenants", samples.search(&seed.general_token().await?)?),
    ];
    let function = bed.start("alert-search", TABLE).await?;

    seed.alerts(samples, 0..SMALL).await?;
    let mut small = Vec::new();
    for (_, event) in &users {
        small.push(cost(&function, aws, event).await?);
    }
    progress(format_args!("filling the table up to {LARGE} alerts"));
    seed.alerts(samples, SMALL..LARGE).await?;
    let mut rows = Vec::new();
    for ((user, event), small) in users.iter().zip(small) {
        let large = cost(&function, aws, event).await?;
        let requests = |cost: &Cost| f64::from(cost.reads.requests);
        let beside = format!(
            "{LARGE} alerts against {SMALL}: {}; {:.0} ms, {:.0} ms",
            large.words, large.took, small.took
        );
        rows.push(
            Row::single(
                format!("reads of a page, {user}"),
                "requests",
                BAR,
                requests(&large),
                requests(&small),
            )
            .beside(beside),
        );
        rows.push(Row::single(
            format!("bytes of a page, {user}"),
            "KB",
            BAR,
            kilobytes(large.reads),
            kilobytes(small.reads),
        ));
    }
    function.end().await?;
    Ok(rows)
}

async fn cost(function: &Function, aws: &Aws, event: &Bytes) -> Result<Cost> {
    aws.take();
    let mut times = vec![millis(function.invoke(event, 200).await?.took)];
    let tally = aws.take();
    for _ in 1..SEARCHES {
        times.push(millis(function.invoke(event, 200).await?.took));
    }
    Ok(Cost { reads: tally.reads(), words: tally.words(), took: median(&times) })
}

fn kilobytes(calls: Calls) -> f64 {
    u32::try_from(calls.answered / 1_000).map_or(f64::INFINITY, f64::from)
}

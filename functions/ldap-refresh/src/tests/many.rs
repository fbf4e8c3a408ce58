//! Large domains.

use bridge_domain::import::task::State;
use bridge_slapd::{Slapd, SlapdOptions, person};

use super::*;

/// So many as the budget of an import is measured with.
const PEOPLE: usize = 20_000;
#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_thousand_that_did_not_change_nothing_is_written() {
    let bench = Bench::start().await;
    let server = Slapd::start(SlapdOptions {
        people: PEOPLE,
        settings: "sizelimit unlimited\n",
        ..SlapdOptions::default()
    })
    .await
    .unwrap();
    bench.connect("c", server.port()).await;
    let task = bench.work(&bench.order("c").await).await;
    let all = u64::try_from(PEOPLE).unwrap();
    assert_eq!((task.state, task.counts.created), (State::Completed, all), "{task:?}");
    assert!(bench.account("c", person(19_999).guid).await.is_some());

    let message = bench.order("c").await;
    let _first = bench.world.amazon.calls();
    let task = bench.work(&message).await;
    assert_eq!((task.counts.seen, task.counts.unchanged), (all, all), "{task:?}");
    let calls = bench.world.amazon.calls();
    let requests = |call: &str| calls.get(call).map_or(0, |(requests, _)| *requests);
    // The number of the run and the header of the manifest; and, each with the lane of the connection, the
    // task when it is claimed and when it ends.
    assert_eq!((requests("PutItem"), requests("TransactWriteItems")), (2, 2), "{calls:?}");
    for call in ["UpdateItem", "DeleteItem", "BatchWriteItem"] {
        assert_eq!(requests(call), 0, "{calls:?}");
    }
    assert_eq!(task.progress.expected, Some(all));
}

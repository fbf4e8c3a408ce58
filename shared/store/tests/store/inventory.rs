//! Imports into the Inventory table.

use std::{collections::BTreeMap, task::Poll};

use aws_sdk_dynamodb::types::AttributeValue;
use bridge_domain::{
    ConnectionId, Timestamp,
    import::engine::{Counts, End, Marking},
    ldap::{
        account::{Account, Entry, Received},
        guid::Guid,
    },
};
use bridge_store::{ImportError, ImportRun, Inventory};

const DAYS: u16 = 90;
const PAGE: usize = 500;
const DAY: i64 = 24 * 60 * 60;

/// What a directory holds: the number of an account, and what it says of itself.
type People = BTreeMap<u32, &'static str>;

struct Bench {
    inventory: Inventory,
    engine: bridge_engine::Engine,
}

fn connection(name: &str) -> ConnectionId {
    name.parse().unwrap()
}

/// Noon of a day.
fn day(number: i64) -> Timestamp {
    "2026-11-01T12:00:00Z".parse::<Timestamp>().unwrap().plus_seconds(number * DAY)
}

fn guid(number: u32) -> Guid {
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Guid::from_bytes(&bytes).unwrap()
}

fn people(count: u32) -> People {
    (0..count).map(|number| (number, "here")).collect()
}

fn account(connection: &ConnectionId, number: u32, title: &str, now: Timestamp) -> Received {
    let bytes = guid(number).external().bytes().to_vec();
    let attributes = [("objectGUID", bytes), ("title", title.as_bytes().to_vec())];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), vec![value])).to_vec();
    let entry = Entry::new(format!("CN={number},DC=corp,DC=test"), attributes);
    Received::read("tenant-1".parse().unwrap(), connection.clone(), entry, now).unwrap()
}

impl Bench {
    async fn start() -> Self {
        let engine = bridge_engine::Engine::start().await.unwrap();
        let inventory = Inventory::new(&engine.config, bridge_engine::INVENTORY.parse().unwrap());
        Self { inventory, engine }
    }

    async fn begin(&self, connection: &ConnectionId, now: Timestamp) -> ImportRun {
        ImportRun::begin(self.inventory.clone(), connection.clone(), now, DAYS).await.unwrap()
    }

    async fn import(
        &self,
        connection: &ConnectionId,
        people: &People,
        now: Timestamp,
        (end, confirmed): (End, bool),
    ) -> Result<(Counts, Marking), ImportError> {
        let mut run = ImportRun::begin(self.inventory.clone(), connection.clone(), now, DAYS).await?;
        let all: Vec<_> =
            people.iter().map(|(number, title)| account(connection, *number, title, now)).collect();
        for page in all.chunks(PAGE) {
            run.page(page.to_vec()).await?;
        }
        run.finish(end, confirmed).await
    }

    /// A complete run.
    async fn imported(&self, connection: &ConnectionId, people: &People, now: Timestamp) -> Counts {
        let (counts, marking) = self.import(connection, people, now, (End::Complete, false)).await.unwrap();
        assert_eq!(marking, Marking::Done);
        counts
    }

    async fn found(&self, connection: &ConnectionId, number: u32, now: Timestamp) -> Option<Account> {
        self.inventory.account(connection, guid(number), now).await.unwrap()
    }

    /// Which run wrote the items of a connection's manifest, by sort key.
    async fn writers(&self, connection: &ConnectionId) -> BTreeMap<String, String> {
        let pk = AttributeValue::S(format!("MANIFEST#{connection}"));
        let query = self.engine.client.query().table_name(bridge_engine::INVENTORY);
        let answer = query.key_condition_expression("pk = :pk").expression_attribute_values(":pk", pk);
        let items = answer.send().await.unwrap().items.unwrap();
        let told = |item: &std::collections::HashMap<String, AttributeValue>| {
            (item["sk"].as_s().unwrap().clone(), item["rn"].as_n().unwrap().clone())
        };
        items.iter().map(told).collect()
    }
}

#[tokio::test]
async fn an_unchanged_import_of_many_writes_two_items() {
    let (bench, connection) = (Bench::start().await, connection("c"));
    let everybody = people(9_000);
    let first = bench.imported(&connection, &everybody, day(0)).await;
    assert_eq!((first.seen, first.created), (9_000, 9_000));
    let before = bench.writers(&connection).await;
    assert!(before.len() > 4, "several chunks: {before:?}");

    let second = bench.imported(&connection, &everybody, day(1)).await;
    assert_eq!((second.unchanged, second.created, second.changed), (9_000, 0, 0));
    let mut after = bench.writers(&connection).await;
    for key in ["CLAIM", "HEADER"] {
        assert_eq!(after.insert(key.to_owned(), "1".to_owned()).unwrap(), "2");
    }
    assert_eq!(after, before, "nothing but its number and the header");
    for number in [0, 4_711, 8_999] {
        assert_eq!(bench.found(&connection, number, day(1)).await.unwrap().received, day(0));
    }

    let mut changed = everybody;
    changed.insert(4_711, "elsewhere");
    let third = bench.imported(&connection, &changed, day(2)).await;
    assert_eq!((third.unchanged, third.changed), (8_999, 1));
    let writers = bench.writers(&connection).await;
    let written: Vec<&String> = writers.iter().filter(|(_, run)| *run == "3").map(|(key, _)| key).collect();
    assert_eq!(written.len(), 4, "number, journal, one chunk, header: {written:?}");
    let found = bench.found(&connection, 4_711, day(2)).await.unwrap();
    assert_eq!((found.values("title"), found.received), (&["elsewhere".to_owned()][..], day(2)));
}

#[tokio::test]
async fn who_is_no_longer_received_goes_after_the_storage_time_unless_he_returns() {
    let (bench, connection) = (Bench::start().await, connection("c"));
    let (all, mut fewer) = (people(10), people(10));
    fewer.remove(&3);
    bench.imported(&connection, &all, day(0)).await;
    assert_eq!(bench.imported(&connection, &fewer, day(1)).await.expiring, 1);
    let gone = bench.found(&connection, 3, day(1)).await.unwrap().expires.unwrap();
    assert!(gone > day(90) && gone <= day(91), "{gone}");
    assert!(bench.found(&connection, 3, day(92)).await.is_none(), "every read looks at the time");

    assert_eq!(bench.imported(&connection, &all, day(50)).await.changed, 1);
    assert_eq!(bench.found(&connection, 3, day(200)).await.unwrap().expires, None);

    bench.imported(&connection, &fewer, day(51)).await;
    let last = bench.imported(&connection, &fewer, day(200)).await;
    assert_eq!(last.removed, 1);
    assert!(bench.found(&connection, 3, day(51)).await.is_none(), "deleted");
}

#[tokio::test]
async fn a_run_that_is_cut_off_or_brings_too_little_makes_nobody_go() {
    let (bench, connection) = (Bench::start().await, connection("c"));
    let (all, few) = (people(10), people(4));
    bench.imported(&connection, &all, day(0)).await;
    let import = |end, confirmed| bench.import(&connection, &few, day(1), (end, confirmed));
    assert_eq!(import(End::CutOff, true).await.unwrap().1, Marking::CutOff);
    assert_eq!(import(End::Complete, false).await.unwrap().1, Marking::Shrank { seen: 4, before: 10 });
    for number in 0..10 {
        assert_eq!(bench.found(&connection, number, day(1)).await.unwrap().expires, None);
    }
    let (counts, marking) = import(End::Complete, true).await.unwrap();
    assert_eq!((counts.expiring, marking), (6, Marking::Done));
}

#[tokio::test]
async fn connections_do_not_meet() {
    let (bench, one, other) = (Bench::start().await, connection("one"), connection("other"));
    bench.imported(&one, &people(3), day(0)).await;
    bench.imported(&other, &People::from([(0, "there")]), day(0)).await;
    let title = |account: Option<Account>| account.unwrap().values("title").to_vec();
    assert_eq!(title(bench.found(&one, 0, day(0)).await), ["here"]);
    assert_eq!(title(bench.found(&other, 0, day(0)).await), ["there"]);
    assert!(bench.found(&other, 1, day(0)).await.is_none());
}

#[tokio::test]
async fn a_runner_that_was_overtaken_changes_nothing() {
    let (bench, connection) = (Bench::start().await, connection("c"));
    bench.imported(&connection, &people(3), day(0)).await;
    let mut slow = bench.begin(&connection, day(1)).await;
    let newer = People::from([(0, "newer"), (1, "newer"), (2, "newer")]);
    bench.imported(&connection, &newer, day(2)).await;
    bench.imported(&connection, &newer, day(3)).await;
    let stale = vec![account(&connection, 0, "stale", day(1))];
    assert_eq!(slow.page(stale).await, Err(ImportError::Lost));
    assert_eq!(slow.finish(End::Complete, true).await, Err(ImportError::Lost));
    for number in 0..3 {
        let found = bench.found(&connection, number, day(3)).await.unwrap();
        assert_eq!((found.values("title"), found.expires), (&["newer".to_owned()][..], None));
    }
}

/// Runs `work` until it waits once more than `waits` times, and drops it there.
async fn cut<F: Future>(work: F, waits: usize) -> Option<F::Output> {
    let mut work = Box::pin(work);
    let mut left = waits;
    std::future::poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_crash_at_any_await_is_made_good_by_the_next_run() {
    let bench = Bench::start().await;
    let old = people(9);
    // 0 to 2 stay, 3 to 5 change, 6 to 8 are gone, 9 to 11 are new.
    let new: People = (0..12)
        .filter(|number| !(6..9).contains(number))
        .map(|n| (n, if n < 3 { "here" } else { "new" }))
        .collect();
    let mut waits = 0;
    loop {
        let connection = connection(&format!("c{waits}"));
        bench.imported(&connection, &old, day(0)).await;
        let work = bench.import(&connection, &new, day(1), (End::Complete, false));
        let whole = cut(work, waits).await.is_some();
        // What was asked for may still be on its way.
        let (counts, _) = bench.import(&connection, &new, day(1), (End::Complete, false)).await.unwrap();
        assert_eq!(counts.seen, 9);
        for number in 0..12 {
            let found = bench.found(&connection, number, day(1)).await.unwrap();
            let title = found.values("title");
            if (6..9).contains(&number) {
                assert!(found.expires.is_some_and(|at| at > day(88) && at <= day(92)), "{waits}: {number}");
            } else {
                assert_eq!(
                    (title, found.expires),
                    (&[new[&number].to_owned()][..], None),
                    "{waits}: {number}"
                );
            }
        }
        // And all of it is known: another run finds nothing to do.
        let counts = bench.imported(&connection, &new, day(2)).await;
        assert_eq!(
            (counts.unchanged, counts.created, counts.changed, counts.expiring),
            (9, 0, 0, 0),
            "{waits}"
        );
        if whole {
            break;
        }
        waits += 1;
    }
    assert!(waits > 10, "cut at {waits} places");
}

#[tokio::test]
async fn of_a_connection_that_is_no_more_nothing_is_kept_wherever_a_crash_was() {
    let bench = Bench::start().await;
    let mut waits = 0;
    loop {
        let connection = connection(&format!("c{waits}"));
        bench.imported(&connection, &people(3), day(0)).await;
        let retire = async || bench.begin(&connection, day(1)).await.retire().await;
        let whole = cut(retire(), waits).await.is_some();
        // What was asked for may still be on its way, and be in the way of this one.
        let last = match retire().await {
            Err(ImportError::Lost) => retire().await,
            last => last,
        };
        assert!(last.is_ok(), "{waits}: {last:?}");
        assert_eq!(bench.writers(&connection).await, BTreeMap::new(), "{waits}");
        for number in 0..3 {
            let found = bench.found(&connection, number, day(1)).await.unwrap();
            assert!(found.expires.is_some_and(|at| at > day(88) && at <= day(92)), "{waits}: {found:?}");
        }
        if whole {
            break;
        }
        waits += 1;
    }
    assert!(waits > 8, "cut at {waits} places");
}

//! Ten thousand exported incidents: what is read grows with what changed.

use super::*;

const COUNT: usize = 10_000;
const CHANGED: usize = 25;
/// Ten days before the clock's first time.
const OLD: &str = "2026-11-10T10:00:00.000Z";
const NUMBER: &str = "number-of-the-first";

#[tokio::test]
async fn what_is_read_grows_with_what_changed_and_not_with_what_was_exported() {
    let bench = Bench::with(json!({"created": "2026-11-10T00:00:00Z"})).await;
    let uuids = bench.many(COUNT, OLD).await;
    // One is made as usual, with all that is known of it; the others are its copies.
    bench.exported("INC-x", "uuid-x").await;
    let first = bench.world.store.incident(&"INC-x".parse().unwrap()).await.unwrap().unwrap();
    let mut told = first.value.clone();
    let report = told.report.as_mut().unwrap();
    report.status = "Зарегистрировано".to_owned();
    report.number = NUMBER.to_owned();
    report.updated = OLD.to_owned();
    report.identifier = format!("identifier-{NUMBER}");
    bench.world.store.change_incident(&first, &told).await.unwrap();
    let pair = |from: &str, to: String| (from.to_owned(), to);
    let copies: Vec<_> = (1..)
        .zip(&uuids)
        .map(|(n, uuid)| {
            let identifier = pair(&format!("identifier-{NUMBER}"), format!("26-11-{n}"));
            let number = pair(NUMBER, format!("RMSH-26-11-{n}"));
            vec![pair("INC-x", format!("INC-{n}")), pair("uuid-x", uuid.clone()), identifier, number]
        })
        .collect();
    let engine = &bench.world.amazon.engine;
    engine.copy("INCIDENT#INC-x", "INCIDENT", &copies).await.unwrap();
    engine.copy("REMOTE#uuid-x", "REMOTE", &copies).await.unwrap();

    // All of them are of one moment, and none says anything new.
    drop(bench.world.amazon.calls());
    bench.run().await;
    let calls = bench.world.amazon.calls();
    assert!(bench.mark().await.cards == Some(at(OLD)), "{calls:?}");
    let writes = calls["TransactWriteItems"];
    // It is made, comes to just before that moment, and past it.
    assert_eq!(writes, (3, 3), "nothing but the mark: {calls:?}");
    bench.assert_in_step(&uuids).await;

    // A few change: they are read, and no others.
    for (n, uuid) in uuids.iter().step_by(COUNT / CHANGED).enumerate() {
        bench.status(uuid, "Принято решение", &format!("2026-11-20T10:0{}:00.000Z", n % 5)).await;
    }
    let (asked, _) = (bench.calls().await, bench.world.amazon.calls());
    bench.run().await;
    let calls = bench.world.amazon.calls();
    assert_eq!(bench.calls().await - asked, 2, "one page of cards, one of comments");
    // The settings, and the mark. Nothing is listed.
    assert!(calls["GetItem"].1 <= 3 && !calls.contains_key("Query"), "{calls:?}");
    assert_eq!(calls["BatchGetItem"], (2, 2 * CHANGED), "{calls:?}");
    assert_eq!(calls["TransactWriteItems"], (CHANGED + 1, CHANGED + 1), "{calls:?}");
    bench.assert_in_step(&uuids).await;

    // Nothing changes: an hour later next to nothing is read, by a new process too.
    bench.world.hand.pass(3_700);
    let mut bench = bench;
    bench.restart();
    bench.run().await;
    let calls = bench.world.amazon.calls();
    assert_eq!(calls.keys().collect::<Vec<_>>(), ["GetItem"], "{calls:?}");
}

//! What NCIRCC and the network may do to one attempt.

use super::*;

#[tokio::test]
async fn whatever_meets_the_request_it_arrives_once() {
    let mut bench = Bench::start(json!({})).await;
    // The fault, and whether the row may have to ask. Only what may have been done is asked after.
    let cases = [
        (json!({"fault": "status", "status": 500}), true),
        (json!({"fault": "status", "status": 502}), true),
        (json!({"fault": "status", "status": 503}), true),
        (json!({"fault": "status", "status": 429, "retryAfter": 7}), false),
        (json!({"fault": "status_after_effect", "status": 500}), true),
        (json!({"fault": "status_after_effect", "status": 504}), true),
        (json!({"fault": "reset"}), true),
        (json!({"fault": "reset_after_effect"}), true),
        (json!({"fault": "hang"}), true),
        (json!({"fault": "hang", "afterEffect": true}), true),
        (json!({"fault": "truncate"}), true),
        (json!({"fault": "drip", "bytes": 1, "everyMs": 200}), true),
        (json!({"fault": "delay_ms", "delayMs": 100}), false),
    ];
    for (number, (mut fault, asks)) in cases.into_iter().enumerate() {
        let id = format!("INC-{number}");
        let what = fault.to_string();
        for (name, value) in [("method", json!("POST")), ("times", json!(1))] {
            fault[name] = value;
        }
        bench.fault(fault).await;
        let marker = bench.order(&id).await;
        bench.run(Duration::from_mins(30)).await;
        let row = bench.check_sent(&id, &marker).await;
        assert_eq!(events(&row.ledger).contains(&Event::Unknown), asks, "{what}: {row:?}");
        assert!(row.ledger.sends <= 2, "{what}: {row:?}");
    }
    assert!(bench.dead.is_empty());
    assert_eq!(bench.account.control.state().await.unwrap()["mostInFlight"], 1);
}

#[tokio::test]
async fn a_notification_that_appears_late_is_waited_for() {
    let mut bench = Bench::start(json!({})).await;
    bench.fault(json!({"fault": "late_effect", "delayMs": 400, "method": "POST", "times": 1})).await;
    let marker = bench.order("INC-1").await;
    // NCIRCC is asked twice and has nothing; that is not believed.
    bench.run(Duration::from_secs(100)).await;
    let row = bench.row("INC-1").await;
    assert_eq!((row.ledger.state, row.ledger.sends), (State::Unknown, 1));
    assert!(row.ledger.log.iter().any(|line| line.event == Event::NotThereYet));
    assert_eq!(bench.report("INC-1").await.state, ReportState::Unknown);
    while bench.arrived().await.is_empty() {
        tokio::task::yield_now().await;
    }
    bench.run(Duration::from_mins(30)).await;
    let row = bench.check_sent("INC-1", &marker).await;
    assert_eq!(row.ledger.sends, 1);
}

#[tokio::test]
async fn what_ncircc_refuses_is_not_tried_again_and_says_why() {
    let mut bench = Bench::start(json!({})).await;
    bench.account.control.configure(&json!({"company": "Other"})).await.unwrap();
    bench.order("INC-1").await;
    bench.run(Duration::from_hours(1)).await;
    let row = bench.row("INC-1").await;
    assert_eq!((row.ledger.state.clone(), row.ledger.sends, row.ledger.next), (State::Failed, 1, None));
    assert!(row.ledger.last_answer().unwrap().text.contains("company"), "{row:?}");
    assert_eq!(bench.report("INC-1").await.state, ReportState::Failed);
    assert!(bench.arrived().await.is_empty() && bench.letters.is_empty());
    assert!(bench.world.output.text().contains(r#""LedgerFailed":1"#));
}

#[tokio::test]
async fn a_refused_token_stops_everything_until_there_is_another() {
    let mut bench = Bench::start(json!({})).await;
    bench.account.control.configure(&json!({"token": "new-canary"})).await.unwrap();
    let markers = [bench.order("INC-1").await, bench.order("INC-2").await];
    bench.run(Duration::from_hours(1)).await;
    for id in ["INC-1", "INC-2"] {
        let row = bench.row(id).await;
        assert_eq!(row.ledger.state, State::Pending, "{row:?}");
        let said = &row.ledger.last_answer().unwrap().text;
        assert!(said.contains("token") || said.contains("токен"), "{said}");
    }
    let calls = bench.account.control.history().await.unwrap().len();
    assert!((2..=60).contains(&calls), "{calls} calls in an hour");
    assert!(bench.world.output.text().contains(r#""LedgerTokenRefused":1"#));
    bench.world.rotate_ncircc("new-canary");
    bench.run(Duration::from_mins(15)).await;
    for (id, marker) in ["INC-1", "INC-2"].into_iter().zip(&markers) {
        let row = bench.check_sent(id, marker).await;
        assert!(!events(&row.ledger).contains(&Event::Unknown), "it was never in doubt");
    }
    assert!(!bench.world.output.text().contains("new-canary"));
}

#[tokio::test]
async fn one_that_can_not_be_told_from_another_waits_for_a_person() {
    let mut bench = Bench::start(json!({})).await;
    // Somebody enters the same by hand, without our mark.
    let there = Connections::new(Vault::new(
        SecretCache::with_clock(bench.world.amazon.aws.secrets(), TTL, bench.world.hand.clock()),
        PREFIX.to_owned(),
    ));
    let settings = bench.world.store.ncircc_settings().await.unwrap().unwrap().value;
    let opened = there.ncircc(&settings).await.unwrap();
    let by_hand = bridge_world::notification("x").replace("\\nKUMA Bridge: x", "");
    let created = opened.client().create(&by_hand).await.unwrap();

    bench.fault(json!({"fault": "reset", "method": "POST", "times": 1})).await;
    let marker = bench.order("INC-1").await;
    bench.run(Duration::from_hours(3)).await;
    let row = bench.row("INC-1").await;
    assert_eq!((row.ledger.state.clone(), row.ledger.sends, row.ledger.next), (State::Stuck, 1, None));
    assert_eq!(row.ledger.candidates.iter().map(|remote| &remote.uuid).collect::<Vec<_>>(), [&created.uuid]);
    assert_eq!(bench.report("INC-1").await.state, ReportState::Unknown);
    assert_eq!(bench.world.store.stuck_rows(10).await.unwrap(), 1);
    assert!(bench.world.output.text().contains(r#""LedgerStuck":1"#));

    // It was not sent, says the person.
    let row = bench.world.store.row(&"INC-1".parse().unwrap(), &RowId::export()).await.unwrap().unwrap();
    let mut ledger = row.value.ledger.clone();
    ledger.resolve(&bridge_domain::ledger::Resolution::NotSent, bench.world.hand.now()).unwrap();
    bench.world.store.save_row(row, ledger).await.unwrap();
    bench.run(Duration::from_mins(10)).await;
    bench.check_sent("INC-1", &marker).await;
    assert_eq!(bench.world.store.stuck_rows(10).await.unwrap(), 0);
}

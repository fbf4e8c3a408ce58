//! Hours without NCIRCC, and many at once.

use futures_util::{StreamExt as _, stream};

use super::*;

#[tokio::test]
async fn after_two_hours_of_outage_everything_is_there_once() {
    for fault in [
        json!({"fault": "status", "status": 503}),
        json!({"fault": "reset"}),
        json!({"fault": "status_after_effect", "status": 500, "method": "POST"}),
    ] {
        let mut bench = Bench::start(json!({})).await;
        bench.fault(fault.clone()).await;
        let mut markers = Vec::new();
        for number in 0..12 {
            markers.push(bench.order(&format!("INC-{number}")).await);
            bench.run(Duration::from_mins(10)).await;
        }
        let calls = bench.account.control.history().await.unwrap().len();
        assert!((24..600).contains(&calls), "{fault}: {calls} calls in two hours");
        bench.account.control.clear_faults().await.unwrap();
        bench.run(Duration::from_hours(1)).await;
        for (number, marker) in markers.iter().enumerate() {
            bench.check_sent(&format!("INC-{number}"), marker).await;
        }
        assert_eq!(bench.arrived().await.len(), 12, "{fault}");
        assert!(bench.dead.is_empty() && bench.letters.is_empty());
    }
}

#[tokio::test]
async fn fifty_at_once_from_many_processes_go_one_by_one() {
    let mut bench = Bench::start(json!({})).await;
    let mut markers = Vec::new();
    for number in 0..50 {
        markers.push(bench.order(&format!("INC-{number}")).await);
    }
    bench.fault(json!({"fault": "delay_ms", "delayMs": 5, "method": "POST"})).await;
    let desks: Vec<Desk> = (0..8).map(|_| desk(&bench.world)).collect();
    let mut letters: Vec<Message> =
        std::mem::take(&mut bench.letters).into_iter().map(|(letter, _)| letter).collect();
    let mut rounds = 0;
    while !letters.is_empty() {
        rounds += 1;
        assert!(rounds < 400, "{} are left", letters.len());
        let work = letters.drain(..).enumerate().map(|(number, letter)| {
            let desk = &desks[number % desks.len()];
            async move { Box::pin(desk.handle(&letter)).await.is_err().then_some(letter) }
        });
        let left: Vec<Option<Message>> =
            stream::iter(work.collect::<Vec<_>>()).buffer_unordered(8).collect().await;
        letters.extend(left.into_iter().flatten());
        bench.world.hand.pass(1);
    }
    for (number, marker) in markers.iter().enumerate() {
        let row = bench.check_sent(&format!("INC-{number}"), marker).await;
        assert_eq!(row.ledger.sends, 1);
    }
    let state = bench.account.control.state().await.unwrap();
    assert_eq!((&state["mostInFlight"], &state["counts"]["creates"]), (&json!(1), &json!(50)));
}

#[tokio::test]
async fn fifty_messages_of_one_row_are_one_notification() {
    let mut bench = Bench::start(json!({})).await;
    let marker = bench.order("INC-1").await;
    let message = bench.letters.remove(0).0;
    let desks: Vec<Desk> = (0..50).map(|_| desk(&bench.world)).collect();
    let work: Vec<_> = desks.iter().map(|desk| Box::pin(desk.handle(&message))).collect();
    let ended: Vec<_> = stream::iter(work).buffer_unordered(50).collect().await;
    assert!(ended.iter().any(Result::is_ok));
    bench.letters.push((message, bench.world.hand.now()));
    bench.run(Duration::from_mins(1)).await;
    let row = bench.check_sent("INC-1", &marker).await;
    assert_eq!(row.ledger.sends, 1);
}

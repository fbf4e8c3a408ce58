//! The process dies at every point at which it waits for something.

use super::*;

/// Dies at the first wait, at the second and so on, each time with an incident of its own. `prepare`
/// brings the row to where it is interesting.
async fn die_everywhere(mut bench: Bench, ask: bool) -> usize {
    for waits in 0.. {
        let id = format!("INC-{waits}");
        let marker = bench.order(&id).await;
        if ask {
            // The first attempt is accepted, and nobody knows.
            bench.fault(json!({"fault": "reset_after_effect", "method": "POST", "times": 1})).await;
            let message = bench.letters.remove(0).0;
            bench.take(message).await;
            assert_eq!(bench.row(&id).await.ledger.state, State::Unknown);
            bench.world.hand.pass(31);
        }
        let message = Message { incident: id.parse().unwrap(), row: RowId::export() };
        let end = cut(Box::pin(bench.desk.handle(&message)), waits).await;
        // What was on its way arrives.
        calm(&bench.account.control).await;
        bench.world.amazon.calm().await;
        // Every other time the message itself is lost with the process.
        bench.letters.clear();
        if waits % 2 == 1 {
            bench.letters.push((message, bench.world.hand.now().plus_seconds(720)));
        }
        bench.restart();
        bench.run(Duration::from_mins(40)).await;
        bench.check_sent(&id, &marker).await;
        bench.letters.clear();
        if let Some(end) = end {
            assert!(end.is_ok(), "{end:?}");
            return waits;
        }
    }
    unreachable!()
}

#[tokio::test]
async fn wherever_an_export_is_cut_off_it_arrives_once() {
    let waits = Box::pin(die_everywhere(Bench::start(json!({})).await, false)).await;
    assert!(waits > 8, "only {waits} points were tried");
}

#[tokio::test]
async fn wherever_the_question_is_cut_off_it_arrives_once() {
    let waits = Box::pin(die_everywhere(Bench::start(json!({})).await, true)).await;
    assert!(waits > 8, "only {waits} points were tried");
}

//! What the settings decide.

use super::*;

#[tokio::test]
async fn nothing_is_sent_while_the_integration_is_disabled_and_nothing_is_lost() {
    let mut bench = Bench::start(json!({"enabled": false})).await;
    let marker = bench.order("INC-1").await;
    bench.run(Duration::from_hours(30)).await;
    assert!(bench.account.control.history().await.unwrap().is_empty());
    let old = bench.world.store.ncircc_settings().await.unwrap().unwrap();
    let mut new = old.value.clone();
    new.enabled = true;
    bench.world.store.put_ncircc_settings(Some(&old), &new).await.unwrap();
    bench.run(Duration::from_mins(10)).await;
    bench.check_sent("INC-1", &marker).await;
}

#[tokio::test]
async fn without_the_intermediate_certificate_it_waits_and_says_what_to_do() {
    let mut bench = Bench::start(json!({"rootCASecretID": null})).await;
    let marker = bench.order("INC-1").await;
    bench.run(Duration::from_mins(20)).await;
    let row = bench.row("INC-1").await;
    assert_eq!(row.ledger.state, State::Pending);
    let said = &row.ledger.last_answer().unwrap().text;
    assert!(said.contains("intermediate") && said.contains("rootCASecretID"), "{said}");
    let old = bench.world.store.ncircc_settings().await.unwrap().unwrap();
    let mut new = bridge_world::ncircc_settings(&bench.account, &json!({}));
    new.updated = bench.world.hand.now();
    bench.world.store.put_ncircc_settings(Some(&old), &new).await.unwrap();
    bench.run(Duration::from_mins(30)).await;
    let row = bench.check_sent("INC-1", &marker).await;
    assert!(!events(&row.ledger).contains(&Event::Unknown), "nothing ever went out");
}

#[tokio::test]
async fn the_rate_is_kept() {
    let mut bench = Bench::start(json!({"requestsPerSecond": 1})).await;
    for number in 0..3 {
        bench.order(&format!("INC-{number}")).await;
    }
    // Virtual time stands still while the function waits in real time for a slot.
    let begun = std::time::Instant::now();
    bench.run(Duration::from_mins(1)).await;
    assert_eq!(bench.arrived().await.len(), 3);
    // The first goes at once, the second a second later, the third after two.
    assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
}

//! Statuses and numbers come back, whatever the list does while it is read.

use super::*;

#[tokio::test]
async fn status_and_number_come_back_once_and_what_is_not_ours_is_left_alone() {
    let bench = Bench::start().await;
    let uuids = bench.many(3, EARLY).await;
    bench.exported("INC-1", &uuids[0]).await;
    bench.exported("INC-2", &uuids[1]).await;
    bench.run().await;
    bench.assert_in_step(&uuids[..2]).await;
    let before = bench.incident("INC-1").await.unwrap();
    assert_eq!(before.export_state(), "Exported successfully");
    assert_eq!(before.report.as_ref().unwrap().identifier, "26-11-1");

    bench.status(&uuids[1], "Требуется дополнение", "2026-11-20T10:04:00.000Z").await;
    bench.run().await;
    assert_eq!(bench.report("INC-2").await.status, "Требуется дополнение");
    assert_eq!(bench.incident("INC-1").await.unwrap(), before, "nothing was said of it");
    let mark = bench.mark().await;
    assert_eq!(mark.cards, Some(at("2026-11-20T10:04:00.000Z")));
    assert_eq!(mark.strangers.iter().map(|one| &*one.uuid).collect::<Vec<_>>(), [&*uuids[2]]);

    // A closed incident is told as well.
    let open = bench.world.store.incident(&"INC-1".parse().unwrap()).await.unwrap().unwrap();
    let mut closed = open.value.clone();
    closed.close(bridge_domain::incident::Resolution::Approved, bench.world.hand.now()).unwrap();
    bench.world.store.change_incident(&open, &closed).await.unwrap();
    bench.status(&uuids[0], "Отправлено в архив", "2026-11-20T10:09:00.000Z").await;
    bench.run().await;
    assert_eq!(bench.report("INC-1").await.status, "Отправлено в архив");
}

#[tokio::test]
async fn nothing_of_one_moment_is_missed_over_pages() {
    let bench = Bench::start().await;
    let mut uuids = bench.many(450, EARLY).await;
    uuids.extend(bench.many(30, "2026-11-20T09:31:00.000Z").await);
    bench.exported_all(&uuids).await;
    bench.run().await;
    bench.assert_in_step(&uuids).await;
    assert_eq!(bench.mark().await.cards, Some(at("2026-11-20T09:31:00.000Z")));
}

#[tokio::test]
async fn nothing_is_missed_while_cards_change_as_they_are_read() {
    let bench = Bench::with(json!({"requestsPerSecond": 20})).await;
    let mut uuids = bench.many(700, EARLY).await;
    uuids.extend(bench.many(300, "2026-11-20T09:31:00.000Z").await);
    bench.exported_all(&uuids).await;
    let reading = bench.run_of(240);
    let changing = async {
        // Some leave the moment that is being read; they gather in another one, and change again.
        for round in 0..12_usize {
            let leaving: Vec<&String> = uuids.iter().skip(round).step_by(37).collect();
            let at = format!("2026-11-20T09:{:02}:00.000Z", 40 + round / 2);
            let act = json!({"act": "statuses", "uuids": leaving, "status": "Проверка НКЦКИ", "at": at});
            bench.act(act).await;
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        }
    };
    let (read, ()) = tokio::join!(reading, changing);
    read.unwrap();
    bench.world.hand.pass(PERIOD);
    let after_one = bench.mark().await.cards.unwrap();
    assert!(after_one >= at("2026-11-20T09:31:00.000Z"), "{after_one}");
    bench.run().await;
    bench.assert_in_step(&uuids).await;
}

#[tokio::test]
async fn a_card_that_was_read_before_its_export_was_known_is_caught_up_with() {
    let bench = Bench::start().await;
    let uuids = bench.many(2, EARLY).await;
    let speak = json!({"act": "comment", "uuid": uuids[0], "text": "Здравствуйте", "at": EARLY});
    bench.act(speak).await;
    bench.run().await;
    assert_eq!(bench.mark().await.strangers.len(), 2);
    // Long after, when the mark is far past it: a person said which notification it is.
    bench.status(&uuids[1], "Принято решение", "2026-11-20T10:03:00.000Z").await;
    bench.world.hand.pass(5 * 3_600);
    bench.run().await;
    bench.exported("INC-1", &uuids[0]).await;
    bench.run().await;
    bench.assert_in_step(&uuids[..1]).await;
    assert_eq!(bench.comments("INC-1").await.len(), 1);
    assert_eq!(bench.mark().await.strangers.len(), 1, "the other one is nobody's still");

    bench.world.hand.pass(25 * 3_600);
    bench.run().await;
    assert_eq!(bench.mark().await.strangers, [], "it was waited for long enough");
}

#[tokio::test]
async fn a_run_whose_time_is_up_keeps_what_it_has_and_the_next_one_goes_on() {
    let mut bench = Bench::start().await;
    let uuids = bench.many(5, EARLY).await;
    bench.exported_all(&uuids).await;
    // Less than a request may take.
    bench.run_of(20).await.unwrap();
    assert_eq!(bench.calls().await, 0);
    assert_eq!(bench.mark().await.cards, None);
    bench.restart();
    bench.run().await;
    bench.assert_in_step(&uuids).await;
}

#[tokio::test]
async fn the_first_run_looks_a_day_before_the_connection_was_made_and_no_further() {
    let bench = Bench::start().await;
    let old = bench.many(1, "2026-11-19T09:29:59.000Z").await;
    let new = bench.many(1, "2026-11-19T09:30:00.000Z").await;
    bench.exported("INC-1", &old[0]).await;
    bench.exported("INC-2", &new[0]).await;
    bench.run().await;
    assert_eq!(bench.report("INC-1").await.status, "");
    bench.assert_in_step(&new).await;
}

#[tokio::test]
async fn nothing_is_asked_while_the_connection_is_off_or_not_there() {
    let bench = Bench::with(json!({"enabled": false})).await;
    bench.many(1, EARLY).await;
    bench.run().await;
    assert_eq!((bench.calls().await, bench.mark().await), (0, bridge_domain::ncircc::sync::Mark::default()));
    let old = bench.world.store.ncircc_settings().await.unwrap().unwrap();
    bench.world.store.delete_ncircc_settings(&old).await.unwrap();
    bench.run().await;
    assert_eq!(bench.calls().await, 0);
    assert_eq!(bench.settings.url, bench.there.url);
}

#[tokio::test]
async fn another_account_is_read_from_its_own_beginning() {
    let bench = Bench::start().await;
    bench.many(1, "2026-11-20T09:59:00.000Z").await;
    bench.run().await;
    bench.world.hand.pass(2 * 3_600);
    bench.run().await;
    assert!(bench.mark().await.cards.is_some() && bench.mark().await.strangers.len() == 1);
    let other = Ncircc::start(Options::default()).await.unwrap();
    let made = other.control.act(&json!({"act": "many", "count": 1, "at": EARLY})).await.unwrap();
    let uuid = made["uuids"][0].as_str().unwrap();
    bench.exported("INC-1", uuid).await;
    let old = bench.world.store.ncircc_settings().await.unwrap().unwrap();
    let more = json!({"updated": bench.world.hand.now()});
    let new = bridge_world::ncircc_settings(&other, &more);
    bench.world.store.put_ncircc_settings(Some(&old), &new).await.unwrap();
    let ca = bridge_domain::secret::Secret::new(other.intermediate_pem.clone());
    let ca = bridge_domain::vault::Value::Certificate(ca).render();
    bench.world.amazon.put_secret(&format!("{PREFIX}{}/ncircc-ca", bridge_world::TENANT), ca.expose());
    bench.world.hand.pass(3_600);
    bench.run().await;
    assert_eq!(bench.report("INC-1").await.status, "Зарегистрировано");
    assert_eq!(bench.mark().await.strangers, [], "those of the other account are forgotten");
}

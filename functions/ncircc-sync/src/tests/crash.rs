//! The process dies at every point at which it waits for something.

use bridge_world::{calm, cut};

use super::*;

#[tokio::test]
async fn wherever_a_run_is_cut_off_the_next_one_makes_it_good() {
    let mut bench = Bench::start().await;
    for waits in 0.. {
        // A card that changed, a new notice, a comment on each, and a card that is known too late.
        let made = bench.world.hand.now().plus_seconds(-60).to_string();
        let uuids = bench.many(2, &made).await;
        let (known, late) = (&uuids[0], &uuids[1]);
        let id = format!("INC-{waits}");
        bench.exported(&id, known).await;
        let notice = bench.act(json!({"act": "message", "type": "Уязвимый ресурс", "at": made})).await;
        let notice = notice["uuid"].as_str().unwrap().to_owned();
        for uuid in [known, late, &notice] {
            bench.act(json!({"act": "comment", "uuid": uuid, "text": "Добрый день", "at": made})).await;
        }
        let end = Box::pin(cut(bench.run_of(240), waits)).await;
        calm(&bench.there.control).await;
        bench.world.amazon.calm().await;
        bench.restart();
        let late_id = format!("INC-late-{waits}");
        bench.exported(&late_id, late).await;
        bench.run().await;

        bench.assert_in_step(&uuids).await;
        let notice = format!("ALRT-{notice}");
        let named = bench.incident(&notice).await.unwrap_or_else(|| panic!("no notice after {waits}")).name;
        assert!(named.as_str().starts_with("ALRT-26-"), "{}", named.as_str());
        for id in [&id, &late_id, &notice] {
            assert_eq!(bench.comments(id).await.len(), 1, "{id} after {waits} waits");
        }
        // So long that this round is not read again.
        bench.world.hand.pass(4_000);
        if let Some(end) = end {
            end.unwrap();
            assert!(waits > 15, "only {waits} points were tried");
            return;
        }
    }
}

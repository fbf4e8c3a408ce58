//! What is said on both sides is here once.

use bridge_domain::{
    RowId,
    ledger::{Outcome, Remote},
    ncircc::errand::Errand,
};

use super::*;

impl Bench {
    async fn say(&self, uuid: &str, text: &str, at: &str) {
        self.act(json!({"act": "comment", "uuid": uuid, "text": text, "at": at})).await;
    }

    /// A row that sent this; `remote` is what NCIRCC answered, if it is known.
    async fn sent(&self, incident: &str, uuid: &str, text: &str, remote: Option<&str>) {
        let (incident, now) = (incident.parse().unwrap(), self.world.hand.now());
        let errand = Errand::Comment { uuid: uuid.to_owned(), text: text.to_owned() };
        let mut row = self.world.new_row(&incident, RowId::random(), errand);
        row.ledger.claim("h", now);
        if let Some(remote) = remote {
            let remote = Remote { uuid: remote.to_owned(), identifier: String::new() };
            row.ledger.answered("h", 1, &Outcome::Done(remote), now);
        }
        self.world.store.open_row(&row, None, None).await.unwrap();
    }
}

#[tokio::test]
async fn comments_of_both_sides_are_here_once_and_say_whose_they_are() {
    let bench = Bench::start().await;
    let uuids = bench.many(2, EARLY).await;
    bench.exported("INC-1", &uuids[0]).await;
    bench.exported("INC-2", &uuids[1]).await;
    bench.say(&uuids[0], "Уточните время", "2026-11-20T09:50:00Z").await;
    bench.say(&uuids[0], "Полдень", "2026-11-20T09:51:00Z").await;
    bench.say(&uuids[0], "Спасибо", "2026-11-20T09:52:00Z").await;
    bench.say(&uuids[0], "Спасибо и вам", "2026-11-20T09:53:00Z").await;
    bench.say(&uuids[1], "Полдень", "2026-11-20T09:53:00Z").await;
    // Ours: one with its answer, one whose answer was lost. The second incident said nothing.
    bench.sent("INC-1", &uuids[0], "anything", Some("2")).await;
    bench.sent("INC-1", &uuids[0], " Спасибо и вам\n", None).await;
    for _ in 0..3 {
        bench.run().await;
        let comments = bench.comments("INC-1").await;
        let told: Vec<(&str, &str)> = comments.iter().map(|(id, from, _)| (&**id, &**from)).collect();
        let expected =
            [("ncircc-1", "ncircc"), ("ncircc-2", "export"), ("ncircc-3", "ncircc"), ("ncircc-4", "export")];
        assert_eq!(told, expected);
        assert_eq!(bench.comments("INC-2").await[0].1, "ncircc");
    }
    assert_eq!(bench.mark().await.comments, Some(at("2026-11-20T09:53:00Z")));
}

#[tokio::test]
async fn comments_of_one_moment_fill_pages_and_none_is_missed_or_written_twice() {
    let bench = Bench::start().await;
    let uuids = bench.many(1, EARLY).await;
    bench.exported("INC-1", &uuids[0]).await;
    let say = |n: usize| json!({"act": "comment", "uuid": uuids[0], "text": format!("{n}"), "at": EARLY});
    bench.act((0..450).map(say).collect()).await;
    bench.run().await;
    assert_eq!(bench.comments("INC-1").await.len(), 450);
    drop(bench.world.amazon.calls());
    bench.run().await;
    let calls = bench.world.amazon.calls();
    assert_eq!(calls.get("PutItem"), None, "{calls:?}");
    assert_eq!(calls.get("TransactWriteItems"), None, "{calls:?}");
}

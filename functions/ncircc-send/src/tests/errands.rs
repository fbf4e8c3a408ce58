//! Comments, supplements and decisions.

use bridge_domain::ncircc::errand::FileNote;

use super::*;

const WANTED: &str = "Требуется дополнение";
const CHECKED: &str = "Проверка НКЦКИ";

impl Bench {
    /// An incident that NCIRCC has; gives its uuid there.
    async fn exported(&mut self, id: &str) -> String {
        let marker = self.order(id).await;
        self.run(Duration::from_secs(2)).await;
        self.check_sent(id, &marker).await.ledger.remote.unwrap().uuid
    }

    async fn order_row(&mut self, id: &str, errand: Errand) -> RowId {
        let row = RowId::random();
        self.order_named(id, row.clone(), errand).await;
        row
    }

    async fn order_named(&mut self, id: &str, row: RowId, errand: Errand) {
        let incident = id.parse().unwrap();
        let new = self.world.new_row(&incident, row.clone(), errand);
        self.world.store.open_row(&new, None, None).await.unwrap();
        self.queue.send(&incident, &row).await;
        self.collect();
    }

    async fn card(&self, uuid: &str) -> Value {
        let state = self.account.control.state().await.unwrap();
        let cards = ["notifications", "messages"].map(|list| state[list].as_array().unwrap().clone());
        cards.into_iter().flatten().find(|card| card["uuid"] == uuid).unwrap()
    }

    async fn is_sent(&self, id: &str, row: &RowId) -> Row {
        let row = self.row_named(id, row).await;
        assert_eq!(row.ledger.state, State::Sent, "{:?}", row.ledger);
        row
    }
}

#[tokio::test]
async fn a_comment_is_said_once_whatever_happens_and_two_alike_are_two() {
    let mut bench = Bench::start(json!({})).await;
    let uuid = bench.exported("INC-1").await;
    let comment = |text: &str| Errand::Comment { uuid: uuid.clone(), text: text.to_owned() };
    for (number, fault) in
        ["reset", "reset_after_effect", "hang", "status_after_effect"].into_iter().enumerate()
    {
        let order = json!({"fault": fault, "method": "POST", "path": "/api/v2/comments", "times": 1});
        bench.fault(order).await;
        let row = bench.order_row("INC-1", comment(&format!("Comment {number}"))).await;
        bench.run(Duration::from_mins(30)).await;
        bench.is_sent("INC-1", &row).await;
    }
    let rows =
        [bench.order_row("INC-1", comment("Same")).await, bench.order_row("INC-1", comment("Same")).await];
    bench.fault(json!({"fault": "reset_after_effect", "path": "/api/v2/comments", "times": 2})).await;
    bench.run(Duration::from_mins(30)).await;
    let mut remotes = Vec::new();
    for row in &rows {
        remotes.push(bench.is_sent("INC-1", row).await.ledger.remote.unwrap().uuid);
    }
    assert_ne!(remotes[0], remotes[1]);
    let card = bench.card(&uuid).await;
    let mut texts: Vec<&str> = card["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| comment["text"].as_str().unwrap())
        .collect();
    texts.sort_unstable();
    assert_eq!(texts, ["Comment 0", "Comment 1", "Comment 2", "Comment 3", "Same", "Same"]);
}

async fn supplement(bench: &mut Bench, id: &str, uuid: &str) -> RowId {
    let row = RowId::random();
    let contents: [&[u8]; 2] = [&vec![7; 800_000], b"log"];
    let mut files = Vec::new();
    for (number, bytes) in (0..).zip(contents) {
        let parts = bench.world.store.put_file(&id.parse().unwrap(), &row, number, bytes).await.unwrap();
        files.push(FileNote {
            name: format!("file-{number}.bin"),
            content_type: "application/octet-stream".into(),
            size: bytes.len() as u64,
            sha1: sha1_smol::Sha1::from(bytes).digest().to_string(),
            parts,
        });
    }
    assert_eq!((files[0].parts, files[1].parts), (3, 1));
    let body = json!({"uuid": uuid, "company": "Ромашка", "status": CHECKED, "city": "Москва"}).to_string();
    let (uuid, company, status) = (uuid.to_owned(), "Ромашка".to_owned(), CHECKED.to_owned());
    bench.order_named(id, row.clone(), Errand::Supplement { uuid, company, body, status, files }).await;
    row
}

#[tokio::test]
async fn a_supplement_brings_each_file_once_and_ends_the_request() {
    let mut bench = Bench::start(json!({})).await;
    let faults = [
        json!({"fault": "delay_ms", "delayMs": 1}),
        json!({"fault": "reset_after_effect", "skip": 0}),
        json!({"fault": "reset_after_effect", "skip": 1}),
        json!({"fault": "status_after_effect", "status": 500, "skip": 2}),
        json!({"fault": "reset", "skip": 1}),
        json!({"fault": "hang", "afterEffect": true, "skip": 2}),
    ];
    for (number, mut fault) in faults.into_iter().enumerate() {
        let id = format!("INC-{number}");
        let uuid = bench.exported(&id).await;
        bench.account.control.act(&json!({"act": "status", "uuid": uuid, "status": WANTED})).await.unwrap();
        for (name, value) in [("method", json!("POST")), ("times", json!(1))] {
            fault[name] = value;
        }
        bench.fault(fault.clone()).await;
        let row = supplement(&mut bench, &id, &uuid).await;
        bench.run(Duration::from_mins(40)).await;
        bench.is_sent(&id, &row).await;
        let card = bench.card(&uuid).await;
        assert_eq!(
            (&card["status"], &card["fields"]["city"]),
            (&json!(CHECKED), &json!("Москва")),
            "{fault}"
        );
        let mut sizes: Vec<u64> =
            card["files"].as_array().unwrap().iter().map(|file| file["size"].as_u64().unwrap()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [3, 800_000], "{fault}");
        let left = bench.world.store.file(&id.parse().unwrap(), &row, 0, 3).await.unwrap();
        assert!(left.is_none(), "what was sent is not kept");
    }
}

#[tokio::test]
async fn a_decision_reaches_the_notice() {
    let mut bench = Bench::start(json!({})).await;
    let message = json!({"act": "message", "type": "Зараженный ресурс"});
    let told = bench.account.control.act(&message).await.unwrap();
    let uuid = told["uuid"].as_str().unwrap().to_owned();
    bench.world.add_incident("ALRT-1").await;
    for (status, result, fault) in
        [("В работе", None, "reset_after_effect"), ("Принято решение", Some("Меры приняты"), "reset")]
    {
        let mut body = json!({"uuid": uuid, "company": "Ромашка", "status": status});
        if let Some(result) = result {
            body["int_result"] = result.into();
        }
        bench.fault(json!({"fault": fault, "method": "POST", "times": 1})).await;
        let errand = Errand::Decision { uuid: uuid.clone(), body: body.to_string(), status: status.into() };
        let row = bench.order_row("ALRT-1", errand).await;
        bench.run(Duration::from_mins(40)).await;
        bench.is_sent("ALRT-1", &row).await;
        let card = bench.card(&uuid).await;
        assert_eq!((card["status"].as_str(), card["result"].as_str()), (Some(status), result));
    }
}

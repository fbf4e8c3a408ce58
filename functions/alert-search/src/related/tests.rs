use bridge_domain::{
    access::Grants,
    import::engine::End,
    intake,
    ldap::account::{Entry, Received},
    outbox::{Change, Origin},
    query::Query,
    search::Search,
};
use bridge_engine::{Engine, INVENTORY, STATE};
use bridge_store::{ImportRun, Store};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::page;

fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

/// A page of alerts that name one account each, twenty of them the same one.
async fn rows(engine: &Engine, count: usize) -> Vec<Row> {
    let store = Store::new(&engine.config, STATE.parse().unwrap());
    let alerts: Vec<_> = (0..count)
        .map(|n| {
            let events = json!([{"ID": "1", "SourceUserName": format!("CORP\\user{}", n / 20)}]);
            json!({
                "id": format!("a{n}"), "tenantID": "t", "name": "a", "priority": "low", "events": events,
                "firstSeen": "2026-11-20T00:00:00Z", "lastSeen": "2026-11-20T00:00:00Z",
                "affectedAccounts": [{"upn": "sent@x"}],
            })
        })
        .collect();
    for alert in intake::read(json!(alerts).to_string().as_bytes(), None, now()).unwrap() {
        let change = Change { origin: &Origin::Siem, routes: &[], now: now() };
        store.upsert(alert.unwrap(), change).await.unwrap();
    }
    let search = Search::parse(&Query::parse("withAffected")).unwrap();
    let found = store.search(&search, &Grants::Everything).await.unwrap().alerts;
    page::rows(&store, found, &search).await.unwrap()
}

fn inventory(engine: &Engine) -> Inventory {
    Inventory::new(&engine.config, INVENTORY.parse().unwrap())
}

/// The same table where nobody answers.
fn at(engine: &Engine, endpoint: String) -> Inventory {
    let config = engine.config.to_builder().endpoint_url(endpoint).build();
    Inventory::new(&config, INVENTORY.parse().unwrap())
}

async fn shown(rows: Vec<Row>) -> String {
    format!(
        "{:?}",
        page::write(rows, true, false).await.map(|answer| bridge_runtime::http::answer_size(&answer))
    )
}

#[tokio::test]
async fn a_table_that_refuses_or_hangs_leaves_the_page_as_it_was() {
    let engine = Engine::start().await.unwrap();
    let mut page = rows(&engine, 3).await;
    let before = shown(rows(&engine, 3).await).await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = at(&engine, format!("http://{}", free.local_addr().unwrap()));
    drop(free);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = at(&engine, format!("http://{}", silent.local_addr().unwrap()));
    // From here on nothing is waited for but what does not come.
    tokio::time::pause();
    for inventory in [refusing, hanging] {
        let began = tokio::time::Instant::now();
        let outcome = add(&inventory, &mut page, now()).await;
        assert!(outcome.failed && outcome.added == 0 && outcome.lookups == 1);
        assert!(began.elapsed() <= PATIENCE + Duration::from_millis(10));
    }
    tokio::time::resume();
    assert_eq!(shown(page).await, before);
}

#[tokio::test]
async fn each_name_of_a_page_is_looked_up_once() {
    let engine = Engine::start().await.unwrap();
    let (tenant, connection) = ("t".parse().unwrap(), bridge_domain::ConnectionId::random());
    let attributes = [("objectGUID", vec![7; 16]), ("sAMAccountName", b"USER1".to_vec())];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), vec![value])).to_vec();
    let entry = Entry::new("CN=a", attributes);
    let account = Received::read(tenant, connection.clone(), entry, now()).unwrap();
    let mut run = ImportRun::begin(inventory(&engine), connection, now(), 30).await.unwrap();
    run.page(vec![account]).await.unwrap();
    run.finish(End::Complete, true).await.unwrap();
    let mut page = rows(&engine, 60).await;
    let outcome = add(&inventory(&engine), &mut page, now()).await;
    assert_eq!((outcome.lookups, outcome.added, outcome.failed), (3, 20, false));
}
